/*
 * What waits to go out of a lane together: the end of quiet hours, or of a storm. Which of it
 * goes as one message, when the first of it is due: the ledger thread's.
 */
#pragma once

#include "flow_private.h"

/*
 * `d` was read again from the ledger to go out with others, and is open. Makes it stand for all
 * that may go with it; parks it, when it is not due yet or its quiet hours go on; or leaves it
 * to go alone. False when it must come later: a digest of its lane is on its way (`e` is
 * empty), or the index cannot be read.
 */
MUST_USE bool gather_together(
    struct flow *f, struct delivery *d, wall_t now, const char *history_url, struct err *e);
