/*
 * What an operator should know, and what must be written into the state because of it: a
 * refused credential, an unusable channel, a delivery given up. Made by the scribe after the
 * record is safe, acted on by the follower, which may wait for the broker. What must be written
 * is never dropped; what is only told is limited, for each workspace apart, and counted.
 */
#pragma once

#include "carillon/base/base.h"
#include "carillon/base/heap.h"
#include "carillon/base/id.h"
#include "carillon/base/list.h"
#include "carillon/base/records.h"

enum trouble_kind {
	TROUBLE_CONNECTION_BROKEN, /* mark the connection needs_reconnect */
	TROUBLE_RULE_HELD,         /* put the rule on hold */
	TROUBLE_EXHAUSTED,         /* only to be told */
	TROUBLE_UNDECODABLE,       /* only to be told */
	TROUBLE_UNREADABLE,        /* a stored record; only to be told */
	TROUBLE_CANCELED,          /* with its workspace; only to be told */
};

/* The code of a connection whose sealed credential does not open. */
#define CODE_SEALED_SHUT "sealed_shut"

enum { CREDENTIAL_MARK = 16 };

struct trouble {
	struct list link;     /* of news, */
	struct heap_node due; /* or of work: when it may be tried again */
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
	bool is_over;   /* found to be repaired */
	bool is_told;   /* work that waits for something, and of which that was said */
	uint64_t count; /* how many it stands for, when it is not only itself */
	bool is_rest;   /* it stands for those that were not told one by one */
};

/* The end of a sealed credential, which is never the same twice. */
void credential_mark(unsigned char mark[static CREDENTIAL_MARK], struct str sealed);

/* Any thread; one short lock. */
struct troubles;
struct troubles *troubles_new(void);
void troubles_free(struct troubles *t);
/* Copies. False when it is news and there is too much of it: the caller counts it. */
bool troubles_put(struct troubles *t, const struct trouble *trouble, mono_t now);
/* What is to be written, or told, now; the caller frees with free(). NULL when there is none.
 */
struct trouble *troubles_take_work(struct troubles *t, mono_t now);
struct trouble *troubles_take_news(struct troubles *t, mono_t now);
/* Gives back work that could not be done: it comes again at `when`, unless there is newer of
 * its connection or rule. Takes it. */
void troubles_try_later(struct troubles *t, struct trouble *work, mono_t when);
