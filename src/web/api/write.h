/* Writing what is configured: reading the body, the revision that was seen, conflicts. */
#pragma once

#include "common.h"

/* What is written: filled by who begins. */
struct writing {
	struct request *q;
	enum state_kind kind;
	struct str workspace, id;
	uint64_t revision; /* of the record as it is */
	api_write_fn *write;
	struct findings found;
};

/* Reads the body's members into the record. False: the answer is there. */
bool write_read(struct writing *w, const struct json *object, void *record, enum problem p);
/* Whether If-Match has the record's revision. False: the answer is there, with the record. */
bool write_matches(struct writing *w);
/* After a put that was refused: the answer. Returns false. */
bool write_failed(struct writing *w, const struct err *e, enum problem p);
/* The record as it is now, with its ETag; `held` may be NULL. */
void write_answer(struct writing *w, unsigned status);

/* "90m", "2h" or "7d" under `name`; stays as it is when it is not there. */
bool write_duration(
    struct request *q, const struct json *object, const char *name, int64_t *ms);
/* Cancels what is held and older, as who repairs something asked for, and waits until that is
 * done; then counts what is left, which goes out with the repair. */
bool write_held(
    struct request *q, const struct held_of *of, int64_t older_ms, struct held *out);
