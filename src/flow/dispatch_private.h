/*
 * The lanes together, as dispatch.c keeps them, and the places they wait in (dispatch_place.c;
 * lane_private.h has the list). Private to the two.
 */
#pragma once

#include "lane_private.h"

struct dispatch {
	struct lane_policy policy;
	int in_flight_max;
	struct table *lanes_by_key, *teams_by_key;
	struct list teams;
	struct list ready; /* lanes by turn: the rotation */
	struct heap lanes_due, teams_due;
	struct list recent, old; /* lanes by use, the longest unused first */
	size_t n_queued, n_in_flight, n_shut;
	size_t n_recent, n_recent_down, n_teams_down;
	bool is_down;
	struct list probes; /* lanes by turn: while it is, those that failed */
	mono_t probe_at;    /* when the first of them may */
	int64_t probe_ms;
	struct buf key; /* scratch */
};

/* Takes the lane off whatever it waits in. */
void place_nowhere(struct dispatch *d, struct lane *l);
/* For a lane that can't use its turn: the token it was let in for may be another's. */
void place_retire(struct dispatch *d, struct lane *l);
/* Behind the others that wait for the team's next token; a lane robbed of its turn, before. */
void place_blocked(struct dispatch *d, struct lane *l, bool was_robbed, mono_t now);
/* Where the lane belongs now. One that keeps its place keeps its turn too. */
void place_lane(struct dispatch *d, struct lane *l, mono_t now);
/* Moves on whoever has waited long enough. */
void place_wake_due(struct dispatch *d, mono_t now);
