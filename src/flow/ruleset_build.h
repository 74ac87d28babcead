/*
 * Reads a workspace's records from the index and compiles them into a ruleset. Any thread.
 */
#pragma once

#include "registry_check.h"
#include "rulebook.h"

/* Workspace of the catalogue that all workspaces share. No customer can have this id. */
#define CATALOGUE_WORKSPACE CATALOGUE_WORKSPACE_ID

/* The caller owns the one reference, which takes one of `c`. NULL: the index cannot be read. */
MUST_USE struct ruleset *ruleset_build(
    struct store *s, struct catalogue *c, struct str workspace, struct err *e);
