/*
 * Counting what a replay is about, before it is started. The service runs every replay whose
 * record says so; see carillon/registry/replays.h.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/base/json.h"
#include "carillon/base/records.h"
#include "carillon/broker/broker.h"
#include "carillon/registry/replay_selection.h"
#include "carillon/store/store.h"

enum { REPLAY_GROUPS_MAX = 512 };

/* By the state each has now (DELIVERY_NONE: it would be its first) and by rule. */
struct replay_group {
	enum delivery_state before;
	struct str rule;
	uint64_t n;
};

struct replay_counting {
	struct broker *broker;
	struct store *store;
	struct str workspace;
	struct arena *arena; /* owns the names of the rules */

	uint64_t selected, skipped; /* skipped: wanted, but they cannot be sent */
	int n_groups;
	struct replay_group groups[REPLAY_GROUPS_MAX]; /* what is beyond is in the sum only */
};

/* Begins with the parts set and all else 0. The record needs its end: replay_bound. */
MUST_USE bool replay_count(struct replay_counting *c, const replay_record *r, struct err *e);
/* One JSON object: the dry run of `r`. */
void replay_count_write(
    struct json_writer *w, const struct replay_counting *c, const replay_record *r);
/* ERR_NOT_FOUND: why nothing is as asked. Of what was counted, and was nothing. */
bool replay_fail_nothing(
    const struct replay_counting *c, const replay_record *r, struct err *e);
