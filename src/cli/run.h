/* What a verb needs that runs until somebody ends it: signals, and a file that says it is up.
 */
#pragma once

#include <signal.h>

#include "command.h"

/* Runs until it ended: reads the settings, blocks the signals for this thread and all it starts
 * (the main thread waits for them), and takes away what a run before left of a ready file. */
typedef bool run_fn(struct command *c, const sigset_t *signals, struct err *e);
MUST_USE bool run_until_ended(struct command *c, run_fn *run, struct err *e);
/* It is up: writes the ready file, if one is wanted. */
MUST_USE bool ready_file_write(const struct command *c, struct str text, struct err *e);
/* It ends: the manager is told, and from here on a second signal means: now. */
void run_is_ending(const struct command *c);
