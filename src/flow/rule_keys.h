/*
 * A rule's options that look at earlier messages of the same key: replies in one thread, update
 * in place, and the dedupe window. What earlier ones mean is key_life.h's.
 *
 * Of one key one request is on its way at a time, or two would both be the first, and an older
 * state could come after a newer one. So a key is taken with the message (active.h), and what
 * finds it taken is parked until it is called (key_lines.h).
 */
#pragma once

#include "carillon/store/store.h"
#include "message.h"

/* Fills d->key of each delivery that is to be sent. Before active_take. */
void rule_keys_prepare(struct message *m);
/* After active_take: parks, skips, or gives each delivery the message its key leads to. */
void rule_keys_apply(struct message *m, struct txn *history, wall_t now);
bool rule_keys_has_any(const struct message *m);
/* Whether a delivery that waits for a digest of `rule` goes by itself when its time has come:
 * it changes a message, or is not to be sent at all. */
bool rule_keys_lead_elsewhere(
    const delivery_record *d, const struct rule *rule, struct txn *history);

/*
 * Counts the repeats that a dedupe window keeps back. The ledger knows a count only once it is
 * committed, and several repeats may be on their way at once; so the scribe, through whose
 * hands all go one by one, counts on from what the ledger had. The scribe's.
 */
struct repeats;

struct repeats *repeats_new(void);
void repeats_free(struct repeats *r);
/* The number of this repeat of its key; at least d->suppressed, which intake read. */
uint32_t repeats_count(struct repeats *r, const struct delivery *d);
