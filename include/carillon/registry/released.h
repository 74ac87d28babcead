/*
 * What a repair releases: of what was held before it, what may go now, and what stays held for
 * another reason (the workspace is paused as well, the rule has no channel). Gathered before
 * the state is written, because a service sends it at once; judged after.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/registry/held.h"
#include "carillon/registry/rulebook.h"

struct released;
/* What is held of it. Lives in `a`; NULL: the index cannot be read. */
struct released *released_gather(
    struct store *s, struct arena *a, const struct held_of *of, struct err *e);

struct released_count {
	uint64_t count;      /* that may go; */
	int64_t oldest_ms;   /* when the oldest of them was recorded */
	uint64_t still_held; /* that may not, */
	struct str why;      /* a sentence of one of them; lives in the same arena */
};
/* By the state as it is now. What is canceled because its rule is gone counts for neither. */
MUST_USE bool released_judge(
    const struct released *r, struct store *s, struct released_count *out, struct err *e);
