/* Makes the streams anew from a backup. What it would do is said first, and asked for. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

#include "carillon/base/clock.h"

#include "backup_files.h"
#include "output.h"
#include "processes.h"

enum plan {
	PLAN_MAKE,   /* there is none */
	PLAN_KEEP,   /* it is there as in the backup: an earlier try made it */
	PLAN_REPLACE /* it is there with something else in it */
};
static const char *const plan_words[] = {
    [PLAN_MAKE] = "make",
    [PLAN_KEEP] = "keep: it is as in the backup",
    [PLAN_REPLACE] = "DELETE what is there, and make anew",
};

struct restore {
	struct command *command;
	struct backup backup;
	enum plan plans[STREAMS];
	uint64_t there[STREAMS]; /* messages that a stream has now */
};

/* --- what is to be done --- */

static bool
is_as_in(const struct stream_info *info, const struct snapshot *about, struct arena *a)
{
	const struct json *state;
	int64_t first, last;
	struct err e;

	return json_parse(a, about->state, JSON_DEPTH_MAX, &state, &e) &&
	       json_int64(json_get(state, STR("first_seq")), &first) &&
	       json_int64(json_get(state, STR("last_seq")), &last) &&
	       /* Where an empty stream begins servers say differently. */
	       (info->first_seq == (uint64_t)first || info->messages == 0) &&
	       info->last_seq == (uint64_t)last && info->messages == about->messages;
}

static bool
plan_stream(struct restore *r, enum stream s, struct err *e)
{
	struct command *c = r->command;
	struct stream_info info = {0};
	struct err why;

	if (!r->backup.streams[s].is_done)
		return fail(e, ERR_INPUT,
		    "%s: the backup was not finished: stream %s is not in it", r->backup.dir,
		    broker_stream_name(c->broker, s));
	if (!broker_stream_info(c->broker, s, &info, &why)) {
		r->plans[s] = PLAN_MAKE;
		return why.kind == ERR_NOT_FOUND || fail(e, why.kind, "%s", why.text);
	}
	r->there[s] = info.messages;
	r->plans[s] =
	    is_as_in(&info, &r->backup.streams[s].about, c->arena) ? PLAN_KEEP : PLAN_REPLACE;
	return true;
}

static bool
plan_all(struct restore *r, struct err *e)
{
	for (enum stream s = 0; s < STREAMS; s++)
		if (!plan_stream(r, s, e))
			return false;
	return true;
}

static void
list_plan(struct restore *r)
{
	struct command *c = r->command;
	struct listing l;

	listing_begin(&l, c, "STREAM IN-BACKUP NOW PLAN");
	for (enum stream s = 0; s < STREAMS; s++) {
		const struct snapshot *about = &r->backup.streams[s].about;
		const char *name = broker_stream_name(c->broker, s);

		listing_record(&l);
		if (listing_is_json(&l)) {
			jw_object(l.w);
			jw_kv_cstr(l.w, "stream", name);
			jw_kv_int(l.w, "messages", (int64_t)about->messages);
			jw_kv_int(l.w, "now", (int64_t)r->there[s]);
			jw_kv_cstr(l.w, "plan", plan_words[r->plans[s]]);
			jw_object_end(l.w);
			continue;
		}
		listing_cell(&l, str_of(name));
		listing_cell(&l, arena_printf(c->arena, "%" PRIu64, about->messages));
		listing_cell(&l, arena_printf(c->arena, "%" PRIu64, r->there[s]));
		listing_cell(&l, str_of(plan_words[r->plans[s]]));
	}
	listing_end(&l, STR(""));
}

/* --- what must hold --- */

static bool
nobody_runs(struct command *c, struct err *e)
{
	struct processes *p = calloc(1, sizeof(*p));
	bool ok;

	must(p != NULL);
	ok = processes_ask(c, c->arena, p, e);
	if (ok && p->n > 0)
		ok = fail(e, ERR_CONFLICT, "%.*s runs on %.*s: stop every process first",
		    STR_ARG(p->all[0].service), STR_ARG(p->all[0].node));
	free(p);
	return ok;
}

static bool
key_is_right(struct command *c, const struct backup *b, struct err *e)
{
	if (command_has(c, OPTION_FORCE))
		return true;
	return (vault_open(&c->vault, c->config.master_key_file, e) &&
		   backup_canary_opens(c, b, e)) ||
	       fail(e, e->kind,
		   "the master key does not open the backup's credentials (%s): give the key "
		   "file of its time; with --force connections must be reconnected",
		   e->text);
}

/* The whole file is read before any of it is sent. */
static bool
file_is_whole(const struct backup_stream *stream, int fd, const char *path, struct err *e)
{
	enum { PIECE = 64 * 1024 };
	static uint8_t piece[PIECE]; /* the main thread's only */
	uint8_t hash[BACKUP_HASH_BYTES];
	char hex[2 * BACKUP_HASH_BYTES + 1];
	crypto_generichash_state state;
	ssize_t n;

	crypto_generichash_init(&state, NULL, 0, BACKUP_HASH_BYTES);
	while ((n = read(fd, piece, sizeof(piece))) > 0)
		crypto_generichash_update(&state, piece, (size_t)n);
	crypto_generichash_final(&state, hash, sizeof(hash));
	sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	if (n < 0 || lseek(fd, 0, SEEK_SET) != 0)
		return fail(e, ERR_SETUP, "%s: %s", path, strerror(errno));
	return str_eq(str_of(hex), stream->hash) ||
	       fail(e, ERR_CORRUPT, "%s is not what was written: the backup is damaged", path);
}

/* Calls `each` with the opened file of every stream that is to be made. */
typedef bool file_fn(struct restore *r, enum stream s, int fd, const char *path, struct err *e);
static bool
each_file(struct restore *r, file_fn *each, struct err *e)
{
	char path[BACKUP_PATH_MAX];

	for (enum stream s = 0; s < STREAMS; s++) {
		bool ok;
		int fd;

		if (r->plans[s] == PLAN_KEEP)
			continue;
		if (!backup_path(path, r->command, &r->backup, s, "", e))
			return false;
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return fail(e, ERR_NOT_FOUND, "%s: %s", path, strerror(errno));
		ok = each(r, s, fd, path, e);
		close(fd);
		if (!ok)
			return false;
	}
	return true;
}

static bool
look_at_file(struct restore *r, enum stream s, int fd, const char *path, struct err *e)
{
	return file_is_whole(&r->backup.streams[s], fd, path, e);
}

/* --- doing it --- */

struct source {
	const char *name, *path;
	int fd;
	uint64_t done, size;
};

static bool
read_piece(char *out, size_t cap, size_t *len, void *source, struct err *e)
{
	struct source *f = source;
	const ssize_t n = read(f->fd, out, cap);

	if (n < 0)
		return fail(e, ERR_SETUP, "%s: %s", f->path, strerror(errno));
	*len = (size_t)n;
	f->done += *len;
	backup_progress(f->name, f->done, f->size);
	return true;
}

static bool
make_stream(struct restore *r, enum stream s, int fd, const char *path, struct err *e)
{
	struct broker *b = r->command->broker;
	const struct backup_stream *stream = &r->backup.streams[s];
	struct source f = {broker_stream_name(b, s), path, fd, 0, stream->size};
	bool ok = (r->plans[s] != PLAN_REPLACE || broker_stream_delete(b, s, e)) &&
	          broker_restore(b, s, &stream->about, read_piece, &f, e);

	backup_progress_end();
	return ok;
}

static struct str
question(const struct restore *r)
{
	char text[CLOCK_TEXT_MAX];

	return arena_printf(r->command->arena, "make the streams anew as they were on %s",
	    clock_text((wall_t){r->backup.begun_ms}, text));
}

/* No stream is made by looking: broker_ensure is not called. */
static bool
open_broker_only(struct command *c, struct err *e)
{
	enum { CONNECT_WAIT_MS = 5000 };
	struct broker_options o;

	if (!command_load(c, e) || !broker_options_of(c, CONNECT_WAIT_MS, &o, e))
		return false;
	o.name = "carillon-restore";
	return broker_connect(&c->broker, &o, e);
}

bool
verb_restore(struct command *c, struct err *e)
{
	struct restore r = {.command = c};

	if (!open_broker_only(c, e) || !backup_read(c, c->arguments[0], &r.backup, e) ||
	    !key_is_right(c, &r.backup, e) || !plan_all(&r, e) ||
	    !each_file(&r, look_at_file, e))
		return false;
	list_plan(&r);
	if (command_has(c, OPTION_DRY_RUN))
		return true;
	fflush(stdout);
	if (!nobody_runs(c, e) || !confirm(c, question(&r), e) ||
	    !each_file(&r, make_stream, e))
		return false;
	if (!command_has(c, OPTION_JSON))
		printf("Done. Start the service: it makes its index from the streams. An index "
		       "in %s that is of later streams is to be moved away before.\n",
		    c->config.data_dir);
	return true;
}
