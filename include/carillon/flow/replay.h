/*
 * Which past deliveries a replay is about: what counts them before asks the same questions as
 * what sends them. The service runs every replay whose record says so; see registry.h.
 */
#pragma once

#include "carillon/broker/broker.h"
#include "carillon/base/records.h"
#include "carillon/store/store.h"

/* Borrows from the record. What is empty or 0 selects everything. */
struct replay_selection {
	struct str replay; /* its id; empty while only counting */
	struct str event_id, rule, connection;
	bool cancels, todays_rules;
	uint32_t states; /* bits of enum delivery_state */
	wall_t from, to;
	uint64_t from_seq, to_seq;
};

/* ERR_INPUT: it cannot be done so, and what to ask instead. */
MUST_USE bool replay_selection_of(
    const replay_record *r, struct replay_selection *out, struct err *e);
bool replay_wants_event(const struct replay_selection *s, const event_record *ev);
/* Of an event it wants. */
bool replay_wants(const struct replay_selection *s, const delivery_record *d);
/* Whether this very replay has taken it up already: never twice. */
bool replay_has_taken(const struct replay_selection *s, const delivery_record *d);

/* Counting, for a dry run: by the state each has now (DELIVERY_NONE: it would be its first) and
 * by rule. */
typedef void replay_count_fn(enum delivery_state before, struct str rule, void *arg);
struct replay_counting {
	struct broker *broker;
	struct store *store;
	struct str workspace;
	replay_count_fn *each;
	void *arg;
	uint64_t skipped; /* wanted, but they cannot be sent */
};
MUST_USE bool replay_count(struct replay_counting *c, const replay_record *r, struct err *e);
