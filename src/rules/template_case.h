/*
 * Upper and lower case as JavaScript has them: all of Unicode, one letter becoming several
 * where it must. Pure; any thread.
 */
#pragma once

#include "carillon/base/buf.h"

void case_put_upper(struct str s, struct buf *out);
void case_put_lower(struct str s, struct buf *out);
