/*
 * What history says of a message: its records as entries of a batch. Reads the message, changes
 * only the batch. The scribe's.
 */
#pragma once

#include "carillon/index/history_batch.h"
#include "message.h"

/* The most entries that one handoff of the message can add: the event, for each delivery one as
 * pending and one as settled, and the members of its digests. */
size_t record_needs(const struct message *m);
void record_event(struct batch *b, const struct message *m);
/* A first delivery that the courier may have at this moment: recorded for its sibling's sake.
 */
void record_pending(
    struct batch *b, const struct delivery *d, struct handout handout, wall_t now);
/* As it is now: claimed, or settled. */
void record_delivery(
    struct batch *b, const struct delivery *d, struct handout handout, wall_t now);
/* The others of a digest, which share the fate of the one that travels. */
void record_members(struct batch *b, const struct delivery *d, wall_t now);
