/*
 * A lane: the queue before one destination, that is one connection and one channel. It decides
 * which delivery may leave when; it sends nothing, reads no clock and does no I/O. Pure: time
 * is passed in. The courier thread owns every lane.
 *
 *     offer -> queue -> [open: token buckets, window] -> lane_next -> in flight -> lane_report
 *                            |  fault                                               |
 *                            +------ shut until T, then one probe <-----------------+
 *
 * Window: grows by one for each window's worth of successes while it is really used, halves on
 * a fault; requests that fail together count once. A late success of a request that left before
 * the lane was shut does not open it. A throttle (429) shuts the lane for exactly the time
 * told, and leaves the window alone; one of an update, all updates of its connection. Theory:
 * Postfix's qmgr, SCHEDULER_README.
 *
 * Order: items leave as they were offered. Of those in flight together any may arrive first: at
 * most window - 1 earlier ones are still out when an item leaves.
 */
#pragma once

#include "carillon/base/base.h"
#include "carillon/base/list.h"

/* Tokens that come back with time. rate_milli = tokens per 1000 s. */
struct bucket {
	int64_t rate_milli, burst;
	int64_t level_micro; /* millionths of a token */
	mono_t at;
};
void bucket_init(struct bucket *b, int64_t rate_milli, int64_t burst, mono_t now);
/* When `n` tokens will be there; `now` if they are. For an `n` over the burst: when the n-th
 * would be, the others having been taken as they came. */
mono_t bucket_ready(struct bucket *b, int64_t n, mono_t now);
/* Another rate from now on. What it holds it keeps, up to the burst. */
void bucket_change(struct bucket *b, int64_t rate_milli, int64_t burst, mono_t now);
void bucket_take(struct bucket *b, int64_t n, mono_t now);

struct lane_policy {
	int queue_max;
	int window_start, window_max;
	int64_t shut_min_ms, shut_max_ms;
	int64_t rate_milli, burst;           /* of the lane's own bucket */
	int64_t team_rate_milli, team_burst; /* of the bucket shared by a connection's lanes */
	int64_t update_rate_milli, update_burst; /* of another, for updates; rate 0: none */
	/* Each connection leads to a machine of its own: that it is down says nothing of
	 * whether all are. Never changes. */
	bool stands_alone;
};

/* The part of a delivery that a lane sees. Embedded; on one list at a time. */
struct lane_item {
	struct list link;
	/* Of its connection's kind, from the first offer on; NULL: the usual one. The caller's:
	 * it may change what it points to before it calls dispatch_set_policy. */
	const struct lane_policy *policy;
	/* Replaces a message: it needs a token of the team's updates too. The caller's, while
	 * it is not queued. */
	bool is_update;
	struct lane *lane; /* while queued or in flight, else NULL */
	uint32_t epoch;    /* of the lane, when it left */
	uint64_t turn;     /* in the lane, by when it was offered */
};

enum lane_state { LANE_OPEN, LANE_SHUT, LANE_PROBING };

enum lane_result {
	LANE_RESULT_OK,        /* the destination works */
	LANE_RESULT_FAULT,     /* the destination does not: 5xx, timeout, network */
	LANE_RESULT_THROTTLED, /* it asked for a pause of retry_after_ms */
	LANE_RESULT_NEUTRAL,   /* says nothing about the destination (a refused message) */
};

struct lane;

/* Which lane: no other pair names the same one. */
struct lane_name {
	struct str connection; /* "<workspace>/<connection>" */
	struct str channel;
};

/*
 * --- dispatch: all lanes; the only caller of a lane. Connections are served in rotation, and
 * the lanes of each in its turns: one with many channels delays others no more than one ---
 */

struct dispatch;
/* At most `in_flight_max` items in flight over all lanes. `policy` is copied: the usual one. */
struct dispatch *dispatch_new(const struct lane_policy *policy, int in_flight_max);
/* Another usual policy from now on, and the others read anew, for the lanes that are there too.
 * What is queued stays queued. */
void dispatch_set_policy(struct dispatch *d, const struct lane_policy *policy, mono_t now);
/* Nothing may be queued; what is in flight is forgotten. */
void dispatch_free(struct dispatch *d);
/*
 * Queues the item in its lane, which is made when needed. False when the
 * lane's queue is full or the lane is shut for longer than `patience_ms`: the caller parks it,
 * and *retry_at is when the lane opens.
 */
MUST_USE bool dispatch_offer(struct dispatch *d, struct lane_name name, struct lane_item *item,
    mono_t now, int64_t patience_ms, mono_t *retry_at);
/* The next item allowed to leave at `now`, or NULL. It counts as in flight until reported. */
struct lane_item *dispatch_next(struct dispatch *d, mono_t now);
/* When dispatch_next may have something new; MONO_NEVER if only a report or an offer can help.
 */
mono_t dispatch_wake(struct dispatch *d, mono_t now);
/* Ends the item's flight. retry_after_ms < 0: the destination gave none (30 s is used). */
void dispatch_report(struct dispatch *d, struct lane_item *item, enum lane_result r,
    int64_t retry_after_ms, mono_t now);
/*
 * As dispatch_report, but the item goes back to the head of its lane, in the order of offers,
 * to leave again first: after a throttle, as the next probe, or to be said differently. Never
 * refused for want of room.
 */
void dispatch_return(struct dispatch *d, struct lane_item *item, enum lane_result r,
    int64_t retry_after_ms, mono_t now);
/* Nothing leaves the lane before `until`: an earlier life of the service was told so. */
void dispatch_shut(struct dispatch *d, struct lane_name name, const struct lane_policy *policy,
    mono_t until, mono_t now);
/* Whether any item is queued or in flight. */
bool dispatch_has_items(const struct dispatch *d);
/* The longest queued item of a lane for which `is` says yes, or NULL. It stays queued. */
struct lane_item *dispatch_oldest(const struct dispatch *d, struct lane_name name,
    bool (*is)(const struct lane_item *item, void *arg), void *arg);
/* Takes a queued item out again (canceled, drain). */
void dispatch_withdraw(struct dispatch *d, struct lane_item *item);
/* Takes every queued (not in-flight) item of a connection ("" = of all) into `out`. */
size_t dispatch_drain(struct dispatch *d, struct str connection_key, struct list *out);
/* The same of all connections whose keys begin with `prefix`. */
size_t dispatch_drain_under(struct dispatch *d, struct str prefix, struct list *out);
/*
 * Whether the destination type itself is down: of those that do not stand alone, all lanes that
 * hold items or were used in the last minute are shut by faults, at least `min_lanes` of them,
 * of two connections and half of those that are known, for some customers' trouble is not
 * everybody's. From then on it is down until a request is answered, however long that takes,
 * and of the lanes that failed one at a time may probe, with pauses as of one lane.
 */
bool dispatch_is_down(struct dispatch *d, int min_lanes);

struct lane_view {
	struct str key; /* "<connection key>/<channel>" */
	enum lane_state state;
	int queued, in_flight, window;
	mono_t opens_at; /* when shut */
};
struct dispatch_view {
	size_t lanes, queued, in_flight, shut;
};
void dispatch_look(const struct dispatch *d, struct dispatch_view *out);
/* Looks at one lane; false if there is none. */
bool dispatch_look_lane(const struct dispatch *d, struct lane_name name, struct lane_view *out);
/* Forgets lanes that are empty and were not used for `idle_ms`. A lane keeps its shut time. */
void dispatch_sweep(struct dispatch *d, mono_t now, int64_t idle_ms);
