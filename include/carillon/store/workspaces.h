/* Which workspaces history knows, whether or not they are still configured. */
#pragma once

#include "carillon/base/id.h"
#include "carillon/store/store.h"

/* The first after `after` (empty: of all) in the order of ids; false: there is none. */
bool history_next_workspace(
    struct txn *t, struct str after, char out[static WORKSPACE_ID_MAX + 1]);
