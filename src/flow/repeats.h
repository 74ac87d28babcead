/*
 * Counts the repeats that a dedupe window keeps back. The ledger knows a count only once it is
 * committed, and several repeats may be on their way at once; so the scribe, through whose
 * hands all go one by one, counts on from what the ledger had. The scribe's.
 */
#pragma once

#include "message.h"

struct repeats;

struct repeats *repeats_new(void);
void repeats_free(struct repeats *r);
/* The number of this repeat of its key; at least d->suppressed, which intake read. */
uint32_t repeats_count(struct repeats *r, const struct delivery *d);
