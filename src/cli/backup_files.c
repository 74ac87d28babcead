#include "backup_files.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

#include "carillon/base/clock.h"
#include "carillon/vault/private_file.h"

#define CANARY "the backup's master key"

/* No workspace and no connection can have these ids. */
static const struct str canary_workspace = {"_backup", 7}, canary_connection = {"_canary", 7};

const enum stream backup_order[STREAMS] = {
    STREAM_EVENTS, STREAM_STATE, STREAM_SHORT, STREAM_OPS, STREAM_HISTORY};

static bool
manifest_path(char out[static BACKUP_PATH_MAX], const char *dir, struct err *e)
{
	return snprintf(out, BACKUP_PATH_MAX, "%s/backup.json", dir) < BACKUP_PATH_MAX ||
	       fail(e, ERR_INPUT, "the name of the directory is too long");
}

bool
backup_path(char out[static BACKUP_PATH_MAX], const struct command *c, const struct backup *b,
    enum stream s, const char *suffix, struct err *e)
{
	return snprintf(out, BACKUP_PATH_MAX, "%s/%s.snapshot%s", b->dir,
		   broker_stream_name(c->broker, s), suffix) < BACKUP_PATH_MAX ||
	       fail(e, ERR_INPUT, "the name of the directory is too long");
}

/* --- writing --- */

static void
write_stream(struct json_writer *w, const struct command *c, enum stream s,
    const struct backup_stream *one)
{
	jw_object(w);
	jw_kv_cstr(w, "name", broker_stream_name(c->broker, s));
	jw_kv_int(w, "messages", (int64_t)one->about.messages);
	jw_kv_int(w, "bytes", (int64_t)one->about.bytes);
	jw_kv_int(w, "size", (int64_t)one->size);
	jw_kv_string(w, "hash", one->hash);
	jw_key(w, "config");
	jw_raw(w, one->about.config);
	jw_key(w, "state");
	jw_raw(w, one->about.state);
	jw_object_end(w);
}

static void
write_manifest(struct json_writer *w, const struct command *c, const struct backup *b)
{
	jw_object(w);
	jw_kv_int(w, "format", BACKUP_FORMAT);
	jw_kv_string(w, "carillon", b->carillon);
	jw_kv_string(w, "prefix", b->prefix);
	jw_kv_int(w, "begun_ms", b->begun_ms);
	jw_kv_int(w, "finished_ms", b->finished_ms);
	jw_kv_string(w, "canary", b->canary);
	jw_key(w, "streams");
	jw_array(w);
	for (int i = 0; i < STREAMS; i++)
		if (b->streams[backup_order[i]].is_done)
			write_stream(w, c, backup_order[i], &b->streams[backup_order[i]]);
	jw_array_end(w);
	jw_object_end(w);
}

bool
backup_write(struct command *c, const struct backup *b, struct err *e)
{
	char path[BACKUP_PATH_MAX];
	struct buf text = {0};
	struct json_writer w;
	bool ok;

	jw_init(&w, &text);
	w.indent = true;
	write_manifest(&w, c, b);
	buf_putc(&text, '\n');
	ok = manifest_path(path, b->dir, e) &&
	     (private_file_replace(path, PRIVATE_FILE_MODE,
		  &(struct file_part){.text = buf_view(&text)}, 1, e) ||
		 fail_within(e, "%s", path));
	buf_fini(&text);
	return ok;
}

/* --- reading --- */

static bool
read_size(const struct json *object, struct str key, uint64_t *out)
{
	int64_t n;

	if (!json_int64(json_get(object, key), &n) || n < 0)
		return false;
	*out = (uint64_t)n;
	return true;
}

static bool
read_stream(struct command *c, const struct json *from, struct backup *out)
{
	const struct json *config = json_get(from, STR("config"));
	const struct json *state = json_get(from, STR("state"));
	struct backup_stream one = {.is_done = true, .hash = json_string(from, STR("hash"))};

	if (config == NULL || state == NULL || one.hash.len != 2 * BACKUP_HASH_BYTES ||
	    !read_size(from, STR("messages"), &one.about.messages) ||
	    !read_size(from, STR("bytes"), &one.about.bytes) ||
	    !read_size(from, STR("size"), &one.size))
		return false;
	one.about.config = json_text(c->arena, config);
	one.about.state = json_text(c->arena, state);
	for (enum stream s = 0; s < STREAMS; s++)
		if (str_eq(json_string(from, STR("name")),
			str_of(broker_stream_name(c->broker, s)))) {
			out->streams[s] = one;
			return true;
		}
	return false;
}

static bool
read_manifest(struct command *c, const struct json *root, struct backup *out)
{
	const struct json *streams = json_get(root, STR("streams"));
	int64_t format;

	if (!json_int64(json_get(root, STR("format")), &format) || format != BACKUP_FORMAT ||
	    !json_int64(json_get(root, STR("begun_ms")), &out->begun_ms) ||
	    !json_int64(json_get(root, STR("finished_ms")), &out->finished_ms) ||
	    streams == NULL)
		return false;
	out->carillon = json_string(root, STR("carillon"));
	out->prefix = json_string(root, STR("prefix"));
	out->canary = json_string(root, STR("canary"));
	JSON_EACH (one, streams)
		if (!read_stream(c, one, out))
			return false;
	return true;
}

bool
backup_read(struct command *c, const char *dir, struct backup *out, struct err *e)
{
	char path[BACKUP_PATH_MAX];
	const struct json *root;

	*out = (struct backup){.dir = dir};
	if (!manifest_path(path, dir, e))
		return false;
	if (access(path, F_OK) != 0)
		return fail(e, ERR_NOT_FOUND, "%s: there is no backup", dir);
	if (!read_object(c, path, &root, e))
		return false;
	if (!read_manifest(c, root, out))
		return fail(e, ERR_INPUT,
		    "%s: is no list of a backup that this version knows, or one of other "
		    "streams than those of prefix %s",
		    path, broker_prefix(c->broker));
	return true;
}

/* --- the master key --- */

void
backup_canary_make(struct command *c, struct backup *b)
{
	uint8_t sealed[sizeof(CANARY) + VAULT_SEALED_OVERHEAD];
	char hex[2 * sizeof(sealed) + 1];
	struct secret *clear = secret_new(sizeof(CANARY));
	size_t len;

	must(secret_append(clear, CANARY, sizeof(CANARY) - 1));
	vault_seal(c->vault, canary_workspace, canary_connection, clear, sealed, &len);
	secret_free(clear);
	sodium_bin2hex(hex, sizeof(hex), sealed, len);
	b->canary = arena_str(c->arena, str_of(hex));
}

bool
backup_canary_opens(struct command *c, const struct backup *b, struct err *e)
{
	uint8_t sealed[sizeof(CANARY) + VAULT_SEALED_OVERHEAD];
	struct secret *clear = secret_new(sizeof(sealed));
	size_t len = 0;
	bool ok;

	ok = (sodium_hex2bin(sealed, sizeof(sealed), b->canary.ptr, b->canary.len, NULL, &len,
		  NULL) == 0 ||
		 fail(e, ERR_INPUT, "%s/backup.json was changed", b->dir)) &&
	     vault_unseal(c->vault, canary_workspace, canary_connection,
		 (struct str){(const char *)sealed, len}, clear, e);
	secret_free(clear);
	return ok;
}

/* --- progress --- */

void
backup_progress(const char *name, uint64_t done, uint64_t all)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%s  %.1f of %.1f MB \033[K", name, (double)done / 1e6,
		    (double)all / 1e6);
}

void
backup_progress_end(void)
{
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}
