/*
 * The pause that an answer asks for, read from its Retry-After header. Pure; any thread.
 */
#pragma once

#include "carillon/base/base.h"

/* A longer pause is taken for this one: nobody means years. */
enum { RETRY_AFTER_MAX_MS = 86400000 };

/*
 * Milliseconds from `now`: of a number of seconds, which may have a fraction, or of an HTTP
 * date, 0 when it is past. -1 when `value` is neither.
 */
int64_t retry_after_ms(struct str value, wall_t now);
