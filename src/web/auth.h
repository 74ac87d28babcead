/* Who asks: by key or by a session's token. The listener's. */
#pragma once

#include "request.h"

/* Fills q->who. False: a credential was given and does not count; the answer is there. Without
 * any it stays nobody. */
bool auth_head(struct request *q);
