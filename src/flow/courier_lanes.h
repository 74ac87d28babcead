/*
 * The courier's own structure, and how a delivery gets into a lane or is turned away.
 */
#pragma once

#include "carillon/http/pool.h"
#include "flow_private.h"

struct courier {
	struct flow *flow;
	struct settings_view settings;
	struct dispatch *dispatch;
	struct lane_policy policies[DEST_TYPES_MAX]; /* by the type's place in the table */
	struct pool *pool;
	struct secret *credential; /* clear for the length of one compose */
	int64_t now_us;            /* clock_mono_us, of this part of the turn */
	uint64_t steps;            /* of work in this turn, for what was launched */
	struct list claimed;       /* deliveries to be launched: their claims are recorded */
	struct list outbox;        /* deliveries the scribe has no room for yet */
	mono_t sweep_at, look_at;
	mono_t let_in_at; /* when a message was let in last although others are held */
	mono_t probe_at;  /* or one to probe with, because none was in hand */
	bool gave_back;
};

/* Takes over settings that were changed, at the beginning of a turn. */
void courier_take_settings(struct courier *c, mono_t now);
/* Queues it in its lane, or parks it until the lane expects to have room. */
void courier_offer(struct courier *c, struct delivery *d, mono_t now);
/* The rule goes elsewhere since: parked for a moment, so that it comes back on its new way. */
void courier_reroute(struct courier *c, struct delivery *d, mono_t now);
/* Looks through the lanes of workspaces whose rules or connections were changed. */
void courier_move(struct courier *c, mono_t now);
/* Cancels what is in the lanes of workspaces that were deleted. */
void courier_cancel_orphans(struct courier *c);
/* Drain: everything that has not left goes to the scribe, to be given back to the broker. */
void courier_give_back(struct courier *c);
/* Takes a delivery to the scribe; it is not the courier's any more. */
void courier_hand_over(struct courier *c, struct delivery *d);
