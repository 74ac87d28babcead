/*
 * What the stages share. Each thread owns what its own file keeps; everything here is either
 * constant after flow_start, or safe for any thread.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "carillon/flow/flow.h"
#include "carillon/base/queue.h"
#include "maybe_posted.h"
#include "active.h"
#include "budget.h"
#include "message.h"
#include "places.h"
#include "carillon/registry/rulebook.h"
#include "settings.h"
#include "follower.h"
#include "gone.h"
#include "moves.h"

struct ledger_walk;

/* How much may be taken in hand. While a destination type is down the stream is the buffer. */
enum hold {
	HOLD_NOTHING,
	HOLD_BUT_ONE,      /* one message: whoever takes it makes it HOLD_ALL */
	HOLD_BUT_OVERFLOW, /* the same, of what waits in the ledger */
	HOLD_ALL,
};

struct flow {
	struct flow_parts parts;   /* its config is ours: of the start, constant */
	struct config at_start;    /* for what needs a restart */
	struct settings *settings; /* for what does not */
	struct rulebook *rulebook;
	struct active *active;
	struct places *places;
	struct budget *budget;
	struct queue *to_courier;  /* messages; never full: `active` is bounded */
	struct queue *to_scribe;   /* messages and deliveries */
	struct troubles *troubles; /* to the follower */
	struct gone *gone;         /* workspaces, to the ledger */
	struct moves *moves;       /* to the ledger and the courier */
	struct doubt doubt;        /* found at start */
	char node[CONFIG_NODE_MAX];

	pthread_t intake, matcher, courier, scribe, ledger, follower;
	atomic_bool is_stopping;         /* take no more */
	atomic_bool is_draining;         /* the courier gives back what has not left */
	atomic_bool is_abandoned;        /* the time for draining is over */
	atomic_int_least64_t give_up_ms; /* while draining: then nobody waits for answers */
	atomic_bool is_ending;           /* the follower and the ledger may end */
	atomic_int hold;                 /* enum hold: what may be pulled; set by the courier */
	atomic_int replay_in_hand;       /* messages in hand that a replay has read */
	atomic_int passed_over_in_hand;  /* messages that the broker had passed over */
	atomic_int paced;                /* what the matcher parked and has no record yet */

	pthread_mutex_t wake_lock; /* for the ledger thread */
	pthread_cond_t wake;
	bool is_woken, is_called;

	struct {
#define COUNTER(name, sentence) atomic_uint_least64_t name;
#include "carillon/flow/counters.def"
#undef COUNTER
	} count;
	struct {
#define HISTOGRAM(name, sentence) struct histogram name;
#include "carillon/flow/histograms.def"
#undef HISTOGRAM
	} took;
	atomic_uint_least64_t outcomes[OUTCOMES];
	struct {
		atomic_uint_least64_t lanes, queued, in_flight, shut;
	} lanes; /* by the courier, once a second */

	pthread_mutex_t broken_lock;
	struct err broken;
};

#define FLOW_COUNT(f, name) atomic_fetch_add_explicit(&(f)->count.name, 1, memory_order_relaxed)
#define FLOW_COUNT_N(f, name, n) \
	atomic_fetch_add_explicit(&(f)->count.name, (n), memory_order_relaxed)
/* How long a stage took, in microseconds. */
#define FLOW_TOOK(f, name, us) histogram_observe(&(f)->took.name, (us))

/*
 * The stages. A thread calls its stage's turn until the stage is done; a scenario test calls
 * all of them in turn, on one thread and in virtual time. `wait_ms` 0 never waits.
 */
struct intake;
struct intake *intake_new(struct flow *f);
/* Gives back what was sent to us and not taken. */
void intake_free(struct intake *in);
/* Takes one message at most. False when it could not even ask: pause before the next turn. */
bool intake_turn(struct intake *in, int64_t wait_ms);
void *intake_run(void *flow);

/* What intake has set aside. */
struct matcher;
struct matcher *matcher_new(struct flow *f);
void matcher_free(struct matcher *m);
/* Takes one event at most. Returns how long to wait for more, ms; 0: there may be some now. */
int64_t matcher_turn(struct matcher *m);
void *matcher_run(void *flow);

struct courier;
struct courier *courier_new(struct flow *f);
void courier_free(struct courier *c);
void courier_turn(struct courier *c, int64_t longest_ms);
bool courier_is_done(struct courier *c);
void *courier_run(void *flow);

struct scribe;
struct scribe *scribe_new(struct flow *f);
void scribe_free(struct scribe *s);
/* False when what it holds could not be written before all was abandoned. */
bool scribe_turn(struct scribe *s, int64_t wait_ms);
bool scribe_is_done(struct scribe *s);
void *scribe_run(void *flow);

struct ledger_walk *ledger_walk_new(struct flow *f);
void ledger_walk_free(struct ledger_walk *w);
/* `was_woken`: something may have been repaired, look at what is held too. Returns whether
 * there is more to do at once. */
bool ledger_walk_turn(struct ledger_walk *w, bool was_woken);
void *ledger_run(void *flow);

struct follower;
struct follower *follower_new(struct flow *f);
void follower_free(struct follower *w);
void follower_turn(struct follower *w, int64_t wait_ms);
void *follower_run(void *flow);

/* Builds the flow without its threads, the index brought up to date; and the reverse. */
MUST_USE bool flow_open(struct flow **out, const struct flow_parts *parts, struct err *e);
void flow_close(struct flow *f);
/*
 * Begins the time for draining. After four fifths of it requests in flight are given up, to be
 * handed back; at what it returns whatever is left is abandoned; at `over`, a little before the
 * process must be gone, nobody is waited for any more.
 */
mono_t flow_drain_until(struct flow *f, mono_t *over);
/* Whether all that was in hand is settled, once nothing more is taken; remembers it. */
bool flow_is_settled(struct flow *f);

/* Gets the ledger thread to look at overflow now: a lane has room again. */
void flow_call_ledger(struct flow *f);
/* Gets the ledger thread to look now: something may be due, or may have been repaired. */
void flow_wake_ledger(struct flow *f);
/* Remembers the first thing that only a person can repair. */
void flow_break(struct flow *f, const struct err *e);
