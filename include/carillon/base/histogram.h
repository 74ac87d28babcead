/*
 * How long something took, counted in fixed buckets. Any thread observes and looks, without
 * waiting for another; a look while others observe may miss what they are just adding.
 */
#pragma once

#include <stdatomic.h>

#include "carillon/base/base.h"

enum { HISTOGRAM_BUCKETS = 21 };
/* The longest of each bucket, in microseconds; the last one has no end. */
extern const int64_t histogram_bounds_us[HISTOGRAM_BUCKETS - 1];

struct histogram {
	atomic_uint_least64_t counts[HISTOGRAM_BUCKETS];
	atomic_uint_least64_t sum_us;
};

/* A negative time, of two clocks that differ, counts as none. */
void histogram_observe(struct histogram *h, int64_t us);

struct histogram_view {
	uint64_t counts[HISTOGRAM_BUCKETS];
	uint64_t count, sum_us; /* of all of them */
};
void histogram_look(const struct histogram *h, struct histogram_view *out);
