/*
 * A request and its reply, free of the HTTP library. A request belongs to the thread that
 * handles it; everything read from it lives in its arena until the answer has left.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/base/json.h"

struct request {
	struct arena *arena;
	struct str verb, path;
	struct str content_type, authorization; /* empty if not sent */
	struct str base_url;                    /* "http://" and the Host that was sent */
	const struct json *query;               /* an object of strings */
	struct buf body;
};

enum ending {
	ENDING_ANSWER,
	ENDING_SILENCE,  /* the connection stays open and nothing comes */
	ENDING_RESET,    /* TCP reset */
	ENDING_TRUNCATE, /* half of the body */
};

enum { REPLY_HEADERS_MAX = 8 };

struct reply {
	int status;
	const char *content_type;
	struct buf body;  /* or ... */
	struct str fixed; /* ... bytes that live for ever */
	struct {
		const char *name; /* static */
		struct str value; /* in the request's arena, with a NUL after it */
	} headers[REPLY_HEADERS_MAX];
	int header_count;
	enum ending ending;
	int64_t delay_ms;
};

void reply_header(struct reply *r, const char *name, struct str value);
/* {"ok":false,"error":...} with `status`, for what is not Slack's API. */
void reply_refuse(struct reply *r, int status, const char *error);

/* An object of strings from "a=b&c=d", or NULL if an escape or the UTF-8 is broken. */
const struct json *form_parse(struct arena *a, struct str form);
/* Appends a member to an object under construction. `last` starts as NULL. */
void object_add(
    struct arena *a, struct json *object, struct json **last, struct str key, struct str value);

struct sandbox;
/* The Web API: everything under /api/. `path` begins after it. */
void api_handle(struct sandbox *s, struct request *q, struct reply *r, struct str method);
/* The control interface: everything under /sandbox/. `path` begins after it. */
void control_handle(struct sandbox *s, struct request *q, struct reply *r, struct str path);
/* Incoming webhooks: everything under /services/. `path` begins after it. */
void webhook_handle(struct sandbox *s, struct request *q, struct reply *r, struct str path);
/* The page on which a person allows an app what it asks. False if it is another path. */
MUST_USE bool consent_handle(struct sandbox *s, struct request *q, struct reply *r);
/* The page and its parts. False if there is nothing at this path. */
MUST_USE bool page_handle(struct request *q, struct reply *r);
