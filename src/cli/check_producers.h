/* Whether producers can reach what is not theirs. */
#pragma once

#include "command.h"

enum { PRODUCERS_SENTENCE_MAX = 400 };

/* Looks at the server that c->broker is connected to; a sentence says what was found, and what
 * to do. Changes nothing. */
bool producers_are_apart(struct command *c, char sentence[static PRODUCERS_SENTENCE_MAX]);
