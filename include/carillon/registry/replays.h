/*
 * Asking for replays and looking at them: a record says what is wanted, and the service does
 * it. Counting beforehand is carillon/flow/replay.h. As a registry, one thread at a time.
 */
#pragma once

#include "carillon/registry/registry.h"

enum { REPLAY_RATE_USUAL = 10 };

/* A new record that will run, with an id of its own and the usual rate. */
void replay_new(replay_record *replay, struct arena *a);
/*
 * Sets where it ends, so that it does end: at the event it names (ERR_NOT_FOUND: the workspace
 * has none such), or at what is published last now.
 */
MUST_USE bool replay_bound(
    struct registry *r, struct str workspace, replay_record *replay, struct err *e);
/* Writes a new one down, as asked for by the registry's author, and the service begins. */
MUST_USE bool replay_start(
    struct registry *r, struct str workspace, replay_record *replay, struct err *e);
/*
 * Pauses it, lets it run on or cancels it, however often the service saves its progress
 * meanwhile. ERR_CONFLICT: it has ended.
 */
MUST_USE bool replay_set_status(struct registry *r, struct str workspace, struct str id,
    Carillon__V1__ReplayStatus status, struct err *e);

/* What became of the deliveries it has taken up, by enum delivery_state. */
struct replay_outcome {
	uint64_t of[DELIVERY_STATES];
};
MUST_USE bool replay_outcome_count(struct registry *r, struct str workspace,
    const replay_record *replay, struct replay_outcome *out, struct err *e);
/* The whole object, with the outcome unless that is NULL. */
void replay_write(struct json_writer *w, const replay_record *replay, uint64_t revision,
    const struct replay_outcome *outcome);
