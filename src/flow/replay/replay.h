/*
 * Replays under way: reads the events a replay selects again, some a second, and sends their
 * deliveries the ordinary way. The ledger thread's.
 *
 * What it has sent carries its id, and it never takes that up again: so the position it saves
 * every now and then may lag, and a crash or a restart costs only looking. In hand it has at
 * most two seconds' worth of its rate, and all replays together an eighth.
 */
#pragma once

#include "flow/flow_private.h"

struct replays;
struct replays *replays_new(struct flow *f);
void replays_free(struct replays *r);
/* `was_woken`: the state has changed, there may be others to run. Never waits for a delivery.
 */
void replays_turn(struct replays *r, bool was_woken);
