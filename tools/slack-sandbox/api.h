/*
 * One call of the Web API: what came, who calls, and what will be answered. A method runs with
 * the sandbox's lock held and fills the answer; the conventions around it are in api.c, the
 * envelope of the answer in answer.c.
 */
#pragma once

#include "content.h"
#include "http.h"
#include "sandbox.h"

struct call;

enum method_flag {
	METHOD_JSON = 1 << 0,
	METHOD_POSTED = 1 << 1,
	METHOD_CHANGED = 1 << 2,
	METHOD_ANYONE = 1 << 3,
};

struct method {
	struct str name;
	void (*run)(struct call *c);
	struct str scope;
	enum tier tier;
	unsigned flags;
};

struct call {
	struct sandbox *sandbox;
	struct arena *arena;
	const struct method *method;
	const struct json *args; /* an object */
	struct str token, authorization;
	struct str base_url; /* as the caller knows it: "http://127.0.0.1:8099" */
	struct credential *caller;
	struct content content; /* of a message */
	int64_t now_ms;

	/* The answer: members of the object after "ok". */
	struct json_writer out;
	const char *error; /* Slack's code, or NULL */
	struct str needed; /* of missing_scope */
	struct str next_cursor;
	unsigned warnings; /* WARNING_x */
	bool has_cursor;
	bool has_details; /* the findings in full, as blocks.validate has them */
	const struct finding *findings;
	int retry_after_s; /* of ratelimited */

	/* For the journal. */
	struct channel *channel;
	int64_t ts_us, thread_ts_us;
	int64_t edited_us; /* of chat.update */
	bool is_posted;    /* a message appeared or changed */
	bool is_broadcast; /* a reply that the channel sees too */
	struct post *replaced, *parent, *deleted;
};

/* The argument as a string; "" if absent. */
struct str call_arg(const struct call *c, const char *name);
/* A boolean argument in any of the forms Slack takes. */
bool call_flag(const struct call *c, const char *name);
/* A number from 1 to `most`; `otherwise` if it is absent. False if it is anything else. */
MUST_USE bool call_number(
    const struct call *c, const char *name, size_t otherwise, size_t most, size_t *out);
/* Each sets the call's error and returns false when it does not hold. */
MUST_USE bool call_has_scope(struct call *c, struct str scope);
/* Finds the channel of argument "channel", which the caller must be able to see. */
MUST_USE bool call_find_channel(struct call *c);
/* The same where Slack also takes a name. */
MUST_USE bool call_find_channel_named(struct call *c);
MUST_USE bool call_refuse(struct call *c, const char *error);
MUST_USE bool call_refuse_because(struct call *c, const char *error, struct str message);

/* Ends the answer: the error if there is one, warnings, cursor, headers. */
void answer_finish(struct call *c, struct reply *r);

/* What a fault does to an answer that is already made. */
struct mishap;
void api_spoil(struct call *c, struct reply *r, const struct mishap *m);
/* Puts the call into the journal, and what it posted into its channel. */
void api_record(
    struct call *c, const struct request *q, const struct reply *r, struct str name);

/* The members of a conversation object. */
void channel_write(struct json_writer *w, const struct channel *c);

#define METHOD(name, function, scope, tier, flags) void function(struct call *c);
#include "methods.def"
#undef METHOD
