/*
 * What history says of a message: its records as entries of a batch. Reads the message, changes
 * only the batch. The scribe's.
 */
#pragma once

#include "carillon/index/history_batch.h"
#include "message.h"

void record_event(struct batch *b, const struct message *m);
/* Joins the event: a first delivery that the courier may have at this moment, recorded for its
 * sibling's sake. */
void record_pending(
    struct batch *b, const struct delivery *d, struct handout handout, wall_t now);
/* The same with what was tried so far, packed in `a`: for a delivery that will be tried again
 * at `due` and that no record but record_pending knows. Whoever has the delivery. */
struct str record_progress(const struct delivery *d, wall_t due, wall_t now, struct arena *a);
/* As it is now: claimed, or settled. It joins an event that has no other record of it. */
void record_delivery(struct batch *b, const struct delivery *d, enum batch_join join,
    struct handout handout, wall_t now);
/* The others of a digest, which share the fate of the one that travels. */
void record_members(struct batch *b, const struct delivery *d, wall_t now);
