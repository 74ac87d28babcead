/* What a connection, a rule or a workspace holds: shown, and what to do with it at a repair. */
#pragma once

#include "command.h"

struct held {
	uint64_t count;
	int64_t oldest_ms; /* when the oldest was recorded; 0: there is none */
	uint64_t dropped;  /* canceled before the repair, because they were too old */
	bool is_repair;
};

/* Those of a connection, or of a rule, or (both empty) of the workspace. */
MUST_USE bool held_look(struct command *c, struct str workspace, struct str connection,
    struct str rule, struct held *out, struct err *e);
/*
 * The same, about to be released. With --drop-older-than what is older is canceled first, and
 * waited for: the service does it.
 */
MUST_USE bool held_before_repair(struct command *c, struct str workspace, struct str connection,
    struct str rule, struct held *out, struct err *e);
/* "held": {...}, or after a repair "released": {...}; nothing for NULL. */
void write_held(struct json_writer *w, const struct held *h);
