/*
 * The places in memory: one for each delivery between its admission and its settling. This book
 * says who may have one, who must wait in the ledger behind others of its lane (overflow), and
 * whose turn it is to come back from there. It holds numbers, not deliveries: no I/O, no clock.
 *
 *     admit ----> in memory ---> release
 *       |            | park                       a lane's overflow:
 *       v            v
 *     waiting (decided, not yet recorded) --stored--> stored (in the ledger) --take back--> in
 * memory
 *
 * A lane admits what it can send soon and nothing while it has overflow, so its order is kept.
 * A workspace may hold as many places as are free: one that takes all it gets has half of them,
 * n such have 1/(n+1) each, and room is always left for one that has none.
 *
 * Any thread; one short lock.
 */
#pragma once

#include "carillon/base/base.h"
#include "carillon/store/store.h"

struct places;
struct place_lane; /* a lane's line in the book; lives while it has anything to say */

/* `limit`: places there are. */
struct places *places_new(size_t limit);
void places_free(struct places *p);
void places_set_limit(struct places *p, size_t limit);

enum room {
	ROOM_FREE,
	ROOM_BEHIND,      /* its lane has overflow, which goes first */
	ROOM_LANE_FULL,   /* its lane holds what it can send soon */
	ROOM_SHARE_TAKEN, /* its workspace holds as many places as are free */
};
/* What a person reads of it. */
struct str room_sentence(enum room a);

/* The decision alone. */
struct room_view {
	size_t overflow;     /* of the lane, waiting or stored */
	size_t in_lane;      /* places that the lane holds */
	size_t lane_limit;   /* the most it may */
	size_t in_workspace; /* places that the workspace holds */
	size_t free;         /* places that nobody holds */
};
enum room room_of(const struct room_view *v);

/* Another limit for every lane, from now on. */
void places_set_lane_limit(struct places *p, size_t lane_limit);

/*
 * Decides, and notes it: admitted, the delivery holds a place until places_release; else it is
 * waiting until places_stored. Either way *lane is its lane's line, valid until then. What was
 * put aside (a retry, a hold) has lost its turn already: overflow does not hold it back.
 */
enum room places_ask(struct places *p, const struct lane_id *id, size_t lane_limit,
    bool is_put_aside, struct place_lane **lane);
/* A place for one that its lane's limit and overflow do not hold back. */
MUST_USE bool places_take(struct places *p, struct place_lane *lane);
/* Deliveries of the lane, in memory and in its overflow. */
uint64_t places_backlog(struct places *p, const struct lane_id *id);
/* A delivery that holds a place has settled. */
void places_release(struct places *p, struct place_lane *lane);
/* A delivery that holds a place is to wait in its lane's overflow: waiting, place and all. */
void places_park(struct places *p, struct place_lane *lane);
/* A waiting delivery stands in the ledger now (`is_kept`), or settled otherwise. */
void places_stored(struct places *p, struct place_lane *lane, bool is_kept);
/* Nothing of the lane comes back before `until`: its destination said so. */
void places_shut(struct places *p, struct place_lane *lane, mono_t until);

/* At the start: what the ledger has. */
void places_load(
    struct places *p, const struct lane_id *id, size_t lane_limit, uint64_t stored);

/* Whose overflow is read next, and how much of it. */
struct place_return {
	struct place_lane *lane; /* pinned: give it to places_return_end */
	struct lane_id id;       /* borrowed from it */
	size_t most;             /* how many may be taken back now; at least 1 */
	uint64_t version;        /* for places_return_end */
};
/*
 * Round robin over the workspaces that have overflow, and over the lanes of each. A lane is due
 * when half of what it may hold has left. False when no lane is.
 */
MUST_USE bool places_return_begin(struct places *p, mono_t now, struct place_return *out);
/* Gives a place to the next one of the lane, which its overflow does not hold back. */
MUST_USE bool places_take_back(struct places *p, struct place_lane *lane);
/* One of the lane's overflow went otherwise. */
void places_left(struct places *p, const struct lane_id *id);
/* It is on its way to its lane, before anything that is admitted from now on. */
void places_came_back(struct places *p, struct place_lane *lane);
/* `is_whole`: the ledger was read to the lane's end and `left` of it are not in memory. What
 * was stored meanwhile is not forgotten. */
void places_return_end(
    struct places *p, const struct place_return *r, bool is_whole, uint64_t left);
/* Whether a lane may be due that was not before: asked after places_release. */
bool places_wants_return(struct places *p);

struct places_view {
	size_t limit, held; /* places */
	size_t lanes;       /* that hold any, or have overflow */
	uint64_t overflow;  /* waiting and stored, of all lanes */
	size_t overflow_lanes;
};
void places_look(struct places *p, struct places_view *out);

struct place_top {
	struct lane_id id;
	size_t held;
	uint64_t overflow;
};
/* The lanes that hold and wait the most, at most `n`, the most first; their ids live in `a`.
 * Returns how many there are. Under the lock it looks at every lane. */
size_t places_top(struct places *p, struct arena *a, struct place_top *out, size_t n);
