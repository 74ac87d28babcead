/*
 * The private half of lanes.h: one lane's own rules (lane.c), all of them together
 * (dispatch.c), and the places they wait in (place.c).
 *
 * A lane is always in exactly one place, and the place says what it waits for:
 *
 *     IDLE   an offer or a report          (no list)
 *     READY  its turn                      (team.ready; the team waits in dispatch.ready)
 *     TEAM   a token of a team's bucket    (gate.blocked; the gate waits in dispatch.gates_due)
 *     TIMED  its own bucket, or its shut   (dispatch.lanes_due)
 *     PROBE  its turn to try, while the destination is down (dispatch.probes)
 */
#pragma once

#include "carillon/base/buf.h"
#include "carillon/base/heap.h"
#include "lanes.h"
#include "carillon/base/table.h"

enum lane_place { PLACE_IDLE, PLACE_READY, PLACE_TEAM, PLACE_TIMED, PLACE_PROBE };

/* A bucket that the lanes of a team share, and those that wait for its next token. */
struct team_gate {
	struct bucket bucket; /* rate 0: always open */
	mono_t opens_at;      /* the destination asked for a pause */
	struct list blocked;
	struct heap_node due; /* in dispatch.gates_due exactly while `blocked` is not empty */
};

/* The lanes of one connection and the buckets they share. */
struct team {
	struct list link;  /* dispatch.teams */
	struct list lanes; /* all of them, by lane.sibling */
	struct list turn;  /* dispatch.ready exactly while `ready` is not empty */
	struct list ready; /* lanes by turn */
	struct team_gate all;
	struct team_gate updates; /* for lanes whose first item is one */
	const struct lane_policy *policy;
	size_t n_down; /* of its lanes, however long ago they were used */
};

struct lane {
	struct team *team;
	struct list sibling; /* team.lanes */
	char *key;           /* connection, '/', channel */
	size_t connection_len, key_len;

	enum lane_state state;
	bool is_down;   /* not open because of faults, not of a throttle */
	uint32_t epoch; /* grows whenever the lane is shut: older requests say nothing new */
	int faults;     /* less the successes since; the shut time doubles with each */
	int hollow;     /* throttles in a row that named no pause worth the name */
	int window;
	int credit, peak; /* successes, and most in flight, since it last might have grown */
	mono_t opens_at;
	struct bucket bucket;

	struct list queue;
	uint64_t turns; /* given out so far */
	int queued, in_flight;

	enum lane_place place;
	struct team_gate *gate; /* in PLACE_TEAM: which */
	struct list turn;       /* dispatch.probes, team.ready or gate.blocked */
	struct heap_node due;

	struct list use; /* dispatch.recent or dispatch.old, by used_at */
	bool is_recent;
	mono_t used_at;
};

void lane_init(struct lane *l, const struct lane_policy *p, mono_t now);
/* Another policy: its rate, and a window that is not larger than it allows. */
void lane_change(struct lane *l, const struct lane_policy *p, mono_t now);
/* Whether an item waits and the state and the window let it leave, apart from the time. */
bool lane_has_room(const struct lane *l);
/* Its first item, which there must be. */
struct lane_item *lane_first(const struct lane *l);
/* The earliest time the shut and the lane's own bucket let an item leave; `now` if they do. */
mono_t lane_ready_at(struct lane *l, mono_t now);
/* Takes the first item, which must be allowed to leave, into flight. */
struct lane_item *lane_leave(struct lane *l, mono_t now);
/* Ends the flight of an item and learns from it. */
/* Nothing leaves it before `until`, or a later time that it has already. */
void lane_shut(struct lane *l, mono_t until);
void lane_report(struct lane *l, const struct lane_policy *p, struct lane_item *item,
    enum lane_result r, int64_t retry_after_ms, mono_t now);

/* --- the lanes together --- */

struct dispatch {
	struct lane_policy policy;
	int in_flight_max;
	struct table *lanes_by_key, *teams_by_key;
	struct list teams;
	struct list ready; /* teams by turn: the rotation */
	struct heap lanes_due, gates_due;
	struct list recent, old; /* lanes by use, the longest unused first */
	size_t n_queued, n_in_flight, n_shut;
	/* Of those that do not stand alone. */
	size_t n_recent, n_recent_down, n_teams, n_teams_down;
	bool is_down;
	struct list probes; /* lanes by turn: while it is, those that failed */
	mono_t probe_at;    /* when the first of them may */
	int64_t probe_ms;
	struct buf key; /* scratch */
};

/* The lane whose turn it is, or NULL. It keeps its turn, and its team too. */
struct lane *place_next_ready(struct dispatch *d);
/* The team goes behind the others: a lane of it used its turn. */
void place_turn_is_over(struct dispatch *d, struct team *t);
/* Takes the lane off whatever it waits in. */
void place_nowhere(struct dispatch *d, struct lane *l);
/* For a lane that can't use its turn: the token it was let in for may be another's. */
void place_retire(struct dispatch *d, struct lane *l);
/* The gate of its team that does not let the lane's first item out now, or NULL. */
struct team_gate *place_gate(struct lane *l, mono_t now);
/* Behind the others that wait at the gate; a lane robbed of its turn, before. */
void place_blocked(
    struct dispatch *d, struct lane *l, struct team_gate *g, bool was_robbed, mono_t now);
/* When the n-th token of the gate is there; `now` if it is. */
mono_t gate_ready(struct team_gate *g, int64_t n, mono_t now);
/* Where the lane belongs now. One that keeps its place keeps its turn too. */
void place_lane(struct dispatch *d, struct lane *l, mono_t now);
/* Moves on whoever has waited long enough. */
void place_wake_due(struct dispatch *d, mono_t now);
