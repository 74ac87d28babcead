/*
 * Whole records of events and deliveries on their way into the history stream: gathered,
 * counted, and packed into as few messages as hold them. For the scribe's group commits, for
 * repairs, and for erasing a workspace. One arena, forgotten after each batch. One thread owns
 * it.
 *
 * Sizes are counted, so that no message is larger than the server takes; what is more goes into
 * further ones, in the order in which it was added. A process may die between two of them:
 * records that mean something only together (an event and its deliveries) are joined, and stay
 * in one. What does not fit by itself loses the bodies of its attempts, and says so.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/base/records.h"
#include "carillon/broker/broker.h"

enum {
	BATCH_ENTRIES_ENOUGH = 1024, /* are worth a message */
	BATCH_BYTES_ENOUGH = 400 * 1024,
};

/* Whether a record may stand in a message without the one added before it. */
enum batch_join { BATCH_APART, BATCH_JOINED };

struct batch_item {
	history_entry entry;
	size_t bytes; /* as part of a packed HistoryBatch */
	bool is_joined;
};

struct batch {
	struct arena *arena;
	struct batch_item *items; /* in the order in which they were added */
	history_entry **entries;  /* of those taken, in the order in which they are applied */
	size_t n, cap;
	size_t bytes;
	size_t taken; /* of the items */
};

void batch_init(struct batch *b);
void batch_fini(struct batch *b);
void batch_clear(struct batch *b);

/* The record is complete and lives as long as the batch. */
void batch_add_event(struct batch *b, event_record *rec, enum batch_join join);
void batch_add_delivery(struct batch *b, delivery_record *rec, enum batch_join join);
/* Of either kind, or of one that a newer version wrote. */
void batch_add_entry(struct batch *b, const history_entry *entry, enum batch_join join);
/* Whether there is enough for a message. More may be added all the same. */
bool batch_is_full(const struct batch *b);

/* How many bytes a message of the history stream may have. */
size_t batch_limit(struct broker *b);
/* The next message of at most `limit` bytes, borrowed from the batch's arena; false once all
 * items are taken. Nothing may be added meanwhile. */
bool batch_take(struct batch *b, size_t limit, const char *node, struct str *bytes);
