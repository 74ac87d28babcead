/*
 * Reads a workspace's records from the index and compiles them into a ruleset. Any thread.
 */
#pragma once

#include "carillon/registry/check.h"
#include "carillon/registry/rulebook.h"

/* The caller owns the one reference, which takes one of `c`. NULL: the index cannot be read. */
MUST_USE struct ruleset *ruleset_build(
    struct store *s, struct catalogue *c, struct str workspace, struct err *e);
