/*
 * What an operator should know, and what must be written into the state because of it: a
 * refused credential, an unusable channel, a delivery given up. Made by the scribe after the
 * record is safe, acted on by the follower, which may wait for the broker. Bounded: when full
 * the newest is dropped and counted, as its record stands in history all the same.
 */
#pragma once

#include "carillon/base/base.h"
#include "carillon/base/id.h"
#include "carillon/base/list.h"
#include "carillon/base/records.h"

enum trouble_kind {
	TROUBLE_CONNECTION_BROKEN, /* mark the connection needs_reconnect */
	TROUBLE_RULE_HELD,         /* put the rule on hold */
	TROUBLE_EXHAUSTED,         /* only to be told */
	TROUBLE_UNDECODABLE,       /* only to be told */
};

enum { CREDENTIAL_MARK = 16 };

struct trouble {
	struct list link;
	enum trouble_kind kind;
	char workspace[WORKSPACE_ID_MAX + 1];
	char connection[RECORD_ID_MAX + 1];
	char rule[RECORD_ID_MAX + 1];
	char event_id[EVENT_ID_MAX + 1];
	char code[64], reason[320], action[160];
	enum repair repair;
	uint64_t seq; /* of the event that showed it */
	/* What was tried: who has replaced it since has repaired this. */
	char channel[CHANNEL_ID_MAX + 1];
	unsigned char credential[CREDENTIAL_MARK];
	bool is_over; /* found to be repaired */
};

/* The end of a sealed credential, which is never the same twice. */
void credential_mark(unsigned char mark[static CREDENTIAL_MARK], struct str sealed);

struct troubles;
struct troubles *troubles_new(size_t limit);
void troubles_free(struct troubles *t);
/* Copies. False when full. */
bool troubles_put(struct troubles *t, const struct trouble *trouble);
/* The caller frees with free(); NULL when there is none. */
struct trouble *troubles_take(struct troubles *t);
