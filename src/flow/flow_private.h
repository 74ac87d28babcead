/*
 * What the stages share. Each thread owns what its own file keeps; everything here is either
 * constant after flow_start, or safe for any thread.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "carillon/flow.h"
#include "carillon/queue.h"
#include "hand.h"
#include "message.h"
#include "rulebook.h"
#include "trouble.h"

struct ledger_walk;

struct flow {
	struct flow_parts parts;
	struct rulebook *rulebook;
	struct hand *hand;
	struct queue *to_courier;    /* messages; never full: the hand bounds it */
	struct queue *to_scribe;     /* messages and deliveries */
	struct troubles *troubles;   /* to the follower */
	uint64_t delivered_at_start; /* sequences the broker had handed out before we started */
	char node[64];

	pthread_t intake, courier, scribe, ledger, follower;
	atomic_bool is_stopping;    /* take no more */
	atomic_bool is_draining;    /* the courier gives back what has not left */
	atomic_bool is_abandoned;   /* the time for draining is over */
	atomic_bool is_ending;      /* the follower and the ledger may end */
	atomic_bool all_lanes_shut; /* a destination type is down: the stream is the buffer */
	atomic_int ledger_in_hand;  /* messages of ORIGIN_LEDGER between reading and settling */

	pthread_mutex_t wake_lock; /* for the ledger thread */
	pthread_cond_t wake;
	bool is_woken;

	struct {
#define COUNTER(name, sentence) atomic_uint_least64_t name;
#include "carillon/counters.def"
#undef COUNTER
	} count;

	pthread_mutex_t broken_lock;
	struct err broken;
};

#define FLOW_COUNT(f, name) atomic_fetch_add_explicit(&(f)->count.name, 1, memory_order_relaxed)
#define FLOW_COUNT_N(f, name, n) \
	atomic_fetch_add_explicit(&(f)->count.name, (n), memory_order_relaxed)

void *intake_run(void *flow);
void *courier_run(void *flow);
void *scribe_run(void *flow);
void *ledger_run(void *flow);
void *follower_run(void *flow);

/* Gets the ledger thread to look now: something may be due, or may have been repaired. */
void flow_wake_ledger(struct flow *f);
/* Remembers the first thing that only a person can repair. */
void flow_break(struct flow *f, const struct err *e);
/* Whether nothing can come to the scribe any more. */
bool scribe_may_end(struct flow *f);
/* Hands a message whose deliveries were decided to whoever is next. Takes it. */
void flow_forward(struct flow *f, struct message *m);
