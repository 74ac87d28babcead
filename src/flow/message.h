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
#include "carillon/dest/dest.h"
#include "carillon/rules/event.h"
#include "carillon/base/id.h"
#include "flow/lanes/lanes.h"
#include "carillon/base/list.h"
#include "carillon/base/records.h"
#include "carillon/rules/render.h"
#include "carillon/registry/rulebook.h"

/* Where a message came from, which decides how it is settled. */
enum origin {
	ORIGIN_STREAM, /* the dispatch consumer: acked, or given back with a delay */
	ORIGIN_LEDGER, /* parked or held, read again by its sequence: recorded, not acked */
};

/* What a queue carries: a message or one of its deliveries. */
struct handoff {
	struct list link;
	enum { HANDOFF_MESSAGE, HANDOFF_DELIVERY } kind;
};

/* That the broker handed an event out. */
struct handout {
	uint64_t consumer;   /* whose count it is: consumer_info.id */
	uint64_t deliveries; /* how often by then, from 1 */
};

struct message {
	struct handoff handoff; /* on one queue at a time: to the courier, or to the scribe */
	struct list hand_link;  /* in active.h, from oldest to newest */
	enum origin origin;
	struct arena *arena;
	struct arena *body;     /* what hostile bytes unpack into: limited */
	struct str reply;       /* where to settle; ORIGIN_STREAM only */
	uint64_t seq;           /* in the events stream */
	struct handout handout; /* active.h keeps it current */
	bool counts_in_doubt;   /* the consumer may have counted back: see maybe_posted.h */
	mono_t taken_at;    /* when it came into our hands, or was last reported in progress */
	wall_t received_at; /* when the stream stored it */
	struct event event;
	struct ruleset *rules; /* a reference; NULL if it could not be decoded */
	struct str failure;    /* why the event itself is failed; empty normally */
	bool is_known;         /* the ledger has its event record already */
	bool is_recorded;      /* the scribe's: its event record is in a batch */
	bool is_replay;        /* asked for by a person: counted apart */
	bool is_repeat;   /* handed out before, and the ledger knows nothing: may be posted */
	uint32_t matched; /* rules that wanted it */
	struct str severity; /* by the normal name of its order; empty if there is none */
	struct delivery *deliveries;
	int n_deliveries;
	int open;             /* the scribe's: deliveries not yet settled */
	int in_batch;         /* the scribe's: its handoffs in the batch being written */
	int64_t nak_delay_ms; /* the scribe's: of the earliest short retry; -1: none */
};

/* What the courier does with a delivery next; the scribe looks at it to know what it got. */
enum delivery_step {
	STEP_SEND,    /* to the courier, to be sent */
	STEP_CLAIM,   /* the same, but recorded as sending before it leaves its lane */
	STEP_SETTLED, /* to the scribe: the outcome stands in `state` */
};

/*
 * Deliveries of one rule that go out as one message. The first stands for all: it alone
 * travels, and the others' records follow its fate.
 */
struct digest {
	const delivery_record **members; /* without the first */
	int n;
};

struct delivery {
	struct handoff handoff;     /* to the scribe */
	struct lane_item lane_item; /* in dispatch */
	struct message *message;
	struct arena *arena;     /* of what the courier learns: a message's own arena is
	                            read-only once it has left intake */
	const struct rule *rule; /* borrowed from the message's ruleset; NULL if it is gone */
	struct str rule_id;
	struct str connection_key; /* "<workspace>/<connection>": with the channel, the lane */
	struct str channel;
	enum delivery_step step;
	struct str replay;             /* the replay that asks for it; empty normally */
	const delivery_record *before; /* as the ledger has it; NULL for a first delivery */
	struct rendered rendered;
	bool is_rendered;  /* else that is done when it leaves its lane */
	uint32_t spent;    /* attempts that count towards the schedule */
	bool maybe_posted; /* an earlier attempt may have been posted */
	bool degraded;     /* plain text instead of the formatted message */
	/* Of the rule's options (rule_keys.h), by enum key_use: the key's text, or empty. */
	struct str key[KEY_USES];
	struct str thread_id, update_id; /* the message it leads to, or empty */
	bool key_is_taken[KEY_USES];     /* by another message in hand */
	uint32_t suppressed;             /* skipped by the dedupe window: repeats so far */
	uint64_t repeat_of;              /* then: sequence of the message that was posted */

	/* What came of it: from `outcome` when there was an attempt, else set with
	 * STEP_SETTLED. */
	bool is_for_digest;    /* parked to go out with others */
	struct digest *digest; /* NULL: it goes alone */
	bool has_outcome;
	struct outcome outcome; /* of the last attempt */
	enum delivery_state state;
	struct str reason, action; /* sentences of the state */
	wall_t due;                /* of the next attempt: retrying, parked */
	bool is_settled;           /* the scribe's: the above is in a batch */
	attempt_record **attempts; /* made in this life, oldest first */
	size_t n_attempts;
	uint32_t attempts_left_out;   /* attempt.h: of many, the middle */
	struct arena *newest_attempt; /* of the newest, once some are left out */
};

/* A message with an arena of its own. Owner: the caller. */
struct message *message_new(enum origin origin, uint64_t seq);
/* Fills m->event from the bytes as they came under `workspace` and `type`, m->failure when that
 * cannot be done. */
bool message_decode(
    struct message *m, struct str workspace, struct str type, const struct broker_message *bm);
/* Releases the ruleset and the arena with everything in it. */
void message_free(struct message *m);
/* Makes the message of a delivery that has none yet, in `a`. */
void delivery_render(struct delivery *d, struct arena *a);
/* Room for `n` deliveries, initialised. */
void message_deliveries(struct message *m, int n);
