/*
 * Applying the state bucket to the index, many changes in one synced transaction. Whoever
 * catches up or follows does it by this, one thread at a time; a change applied twice changes
 * nothing.
 */
#pragma once

#include "carillon/broker/chunk.h"
#include "carillon/store/store.h"

/* `stream_id`: when it is to be remembered, or empty. ERR_FULL: the disk, and nothing was
 * written. */
MUST_USE bool registry_apply_chunk(struct store *s, const struct broker *b,
    const struct chunk *c, struct str stream_id, struct err *e);
