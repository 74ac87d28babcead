/*
 * A rule's options that look at earlier messages of the same key: replies in one thread, update
 * in place, and the dedupe window.
 *
 * Two messages of one key must not be on their way at once, or both would be the first. So a
 * key is taken with the message (hand.h), and what finds it taken is parked for a moment.
 */
#pragma once

#include "carillon/store/store.h"
#include "message.h"

/* The key that a rule's option makes of an event, cut to what is compared; empty: none. */
struct str keyed_text(
    const struct rule *rule, enum key_use use, const struct event *ev, struct arena *a);
/* Fills d->key of each delivery that is to be sent. Before hand_take. */
void keyed_prepare(struct message *m);
/* After hand_take: parks, skips, or gives each delivery the message its key leads to. */
void keyed_apply(struct message *m, struct txn *history, wall_t now);
bool keyed_has_any(const struct message *m);
