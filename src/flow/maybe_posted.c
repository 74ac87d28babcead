#include "maybe_posted.h"

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
 * have posted is at most what they had in hand beyond the newest event with a record. */
static bool
consumer_has_forgotten(const struct doubt *d)
{
	return d->consumer.is_restored ||
	       d->consumer.delivered_seq + COUNTED_BACK_MAX < d->newest;
}

/* What was in the stream before the consumer was made, another one may have handed out: how
 * far this one came says nothing of it. */
static bool
is_older_than_consumer(const struct doubt *d, wall_t stored_at)
{
	return stored_at.ms <= (int64_t)d->consumer.id;
}

bool
maybe_posted_event(const struct doubt *d, uint64_t seq, wall_t stored_at)
{
	uint64_t delivered = d->consumer.delivered_seq;

	if (seq > d->last || (delivered == 0 && d->newest == 0))
		return false;
	if (consumer_has_forgotten(d) || is_older_than_consumer(d, stored_at))
		return seq <= larger(delivered, d->newest + d->active_limit);
	return seq <= delivered + COUNTED_BACK_MAX;
}

bool
maybe_counted_back(const struct doubt *d, uint64_t seq, uint64_t reconnects)
{
	return (d->consumer.is_restored || reconnects > 0) && seq <= d->newest;
}
