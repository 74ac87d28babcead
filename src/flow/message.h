/*
 * What moves through the flow: a message (one event we hold) and its deliveries (one for each
 * rule that wants it).
 *
 *     intake ---> courier ---> scribe            one owner at a time, handed over by queue.h
 *        |                        ^
 *        +------------------------+              nothing matched, or nothing left to do
 *
 * A message lives in one arena from ingest to settle. The thread that owns the message owns its
 * deliveries too, except that a delivery in the courier's hands may be finished and handed to
 * the scribe while its siblings are still being sent: so the tally (`open`) and the records are
 * the scribe's alone, and the courier touches only the deliveries it has.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/base/base.h"
#include "carillon/broker/broker.h"
#include "carillon/base/id.h"
#include "carillon/base/list.h"
#include "carillon/base/records.h"
#include "carillon/registry/rulebook.h"
#include "carillon/rules/event.h"
#include "delivery.h"

/* Where a message came from, which decides how it is settled. */
enum origin {
	ORIGIN_STREAM, /* the dispatch consumer: acked, or given back with a delay */
	ORIGIN_LEDGER, /* parked or held, read again by its sequence: recorded, not acked */
};

/* That the broker handed an event out. */
struct handout {
	uint64_t consumer;   /* whose count it is: consumer_info.id */
	uint64_t deliveries; /* how often by then, from 1 */
};

enum { DELIVERIES_MAX = 256 }; /* of one message */

struct message {
	struct handoff handoff;  /* on one queue at a time: to the courier, or to the scribe */
	size_t unsettled;        /* active.h's: deliveries without a last word */
	struct list active_link; /* in active.h, from oldest to newest */
	struct list unseen_link; /* the same, while it may have no record */
	enum origin origin;
	struct arena *arena;
	struct arena *body;     /* what hostile bytes unpack into: limited */
	struct str reply;       /* subject of its ack; ORIGIN_STREAM only */
	uint64_t seq;           /* in the events stream */
	struct handout handout; /* active.h keeps it current */
	bool counts_in_doubt;   /* the consumer may have counted back: see maybe_posted.h */
	int64_t taken_us;       /* clock_mono_us, when it was taken in hand */
	mono_t taken_at;        /* the same, or when it was last reported in progress */
	wall_t received_at;     /* when the stream stored it */
	struct event event;
	struct ruleset *rules; /* a reference; NULL if it could not be decoded */
	struct str failure;    /* why the event itself is failed; empty normally */
	bool is_known;         /* the ledger has its event record already */
	bool is_gone;     /* the stream has the event no longer: what waited for it fails */
	bool has_more;    /* the ledger knows further deliveries of it: see resume.h */
	bool is_recorded; /* the scribe's: its event record is in a batch */
	bool is_replay;   /* asked for by a person: counted apart */
	/* Its workspace has spent its share of work: recorded as it is, to be matched later; */
	bool is_set_aside;
	bool is_matched_aside; /* and that is what is being done now (matcher.c) */
	bool is_passed_over;   /* the broker brings it no more: see passed_over.h */
	bool is_repeat; /* handed out before, and the ledger knows nothing: may be posted */
	uint64_t steps; /* of work that was done for it: event.steps */
	bool has_foreign_test; /* it names a rule to be tested, and is no test message of it */
	uint32_t matched;      /* rules that wanted it */
	struct str severity;   /* by the normal name of its order; empty if there is none */
	struct delivery *deliveries;
	int n_deliveries;
	int open;             /* the scribe's: deliveries not yet settled */
	int in_batch;         /* the scribe's: its handoffs in the batch being written */
	int64_t nak_delay_ms; /* the scribe's: of the earliest short retry; -1: none */
};

/* A message with an arena of its own. Owner: the caller. */
struct message *message_new(enum origin origin, uint64_t seq);
/* Fills m->event from the bytes as they came under `workspace` and `type`, m->failure when that
 * cannot be done. */
bool message_decode(
    struct message *m, struct str workspace, struct str type, const struct broker_message *bm);
/* Releases the ruleset and the arena with everything in it. */
void message_free(struct message *m);
/* Room for `n` deliveries, initialised. */
void message_deliveries(struct message *m, int n);
