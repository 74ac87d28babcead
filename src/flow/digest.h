/*
 * A digest: one message that stands for many deliveries of a rule, those a storm or the quiet
 * hours kept back. Which go together, what they have in common and where to read on; how that
 * reads is the destination's. Pure: builds the message from records.
 */
#pragma once

#include "carillon/base/config.h"
#include "carillon/base/records.h"
#include "message.h"

enum { DIGEST_MAX = 256 }; /* deliveries one message stands for */

struct digest_item {
	const delivery_record *delivery;
	const event_record *event; /* NULL if it is not known any more */
};

/* What history says of each delivery that a posted digest stands for. */
struct str digest_sentence(const struct delivery *d, struct arena *a);
/*
 * Makes `d`, the first of `items`, stand for all `n` of them: sets d->digest and replaces what
 * it would have said. Items live as long as the message.
 */
void digest_make(
    struct delivery *d, const struct digest_item *items, int n, const char *history_url);
