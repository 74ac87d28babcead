/*
 * One call of the Web API: what came, who calls, and what will be answered. A method runs with
 * the sandbox's lock held and fills the answer; the conventions around it are in api.c.
 */
#pragma once

#include "content.h"
#include "http.h"
#include "sandbox.h"

struct call;

enum method_flag {
	METHOD_JSON = 1 << 0,
	METHOD_MESSAGE = 1 << 1,
	METHOD_ANYONE = 1 << 2,
};

struct method {
	struct str name;
	void (*run)(struct call *c);
	struct str scope;
	unsigned flags;
};

struct call {
	struct sandbox *sandbox;
	struct arena *arena;
	const struct method *method;
	const struct json *args; /* an object */
	struct str token;
	struct credential *caller;
	struct content content; /* of a METHOD_MESSAGE */
	int64_t now_ms;

	/* The answer: members of the object after "ok". */
	struct json_writer out;
	const char *error; /* Slack's code, or NULL */
	struct str needed; /* of missing_scope */
	struct str warning, next_cursor;
	bool lacks_charset, has_cursor;
	const struct finding *findings;
	int retry_after_s; /* of ratelimited */

	/* For the journal. */
	struct channel *channel;
	int64_t ts_us, thread_ts_us;
	bool is_posted;
	struct entry *replaced; /* what chat.update replaces */
};

/* The argument as a string; "" if absent. */
struct str call_arg(const struct call *c, const char *name);
/* A boolean argument in any of the forms Slack takes. */
bool call_flag(const struct call *c, const char *name);
/* Each sets the call's error and returns false when it does not hold. */
MUST_USE bool call_has_scope(struct call *c, struct str scope);
/* Finds the channel of argument "channel", which the caller must be able to see. */
MUST_USE bool call_find_channel(struct call *c);
MUST_USE bool call_refuse(struct call *c, const char *error);

/* The members of a conversation object. */
void channel_write(struct json_writer *w, const struct channel *c);

#define METHOD(name, function, scope, flags) void function(struct call *c);
#include "methods.def"
#undef METHOD
