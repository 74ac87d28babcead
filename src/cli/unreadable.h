/* Stored records that cannot be read, as lists show them: their ids, and that they are broken.
 */
#pragma once

#include "output.h"

/* Those of a workspace (empty: of all) behind the others; `column` is where "broken" stands. */
MUST_USE bool list_unreadable(struct listing *l, struct str workspace, enum state_kind kind,
    const char *column, struct err *e);
