/*
 * Which past deliveries a replay is about: what counts them before asks the same questions as
 * what sends them. Pure.
 */
#pragma once

#include "carillon/base/records.h"

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
