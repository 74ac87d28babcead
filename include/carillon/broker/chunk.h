/*
 * A chunk of a stream: messages that stand one after the other, read to be applied together. A
 * synced transaction costs the same whether it has one message or a thousand, and a quiet
 * service's history has two entries a message.
 *
 * Bounded by count and by bytes: it is full with the message that reaches either. 130 KB of its
 * own, from the heap. Belongs to the thread of its reader.
 */
#pragma once

#include "carillon/broker/broker.h"

enum {
	CHUNK_MAX = 1024,                  /* messages */
	CHUNK_BYTES_MAX = 4 * 1024 * 1024, /* of them, but for the last */
};

struct chunk {
	struct broker_message messages[CHUNK_MAX];
	size_t n, bytes;
	uint64_t end; /* not 0: there is nothing more up to this sequence */
};

struct chunk *chunk_new(void);
void chunk_free(struct chunk *c); /* with its messages; NULL is fine */
void chunk_clear(struct chunk *c);

/* The sequence that it reaches to. It is not empty, or has an end. */
uint64_t chunk_last(const struct chunk *c);

/*
 * The next ones of a stream that is read up to `until`, which it has had: see
 * reader_read_to_end. Clears the chunk first. False: what was read before is lost with it.
 */
MUST_USE bool chunk_read(
    struct chunk *c, struct reader *r, const char *what, uint64_t until, struct err *e);
/*
 * What has come of a stream that is followed: waits for the first only. False, as reader_next,
 * when there is none; an error after the first is heard by the next call.
 */
MUST_USE bool chunk_follow(struct chunk *c, struct reader *r, int64_t wait_ms, struct err *e);
