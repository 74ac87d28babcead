/*
 * The HTTP side of Carillon: API, emit gateway, sessions, embedded UI, live stream. A process
 * of its own, which opens no credential and delivers nothing: it meets the service only in
 * NATS, and keeps an index of its own by following the streams.
 *
 *     listener   parses, guards, routes, answers what is quick     1 thread, and 1 for admins
 *     workers    what may wait: the broker, lists with filters     web_workers threads
 *     followers  apply state, sessions and history to the index    3 threads
 *     ticker     deadlines of connections, live streams            1 thread
 */
#pragma once

#include "carillon/base/base.h"
#include "carillon/base/config.h"
#include "carillon/broker/broker.h"
#include "carillon/store/store.h"

struct web;

/* Borrowed; must outlive it. */
struct web_parts {
	const struct config *config;
	struct broker *broker;
	struct store *store;
};

/*
 * Brings the index up to date, and then listens. ERR_SETUP: an address cannot be had.
 * ERR_CORRUPT: the index is of streams that are no more; it may be removed, and is rebuilt.
 */
MUST_USE bool web_start(struct web **out, const struct web_parts *parts, struct err *e);
/*
 * Takes no more connections, ends the live streams, answers what was asked, for at most
 * drain_s; then ends. Returns whether everything was answered.
 */
bool web_stop(struct web *w);
/* "http://127.0.0.1:8080": where it listens, by number. */
const char *web_url(const struct web *w);
const char *web_admin_url(const struct web *w);
/* Whether something happened that only a restart can repair. */
bool web_is_broken(struct web *w, struct err *e);

/* The routes as an OpenAPI 3.1 document, and as a page of Markdown. */
void web_openapi(struct buf *out, const char *public_url);
void web_api_markdown(struct buf *out);
