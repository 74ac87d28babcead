/*
 * The words of the pull protocol (ADR-13 of NATS), as pure functions: what to ask, what an
 * answer means, what a reply subject says. No I/O; any thread.
 */
#pragma once

#include "carillon/base/base.h"

enum {
	PULL_BATCH_MAX = 1000,    /* messages a request; more gains nothing */
	PULL_EXPIRES_MS = 5000,   /* how long a request stays at the server */
	PULL_HEARTBEAT_MS = 1000, /* silence the server promises to break */
	PULL_REQUEST_MAX = 128,   /* bytes of a request's text */
	SETTLE_REPLY_MAX = 512,   /* bytes of a reply subject we accept */
	READER_WINDOW_MAX = 2 * PULL_BATCH_MAX,
};

/* What $JS.ACK.… tells about a message; points into the subject. */
struct ack_info {
	struct str stream, consumer;
	uint64_t deliveries, stream_seq, consumer_seq, pending;
	int64_t stored_ns; /* since 1970, UTC */
};

/* Reads both forms: 9 tokens, and 11 or 12 with domain and account. False if it is neither. */
bool ack_parse(struct str reply, struct ack_info *out);

enum pull_verdict {
	PULL_ALIVE,   /* a heartbeat */
	PULL_EXPIRED, /* the request ran out: ask again at once */
	PULL_RETRY,   /* ask again after a short pause */
	PULL_VERIFY,  /* the consumer may be gone: look */
};
enum pull_verdict pull_judge(struct str status, struct str description);

/* How many to ask for now: 0 while enough are on their way; with those never above `room`. */
size_t pull_batch(size_t outstanding, size_t room);
void pull_request_text(char out[static PULL_REQUEST_MAX], size_t batch);

/* How many messages of about `size` bytes a reader may have under way: 16 MiB or 2000. */
size_t reader_window(size_t size);
