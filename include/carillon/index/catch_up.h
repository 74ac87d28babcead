/*
 * Applying the history stream to the index: a batch of one's own, and what the index lacks of
 * the stream. A batch applied twice changes nothing. One thread at a time writes the index.
 */
#pragma once

#include "carillon/base/records.h"
#include "carillon/broker/broker.h"
#include "carillon/store/store.h"

/* A batch as it stands in the stream. Borrowed for the call. */
struct history_applied {
	history_entry **entries;
	size_t n;
	uint64_t seq;         /* of its message */
	struct str id;        /* its message id, or empty */
	bool is_catching_up;  /* another process may have come further meanwhile */
	struct str stream_id; /* when it is to be remembered */
};

/* In one synced transaction. */
MUST_USE bool history_apply_batch(
    struct store *s, const struct history_applied *b, struct err *e);
/* Applies the stream's newest batches: for the service at start, the command line, and tests.
 */
MUST_USE bool history_catch_up(struct broker *b, struct store *s, struct err *e);
/* Applies those from `from` to `until`, which the stream has had. */
MUST_USE bool history_catch_up_to(
    struct broker *b, struct store *s, uint64_t from, uint64_t until, struct err *e);
