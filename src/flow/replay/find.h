/*
 * Finding what a replay is about, and making messages of it: for the replay, and for the dry
 * run that only counts them. Any thread; keeps no transaction open.
 */
#pragma once

#include "carillon/broker/broker.h"
#include "carillon/store/store.h"
#include "flow/message.h"
#include "carillon/flow/replay.h"

struct replay_source {
	struct broker *broker;
	struct store *store;
	struct rulebook *rulebook;
	struct str workspace;
};

/* One look into the index, as far as one short transaction goes. */
struct replay_look {
	uint64_t found; /* sequence of an event that is wanted; 0: none */
	uint64_t next;  /* where the next look begins */
	uint64_t taken; /* deliveries passed that this replay sent in an earlier life, */
	uint64_t taken_of_found; /* and of those, the event's that is found */
	bool is_end;
};
MUST_USE bool replay_look(const struct replay_source *from, const struct replay_selection *s,
    uint64_t seq, struct replay_look *out, struct err *e);

/* Which deliveries of which event are next. */
struct replay_at {
	uint64_t seq;
	char
	    after[RECORD_ID_MAX + 1]; /* the rules up to this one had their turn; empty: none */
};
/* What one message has room for. */
struct replay_reading {
	struct message *message; /* NULL: nothing is to be done. The caller owns it */
	int skipped;             /* deliveries that were wanted and cannot be sent */
	bool has_more;           /* of this event, to be read at `next` */
	struct replay_at next;
};
/* Reads the event again and makes a message of it with the deliveries that are wanted. False:
 * the stream or the index cannot be read just now. */
MUST_USE bool replay_read(const struct replay_source *from, const struct replay_selection *s,
    const struct replay_at *at, struct replay_reading *out, struct err *e);
