/*
 * What the fakes share: one virtual time, a place where a stage may be put aside, and the
 * points at which a story lets the process die. One thread.
 */
#pragma once

#include "carillon/base/base.h"

/* --- time: moves only when told --- */

void fake_clock_set(mono_t mono, wall_t wall);
/* Both clocks; never back. */
void fake_clock_advance_to(mono_t t);
/* The wall clock alone, as when somebody sets it. */
void fake_clock_jump(int64_t ms);

/* --- clock_sleep: whoever plays the stages puts the caller aside for so long --- */

extern void (*fake_pause_hook)(int64_t ms);

/* --- dying --- */

enum fake_point {
	FAKE_NOWHERE,
	FAKE_BEFORE_HISTORY, /* a batch was about to be published */
	FAKE_AFTER_HISTORY,  /* it is in the stream, and not in the index */
	FAKE_BEFORE_ACK,     /* it is in the index too, and the broker was not told */
	FAKE_AFTER_POST,     /* a request arrived, and its answer did not */
};

/* Dies at the n-th time (from 1) that the point is reached from now on. */
void fake_die_at(enum fake_point point, int n);
/* Called by the fakes. Does not return when it is time to die. */
void fake_point_reached(enum fake_point point);
/* What dying is; must not return when called from a stage. */
extern void (*fake_die_hook)(void);

/* Grows with everything a fake does for its caller: while it grows, more may follow at once. */
extern uint64_t fake_activity;
