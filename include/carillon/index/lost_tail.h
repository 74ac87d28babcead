/*
 * Whether a stream still has what the index was built from. A broker that was restored from an
 * older copy, or whose files were cut, ends earlier than the index knows it; it may even have
 * given the lost sequences to other messages since. Looks, and changes nothing; repair.h
 * repairs.
 *
 *     the index has   1 ............ good ....... applied
 *     the stream has  1 ............ good | other messages, or none
 */
#pragma once

#include "carillon/broker/broker.h"
#include "carillon/base/records.h"
#include "carillon/store/store.h"

enum tail_is {
	TAIL_WHOLE,
	TAIL_LOST,
	TAIL_FOREIGN, /* another stream, and not an empty one: perhaps of another installation
	               */
};

struct tail {
	enum stream stream;
	struct stream_info info;
	enum tail_is is;
	uint64_t applied; /* how far the index has come; events: the newest it knows */
	uint64_t good;    /* at most up to here they are the same */
	uint64_t end;     /* events: where the stream ended when a repair began */
	bool is_anew;     /* the stream was made anew */
	bool is_noted;    /* events: by the service, when it ran */
	bool is_resumed;  /* a repair was begun and interrupted */
};

/* COUNT compares sequences; ASK also fetches the message applied last and compares it. */
enum tail_effort { TAIL_COUNT, TAIL_ASK };
/* Of the state, history or events stream. The index must be caught up for events. */
MUST_USE bool tail_look(struct tail *out, struct broker *b, struct store *s, enum stream stream,
    enum tail_effort effort, struct err *e);

/* What was found, a sentence without its end. */
enum { TAIL_SENTENCE_MAX = 320 };
void tail_sentence(const struct tail *t, char out[static TAIL_SENTENCE_MAX]);
/* ERR_CORRUPT, with what repairs it, unless the tail is whole. */
MUST_USE bool tail_must_be_whole(const struct tail *t, struct err *e);

/* Whether the message is the event that was recorded, and not another one under its sequence.
 * Without a record (NULL) at least it is of `workspace`. */
bool tail_is_same_event(const struct broker *b, const event_record *rec, struct str workspace,
    const struct broker_message *m);
/* Notes for the next start that the events stream has given `seq` to another event. */
MUST_USE bool tail_note_lost(struct store *s, uint64_t seq, struct err *e);
/* Lowers the sequence of the newest event that the index knows to one that a stream that ends
 * at `last_seq` can have had: further ahead is nothing that the service wrote. */
MUST_USE bool tail_newest_event(
    struct store *s, uint64_t last_seq, uint64_t *newest, struct err *e);
/* The newest event that the index knows, for when there is no stream to ask: without those that
 * are further ahead of the one before them than that. 0: there is none. */
uint64_t tail_newest_in_sequence(struct txn *history);
