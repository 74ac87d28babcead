/* What the verbs of replays share. */
#pragma once

#include "carillon/base/records.h"
#include "carillon/registry/held.h"

#include "command.h"

/* Shows one with what has come of its deliveries so far. */
MUST_USE bool replay_show(
    struct command *c, struct str workspace, struct str id, struct err *e);
/* Cancels what is held of before `before_ms`, and waits until that is done; `n` is how many. */
MUST_USE bool replay_cancel_held(
    struct command *c, const struct held_of *of, int64_t before_ms, uint64_t *n, struct err *e);
/* Waits until it ends or is paused. */
MUST_USE bool replay_wait_end(
    struct command *c, struct str workspace, struct str id, struct err *e);
/* The same, and shows it. */
MUST_USE bool replay_wait(
    struct command *c, struct str workspace, struct str id, struct err *e);
