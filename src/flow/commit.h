/*
 * Makes a batch safe: published to the history stream, in as many messages as it needs, then
 * applied to the index at once, each tried until it holds. The scribe owns it.
 */
#pragma once

#include "carillon/index/history_batch.h"
#include "flow_private.h"

struct commit;

struct commit *commit_new(struct flow *f);
void commit_free(struct commit *c);
/* Of at least one entry. Returns once the batch is in the stream and in the index, or (false)
 * everything was abandoned. */
MUST_USE bool commit_batch(struct commit *c, struct batch *b);
