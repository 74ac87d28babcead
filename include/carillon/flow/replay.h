/*
 * Counting what a replay is about, before it is started. The service runs every replay whose
 * record says so; see registry.h.
 */
#pragma once

#include "carillon/broker/broker.h"
#include "carillon/base/records.h"
#include "carillon/registry/replay_selection.h"
#include "carillon/store/store.h"

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
