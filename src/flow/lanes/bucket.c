#include "lanes.h"

/* A rate of one token per 1000 s is one millionth of a token per ms, so nothing is rounded. */
enum { MICRO = 1000 * 1000 };

void
bucket_init(struct bucket *b, int64_t rate_milli, int64_t burst, mono_t now)
{
	must(rate_milli > 0 && burst > 0 && burst <= INT64_MAX / MICRO / 2);
	*b = (struct bucket){
	    .rate_milli = rate_milli, .burst = burst, .level_micro = burst * MICRO, .at = now};
}

static void
refill(struct bucket *b, mono_t now)
{
	int64_t ms = now.ms - b->at.ms;
	int64_t missing = b->burst * MICRO - b->level_micro;

	if (ms <= 0)
		return;
	b->level_micro += ms > missing / b->rate_milli ? missing : ms * b->rate_milli;
	b->at = now;
}

void
bucket_change(struct bucket *b, int64_t rate_milli, int64_t burst, mono_t now)
{
	int64_t level_micro;

	refill(b, now);
	level_micro = b->level_micro;
	bucket_init(b, rate_milli, burst, now);
	if (level_micro < b->level_micro)
		b->level_micro = level_micro;
}

mono_t
bucket_ready(struct bucket *b, int64_t n, mono_t now)
{
	refill(b, now);
	if (b->level_micro >= n * MICRO)
		return now;
	int64_t missing = n * MICRO - b->level_micro;
	return mono_after(now, (missing + b->rate_milli - 1) / b->rate_milli);
}

void
bucket_take(struct bucket *b, int64_t n, mono_t now)
{
	refill(b, now);
	must(b->level_micro >= n * MICRO);
	b->level_micro -= n * MICRO;
}
