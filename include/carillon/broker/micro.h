/*
 * How processes see each other, and how `nats micro ls` sees them: each answers NATS's services
 * API, $SRV.PING, $SRV.INFO and $SRV.STATS, on a thread of its own. What it tells is for
 * whoever is in the account that owns the streams, who can read these too. Where the server
 * does not let it hear the questions nobody sees the process, and nothing else is different.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/base/json.h"
#include "carillon/broker/broker.h"

#define MICRO_SERVE  "carillon-serve"
#define MICRO_KEEPER "carillon-keeper"
#define MICRO_WEB    "carillon-web"

/* What a service is asked for. */
struct micro_endpoint {
	struct str name, subject, queue;
	uint64_t requests, errors;
	int64_t took_us; /* of all requests together */
	/* Members of an open object, of STATS only; NULL: none. */
	void (*data)(struct json_writer *w, void *arg);
	void *arg;
};

enum { MICRO_ENDPOINTS_MAX = 16 };
/* Fills at most MICRO_ENDPOINTS_MAX; returns how many. On the thread that answers. Texts live
 * in `a`. */
typedef size_t micro_look_fn(
    struct micro_endpoint out[MICRO_ENDPOINTS_MAX], struct arena *a, void *arg);

/* Texts are borrowed and must outlive it. */
struct micro_service {
	const char *name, *version, *description, *node;
	micro_look_fn *look;
	void *arg;
};

struct micro;
/* `services` are copied. */
struct micro *micro_start(struct broker *b, const struct micro_service *services, size_t n);
void micro_stop(struct micro *m); /* NULL is fine */

/*
 * Asks every process that has our prefix, and calls `each` with the answer of each service,
 * parsed and living in `a`, for `wait_ms`. `verb` is PING, INFO or STATS.
 */
typedef void micro_answer_fn(const struct json *answer, void *arg);
struct micro_question {
	const char *verb;
	int64_t wait_ms;
	micro_answer_fn *each;
	void *arg;
};
MUST_USE bool micro_ask(
    struct broker *b, const struct micro_question *q, struct arena *a, struct err *e);
