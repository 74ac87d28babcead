/*
 * A whole stream at once, with its consumers: as the server packs it, and as it takes it back.
 * What is in the bytes is the server's business; a server takes what an older one has packed.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/base/json.h"
#include "carillon/broker/broker.h"

/* What a server wants to know of a stream before it takes its bytes. */
struct snapshot {
	struct str config, state; /* JSON, in the caller's arena */
	uint64_t messages, bytes; /* of the stream, not of its snapshot */
};

/* Called once, before any bytes, with what is to come, and then for each piece. */
typedef bool snapshot_begin_fn(const struct snapshot *s, void *arg);
typedef bool snapshot_bytes_fn(struct str bytes, void *arg, struct err *e);
struct snapshot_taker {
	snapshot_begin_fn *begin;
	snapshot_bytes_fn *bytes;
	void *arg;
};
/* ERR_TEMP: the connection broke off, and what was given out is worth nothing. */
MUST_USE bool broker_snapshot(struct broker *b, enum stream s,
    const struct snapshot_taker *taker, struct arena *a, struct err *e);

/* The next piece of at most `cap` bytes into `out`; *len 0 is the end. */
typedef bool snapshot_next_fn(char *out, size_t cap, size_t *len, void *arg, struct err *e);
/* Makes the stream anew from its bytes. ERR_CONFLICT: there is one. When it breaks off the
 * server forgets what it has got of it. */
MUST_USE bool broker_restore(struct broker *b, enum stream s, const struct snapshot *from,
    snapshot_next_fn *next, void *arg, struct err *e);

/* Deletes a stream with all that is in it. */
MUST_USE bool broker_stream_delete(struct broker *b, enum stream s, struct err *e);
/* The name of a stream. */
const char *broker_stream_name(const struct broker *b, enum stream s);
