/*
 * Rules that were pointed elsewhere, switched off or deleted, and connections that went or were
 * switched off: what waits because of what they were goes by what they are, at once. What is
 * parked is looked through by the ledger thread, in steps; what is in lanes is the courier's. A
 * workspace is looked through until nothing of it waits in a wrong place any more.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/registry/rulebook.h"
#include "carillon/store/store.h"

struct flow;
struct moves;

struct moves *moves_new(struct flow *f);
void moves_free(struct moves *m);
/* Whether a changed record (empty: none) changes where anything goes. Pure. */
bool moves_matter(enum state_kind kind, struct str was, struct str is);
/* A rule or a connection of the workspace has changed so. Any thread. */
void moves_note(struct moves *m, struct str workspace);
/* The courier's: a workspace whose lanes are to be looked through; false when there is none. */
bool moves_take_lanes(struct moves *m, char workspace[static WORKSPACE_ID_MAX + 1]);
/* Whether a delivery of the rule (NULL: it is gone) that waits for this lane may not go there
 * any more. */
bool moves_away(const struct ruleset *r, const struct rule *rule, const struct lane_id *lane);
/* The ledger thread's: gives some of what is parked in a wrong place. Returns whether there is
 * more to look at, at once. */
bool moves_look(
    struct moves *m, struct txn *history, struct arena *a, delivery_each_fn *each, void *arg);
