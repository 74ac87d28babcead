/*
 * A delivery: one event for one rule, from the rule's match to its record. It belongs to its
 * message and to the thread that has it in hand (message.h).
 *
 *     none --> pending --> sending --> delivered, failed, skipped, canceled      it is over
 *       |         |           |
 *       +---------+-----------+-----> retrying, parked, held                     it comes again
 *
 * Its state changes here and nowhere else, by the moves of delivery_moves.def. A state other
 * than pending or sending is this life's last word of it, and is what history records.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/base/list.h"
#include "carillon/base/records.h"
#include "carillon/dest/dest.h"
#include "carillon/registry/rulebook.h"
#include "flow/lanes/lanes.h"

struct message;
struct place_lane;

/* What a queue carries: a message, one of its deliveries, or how far one has come. */
struct handoff {
	struct list link;
	enum { HANDOFF_MESSAGE, HANDOFF_DELIVERY, HANDOFF_PROGRESS } kind;
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
	struct str replay;             /* the replay that asks for it; empty normally */
	const delivery_record *before; /* as the ledger has it; NULL for a first delivery */
	const struct dest_body *body;  /* NULL: made when it leaves its lane */
	uint32_t spent;                /* attempts that count towards the schedule */
	bool maybe_posted;      /* an earlier attempt may have been posted: delivery_doubt */
	bool degraded;          /* plain text instead of the formatted message */
	uint8_t image_refusals; /* how often an image could not be fetched */
	bool other_way;         /* by its channel's own way: struct dest_message */
	/* Of the rule's options (rule_keys.h), by enum key_use: the key's text, or empty. */
	struct str key[KEY_USES];
	struct str thread_id, update_id; /* the message it leads to, or empty */
	bool has_keys;                   /* it is in their lines: key_lines.h */
	bool key_is_taken[KEY_USES];     /* by another delivery in hand */
	bool waits_for_key;              /* parked for what becomes of another of its key */
	uint32_t suppressed;             /* skipped by the dedupe window: repeats so far */
	bool is_counted;                 /* by its record of before: not again */
	uint64_t shown_by; /* skipped for its key: sequence of what is shown instead */

	/* The state and what is said of it: delivery.c's. */
	enum delivery_state state;
	bool is_claimed_first; /* recorded as sending before its request leaves */
	struct str reason;     /* of the state: a sentence */
	struct remedy remedy;
	wall_t due; /* of the next attempt: retrying, parked */

	/* Its line in the book of places; NULL: it has none, or none any more (admit.h). */
	struct place_lane *line;
	bool has_place;   /* in memory */
	bool is_overflow; /* parked to wait for room in its lane */
	bool is_orphan;   /* canceled with its workspace */
	bool is_paced;    /* counted in flow.paced */

	int64_t stage_us; /* clock_mono_us, when it came to its lane, request or answer */

	bool is_for_digest;    /* parked to go out with others */
	struct digest *digest; /* NULL: it goes alone */
	bool has_outcome;
	struct outcome outcome;    /* of the last attempt */
	attempt_record **attempts; /* made in this life, oldest first */
	size_t n_attempts;
	uint32_t attempts_left_out;   /* attempt.h: of many, the middle */
	struct arena *newest_attempt; /* of the newest, once some are left out */
};

/* What a delivery that goes on waiting is to be seen with: its record, packed, because the
 * courier has the delivery. Of the delivery's arena. */
struct progress {
	struct handoff handoff; /* to the scribe, before the delivery */
	struct message *message;
	struct str record;
};

/* Whether it is to be sent, or being sent. */
bool delivery_is_open(const struct delivery *d);
/* Whether its claim must be recorded before it may be sent. */
bool delivery_wants_claim(const struct delivery *d);

/* To be sent; with `is_claimed_first` not before its claim is recorded. */
void delivery_open(struct delivery *d, bool is_claimed_first);
/* From now on, who finds no other word of it must take it for posted. */
void delivery_claim(struct delivery *d);
/* This life's last word: delivered, held, failed, canceled or skipped. The sentences live as
 * long as the message. */
void delivery_settle(
    struct delivery *d, enum delivery_state to, struct str reason, struct remedy remedy);
/* Its workspace is gone, and it with it. */
void delivery_orphan(struct delivery *d);
/* The same for what comes again at `due`: retrying or parked. */
void delivery_wait(struct delivery *d, enum delivery_state to, wall_t due, struct str reason,
    struct remedy remedy);
/* What is retrying is parked until the same time instead. */
void delivery_park_instead(struct delivery *d);
/* Another sentence of the state that it is in. */
void delivery_reword(struct delivery *d, struct str reason);

/* Whether an attempt of it, or of one that it stands for, may have been posted unrecorded.
 * Doubt stays: another `no` does not take it away. */
void delivery_doubt(struct delivery *d, bool is_in_doubt);

/* Makes the message of a delivery that has none yet, in `a`. */
void delivery_render(struct delivery *d, struct arena *a);
/* The same at its admission, in the message's arena, shared with siblings of its template. */
void delivery_render_shared(struct delivery *d);
