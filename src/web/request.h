/*
 * One request, from its first byte to the last one of its answer. Whoever works on it owns it:
 * first the listener's thread, then perhaps a worker, then the listener again. Everything that
 * is made for it lives in its arena.
 */
#pragma once

#include <stdatomic.h>

#include "carillon/base/arena.h"
#include "carillon/base/buf.h"
#include "carillon/base/findings.h"
#include "carillon/base/header.h"
#include "carillon/base/json.h"
#include "carillon/base/list.h"
#include "carillon/registry/registry.h"
#include "principal.h"
#include "routes.h"
#include "target.h"

struct MHD_Connection;
struct web;
struct live;

enum {
	ANSWER_HEADERS_MAX = 16,
	REQUEST_ID_MAX = 64,
	REQUEST_PARTS_MAX = 4, /* {parts} of a route's path */
	ADDRESS_TEXT_MAX = 64,
};

struct answer {
	unsigned status; /* 0: there is none yet */
	const char *content_type;
	struct buf body;
	struct str fixed; /* instead of the body; lives for ever */
	struct header
	    headers[ANSWER_HEADERS_MAX]; /* NUL-terminated, of the arena or for ever */
	int n_headers;
	struct live *live; /* instead of a body; see hub.h */
	bool closes;       /* the connection after it */
	bool is_secret;    /* the body is wiped afterwards */
};

struct request {
	struct web *web;
	struct MHD_Connection *connection;
	struct list link; /* of whoever it waits for */
	struct arena *arena;
	struct str raw_target;
	enum method method;
	struct target target;
	const struct route *route; /* NULL: none fits */
	struct str parts[REQUEST_PARTS_MAX];
	struct principal who;
	char id[REQUEST_ID_MAX + 1];
	char address[ADDRESS_TEXT_MAX]; /* of the client, behind trusted proxies */
	struct buf body;
	const struct json *json;   /* of the body, once request_json was called */
	struct registry *registry; /* of the thread that works on it */
	struct answer answer;
	mono_t since;
	wall_t now;
	bool is_begun, is_done, has_body;
	bool is_suspended; /* the listener's: by a handler that completes it by itself */
	/* Of such a handler: makes the answer, on the listener's thread, once it is done. */
	void (*finish)(struct request *q);
	void *finish_arg; /* of the arena: what such a handler, or repeats.h, keeps with it */
};

/* A part of the route's path by its place: 0 is the workspace, where the path has one. */
static inline struct str
request_part(const struct request *q, int i)
{
	return q->parts[i];
}

struct store *request_store(struct request *q);
struct broker *request_broker(struct request *q);
const struct config *request_config(struct request *q);

/* A header of the request, or the empty string. Lives as long as the request. */
struct str request_header(struct request *q, const char *name);

/* --- what is asked. False: the answer is there already, a problem. --- */

/* The body as a JSON object. */
bool request_object(struct request *q, const struct json **out);
/* The body as any JSON value. */
bool request_json(struct request *q, const struct json **out);
/* Refuses members of the body that are none of `names`, which ends with NULL. */
bool request_members(struct request *q, const struct json *object, const char *const *names);
/* Refuses parameters of the address that are none of `names`, which ends with NULL. */
bool request_parameters(struct request *q, const char *const *names);
/* Refuses any. */
bool request_no_parameters(struct request *q);
/* limit=, 1 to 200, otherwise 50. */
bool request_limit(struct request *q, size_t *limit);
/* from=, to= and others: RFC 3339; stays as it is when it is not there. */
bool request_time(struct request *q, const char *name, int64_t *ms);
/* The value of a parameter, or the empty string. */
struct str request_parameter(struct request *q, const char *name);
/* The revision of If-Match; without that header a problem. */
bool request_if_match(struct request *q, uint64_t *revision);

/* --- what is answered --- */

/* A header of the answer; what is no constant is copied. */
void answer_header(struct request *q, const char *name, struct str value);
/* Begins a JSON body. */
void answer_json(struct request *q, unsigned status, struct json_writer *w);
/* 204 */
void answer_nothing(struct request *q);
/* ETag of a record. */
void answer_etag(struct request *q, uint64_t revision);
/* True, and 304 is the answer, if the client has this revision. */
bool answer_unchanged(struct request *q, uint64_t revision);
