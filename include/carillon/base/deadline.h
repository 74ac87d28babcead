/*
 * Waiting on a condition with a time limit, by the clock that never jumps. Always real time,
 * also where a test replaces clock.h: the kernel waits by it. Any thread.
 */
#pragma once

#include <pthread.h>
#include <time.h>

#include "carillon/base/base.h"

/* A condition whose pthread_cond_timedwait takes what deadline_after gives. */
void deadline_cond_init(pthread_cond_t *cond);
/* `wait_ms` from now; a negative one is now. */
struct timespec deadline_after(int64_t wait_ms);
