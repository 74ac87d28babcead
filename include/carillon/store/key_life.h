/*
 * The life of a rule's key: what earlier messages of one key (where replies go, what is changed
 * in place, what counts as a repeat) mean for the next. A fold over what became of the key's
 * deliveries, in the order of history, by the moves of src/store/key_moves.def; and the one
 * question that is asked of it. Plain values: no I/O, no clock.
 *
 *     records of deliveries --fold--> life --asked by a delivery--> may it go, and how
 */
#pragma once

#include "carillon/base/base.h"
#include "carillon/base/id.h"

enum key_use { KEY_THREAD, KEY_UPDATE, KEY_DEDUPE, KEY_USES };

/* What became of a delivery that has the key. */
enum key_event {
	KEY_OPEN,     /* it waits, or is being sent */
	KEY_APPEARED, /* as a message of its own, or in place of an earlier one */
	KEY_REPLIED,  /* under the key's message */
	KEY_TOLD,     /* in a digest, which is nobody's message */
	KEY_GIVEN_UP, /* failed, canceled, or skipped */
	KEY_COUNTED,  /* skipped as a repeat */
	KEY_EVENTS
};

enum { MESSAGE_ID_MAX = 63 };

/* A message of a channel. */
struct key_message {
	uint64_t seq; /* of the event that it shows; 0: there is none */
	wall_t at;    /* thread: when it was posted; else when its delivery was made */
	char connection[RECORD_ID_MAX + 1], channel[CHANNEL_ID_MAX + 1];
	char id[MESSAGE_ID_MAX + 1]; /* the destination's; empty: none that can be changed */
};

struct key_life {
	struct key_message shown; /* the first (thread, dedupe) or newest (update) */
	uint32_t count;           /* dedupe: repeats of `shown` so far */
	uint64_t newest;          /* sequence of the newest event that appeared in any way */
	uint64_t wanted;          /* of the newest that is on its way; 0: none is */
	wall_t wanted_at;         /* when its delivery was made */
};

struct key_news {
	enum key_event event;
	struct key_message message; /* of it; `id` as far as there is one */
	wall_t posted_at;           /* KEY_APPEARED */
	uint32_t count;             /* KEY_COUNTED: its number, */
	uint64_t repeat_of;         /* and of what; 0: not known */
};
/* Goes on by one record. The same news again, or a list of news again, changes nothing. */
void key_life_note(struct key_life *k, enum key_use use, const struct key_news *news);
/* The record of `seq` is forgotten. Returns whether nothing is left to be known. */
bool key_life_forget(struct key_life *k, uint64_t seq);

struct key_question {
	uint64_t seq; /* of the event that asks */
	struct str connection, channel;
	wall_t at;      /* when its delivery was made, however long it waited since */
	int64_t age_ms; /* what is so far from that does not count; 0: everything counts */
	bool is_taken;  /* another delivery of the key is in hand */
};
enum key_answer {
	KEY_FREE,     /* it makes the first message */
	KEY_FOLLOWS,  /* it goes under, or in the place of, life->shown */
	KEY_REPEATS,  /* life->shown says it already */
	KEY_OUTDATED, /* a newer event is shown, or on its way: key_life_newer */
	KEY_WAITS,    /* for what becomes of another: in hand, or life->wanted */
};
enum key_answer key_life_ask(
    const struct key_life *k, enum key_use use, const struct key_question *q);
/* The newest event, shown or on its way. */
uint64_t key_life_newer(const struct key_life *k);
