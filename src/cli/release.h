/* What a connection, a rule or a workspace holds: shown, and what to do with it at a repair. */
#pragma once

#include "carillon/registry/held.h"

#include "command.h"

/* Counts it, with the history up to date. */
MUST_USE bool held_look(
    struct command *c, const struct held_of *of, struct held *out, struct err *e);
/*
 * What is about to be released. With --drop-older-than what is older is canceled first, and
 * waited for: the service does it.
 */
MUST_USE bool held_before_repair(
    struct command *c, const struct held_of *of, struct held *out, struct err *e);
/* Once the repair is stored: how much of it goes, and how much is held for another reason.
 * NULL, or no repair: nothing to do. */
MUST_USE bool held_after_repair(struct command *c, struct held *h, struct err *e);
