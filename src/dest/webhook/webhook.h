/*
 * Webhooks: an event goes to the customer's own address as JSON, signed as Standard Webhooks
 * has it, so that the receiver can tell that it is ours, new, and whole, and by its id that it
 * came before.
 *
 *     {"type": "alert.triggered", "timestamp": "2026-04-17T16:02:00.000Z", "data": {...}}
 *
 * `data` is the event, or what the rule's template makes of it: {"data": ...}, any JSON whose
 * strings are templates. A connection has one channel, "endpoint".
 */
#pragma once

#include "carillon/base/json.h"
#include "carillon/dest/dest.h"
#include "carillon/rules/event.h"
#include "carillon/rules/filter.h"

extern const struct dest_type dest_webhook;

enum {
	WEBHOOK_TIMEOUT_MS = 15000,
	WEBHOOK_ID_SIZE = 4 + 32 + 1, /* "msg_", hexadecimal, NUL */
	WEBHOOK_SOURCE_MAX = 64 * 1024,
	WEBHOOK_DATA_MAX = 64 * 1024, /* bytes that a template may make */
	WEBHOOK_STEPS_MAX = 20000,    /* of all its templates (event.h) */
};

/* The one channel of a connection. */
#define WEBHOOK_CHANNEL "endpoint"

struct webhook_body {
	struct dest_body base;
	struct str type;
	wall_t time;
	struct str data; /* JSON */
};

/* The body as what it is; it must be a webhook's. */
const struct webhook_body *webhook_body_of(const struct dest_body *b);

/* --- render.c --- */

MUST_USE bool webhook_template_compile(
    struct arena *a, struct str text, const struct dest_template **out, struct findings *f);
const struct dest_body *webhook_render(const struct dest_template *t, const struct event *ev,
    const struct severity_order *order, struct arena *a);
const struct dest_body *webhook_digest(const struct dest_digest *g, struct arena *a);
/* The members of the object that `w` is in. */
void webhook_write_members(struct json_writer *w, const struct dest_body *b);

/* --- document.c: a template --- */

struct webhook_node;

/* NULL: `f` has what is wrong. */
const struct webhook_node *webhook_document_compile(
    struct arena *a, const struct json *data, struct findings *f);
/* False: it took too much work, or came out too long; what was written is of no use. */
MUST_USE bool webhook_document_render(struct json_writer *w, const struct webhook_node *n,
    const struct event *ev, struct str severity, struct warnings *warnings, struct arena *a);

/* --- credential.c --- */

/* dest_type.take */
MUST_USE bool webhook_take(struct secret *credential, const struct secret *given,
    const struct secret *own, wall_t own_until, struct err *e);
/* Adds what proves the request, and the connection's own headers. The body must be there. */
MUST_USE bool webhook_sign(
    struct http_request *req, const struct dest_call *call, const char *id, struct err *e);

/* dest_type.scrub: signing secrets. */
void webhook_scrub(char *bytes, size_t len);

/* --- judge.c --- */

void webhook_judge(
    const struct dest_message *m, const struct http_response *res, struct outcome *out);
bool webhook_judge_test(
    const struct http_response *res, struct dest_account *account, struct outcome *out);

/* --- webhook.c --- */

/* The id of a message: the same whenever it is sent, and no other message's. */
void webhook_id(const struct dest_message *m, char out[static WEBHOOK_ID_SIZE]);
