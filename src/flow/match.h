/*
 * Stage: event x rules -> deliveries, less those already done. Reads the ruleset and the
 * ledger; changes only the message.
 */
#pragma once

#include "carillon/store/store.h"
#include "message.h"
#include "carillon/flow/replay.h"

/*
 * For an event the ledger does not know: one delivery a matching rule. For one it knows: the
 * deliveries it recorded that are still the broker's to bring back (pending, sending,
 * retrying); rules made since do not get events of the past. Sets m->deliveries, is_known,
 * matched.
 *
 * Returns false when another sequence already stands for the same event: nothing is to be done.
 */
bool match(struct message *m, struct txn *history, wall_t now);
/* For a message read again from the ledger: exactly the deliveries of the rules named, which
 * were parked, held, or claimed by a process that died. */
void match_again(
    struct message *m, struct txn *history, const struct str *rules, int n_rules, wall_t now);
/* For a message a replay reads again: the deliveries it wants, begun anew. Returns how many it
 * wants besides that cannot be sent, because their rules are gone. */
int match_replay(
    struct message *m, struct txn *history, const struct replay_selection *s, wall_t now);
