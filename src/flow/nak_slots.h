/*
 * The bounded places at the broker for short retries. A message NAKed with a delay keeps its
 * place among max_ack_pending until it is acknowledged, so without a bound one bad destination
 * stops everybody. A slot counts from the NAK until its delay is over; who
 * gets none is parked in the ledger instead. Pure; the scribe owns it.
 */
#pragma once

#include "carillon/base/base.h"

struct nak_slots;

struct nak_slots *nak_slots_new(int64_t max, int64_t lane_max);
void nak_slots_free(struct nak_slots *s);
/* Other limits from now on. Slots that are taken stay taken. */
void nak_slots_set_limits(struct nak_slots *s, int64_t max, int64_t lane_max);
/* Takes a slot for a lane until `until`. False when all, or all of this lane, are taken. */
bool nak_slots_take(struct nak_slots *s, struct str lane, mono_t now, mono_t until);
