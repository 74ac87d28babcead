/*
 * Forgets history that is older or more than the settings say, a little at a time between group
 * commits, so that the writer is never held up. Deliveries that still have to happen are kept.
 * The scribe's.
 */
#pragma once

#include "carillon/store/store.h"

struct retention {
	struct store *store; /* borrowed */
	int64_t max_age_ms;
	uint64_t max_bytes; /* 0: no limit */
	mono_t next_at;
};

/* Forgets a little, in one short transaction, if it is time. */
void retention_turn(struct retention *r, mono_t now, wall_t wall);
