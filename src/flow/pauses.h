/*
 * Pauses that destinations asked for, as far as the ledger knows them: a new life of the
 * service keeps to them, too. Those of at most nak_delay_max_s are only in memory.
 */
#pragma once

#include "carillon/store/store.h"

/* Each lane with a pause that is not over, perhaps several times; for the start: it looks at
 * all that is parked. */
typedef void pause_fn(const struct lane_id *lane, wall_t until, void *arg);
void pauses_each(struct txn *history, wall_t now, pause_fn *each, void *arg);
