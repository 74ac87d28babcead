/*
 * A backup on disk: a directory of mode 0700 with a file for each stream, as the server packed
 * it, and `backup.json`, which says what they are. That file is written anew after each stream:
 * what it does not name was not finished.
 */
#pragma once

#include "carillon/broker/snapshot.h"

#include "command.h"

enum { BACKUP_FORMAT = 1, BACKUP_HASH_BYTES = 32, BACKUP_PATH_MAX = 4096 };

struct backup_stream {
	bool is_done;
	struct str hash; /* hexadecimal, of the file (BLAKE2b) */
	uint64_t size;   /* of the file, bytes */
	struct snapshot about;
};

/* Texts live in the command's arena. */
struct backup {
	const char *dir;
	struct str carillon, prefix; /* the version that made it */
	int64_t begun_ms, finished_ms;
	struct str canary; /* hexadecimal: what only the right master key opens */
	struct backup_stream streams[STREAMS];
};

/* The streams in the order in which they are taken. What was settled after the events were
 * taken is known to the history, so that nothing goes out twice. */
extern const enum stream backup_order[STREAMS];

/* ERR_NOT_FOUND: there is none. ERR_INPUT: it is none that we know. */
MUST_USE bool backup_read(
    struct command *c, const char *dir, struct backup *out, struct err *e);
MUST_USE bool backup_write(struct command *c, const struct backup *b, struct err *e);
/* "DIR/CARILLON_EVENTS.snapshot" with `suffix` behind it. */
MUST_USE bool backup_path(char out[static BACKUP_PATH_MAX], const struct command *c,
    const struct backup *b, enum stream s, const char *suffix, struct err *e);
/* Seals the canary, and whether the master key of today opens it. */
void backup_canary_make(struct command *c, struct backup *b);
MUST_USE bool backup_canary_opens(struct command *c, const struct backup *b, struct err *e);

/* "CARILLON_EVENTS  12.5 of 80.0 MB" on one line of a terminal; nothing where there is none. */
void backup_progress(const char *name, uint64_t done, uint64_t all);
void backup_progress_end(void);
