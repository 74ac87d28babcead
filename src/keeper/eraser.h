/*
 * Erases the workspaces that the API was asked to erase: what is open stands in the short
 * bucket, so that a restart goes on with it, and so does another node.
 */
#pragma once

#include "carillon/keeper/keeper.h"

struct eraser;

/* Starts its thread. `parts` must outlive it. */
struct eraser *eraser_start(const struct keeper_parts *parts);
/* Ends after the pass that is under way; NULL is fine. */
void eraser_stop(struct eraser *x);
