/*
 * What a connection, a rule or a workspace holds: counted, for who shows it or is about to
 * release it.
 */
#pragma once

#include "carillon/base/json.h"
#include "carillon/store/store.h"

/* Whose deliveries: a connection's, a rule's, or (both empty) all of the workspace. */
struct held_of {
	struct str workspace, connection, rule;
};

struct held {
	uint64_t count;
	int64_t oldest_ms; /* when the oldest was recorded; 0: there is none */
	/* At a repair, which releases them: */
	bool is_released;
	uint64_t dropped; /* canceled before, because they were too old */
	struct released *released;
	uint64_t still_held; /* after it, */
	struct str why;      /* and what holds them */
};

/* Counts in a short transaction of its own; the rest stays as it is. */
MUST_USE bool held_count(
    struct store *s, const struct held_of *of, struct held *out, struct err *e);
/* "held": {...}, or "released": {...}; nothing for NULL. */
void held_write(struct json_writer *w, const struct held *h);
