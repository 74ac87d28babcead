/*
 * Applying the history stream to the index: a batch of one's own, and what the index lacks of
 * the stream, many batches at a time. A batch applied twice changes nothing. One thread at a
 * time writes the index.
 */
#pragma once

#include "carillon/base/records.h"
#include "carillon/broker/chunk.h"
#include "carillon/store/store.h"

/* A batch of one's own as it stands in the stream. Borrowed for the call. */
struct history_applied {
	history_entry **entries;
	size_t n;
	uint64_t seq;  /* of its message */
	struct str id; /* its message id, or empty */
};

/* In one synced transaction. */
MUST_USE bool history_apply_batch(
    struct store *s, const struct history_applied *b, struct err *e);
/* The batches of a chunk, in one synced transaction; what is older than the index is left out,
 * and what cannot be read. `stream_id`: when it is to be remembered, or empty. */
MUST_USE bool history_apply_chunk(
    struct store *s, const struct chunk *c, struct str stream_id, struct err *e);
/* The batch of a message, in `a`. */
MUST_USE bool history_unpack(
    struct arena *a, const struct broker_message *m, history_batch **out, struct err *e);
/* Applies the stream's newest batches: for the service at start, the command line, and tests.
 */
MUST_USE bool history_catch_up(struct broker *b, struct store *s, struct err *e);
/* Applies those from `from` to `until`, which the stream has had. */
MUST_USE bool history_catch_up_to(
    struct broker *b, struct store *s, uint64_t from, uint64_t until, struct err *e);
