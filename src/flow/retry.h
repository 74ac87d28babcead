/*
 * What becomes of a delivery after an attempt: pure, by the outcome's verdict and the schedule.
 *
 *     short  -> retrying: a NAK with delay, the broker remembers (in a bounded number of slots)
 *     longer -> parked:   the ledger remembers, the broker is acked
 *     a person is needed -> held;  no use -> failed
 */
#pragma once

#include "carillon/base/config.h"
#include "message.h"

struct retry_policy {
	struct retry_schedule schedule;
	int64_t jitter_percent;
	int64_t nak_delay_max_ms;
};

/*
 * Sets state, reason, action, due and spent of `d` from its outcome. `random` is any 32 bits:
 * the jitter.
 */
void retry_decide(
    const struct retry_policy *p, struct delivery *d, wall_t now, uint32_t random);
/* The delay before the attempt that follows `spent` counted ones; -1 when none follows. */
int64_t retry_delay_ms(
    const struct retry_policy *p, const struct rule *rule, uint32_t spent, uint32_t random);
