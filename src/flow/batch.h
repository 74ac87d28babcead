/*
 * A group commit in the making: whole records of events and deliveries, gathered until they are
 * published and applied together. One arena, forgotten after each batch. The scribe owns it.
 */
#pragma once

#include "carillon/base/records.h"
#include "message.h"

enum {
	BATCH_ENTRIES_MAX = 1024,
	/* A NATS server takes 1 MiB a message unless told otherwise; a record of captured
	 * bodies has about 4 KiB. */
	BATCH_BYTES_MAX = 400 * 1024,
};

struct batch {
	struct arena *arena;
	history_entry *entries[BATCH_ENTRIES_MAX];
	size_t n;
	size_t bytes; /* estimate of the packed size */
};

void batch_init(struct batch *b);
void batch_fini(struct batch *b);
void batch_clear(struct batch *b);
/* Whether `more` further entries of usual size fit. */
bool batch_has_room(const struct batch *b, size_t more);
/* The most entries that one handoff of the message can add: the event, for each delivery one as
 * pending and one as settled, and the members of its digests. */
size_t batch_needs(const struct message *m);
void batch_add_event(struct batch *b, const struct message *m);
/* A first delivery that the courier may have at this moment: recorded for its sibling's sake.
 */
void batch_add_pending(
    struct batch *b, const struct delivery *d, struct handout handout, wall_t now);
/* `state` is what is recorded: the delivery's own, or sending. */
void batch_add_delivery(struct batch *b, const struct delivery *d, enum delivery_state state,
    struct handout handout, wall_t now);
/* The others of a digest, which share the fate of the one that travels. */
void batch_add_members(
    struct batch *b, const struct delivery *d, enum delivery_state state, wall_t now);
/* The packed HistoryBatch; borrowed from the batch's arena. */
struct str batch_pack(struct batch *b, const char *node);
