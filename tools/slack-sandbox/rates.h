/*
 * How much the sandbox takes before it answers 429: messages of a channel, messages of a
 * workspace, calls of a method. Not thread-safe: the sandbox's lock.
 */
#pragma once

#include "carillon/base/base.h"

enum tier {
#define TIER(id, per_minute, wait_s) TIER_##id,
#include "tiers.def"
#undef TIER
	TIER_COUNT
};

/* Fills with time and is emptied by calls. {0} is a full one. */
struct bucket {
	double missing; /* calls it cannot take at `at_ms` */
	int64_t at_ms;
	int64_t shut_until_ms; /* until then nothing is taken */
};

struct rates;

struct rates *rates_new(void);
void rates_free(struct rates *r);

/* Messages a second and channel, and how many at once; 0 a second: no limit. */
void rates_set_channel(struct rates *r, double per_second, int burst);
/* Calls a minute of a tier; 0: no limit. */
void rates_set_tier(struct rates *r, enum tier tier, int per_minute);
/* No limit of any kind. */
void rates_lift(struct rates *r);

/*
 * Each takes one call. False: not now; *retry_after_s says when. `what` names the bucket of a
 * tier, such as "T0SANDBOX chat.update".
 */
MUST_USE bool rates_take_message(
    const struct rates *r, struct bucket *channel, int64_t now_ms, int *retry_after_s);
MUST_USE bool rates_take(
    struct rates *r, enum tier tier, struct str what, int64_t now_ms, int *retry_after_s);
