/*
 * Quiet hours: the daily window in which a rule's deliveries wait, by the clock of a time zone,
 * with the severity that does not wait. Immutable once compiled; pure but for reading the
 * zone's file the first time; any thread. It says until when; who holds and releases is the
 * flow.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/base/base.h"
#include "carillon/base/findings.h"
#include "carillon/rules/filter.h"
#include "carillon/base/records.h"

struct quiet;

/*
 * `rec` NULL or with nothing in it: *out is NULL, never quiet. False: `findings` has all that
 * is wrong: "from: "25:00" is not a time of day (00:00 to 23:59)". Owned by `a`.
 */
MUST_USE bool quiet_compile(struct arena *a, const Carillon__V1__QuietHours *rec,
    const struct severity_order *order, struct quiet **out, struct findings *findings);
/*
 * Whether a delivery of that rank (-1: unknown) must wait at `now`; `until` is then the end of
 * the window, which is not quiet any more. NULL never holds.
 *
 * A window is one stretch of time, from the first instant its zone's clock shows `from` or
 * later to the first it shows `to` or later. So it is an hour longer or shorter in the night
 * the clocks are changed; a time shown twice counts once, a skipped one at the jump.
 */
bool quiet_holds(const struct quiet *q, int severity_rank, wall_t now, wall_t *until);
