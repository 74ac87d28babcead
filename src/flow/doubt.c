#include "doubt.h"

/* nats-server counts back by one, and hands an event out again as a new one, each time it wants
 * to send an old one again and finds only pull requests of dead processes. */
enum { COUNTED_BACK_MAX = 8 };

static uint64_t
larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* A consumer that was made anew, or whose state the server read from a file it writes now and
 * then, does not know what was handed out last. Lives take events in order, so what they can
 * have posted is at most a full hand beyond the newest event that has a record. */
static bool
consumer_has_forgotten(const struct doubt *d)
{
	return d->consumer.is_restored ||
	       d->consumer.delivered_seq + COUNTED_BACK_MAX < d->newest;
}

uint64_t
doubt_until(const struct doubt *d)
{
	uint64_t delivered = d->consumer.delivered_seq, until;

	if (delivered == 0 && d->newest == 0)
		return 0;
	until = consumer_has_forgotten(d) ? larger(delivered, d->newest + d->hand_limit)
	                                  : delivered + COUNTED_BACK_MAX;
	return until < d->last ? until : d->last;
}
