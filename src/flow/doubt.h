/* Which events an earlier life of the service may have posted without having said so. */
#pragma once

#include "carillon/broker.h"

/* What is known at start, before anything is pulled. */
struct doubt {
	struct consumer_info consumer;
	uint64_t newest;     /* sequence of the newest event that the ledger knows */
	uint64_t last;       /* of the stream */
	uint64_t hand_limit; /* most events that a life holds without a record */
};
/* The last sequence in doubt: an event up to it of which the ledger knows nothing may have been
 * posted. One that was not in the stream yet is never in doubt. */
uint64_t doubt_until(const struct doubt *d);
