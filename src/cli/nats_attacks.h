/* `carillon nats config --check`: the attacks of a bad producer on a running server. */
#pragma once

#include "command.h"

/* Tries them with credentials of the directory `dir` at the URL of --check, and prints what
 * came of each. The command's exit code tells of any that got through. */
MUST_USE bool nats_attacks(struct command *c, const char *dir, struct err *e);
