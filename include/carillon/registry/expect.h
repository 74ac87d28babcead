/*
 * What an event would be delivered as, by all rules of a workspace as they are now: for a
 * product's own tests, that nothing is sent for. Matched, gated and rendered by the code that
 * real deliveries go through; keys, quiet hours and storms, which depend on what came before,
 * are not looked at. Any thread; no clock.
 */
#pragma once

#include "carillon/registry/rulebook.h"

struct expect_request {
	struct str workspace, event_type;
	struct str event; /* a packed carillon.v1.Event, as published */
	wall_t now;       /* the event's time if it brings none */
};

/* One delivery that there would be. Borrowed for the call. */
struct expected {
	const struct rule *rule;
	struct gate gate;             /* shut: it would be held, and why */
	const struct dest_body *body; /* NULL: its rule does not compile */
};
typedef void expected_fn(const struct expected *x, void *arg);

/*
 * Calls `each` for every delivery, in the order of the rules' ids. ERR_INPUT: the event would
 * be refused. ERR_NOT_FOUND: there is no such workspace.
 */
MUST_USE bool expect_each(struct store *s, const struct expect_request *q, expected_fn *each,
    void *arg, struct err *e);
/* "pending", "held" or "failed", as deliveries are called. */
const char *expected_state(const struct expected *x);
/* Writes one as an object. */
void expected_json(struct json_writer *w, const struct expected *x);
