/*
 * A destination type: one folder of src/dest, found by the build. It says everything about
 * itself; who adds one changes nothing else (docs/destinations.md). Of a rule's template and an
 * event it makes a body, of a body a request, of an answer an outcome, all pure: it does not
 * open sockets, sleep, log, count, or decide when to retry.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/base/base.h"
#include "carillon/base/config.h"
#include "carillon/base/findings.h"
#include "carillon/base/id.h"
#include "carillon/base/records.h"
#include "carillon/http/http.h"
#include "carillon/rules/warnings.h"
#include "carillon/vault/credential.h"

struct dest_directory;
struct dest_oauth;
struct dest_type;
struct event;
struct json_writer;
struct severity_order;

/* --- what a message says --- */

/* A rule's template, compiled and read-only: the beginning of a struct of the type's own. */
struct dest_template {
	const struct dest_type *type; /* who compiled it, and alone can render it */
};

/* What a type has made of an event: the beginning of a struct of its own, in the arena of who
 * asked for it. Read-only; any number of deliveries may share it. */
struct dest_body {
	const struct dest_type *type; /* who made it, and alone can send it */
	bool has_layout;    /* it can be said in plain text too, with less to be refused */
	bool is_too_costly; /* to lay out took too much work: it is to be said in plain text */
	struct warnings warnings; /* a path that led nowhere, a slot that was cut, ... */
};

enum { DEST_TALLY_MAX = 12 };

/* How often each name occurs, in the order of first occurrence. */
struct dest_tally {
	struct str names[DEST_TALLY_MAX];
	int counts[DEST_TALLY_MAX];
	int n;
	int others; /* occurrences of names beyond those */
};

/* Messages of a rule that go out as one. Borrowed for the call. */
struct dest_digest {
	int n;        /* how many it stands for, 2 or more */
	wall_t since; /* the earliest of them */
	struct dest_tally types, severities;
	struct str history; /* web address of all of them, or empty */
};

/* What is to be said, independent of when and how often. Borrowed from the delivery's arena. */
struct dest_message {
	struct str channel;
	const struct dest_body *body;
	bool is_plain;        /* as plain text, although the body has a layout */
	bool without_images;  /* those that the destination would have to fetch are left out */
	struct str thread_id; /* destination's id of the message to reply under, or empty */
	struct str update_id; /* of the message to replace, or empty */
	/* A credential may have a second way into one channel, by which a message cannot reply,
	 * replace, or be found again; whether this message has one, and is to take it. */
	bool has_other_way, other_way;
	struct str reference; /* our id of the delivery, put where machines can find it */
	struct str workspace; /* whose it is */
};

/* What every request needs beside what it says. Borrowed for the call. */
struct dest_call {
	const char *base_url;            /* dest_base_url */
	const struct secret *credential; /* opened for this call: credential.h */
	wall_t now;                      /* for what a signature says of its time */
};

/* --- what becomes of it --- */

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
	VERDICT_IMAGE,     /* an image of it could not be fetched: once more, then without */
	VERDICT_NO_THREAD, /* the thread is gone: may be posted at top level */
	VERDICT_OTHER_WAY, /* the message's other way (see dest_message) may be open */
	VERDICT_NEVER,     /* failed; our mistake, an operator should look */
};

struct outcome {
	enum outcome_code code;
	enum verdict verdict;
	bool ambiguous;  /* it may have been posted all the same */
	bool lane_fault; /* speaks against the destination, not against this message */
	/* With THROTTLED the pause asked for, with the LATER ones the shortest; -1: the
	 * destination gave none. */
	int64_t retry_after_ms;
	bool left_thread;    /* with DONE: the message to reply to is gone, it stands alone */
	char error_code[64]; /* the destination's, or empty */
	char message_id[64]; /* with DONE: the destination's id of the message */
	char message_channel[64];
	char request_id[64]; /* the destination's id of the request, or empty */
	/* Of a refused message: the place in it that the destination names, as a JSON pointer,
	 * and the part of the rule's template that it comes from, as struct finding names
	 * it. Either may be empty. */
	char pointer[96];
	char slot[64];
	char reason[320];   /* a sentence for the customer: what happened; with DONE what is
	                       not as it was asked for, or empty */
	enum repair repair; /* what repairs it, for programs */
	char action[160];   /* the same as a sentence; may be empty */
};

/* What the destination says of a token's account, and of a channel. */
struct dest_account {
	char id[64], name[128], bot_user_id[64];
};
struct dest_channel {
	char id[64], name[128];
	bool is_private, is_archived, is_member;
};

/* --- the type --- */

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
	struct dest_rate update;  /* of them, those that replace another; 0: no less */
};

/* One of the secrets that each connection of a type has. */
struct dest_secret {
	uint8_t tag;       /* in the credential; stored: never changed, never used again */
	const char *title; /* as people know it */
};

struct dest_type {
	const char *name;             /* stored: never rename */
	const char *title;            /* as people know it */
	const char *base_url_setting; /* by name, for messages about it */
	struct dest_settings (*settings)(const struct config *c);
	const struct dest_secret
	    *secrets; /* in the order in which a person is asked for them */
	int n_secrets;
	/* Each connection has an address of its own, which says nothing of the others. */
	bool has_own_url;
	/*
	 * Of a type whose credentials have a form of their own, a credential from what was
	 * handed in, a text of lines, into `credential`, which is emptied first. It replaces
	 * `own` (NULL: there was none), which also counts until `own_until` (0: no longer).
	 * ERR_INPUT: it is no such text. NULL: what is handed in is taken as it is.
	 */
	bool (*take)(struct secret *credential, const struct secret *given,
	    const struct secret *own, wall_t own_until, struct err *e);

	/* Compiles a rule's template into `a`, to be kept for any number of events; empty text
	 * gives the type's own. False: it cannot be saved, and `f` has all that is wrong. */
	bool (*template_compile)(struct arena *a, struct str text,
	    const struct dest_template **out, struct findings *f);
	/* What the template makes of an event, in `a`. Cannot fail: whatever the payload holds,
	 * the body keeps the destination's limits. `order` gives severities their names. */
	const struct dest_body *(*render)(const struct dest_template *t, const struct event *ev,
	    const struct severity_order *order, struct arena *a);
	/* One message that stands for many, in `a`. */
	const struct dest_body *(*digest)(const struct dest_digest *g, struct arena *a);
	/* Writes the body as members of the object that `w` is in, for previews. */
	void (*write_members)(struct json_writer *w, const struct dest_body *b);
	/* Writes it as lines for a person at a terminal; what a payload holds is not tamed. */
	void (*write_text)(struct buf *out, const struct dest_body *b);
	/* Writes it as the one value that the destination's own tools take. */
	void (*write_native)(struct json_writer *w, const struct dest_body *b);

	/* Fills `req`, which is cleared first: where to, body, credential (in secret headers
	 * alone), headers, a signature among them, and which headers of the answer are wanted.
	 * False: ERR_INPUT, a mapping error. */
	bool (*compose)(struct http_request *req, const struct dest_message *m,
	    const struct dest_call *call, struct err *e);
	void (*judge)(
	    const struct dest_message *m, const struct http_response *res, struct outcome *out);
	/* Stars over what looks like a credential of the type, in whatever encoding, before an
	 * answer is kept: the destination may send back what it was sent. */
	void (*scrub)(char *bytes, size_t len);
	/* Request that asks whose the credential is, and reading its answer. For `connection
	 * add|test`. */
	bool (*compose_test)(
	    struct http_request *req, const struct dest_call *call, struct err *e);
	bool (*judge_test)(
	    const struct http_response *res, struct dest_account *account, struct outcome *out);
	/* The channel's id in what a person calls it: an id, a link. False: there is none. */
	bool (*channel_of)(struct str text, char out[static CHANNEL_ID_MAX + 1]);
	const char *channel_hint; /* what to give instead, as a sentence's end */
	/* Request that asks for one channel, and reading its answer. NULL: there is nothing to
	 * ask. */
	bool (*compose_channel)(struct http_request *req, const struct dest_call *call,
	    struct str channel, struct err *e);
	bool (*judge_channel)(
	    const struct http_response *res, struct dest_channel *channel, struct outcome *out);

	/* Whether a credential has no first way (struct dest_message): then its messages take
	 * the other, whatever their channel. */
	bool (*has_only_other_way)(const struct secret *credential);
	/* Where the requests of a connection go that has this host of its own, empty: the usual
	 * one. Static, or the configuration's. NULL: there is no such host. Not asked of a type
	 * that has_own_url. */
	const char *(*host_url)(const struct config *c, struct str api_host);
	const struct dest_oauth *oauth;         /* NULL: its credentials are typed in */
	const struct dest_directory *directory; /* NULL: its channels cannot be listed */
};

/*
 * Where the requests of a connection go: by its own address `url` if its type has_own_url, else
 * by its host. NULL: nowhere that is known.
 */
const char *dest_base_url(
    const struct dest_type *t, const struct config *c, struct str api_host, const char *url);

enum { DEST_TYPES_MAX = 8 };

/* The table of types, generated from the folders of src/dest in the order of their names. */
int dest_count(void);
const struct dest_type *dest_at(int index);
/* The place of a type in the table. */
int dest_index(const struct dest_type *type);
/* The type called `name`, or NULL. */
const struct dest_type *dest_find(struct str name);
/* The type that rules without a connection are written for. */
const struct dest_type *dest_default(void);
