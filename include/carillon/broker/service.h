/*
 * Questions between processes by NATS, without a stream: whoever serves a name answers requests
 * on "<prefix>.<name>.<method>", one of all who do (queue group "<name>") gets each. A question
 * that nobody takes is not kept: who asks is told at once, and asks again.
 *
 * A service belongs to the thread that takes from it; answering and asking is any thread's.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/broker/broker.h"

struct service;

/* Requests that came and were not taken yet; more are dropped, and who asked waits in vain. */
enum { SERVICE_PENDING_MAX = 512, SERVICE_PENDING_BYTES_MAX = 4 * 1024 * 1024 };

struct service_request {
	void *handle;             /* the library's; NULL: none */
	struct str method, bytes; /* borrowed until it is freed */
};

/* `name` is static. ERR_TEMP: there is no connection. */
MUST_USE bool service_open(
    struct service **out, struct broker *b, const char *name, struct err *e);
void service_close(struct service *s); /* NULL is fine */
/* The next request. False with e->kind ERR_NONE: none within wait_ms. When the connection was
 * made anew it subscribes again by itself. */
MUST_USE bool service_next(
    struct service *s, int64_t wait_ms, struct service_request *out, struct err *e);
/* Answers one. Who asked may have gone: that is no error. */
MUST_USE bool service_answer(
    struct broker *b, const struct service_request *r, struct str bytes, struct err *e);
void service_request_free(struct service_request *r);

/* Asks without waiting for an answer. */
MUST_USE bool service_tell(
    struct broker *b, const char *name, const char *method, struct str bytes, struct err *e);
/* Asks, and waits. The answer lives in `a`. ERR_SETUP: nobody serves that name; ERR_TEMP: no
 * answer in time. */
struct service_question {
	const char *name, *method;
	struct str bytes;
	int64_t wait_ms;
};
MUST_USE bool service_ask(struct broker *b, const struct service_question *q, struct arena *a,
    struct str *answer, struct err *e);
