/*
 * Destinations that do as a story says, in place of src/http/pool.c: requests are answered
 * in virtual time and every one is remembered. A peer is named "workspace/connection/channel";
 * the credentials of a story spell their workspace and connection (see fake_token).
 */
#pragma once

#include "carillon/base/base.h"

enum fake_answer {
	FAKE_OK,
	FAKE_ERROR,   /* HTTP 200 with ok:false and a code */
	FAKE_STATUS,  /* another HTTP status */
	FAKE_HANGS,   /* no answer within the time for a request */
	FAKE_RESETS,  /* the connection breaks after the request was sent */
	FAKE_REFUSES, /* nobody there: nothing was sent */
	FAKE_LIMITS,  /* ok, but one message a while; sooner ones get a 429 with what is left */
};

struct fake_behaviour {
	char target[200]; /* a peer, "workspace/connection", "workspace", or "*" */
	enum fake_answer answer;
	char code[64];         /* FAKE_ERROR */
	int status;            /* FAKE_STATUS */
	int64_t retry_after_s; /* FAKE_STATUS; -1: none */
	int64_t limit_ms;      /* FAKE_LIMITS */
	int64_t after_ms;      /* how long the answer takes */
	int times;             /* how many more requests it answers; -1: all */
	int padding;      /* so many further bytes in the body of an answer with an error */
	bool only_blocks; /* answers only messages with blocks */
	bool posts;       /* the message appears although the answer says nothing of it */
};

/* The last word about a peer counts. */
void fake_peer(const struct fake_behaviour *b);
/* All messages that stand in the channels of a target are deleted, by hand. */
void fake_messages_gone(const char *target);
/* The process that sent died: no answer reaches it. */
void fake_pool_cut(void);
/* Forgets behaviours and requests. */
void fake_pool_reset(void);

enum { FAKE_TOKEN_MAX = 200 };
void fake_token(char out[static FAKE_TOKEN_MAX], struct str workspace, struct str connection);

/* One request, as the peer saw it. */
struct fake_request {
	char peer[200];     /* "workspace/connection/channel" */
	char delivery[200]; /* "event id:rule" */
	mono_t at;
	bool is_posted;
	bool is_repeat; /* and had been before, here or in another channel */
	bool is_early;  /* before the pause the peer had asked for was over */
	bool has_blocks, is_reply, is_update;
	uint64_t message; /* that it was posted as, or under, or replaced; 0: none */
	/* Another delivery's request for the same message was on its way: replies and changes
	 * of one message are to come one after the other. */
	bool is_crowded;
};

size_t fake_request_count(void);
const struct fake_request *fake_request_at(size_t i);
/* Whether a target (as in fake_behaviour) means this peer. */
bool fake_target_is(const char *target, const char *peer);

/* When the next answer arrives, and when the courier last asked to be woken. */
mono_t fake_pool_next(void);
mono_t fake_pool_wake(void);
