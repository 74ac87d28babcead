/*
 * Writing both files anew without what was deleted from them. LMDB marks every process that has
 * an environment open by a read lock on the first byte of its lock file, and takes it before it
 * opens the data file: who holds the write lock on that byte may exchange the data file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "carillon/base/log.h"
#include "store_private.h"

enum {
	PATH_BYTES = STORE_PATH_MAX + 32,
	RECORDS_MAX = 20000, /* of a transaction while copying */
};

static void
path_in(char out[static PATH_BYTES], const char *dir, const char *name)
{
	snprintf(out, PATH_BYTES, "%s/%s", dir, name);
}

bool
store_wants_rewrite(const char *dir)
{
	char path[PATH_BYTES];

	path_in(path, dir, "rewrite");
	return access(path, F_OK) == 0;
}

bool
store_ask_rewrite(const char *dir, struct err *e)
{
	char path[PATH_BYTES];
	int fd;

	path_in(path, dir, "rewrite");
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail(e, ERR_SETUP, "%s: %s", path, strerror(errno));
	fsync(fd);
	close(fd);
	return true;
}

int
env_lock_alone(const char *path)
{
	char lock_path[PATH_BYTES + 8];
	struct flock whole = {
	    .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
	int fd;

	snprintf(lock_path, sizeof(lock_path), "%s-lock", path);
	fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0 && fcntl(fd, F_SETLK, &whole) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* --- copying: record by record, because LMDB's own copy takes whole pages, with the remains of
 * what was deleted from them --- */

struct copy {
	MDB_env *from_env, *to_env;
	MDB_txn *from, *to;
	MDB_dbi to_table;
	size_t n; /* records in the transaction that writes */
};

/* What only says that the copy is to be made. */
static bool
is_reason(const MDB_val *key)
{
	const struct str name = {key->mv_data, key->mv_size};

	return str_eq(name, str_of(store_number_name(STORE_OLD_SEALS)));
}

static int
put_next(struct copy *c, MDB_val *key, MDB_val *value)
{
	int rc = mdb_put(c->to, c->to_table, key, value, MDB_APPEND);

	if (rc || ++c->n < RECORDS_MAX)
		return rc;
	c->n = 0;
	rc = mdb_txn_commit(c->to);
	c->to = NULL;
	return rc ? rc : mdb_txn_begin(c->to_env, NULL, 0, &c->to);
}

static int
copy_records(struct copy *c, MDB_dbi from_table)
{
	MDB_cursor *cursor;
	MDB_val key, value;
	int rc = mdb_cursor_open(c->from, from_table, &cursor);

	if (rc)
		return rc;
	while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0)
		if (!is_reason(&key) && (rc = put_next(c, &key, &value)))
			break;
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int
copy_table(struct copy *c, const char *name)
{
	MDB_dbi from_table;
	int rc = mdb_dbi_open(c->from, name, 0, &from_table);

	if (rc == MDB_NOTFOUND)
		return 0; /* of a version that did not have it */
	if (rc == 0)
		rc = mdb_dbi_open(c->to, name, MDB_CREATE, &c->to_table);
	return rc ? rc : copy_records(c, from_table);
}

static int
copy_tables(struct copy *c, enum store_env env)
{
	static const struct {
		enum store_env env;
		const char *name;
	} tables[] = {
#define TABLE(ENV, NAME, name) {STORE_##ENV, name},
#include "tables.def"
#undef TABLE
	};
	int rc = mdb_txn_begin(c->from_env, NULL, MDB_RDONLY, &c->from);

	rc = rc ? rc : mdb_txn_begin(c->to_env, NULL, 0, &c->to);
	for (size_t i = 0; rc == 0 && i < COUNT_OF(tables); i++)
		if (tables[i].env == env)
			rc = copy_table(c, tables[i].name);
	if (rc == 0) {
		rc = mdb_txn_commit(c->to);
		c->to = NULL;
	}
	if (c->to)
		mdb_txn_abort(c->to);
	if (c->from)
		mdb_txn_abort(c->from);
	return rc ? rc : mdb_env_sync(c->to_env, 1);
}

static int
open_one(MDB_env **out, const char *path, unsigned flags, size_t map)
{
	int rc = mdb_env_create(out);

	if (rc)
		return rc;
	if ((rc = mdb_env_set_maxdbs(*out, TABLES)) == 0 && map > 0)
		rc = mdb_env_set_mapsize(*out, map);
	return rc ? rc : mdb_env_open(*out, path, flags | MDB_NOSUBDIR | MDB_NOLOCK, 0600);
}

static int
copy_file(const char *path, const char *fresh, enum store_env env)
{
	struct copy c = {0};
	MDB_envinfo info;
	int rc = open_one(&c.from_env, path, MDB_RDONLY, 0);

	(void)unlink(fresh); /* of an attempt that was interrupted */
	if (rc == 0 && (rc = mdb_env_info(c.from_env, &info)) == 0)
		rc = open_one(&c.to_env, fresh, MDB_NOSYNC, info.me_mapsize);
	if (rc == 0)
		rc = copy_tables(&c, env);
	if (c.to_env)
		mdb_env_close(c.to_env);
	if (c.from_env)
		mdb_env_close(c.from_env);
	return rc;
}

int
path_sync(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);
	int rc = fd < 0 || fsync(fd) != 0 ? errno : 0;

	if (fd >= 0)
		close(fd);
	return rc;
}

static bool
rewrite_one(const char *dir, const char *name, enum store_env env)
{
	char path[PATH_BYTES], fresh[PATH_BYTES + 8];
	int lock, rc;

	path_in(path, dir, name);
	if (access(path, F_OK) != 0)
		return errno == ENOENT;
	lock = env_lock_alone(path);
	if (lock < 0)
		return false;
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	rc = copy_file(path, fresh, env);
	rc = rc ? rc : path_sync(fresh, O_RDONLY);
	rc = rc                         ? rc
	     : rename(fresh, path) != 0 ? errno
	                                : path_sync(dir, O_RDONLY | O_DIRECTORY);
	if (rc) {
		log_error(
		    "store.rewrite", L_STR("path", path), L_STR("error", mdb_strerror(rc)));
		(void)unlink(fresh);
	}
	close(lock);
	return rc == 0;
}

void
store_rewrite_state(const char *dir)
{
	if (rewrite_one(dir, "state.mdb", STORE_STATE))
		log_debug("store.rewrite", L_STR("dir", dir), L_STR("why", "older seals"));
}

void
store_rewrite(const char *dir)
{
	char mark[PATH_BYTES];

	if (!store_wants_rewrite(dir))
		return;
	path_in(mark, dir, "rewrite");
	if (rewrite_one(dir, "state.mdb", STORE_STATE) &&
	    rewrite_one(dir, "history.mdb", STORE_HISTORY) && unlink(mark) == 0)
		log_info("store.rewrite", L_STR("dir", dir));
}
