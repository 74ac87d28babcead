/*
 * Stage: what the ledger says of an event that it knows -> deliveries. Of each, whether an
 * earlier attempt may have been posted without anybody having said so. Reads the ruleset and
 * the ledger; changes only the message.
 *
 * A message has room for DELIVERIES_MAX. An event that more rules have had over the years comes
 * in several turns: m->has_more says that there is another one.
 */
#pragma once

#include "carillon/registry/replay_selection.h"
#include "carillon/store/store.h"
#include "message.h"

/* Fills m->event from the stream's `bm`, or from the ledger where the stream has it no longer
 * (NULL): one that lost its tail may have given the sequence to another event. */
void resume_event(struct message *m, const struct broker *b, struct txn *history,
    struct str workspace, const struct broker_message *bm);
/* The broker brought it: the deliveries that are the broker's to bring back (pending, sending,
 * retrying). Rules made since do not get events of the past. Or it has forgotten them, and
 * nobody would bring them (m->is_passed_over). */
void resume_from_stream(struct message *m, struct txn *history, wall_t now);
bool resume_is_the_brokers(const delivery_record *rec);
/* The ledger brings it: those of the rules named, which were parked, held, or claimed by a
 * process that died. */
void resume_from_ledger(
    struct message *m, struct txn *history, const struct str *rules, int n_rules, wall_t now);

/* What a replay wants of one event. */
struct resume_wish {
	const struct replay_selection *selection;
	struct str after; /* rule id: those up to it had their turn; empty at first */
	int skipped;      /* out: wanted, but cannot be sent, for their rules are gone */
};
/* A replay reads it again: what it wants, begun anew. */
void resume_for_replay(struct message *m, struct txn *history, struct resume_wish *wish);
/* What it wants canceled; from the ledger alone, which knows all that is to be recorded. */
void resume_to_cancel(struct message *m, struct txn *history, struct resume_wish *wish);
