/* What the verbs of replays share. */
#pragma once

#include "carillon/records.h"

#include "command.h"

void write_replay_open(struct json_writer *w, const replay_record *r, uint64_t revision);
/* Shows one with what has come of its deliveries so far. */
MUST_USE bool replay_show(
    struct command *c, struct str workspace, struct str id, struct err *e);
/* Waits until it ends or is paused, and shows it. */
MUST_USE bool replay_wait(
    struct command *c, struct str workspace, struct str id, struct err *e);
