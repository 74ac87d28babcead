/*
 * A stage of the flow on a stack of its own, so that one that pauses can be put aside while
 * the others go on: what threads are in the service, without their chance. One thread runs
 * all of them, one at a time.
 */
#pragma once

#include "carillon/base/base.h"

struct fiber;

/* `run(arg)` begins at the first fiber_resume; returning from it ends the fiber. */
struct fiber *fiber_new(void (*run)(void *arg), void *arg);
/* Also of one that has not ended: what its stack holds is lost. */
void fiber_free(struct fiber *f);
/* Runs it until it rests or ends, if it has rested long enough at `now`. */
void fiber_resume(struct fiber *f, mono_t now);
bool fiber_has_ended(const struct fiber *f);
/* Until when it rests. */
mono_t fiber_rests_until(const struct fiber *f);
/* Of the one running: back to who resumed it, until `until`. False: none is running. */
bool fiber_rest(mono_t until);
