/* What a verb needs that runs until somebody ends it: signals, and a file that says it is up.
 */
#pragma once

#include <signal.h>

#include "command.h"

/* Blocks them for this thread and all it starts: the main thread waits for them. */
sigset_t signals_block(void);
/* From here on a second signal means: now. */
void signals_exit_at_once(void);
/* Nothing without a path. */
MUST_USE bool ready_file_write(const char *path, struct str text, struct err *e);
