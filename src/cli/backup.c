/* Copies the streams into a directory, one after the other, while everything runs. */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "carillon/base/clock.h"

#include "backup_files.h"
#include "check_stored.h"
#include "output.h"

/* A file while it is written. */
struct copy {
	const char *name; /* of the stream */
	struct backup_stream *stream;
	const char *path;
	int fd;
	crypto_generichash_state hash;
};

/* --- one stream --- */

static bool
begin_copy(const struct snapshot *about, void *copy)
{
	struct copy *f = copy;

	f->stream->about = *about;
	return true;
}

static bool
write_bytes(struct str bytes, void *copy, struct err *e)
{
	struct copy *f = copy;

	crypto_generichash_update(&f->hash, (const uint8_t *)bytes.ptr, bytes.len);
	f->stream->size += bytes.len;
	while (bytes.len > 0) {
		const ssize_t n = write(f->fd, bytes.ptr, bytes.len);

		if (n < 0 && errno != EINTR)
			return fail(e, errno == ENOSPC ? ERR_FULL : ERR_SETUP, "%s: %s",
			    f->path, strerror(errno));
		if (n > 0)
			bytes = (struct str){bytes.ptr + n, bytes.len - (size_t)n};
	}
	backup_progress(f->name, f->stream->size, f->stream->about.bytes);
	return true;
}

static struct str
hash_text(struct command *c, struct copy *f)
{
	uint8_t hash[BACKUP_HASH_BYTES];
	char hex[2 * BACKUP_HASH_BYTES + 1];

	crypto_generichash_final(&f->hash, hash, sizeof(hash));
	sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	return arena_str(c->arena, str_of(hex));
}

static bool
copy_into(struct command *c, enum stream s, struct copy *f, const char *path, struct err *e)
{
	const struct snapshot_taker taker = {begin_copy, write_bytes, f};
	bool ok;

	crypto_generichash_init(&f->hash, NULL, 0, BACKUP_HASH_BYTES);
	f->fd = open(f->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (f->fd < 0)
		return fail(e, ERR_SETUP, "%s: %s", f->path, strerror(errno));
	ok = broker_snapshot(c->broker, s, &taker, c->arena, e);
	backup_progress_end();
	if (ok && fsync(f->fd) != 0)
		ok = fail(e, ERR_SETUP, "%s: %s", f->path, strerror(errno));
	close(f->fd);
	f->stream->hash = hash_text(c, f);
	if (ok && rename(f->path, path) != 0)
		ok = fail(e, ERR_SETUP, "%s: %s", path, strerror(errno));
	return ok;
}

static bool
copy_stream(struct command *c, struct backup *b, enum stream s, struct err *e)
{
	char path[BACKUP_PATH_MAX], part[BACKUP_PATH_MAX];
	struct copy f = {
	    .name = broker_stream_name(c->broker, s), .stream = &b->streams[s], .path = part};

	*f.stream = (struct backup_stream){0};
	if (!backup_path(path, c, b, s, "", e) || !backup_path(part, c, b, s, ".part", e) ||
	    !copy_into(c, s, &f, path, e))
		return false;
	f.stream->is_done = true;
	return backup_write(c, b, e);
}

/* --- the directory --- */

static bool
make_directory(const char *dir, struct err *e)
{
	if (mkdir(dir, 0700) == 0 || errno == EEXIST)
		return true;
	return fail(e, ERR_SETUP, "%s: %s", dir, strerror(errno));
}

/* A new one, or one that was interrupted. */
static bool
begin(struct command *c, struct backup *b, const char *dir, struct err *e)
{
	char text[CLOCK_TEXT_MAX];

	if (backup_read(c, dir, b, e))
		return b->finished_ms == 0 ||
		       fail(e, ERR_CONFLICT,
			   "%s has a backup of %s already: choose another directory", dir,
			   clock_text((wall_t){b->finished_ms}, text));
	if (e->kind != ERR_NOT_FOUND || !make_directory(dir, e))
		return false;
	*b = (struct backup){.dir = dir,
	    .carillon = STR(CARILLON_VERSION),
	    .prefix = str_of(broker_prefix(c->broker)),
	    .begun_ms = clock_wall().ms};
	backup_canary_make(c, b);
	return backup_write(c, b, e);
}

/* --- the verb --- */

static void
tell_bad(bool ok, const char *sentence, void *command)
{
	struct command *c = command;

	if (ok)
		return;
	fprintf(stderr, "carillon: note: %s\n", sentence);
	c->exit_code = EXIT_FAILED;
}

static void
answer(struct command *c, const struct backup *b)
{
	struct listing l;

	listing_begin(&l, c, "STREAM MESSAGES BYTES");
	for (int i = 0; i < STREAMS; i++) {
		const enum stream s = backup_order[i];
		const struct snapshot *about = &b->streams[s].about;
		const char *name = broker_stream_name(c->broker, s);

		listing_record(&l);
		if (listing_is_json(&l)) {
			jw_object(l.w);
			jw_kv_cstr(l.w, "stream", name);
			jw_kv_int(l.w, "messages", (int64_t)about->messages);
			jw_kv_int(l.w, "bytes", (int64_t)b->streams[s].size);
			jw_object_end(l.w);
			continue;
		}
		listing_cell(&l, str_of(name));
		listing_cell(
		    &l, arena_printf(c->arena, "%llu", (unsigned long long)about->messages));
		listing_cell(
		    &l, arena_printf(c->arena, "%llu", (unsigned long long)b->streams[s].size));
	}
	listing_end(&l, STR(""));
}

bool
verb_backup(struct command *c, struct err *e)
{
	struct backup b;

	if (!command_open(c, NEED_STATE | NEED_VAULT, e) || !begin(c, &b, c->arguments[0], e))
		return false;
	check_credentials(c, tell_bad, c);
	for (int i = 0; i < STREAMS; i++)
		if (!b.streams[backup_order[i]].is_done &&
		    !copy_stream(c, &b, backup_order[i], e))
			return false;
	b.finished_ms = clock_wall().ms;
	if (!backup_write(c, &b, e))
		return false;
	answer(c, &b);
	if (!command_has(c, OPTION_JSON))
		printf("The master key, %s and the settings are not in it: keep copies of "
		       "them, and not beside it.\n",
		    c->config.nats_dir);
	return true;
}
