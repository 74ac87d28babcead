/*
 * A group commit in the making: whole records of events and deliveries, gathered until they are
 * published and applied together. One arena, forgotten after each batch. One thread owns it.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/base/records.h"

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
/* A further entry, to be filled; there must be room. */
history_entry *batch_add(struct batch *b);
/* The packed HistoryBatch; borrowed from the batch's arena. */
struct str batch_pack(struct batch *b, const char *node);
