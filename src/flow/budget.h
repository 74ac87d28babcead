/*
 * Who may have his rules matched at once. Work is counted in steps (event.h): each workspace
 * earns some with time and saves some; one that has spent its own, or whose last event was too
 * costly, has its events set aside unmatched, and so has everything newer of it, until the
 * matcher has been through them in their order. It holds numbers, not events: no I/O, no clock.
 *
 *     allows? --no--> set aside (decided, not yet recorded) --stored--> stored (in the ledger)
 *        |                                                                 | passed ...
 * exhausted v                                                                 v matched by
 * intake ------------------------------------------> matched at once again
 *
 * Any thread; one short lock.
 */
#pragma once

#include "carillon/base/base.h"
#include "carillon/base/id.h"

enum {
	EVENT_STEPS_MAX = 200000,      /* of one event; a costlier one is matched aside */
	BUDGET_STEPS_A_MS = 2000,      /* that a workspace earns */
	BUDGET_STEPS_SAVED = 10000000, /* at most */
	/* Each delivery of an event beyond its first: a lane, a place and a record more than an
	 * event that is set aside takes. What was saved is good for a thousand of them, half of
	 * what there is room for in memory. */
	BUDGET_DELIVERY_STEPS = 10000,
};

struct budget;
struct budget *budget_new(void);
void budget_free(struct budget *b);

/* Whether an event of the workspace may be matched now. */
bool budget_allows(struct budget *b, struct str workspace, mono_t now);
/* `steps` of work were done for an event that has taken `of_event` by now. */
void budget_charge(
    struct budget *b, struct str workspace, uint64_t steps, uint64_t of_event, mono_t now);

/* An event is on its way to its record, unmatched; */
void budget_set_aside(struct budget *b, struct str workspace);
/* and has it. */
void budget_stored(struct budget *b, struct str workspace, uint64_t seq);
/* At the start: the ledger has some. */
void budget_load(struct budget *b, struct str workspace);

/* Whose next event is to be matched: workspaces take turns. */
struct budget_turn {
	char workspace[WORKSPACE_ID_MAX + 1];
	uint64_t after; /* it is behind this sequence */
	uint64_t version;
};
MUST_USE bool budget_next(struct budget *b, struct budget_turn *out);
/* The event `seq` is matched and on its way: nothing newer comes before it. */
void budget_passed(struct budget *b, const struct budget_turn *turn, uint64_t seq);
/* The ledger has none behind `after`. What was stored meanwhile is not forgotten. */
void budget_exhausted(struct budget *b, const struct budget_turn *turn);
/* Waits until something is stored, at most wait_ms. */
void budget_wait(struct budget *b, int64_t wait_ms);
