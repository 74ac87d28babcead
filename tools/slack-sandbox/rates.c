#include "rates.h"

#include <math.h>

#include "carillon/base/table.h"

struct rates {
	double channel_per_second;
	int channel_burst;
	int per_minute[TIER_COUNT];
	struct table *buckets; /* of tiers, by name */
};

static const struct {
	int per_minute, wait_s;
} tiers[] = {
#define TIER(id, per_minute, wait_s) [TIER_##id] = {(per_minute), (wait_s)},
#include "tiers.def"
#undef TIER
};

struct rates *
rates_new(void)
{
	struct rates *r = calloc(1, sizeof *r);
	must(r);
	r->channel_per_second = 1;
	r->channel_burst = 5;
	r->buckets = table_new();
	for (size_t i = 0; i < TIER_COUNT; i++)
		r->per_minute[i] = tiers[i].per_minute;
	return r;
}

void
rates_free(struct rates *r)
{
	size_t at = 0;
	struct str key;
	for (struct bucket *b; (b = table_next(r->buckets, &at, &key));)
		free(b);
	table_free(r->buckets);
	free(r);
}

void
rates_set_channel(struct rates *r, double per_second, int burst)
{
	r->channel_per_second = per_second;
	r->channel_burst = burst;
}

/* The buckets are full again. */
void
rates_set_tier(struct rates *r, enum tier tier, int per_minute)
{
	size_t at = 0;
	struct str key;
	r->per_minute[tier] = per_minute;
	for (struct bucket *b; (b = table_next(r->buckets, &at, &key));)
		*b = (struct bucket){0};
}

void
rates_lift(struct rates *r)
{
	rates_set_channel(r, 0, 1);
	for (size_t i = 0; i < TIER_COUNT; i++)
		r->per_minute[i] = 0;
}

static void
refill(struct bucket *b, double per_second, int64_t now_ms)
{
	if (b->at_ms)
		b->missing -= (double)(now_ms - b->at_ms) / 1000.0 * per_second;
	if (b->missing < 0)
		b->missing = 0;
	b->at_ms = now_ms;
}

bool
rates_take_message(
    const struct rates *r, struct bucket *channel, int64_t now_ms, int *retry_after_s)
{
	if (r->channel_per_second <= 0)
		return true;
	refill(channel, r->channel_per_second, now_ms);
	double left = r->channel_burst - channel->missing;
	if (left < 1) {
		*retry_after_s = (int)ceil((1 - left) / r->channel_per_second);
		return false;
	}
	channel->missing += 1;
	return true;
}

static struct bucket *
bucket_of(struct rates *r, struct str what)
{
	struct bucket *b = table_get(r->buckets, what);
	if (b)
		return b;
	b = calloc(1, sizeof *b);
	must(b);
	(void)table_set(r->buckets, what, b);
	return b;
}

bool
rates_take(struct rates *r, enum tier tier, struct str what, int64_t now_ms, int *retry_after_s)
{
	int per_minute = r->per_minute[tier];
	if (per_minute <= 0)
		return true;
	struct bucket *b = bucket_of(r, what);
	refill(b, per_minute / 60.0, now_ms);
	if (now_ms >= b->shut_until_ms && b->missing + 1 <= per_minute) {
		b->missing += 1;
		return true;
	}
	/* A bucket that is slow to fill is shut until there is something in it. */
	int64_t until_one = (int64_t)ceil(60000.0 / per_minute);
	int64_t wait_ms = tiers[tier].wait_s * 1000LL;
	if (now_ms >= b->shut_until_ms)
		b->shut_until_ms = now_ms + (wait_ms > until_one ? wait_ms : until_one);
	*retry_after_s = (int)((b->shut_until_ms - now_ms + 999) / 1000);
	return false;
}
