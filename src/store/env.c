#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "store_private.h"

enum {
	READERS_MAX = 126,          /* read transactions of all processes at once */
	LOCK_FILE_BYTES = 16 << 10, /* more than LMDB needs for them */
	DISK_FULL_BYTES = 64 << 10,
};

static const struct {
	enum store_env env;
	const char *name;
} TABLE_DEFS[TABLES] = {
#define TABLE(ENV, NAME, name) [TABLE_##NAME] = {STORE_##ENV, name},
#include "tables.def"
#undef TABLE
};

const char *
table_name(enum table_id table)
{
	return TABLE_DEFS[table].name;
}

bool
env_fail_corrupt(const struct env *env, struct err *e, const char *why)
{
	return fail(e, ERR_CORRUPT,
	    "%s: not a Carillon index (%s): start the service again: it sets the file aside "
	    "and "
	    "it is rebuilt from the streams; with repair off, move %s away before",
	    env->path, why, env->dir);
}

/* A write that was cut short by a full disk comes out of LMDB as EIO. */
static bool
disk_is_full(const struct env *env)
{
	struct statvfs fs;

	return statvfs(env->dir, &fs) == 0 && fs.f_bavail * fs.f_frsize < DISK_FULL_BYTES;
}

static bool
env_fail_full(const struct env *env, struct err *e, int rc)
{
	return fail(e, ERR_FULL,
	    "%s: cannot be written (%s): free some space on that disk or raise the "
	    "limit; nothing is lost, what is missing is applied again from the streams",
	    env->path, strerror(rc));
}

bool
env_fail(const struct env *env, struct err *e, int rc)
{
	switch (rc) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG: return env_fail_full(env, e, rc);
	case EIO:
		if (disk_is_full(env))
			return env_fail_full(env, e, ENOSPC);
		return fail(e, ERR_TEMP, "%s: %s", env->path, strerror(rc));
	case MDB_CORRUPTED:
	case MDB_INVALID:
	case MDB_PAGE_NOTFOUND:
	case MDB_CURSOR_FULL:
	case MDB_INCOMPATIBLE:
	case MDB_VERSION_MISMATCH: return env_fail_corrupt(env, e, mdb_strerror(rc));
	case EACCES:
	case EPERM:
	case EROFS:
		return fail(e, ERR_SETUP,
		    "%s: %s: give the account this runs as read and write access to %s",
		    env->path, strerror(rc), env->dir);
	case ENOMEM:
		return fail(e, ERR_SETUP,
		    "%s: its map does not fit into the address space: lower the map size "
		    "or raise the limit (ulimit -v)",
		    env->path);
	case MDB_PANIC:
		return fail(e, ERR_SETUP, "%s: an earlier write broke off: restart the service",
		    env->path);
	default: return fail(e, ERR_TEMP, "%s: %s", env->path, mdb_strerror(rc));
	}
}

/* LMDB makes its lock file with a hole in it; filling that on a full disk is a SIGBUS. */
static int
reserve_lock_file(const struct env *env)
{
	char path[sizeof(env->path) + 8];

	snprintf(path, sizeof(path), "%s-lock", env->path);
	const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	const int rc = posix_fallocate(fd, 0, LOCK_FILE_BYTES);
	close(fd);
	return rc;
}

static int
env_open_mdb(struct env *env, size_t map_mb)
{
	const unsigned flags = MDB_NOSUBDIR | MDB_NOTLS | (env->read_only ? MDB_RDONLY : 0);
	int rc, dead;

	if ((rc = mdb_env_set_maxdbs(env->mdb, TABLES)) ||
	    (rc = mdb_env_set_maxreaders(env->mdb, READERS_MAX)) ||
	    (rc = mdb_env_set_mapsize(env->mdb, map_mb << 20)) ||
	    (!env->read_only && (rc = reserve_lock_file(env))) ||
	    (rc = mdb_env_open(env->mdb, env->path, flags, 0600)))
		return rc;
	return mdb_reader_check(env->mdb, &dead);
}

static bool
env_fail_absent(const struct env *env, struct err *e)
{
	return fail(e, ERR_NOT_FOUND, "%s: there is no index yet; `carillon serve` makes it",
	    env->path);
}

/* A new index is not begun on a full disk, where only half of its header might be written. To
 * LMDB an empty file is a new one, too; to an operator it is one that was lost. */
static bool
may_open(const struct env *env, bool sets_aside, struct err *e)
{
	struct stat st;

	if (stat(env->path, &st) == 0)
		return !sets_aside || st.st_size > 0 || env_fail_corrupt(env, e, "it is empty");
	if (errno != ENOENT)
		return true;
	if (env->read_only)
		return env_fail_absent(env, e);
	return !disk_is_full(env) || env_fail_full(env, e, ENOSPC);
}

static bool
env_open(struct env *env, const struct store_options *o, const char *name, size_t map_mb,
    struct err *e)
{
	env->read_only = o->read_only;
	env->looks_at_all = o->looks_at_all;
	snprintf(env->dir, sizeof(env->dir), "%s", o->dir);
	snprintf(env->path, sizeof(env->path), "%s/%s.mdb", o->dir, name);
	if (!may_open(env, o->sets_aside, e))
		return false;
	gate_init(&env->gate);
	must(mdb_env_create(&env->mdb) == 0);
	const int rc = env_open_mdb(env, map_mb);
	if (rc)
		return env_fail(env, e, rc);
	return env_check(env, e);
}

/* --- tables and schema --- */

static enum store_env
env_of(const struct txn *t)
{
	return (enum store_env)(t->env - t->store->envs);
}

static bool
open_table(struct txn *t, enum table_id table)
{
	const unsigned flags = t->writes ? MDB_CREATE : 0;
	const int rc =
	    mdb_dbi_open(t->mdb, TABLE_DEFS[table].name, flags, &t->store->tables[table]);

	return rc == 0 || txn_fail(t, rc == MDB_NOTFOUND ? MDB_INVALID : rc);
}

static bool
open_tables(struct txn *t)
{
	for (enum table_id table = 0; table < TABLES; table++)
		if (TABLE_DEFS[table].env == env_of(t) && !open_table(t, table))
			return false;
	return true;
}

/* What a file's schema must be: 2 has the deliveries by hour, 3 the lives of keys and what goes
 * out together. */
static const uint64_t SCHEMAS[STORE_ENVS] = {[STORE_STATE] = 1, [STORE_HISTORY] = 3};

/* Opens the table that says it. True also for an older one. */
static bool
read_schema(struct txn *t, uint64_t *schema, struct err *e)
{
	const uint64_t known = SCHEMAS[env_of(t)];

	*schema = 0;
	if (!open_table(t, env_of(t) == STORE_STATE ? TABLE_STATE_META : TABLE_HISTORY_META))
		return false;
	*schema = meta_number(t, STR("schema"));
	if (txn_error(t))
		return false;
	if (*schema == 0)
		return env_fail_corrupt(t->env, e, "it has no schema version");
	return *schema <= known ||
	       fail(e, ERR_SETUP,
		   "%s: has schema %llu and this program knows %llu: run the version that "
		   "made it, or move %s away and it is rebuilt from the streams",
		   t->env->path, (unsigned long long)*schema, (unsigned long long)known,
		   t->env->dir);
}

static bool
fill_schema(struct txn *t, void *arg, struct err *e)
{
	const bool is_new = mdb_txn_id(t->mdb) == 1; /* LMDB's first transaction of a file */
	const uint64_t known = SCHEMAS[env_of(t)];
	uint64_t schema = known;

	(void)arg;
	if ((!is_new && !read_schema(t, &schema, e)) || !open_tables(t))
		return false;
	if (schema < known && env_of(t) == STORE_HISTORY) {
		hours_recount(t);
		history_index_anew(t);
	}
	if (is_new || schema < known)
		meta_set_number(t, STR("schema"), known);
	return true;
}

/* Handles of tables opened in a reading transaction stay valid when it is committed. */
static bool
look_at_schema(struct store *s, enum store_env env, struct err *e)
{
	struct txn *t = txn_read(s, env);
	bool ok = !txn_error(t);
	uint64_t schema;

	if (ok && mdb_txn_id(t->mdb) == 0) /* another process is making it right now */
		ok = env_fail_absent(t->env, e);
	ok = ok && read_schema(t, &schema, e);
	if (ok && schema < SCHEMAS[env])
		ok = fail(e, ERR_SETUP,
		    "%s: is of an older version: `carillon serve` brings it up to date",
		    t->env->path);
	ok = ok && open_tables(t);

	if (txn_error(t)) {
		ok = false;
		if (e)
			*e = *txn_error(t);
	} else if (ok) {
		ok = mdb_txn_commit(t->mdb) == 0;
		t->mdb = NULL;
		env_leave(t->env);
	}
	txn_end(t);
	return ok;
}

static bool
open_schema(struct store *s, enum store_env env, struct err *e)
{
	if (s->envs[env].read_only)
		return look_at_schema(s, env, e);
	return store_write(s, env, fill_schema, NULL, e);
}

/* --- the store --- */

/* As mkdir -p, all new ones with mode 0700. */
static bool
make_dirs(const char *dir, struct err *e)
{
	char path[STORE_PATH_MAX];

	snprintf(path, sizeof(path), "%s", dir);
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(path, 0700); /* what matters is the last one */
		*slash = '/';
	}
	struct stat st;
	if (mkdir(path, 0700) == 0)
		return true;
	if (errno != EEXIST)
		return fail(e, errno == ENOSPC ? ERR_FULL : ERR_SETUP, "%s: cannot be made: %s",
		    path, strerror(errno));
	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
		return fail(e, ERR_SETUP, "%s: is not a directory", path);
	/* Who may write there can put a link in the place of any file of ours; where the sticky
	 * bit is set the system follows none of others'. */
	if ((st.st_mode & 0022) != 0 && (st.st_mode & S_ISVTX) == 0)
		return fail(e, ERR_SETUP,
		    "%s: others may write there (mode %04o); run: chmod 700 %s", path,
		    (unsigned)st.st_mode & 07777, path);
	return true;
}

static void
env_close(struct env *env)
{
	if (env->mdb) {
		must(env->gate.inside == 0);
		mdb_env_close(env->mdb);
		gate_fini(&env->gate);
	}
	env->mdb = NULL;
}

static bool
open_env(struct store *s, enum store_env env, const struct store_options *o, struct err *e)
{
	static const char *const names[STORE_ENVS] = {"state", "history"};
	const size_t map_mb = env == STORE_STATE ? o->state_map_mb : o->history_map_mb;

	return env_open(&s->envs[env], o, names[env], map_mb, e) && open_schema(s, env, e);
}

static bool
open_env_or_anew(
    struct store *s, enum store_env env, const struct store_options *o, struct err *e)
{
	struct err why = {0};

	if (open_env(s, env, o, &why))
		return true;
	if (why.kind != ERR_CORRUPT || !o->sets_aside)
		return fail(e, why.kind, "%s", why.text);
	env_close(&s->envs[env]);
	return env_set_aside(&s->envs[env], &why, s->aside[env], e) && open_env(s, env, o, e);
}

static struct store *
store_try(const struct store_options *o, struct err *e)
{
	struct store *s = calloc(1, sizeof(*s));

	must(s);
	if (open_env_or_anew(s, STORE_STATE, o, e) && open_env_or_anew(s, STORE_HISTORY, o, e))
		return s;
	store_close(s);
	return NULL;
}

static bool
has_old_seals(struct store *s)
{
	struct txn *t = txn_read(s, STORE_STATE);
	const bool has = store_number(t, STORE_OLD_SEALS) != 0;

	txn_end(t);
	return has;
}

bool
store_open(struct store **out, const struct store_options *o, struct err *e)
{
	*out = NULL;
	if (strlen(o->dir) >= STORE_PATH_MAX || !o->dir[0])
		return fail(e, ERR_SETUP, "data directory: 1 to %d bytes of path, not %zu",
		    STORE_PATH_MAX - 1, strlen(o->dir));
	if (!o->read_only && !make_dirs(o->dir, e))
		return false;
	*out = store_try(o, e);
	if (*out == NULL || o->read_only)
		return *out != NULL;
	const bool all = store_wants_rewrite(o->dir), old_seals = has_old_seals(*out);
	if (!all && !old_seals)
		return true;
	store_close(*out); /* what is copied has been looked at, or LMDB would trust it */
	if (all)
		store_rewrite(o->dir);
	else
		store_rewrite_state(o->dir);
	*out = store_try(o, e);
	return *out != NULL;
}

void
store_close(struct store *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < STORE_ENVS; i++)
		env_close(&s->envs[i]);
	free(s);
}

static uint64_t
file_bytes(const struct env *env)
{
	struct stat st;

	return stat(env->path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static uint64_t
map_bytes(const struct env *env)
{
	MDB_envinfo info;

	return mdb_env_info(env->mdb, &info) == 0 ? info.me_mapsize : 0;
}

void
store_stats(struct store *s, struct store_stats *out)
{
	struct txn *state = txn_read(s, STORE_STATE);
	struct txn *history = txn_read(s, STORE_HISTORY);

	*out = (struct store_stats){
	    .events = txn_count(history, TABLE_EVENT),
	    .deliveries = txn_count(history, TABLE_DELIVERY),
	    .parked = txn_count(history, TABLE_DUE) + txn_count(history, TABLE_OVERFLOW),
	    .held = txn_count(history, TABLE_HELD),
	    .state_bytes = file_bytes(state->env),
	    .history_bytes = file_bytes(history->env),
	    .state_map = map_bytes(state->env),
	    .history_map = map_bytes(history->env),
	};
	for (int kind = 0; kind < STATE_KINDS; kind++)
		out->state_records += txn_count(state, (enum table_id)kind);
	txn_end(history);
	txn_end(state);
}
