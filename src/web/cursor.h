/*
 * Where a list goes on: opaque text, made from a key of the list. One that was edited, or is of
 * another list or another workspace, is refused.
 */
#pragma once

#include "request.h"

enum { CURSOR_KEY_MAX = 256 };

/* The text for a key of this request's list. */
struct str cursor_make(struct request *q, struct str key);
/* The key in the parameter "cursor", empty if that is not there. False: the answer is there. */
bool cursor_read(struct request *q, struct str *key);
