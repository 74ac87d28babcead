/* What a connection, a rule or a workspace holds: shown, and what to do with it at a repair. */
#pragma once

#include "carillon/registry/released.h"

#include "command.h"

struct held {
	uint64_t count;
	int64_t oldest_ms; /* when the oldest was recorded; 0: there is none */
	/* At a repair: */
	bool is_repair;
	uint64_t dropped; /* canceled before, because they were too old */
	struct released *released;
	uint64_t still_held; /* after it, */
	struct str why;      /* and what holds them */
};

/* Those of a connection, or of a rule, or (both empty) of the workspace. */
MUST_USE bool held_look(struct command *c, struct str workspace, struct str connection,
    struct str rule, struct held *out, struct err *e);
/*
 * What is about to be released. With --drop-older-than what is older is canceled first, and
 * waited for: the service does it.
 */
MUST_USE bool held_before_repair(struct command *c, struct str workspace, struct str connection,
    struct str rule, struct held *out, struct err *e);
/* Once the repair is stored: how much of it goes, and how much is held for another reason.
 * NULL, or no repair: nothing to do. */
MUST_USE bool held_after_repair(struct command *c, struct held *h, struct err *e);
/* "held": {...}, or after a repair "released": {...}; nothing for NULL. */
void write_held(struct json_writer *w, const struct held *h);
