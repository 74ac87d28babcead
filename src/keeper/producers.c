#include "carillon/keeper/producers.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "private.h"

#define LIST_FILE "producers.jsonl"

const char *
producer_status(const struct producer *p, int64_t now_s)
{
	if (p->revoked_s != 0)
		return "revoked";
	return p->expires_s != 0 && p->expires_s <= now_s ? "expired" : "active";
}

/* --- reading the list --- */

static bool
take_seconds(const struct json *line, const char *key, int64_t *out)
{
	const struct json *v = json_get(line, str_of(key));

	return v == NULL || json_int64(v, out);
}

static struct producer *
find(const struct list *all, struct str key)
{
	LIST_EACH (node, all) {
		struct producer *p = CONTAINER_OF(node, struct producer, link);

		if (str_eq(p->key, key))
			return p;
	}
	return NULL;
}

/* One line: a credential that was given out, or one that was revoked. */
static bool
line_apply(struct list *all, struct arena *a, const struct json *line)
{
	struct str key = json_string(line, STR("key"));
	bool is_new = json_get(line, STR("revoked_s")) == NULL;
	struct producer *p = is_new ? NULL : find(all, key);

	if (!nkey_is_public(key, NKEY_USER) || (p == NULL && !is_new))
		return false;
	if (is_new) {
		p = ARENA_NEW(a, struct producer);
		p->key = key;
		p->workspace = json_string(line, STR("workspace"));
		p->name = json_string(line, STR("name"));
		list_append(all, &p->link);
	}
	return p->workspace.len > 0 && take_seconds(line, "issued_s", &p->issued_s) &&
	       take_seconds(line, "expires_s", &p->expires_s) &&
	       take_seconds(line, "revoked_s", &p->revoked_s);
}

bool
producers_read(const struct nats_dir *d, struct arena *a, struct list *out, struct err *e)
{
	struct str text;

	list_init(out);
	if (!dir_read(d, LIST_FILE, a, &text, e))
		return e->kind == ERR_NOT_FOUND;
	for (int number = 1; text.len > 0; number++) {
		const char *end = memchr(text.ptr, '\n', text.len);
		struct str one = {text.ptr, end ? (size_t)(end - text.ptr) : text.len};
		size_t taken = one.len + (end != NULL);
		const struct json *line;

		if (one.len > 0 && (!json_parse(a, one, JSON_DEPTH_MAX, &line, e) ||
				       !line_apply(out, a, line)))
			return fail(e, ERR_CORRUPT,
			    "%s/%s, line %d is not as it was written: mend it, or take it out "
			    "if a crash cut it",
			    d->path, LIST_FILE, number);
		text = (struct str){text.ptr + taken, text.len - taken};
	}
	return true;
}

/* --- writing it --- */

/* The list's file, which nobody else changes until it is closed; -1. */
static int
list_lock(const struct nats_dir *d, struct err *e)
{
	char path[NATS_DIR_PATH_MAX];

	nats_dir_file(path, d, LIST_FILE);
	int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, PRIVATE_FILE_MODE);
	if (fd >= 0 && flock(fd, LOCK_EX) == 0)
		return fd;
	(void)fail(e, ERR_SETUP, "%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

/* What a crash has cut is ended first, so that it does not spoil what follows. */
static bool
list_append_text(int fd, const struct nats_dir *d, struct buf *lines, struct err *e)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char last = '\n';
	struct buf text = {0};

	if (size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n')
		buf_putc(&text, '\n');
	buf_str(&text, buf_view(lines));
	bool ok = write(fd, text.ptr, text.len) == (ssize_t)text.len && fsync(fd) == 0;
	buf_fini(&text);
	return ok || fail(e, ERR_SETUP, "%s/%s: %s", d->path, LIST_FILE, strerror(errno));
}

static void
put_issued(struct buf *lines, const struct producer *p)
{
	struct json_writer w;

	jw_init(&w, lines);
	jw_object(&w);
	jw_kv_string(&w, "key", p->key);
	jw_kv_string(&w, "workspace", p->workspace);
	jw_kv_string(&w, "name", p->name);
	jw_kv_int(&w, "issued_s", p->issued_s);
	if (p->expires_s != 0)
		jw_kv_int(&w, "expires_s", p->expires_s);
	jw_object_end(&w);
	buf_putc(lines, '\n');
}

/* Notes it; with static accounts the servers' configuration is part of that. */
static bool
list_note(const struct nats_dir *d, const struct producer *p, struct arena *a, struct err *e)
{
	struct buf line = {0};
	struct str unused;
	int fd = list_lock(d, e);

	if (fd < 0)
		return false;
	put_issued(&line, p);
	bool ok = list_append_text(fd, d, &line, e) &&
	          (!d->is_static || nats_dir_write_accounts(d, p->issued_s, a, &unused, e));
	buf_fini(&line);
	close(fd);
	return ok;
}

/* --- minting --- */

bool
producer_mint_passing(const struct nats_dir *d, const struct vault *v, const struct producer *p,
    struct nkey *pair, struct buf *token, struct err *e)
{
	struct buf name = {0};
	struct nkey signing;

	if (!nats_dir_signing_key(d, v, &signing, e))
		return false;
	nkey_new(pair, NKEY_USER);
	buf_printf(&name, "%.*s/%.*s", STR_ARG(p->workspace), STR_ARG(p->name));
	const struct account_user user = {
	    name.ptr, pair->public_key, p->issued_s, p->expires_s};
	accounts_producer(token, &d->accounts, &signing, &user, p->workspace);
	nkey_fini(&signing);
	buf_fini(&name);
	return true;
}

/* A static account knows a producer's public key; all it needs itself is the seed. */
static bool
mint_seed(struct nkey *pair, const char *file, struct err *e)
{
	nkey_new(pair, NKEY_USER);
	struct secret *seed = nkey_seed_text(pair);
	bool ok = private_file_create(file, &(struct file_part){.secret = seed}, 1, e) ||
	          fail_within(e, "%s", file);

	secret_free(seed);
	return ok;
}

bool
producer_mint(const struct nats_dir *d, const struct vault *v, struct producer *p,
    const char *file, struct arena *a, struct err *e)
{
	struct nkey pair = {0};
	struct buf token = {0};
	bool ok = d->is_static ? mint_seed(&pair, file, e)
	                       : producer_mint_passing(d, v, p, &pair, &token, e) &&
	                             credentials_create(file, buf_view(&token), &pair, e);

	p->key = arena_str(a, str_of(pair.public_key));
	nkey_fini(&pair);
	buf_fini(&token);
	if (!ok)
		return false;
	/* One that is not in the list could not be revoked, so nobody may have it. */
	ok = list_note(d, p, a, e);
	if (!ok)
		unlink(file);
	return ok;
}

/* --- revoking --- */

static void
put_revoked(struct buf *lines, struct str key, int64_t now_s)
{
	struct json_writer w;

	jw_init(&w, lines);
	jw_object(&w);
	jw_kv_string(&w, "key", key);
	jw_kv_int(&w, "revoked_s", now_s);
	jw_object_end(&w);
	buf_putc(lines, '\n');
}

bool
producers_revoke(const struct nats_dir *d, const struct producer_keys *whose, struct arena *a,
    struct str *token, struct err *e)
{
	struct buf lines = {0};
	int fd = list_lock(d, e);

	if (fd < 0)
		return false;
	for (size_t i = 0; i < whose->n; i++)
		put_revoked(&lines, whose->keys[i], whose->ended_s);
	bool ok = (whose->n == 0 || list_append_text(fd, d, &lines, e)) &&
	          nats_dir_write_accounts(d, whose->ended_s, a, token, e);
	buf_fini(&lines);
	close(fd);
	return ok;
}
