#include "retry.h"

#include "carillon/base/arena.h"

enum {
	FEW_ATTEMPTS = 3,           /* for an error code nobody knows: two more tries */
	SLOW_RETRY_MS = 30 * 60000, /* for a quota: hours, not seconds, help */
	DEFAULT_PAUSE_MS = 30000,   /* a 429 without Retry-After */
};

static int64_t
jittered(int64_t delay_ms, int64_t percent, uint32_t random)
{
	int64_t range = delay_ms * percent / 100;

	return range == 0 ? delay_ms : delay_ms - range + (int64_t)random % (2 * range + 1);
}

int64_t
retry_delay_ms(
    const struct retry_policy *p, const struct rule *rule, uint32_t spent, uint32_t random)
{
	bool own = rule != NULL && rule->n_retry > 0;
	uint32_t steps = (uint32_t)(own ? rule->n_retry : p->schedule.steps);
	int64_t delay_ms;

	if (spent >= steps)
		return -1;
	delay_ms = own ? (int64_t)rule->retry_s[spent] * 1000 : p->schedule.delay_ms[spent];
	return jittered(delay_ms, p->jitter_percent, random);
}

/* With the sentences of the attempt's outcome. */
static void
settle_so(struct delivery *d, enum delivery_state to)
{
	delivery_settle(d, to, str_of(d->outcome.reason),
	    (struct remedy){d->outcome.repair, str_of(d->outcome.action)});
}

static void
plan(const struct retry_policy *p, struct delivery *d, wall_t now, int64_t delay_ms)
{
	delivery_wait(d, delay_ms <= p->nak_delay_max_ms ? DELIVERY_RETRYING : DELIVERY_PARKED,
	    (wall_t){now.ms + delay_ms}, str_of(d->outcome.reason),
	    (struct remedy){d->outcome.repair, str_of(d->outcome.action)});
}

static void
exhausted(struct delivery *d)
{
	const struct remedy last = {d->outcome.repair, str_of(d->outcome.action)};
	const struct remedy again = {
	    REPAIR_SEND_AGAIN, STR("send it again when the destination works")};

	delivery_settle(d, DELIVERY_FAILED,
	    arena_printf(d->arena, "given up after %u attempts; the last one: %s", d->spent,
		d->outcome.reason),
	    last.action.len > 0 ? last : again);
}

static void
later(const struct retry_policy *p, struct delivery *d, wall_t now, uint32_t random)
{
	int64_t delay_ms;

	d->spent++;
	delay_ms = retry_delay_ms(p, d->rule, d->spent, random);
	if (d->outcome.verdict == VERDICT_LATER_FEW && d->spent >= FEW_ATTEMPTS)
		delay_ms = -1;
	if (delay_ms < 0) {
		exhausted(d);
		return;
	}
	if (d->outcome.verdict == VERDICT_LATER_SLOWLY && delay_ms < SLOW_RETRY_MS)
		delay_ms = jittered(SLOW_RETRY_MS, p->jitter_percent, random);
	if (delay_ms < d->outcome.retry_after_ms)
		delay_ms = d->outcome.retry_after_ms;
	plan(p, d, now, delay_ms);
}

static void
delivered(struct delivery *d)
{
	if (d->body != NULL && d->body->is_too_costly)
		delivery_settle(d, DELIVERY_DELIVERED,
		    STR("as plain text: this rule is expensive, its templates take more work "
			"than a message may take"),
		    remedy_of(REPAIR_EDIT_MESSAGE));
	else
		delivery_settle(d, DELIVERY_DELIVERED, str_of(d->outcome.reason),
		    (struct remedy){d->outcome.repair, str_of(d->outcome.action)});
}

static bool
silence_is_preferred(const struct delivery *d)
{
	return d->outcome.ambiguous && d->rule != NULL && d->rule->prefer_silence;
}

void
retry_decide(const struct retry_policy *p, struct delivery *d, wall_t now, uint32_t random)
{
	delivery_doubt(d, d->outcome.ambiguous);
	switch (d->outcome.verdict) {
	case VERDICT_DONE: delivered(d); break;
	case VERDICT_THROTTLED:
		plan(p, d, now,
		    d->outcome.retry_after_ms >= 0 ? d->outcome.retry_after_ms
						   : DEFAULT_PAUSE_MS);
		break;
	case VERDICT_LATER:
	case VERDICT_LATER_FEW:
	case VERDICT_LATER_SLOWLY:
		if (silence_is_preferred(d)) {
			delivery_settle(d, DELIVERY_SKIPPED,
			    arena_printf(d->arena,
				"%s; it may have been posted, and the rule "
				"prefers silence to a duplicate",
				d->outcome.reason),
			    remedy_of(REPAIR_NONE));
		} else {
			later(p, d, now, random);
		}
		break;
	case VERDICT_HOLD_CONNECTION:
	case VERDICT_OTHER_WAY:
	case VERDICT_HOLD_RULE: settle_so(d, DELIVERY_HELD); break;
	case VERDICT_MESSAGE:
	case VERDICT_IMAGE:
	case VERDICT_NO_THREAD:
	case VERDICT_NEVER:
		d->spent++;
		settle_so(d, DELIVERY_FAILED);
		break;
	}
}
