/*
 * How many connections stay open while no request has them: each takes memory, and one that is
 * missing costs a handshake. Pure; one owner.
 *
 * So many as were in use at once lately are kept whatever the bound, or a burst that repeats
 * would make them anew each time; the bound is on those beyond.
 */
#pragma once

#include "carillon/base/base.h"

enum { KEPT_PERIOD_MS = 10000 };

struct kept {
	int unused_max;
	int peak, peak_before; /* most requests at once in this period and in the one before */
	mono_t period_ends;
};

/* Most connections that there should be, with so many requests on their way at `now`. */
int kept_max(struct kept *k, int flying, mono_t now);
