/*
 * A destination type: one folder of src/dest, found by the build. It composes a request and
 * judges the answer, both pure. It does not open sockets, sleep, log, count, or decide when to
 * retry.
 */
#pragma once

#include "carillon/base/base.h"
#include "carillon/base/config.h"
#include "carillon/base/records.h"
#include "carillon/http/http.h"
#include "carillon/vault/vault.h"

/* What is to be said, independent of when and how often. Borrowed from the delivery's arena. */
struct dest_message {
	struct str channel;
	struct str text;   /* fallback, never empty: notifications and screen readers read it */
	struct str blocks; /* JSON array, or empty: text alone */
	struct str color;  /* "#d92d20", or empty */
	struct str thread_id; /* destination's id of the message to reply under, or empty */
	struct str update_id; /* of the message to replace, or empty */
	struct str reference; /* our id of the delivery, put where machines can find it */
};

/* What to do about it. */
enum verdict {
	VERDICT_DONE,            /* delivered */
	VERDICT_THROTTLED,       /* wait as told; the attempt does not count */
	VERDICT_LATER,           /* retry by the schedule */
	VERDICT_LATER_FEW,       /* unknown code: retry twice, then give up */
	VERDICT_LATER_SLOWLY,    /* quota: only the long steps of the schedule make sense */
	VERDICT_HOLD_CONNECTION, /* the credential needs a person */
	VERDICT_HOLD_RULE,       /* the channel needs a person */
	VERDICT_MESSAGE,         /* the message was refused: plain text may go, else failed */
	VERDICT_NO_THREAD,       /* the thread is gone: may be posted at top level */
	VERDICT_NEVER,           /* failed; our mistake, an operator should look */
};

struct outcome {
	enum outcome_code code;
	enum verdict verdict;
	bool ambiguous;         /* it may have been posted all the same */
	bool lane_fault;        /* speaks against the destination, not against this message */
	int64_t retry_after_ms; /* with THROTTLED; -1: the destination gave none */
	char error_code[64];    /* the destination's, or empty */
	char message_id[64];    /* with DONE: the destination's id of the message */
	char message_channel[64];
	char request_id[64]; /* the destination's id of the request, or empty */
	char reason[320];    /* a sentence for the customer: what happened */
	char action[160];    /* the one thing that repairs it; may be empty */
};

/* What the destination says of a token's account, and of a channel. */
struct dest_account {
	char id[64], name[128], bot_user_id[64];
};
struct dest_channel {
	char id[64], name[128];
	bool is_private, is_archived, is_member;
};

/* How many messages may leave, as a bucket of tokens has it. */
struct dest_rate {
	int64_t milli; /* messages in 1000 s */
	int64_t burst; /* messages that may go at once */
};

/* What of the settings is a type's own. Borrowed from the configuration. */
struct dest_settings {
	const char *base_url;     /* where its requests go */
	struct dest_rate channel; /* to one channel */
	struct dest_rate account; /* to all channels of a connection together */
};

struct dest_type {
	const char *name;             /* stored: never rename */
	const char *title;            /* as people know it */
	const char *base_url_setting; /* by name, for messages about it */
	struct dest_settings (*settings)(const struct config *c);
	/* Fills `req`: where to, body, credential, headers, and which headers of the answer are
	 * wanted. False: ERR_INPUT, a mapping error. */
	bool (*compose)(struct http_request *req, const struct dest_message *m,
	    const char *base_url, const struct secret *token, struct err *e);
	void (*judge)(
	    const struct dest_message *m, const struct http_response *res, struct outcome *out);
	/* Request that asks who the token belongs to, and reading its answer into `c`
	 * (team_id, team_name, bot_user_id). For `connection add|test`. */
	bool (*compose_test)(struct http_request *req, const char *base_url,
	    const struct secret *token, struct err *e);
	bool (*judge_test)(
	    const struct http_response *res, struct dest_account *account, struct outcome *out);
	/* Request that asks for one channel, and reading its answer. */
	bool (*compose_channel)(struct http_request *req, const char *base_url,
	    const struct secret *token, struct str channel, struct err *e);
	bool (*judge_channel)(
	    const struct http_response *res, struct dest_channel *channel, struct outcome *out);
};

enum { DEST_TYPES_MAX = 8 };

/* The table of types, generated from the folders of src/dest in the order of their names. */
int dest_count(void);
const struct dest_type *dest_at(int index);
/* The place of a type in the table. */
int dest_index(const struct dest_type *type);
/* The type called `name`, or NULL. */
const struct dest_type *dest_find(struct str name);
