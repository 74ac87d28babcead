/* Which events an earlier life of the service may have posted without having said so. */
#pragma once

#include "carillon/base/base.h"
#include "carillon/broker/broker.h"

/* What is known at start, before anything is pulled. */
struct doubt {
	struct consumer_info consumer;
	uint64_t newest;       /* sequence of the newest event that the ledger knows */
	uint64_t last;         /* of the stream, */
	wall_t last_at;        /* and when it was stored; 0: not known */
	uint64_t active_limit; /* most events that a life holds without a record */
};
/* Whether an event of which the ledger knows nothing may have been posted. One that was not in
 * the stream yet is never in doubt. */
bool maybe_posted_event(const struct doubt *d, uint64_t seq, wall_t stored_at);
/* Whether the consumer may have counted back since another life recorded a retry of the event;
 * `reconnects` to a broker that may have been started anew each time. */
bool maybe_counted_back(const struct doubt *d, uint64_t seq, uint64_t reconnects);
