/*
 * Workspaces that were deleted. What they still had to deliver is canceled: what the broker has
 * when it brings it back (intake), what is in their lanes (courier), and what is parked or held
 * by a walk through their ledger, and by another one once nothing can be in flight any more.
 * One that was deleted while the service was down is found at the start, by what it left.
 */
#pragma once

#include "carillon/base/id.h"

struct flow;
struct gone;
struct gone *gone_new(struct flow *f);
void gone_free(struct gone *g);
/* It was deleted. Any thread. */
void gone_note(struct gone *g, struct str workspace);
/* The courier's: a workspace whose lanes are to be emptied; false when there is none. */
bool gone_take_lanes(struct gone *g, char workspace[static WORKSPACE_ID_MAX + 1]);
/* The ledger thread's: cancels some, and wakes it when there is more to do at once. */
void gone_turn(struct gone *g);
