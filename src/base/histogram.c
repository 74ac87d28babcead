#include "carillon/base/histogram.h"

#define MS INT64_C(1000)
#define S  (1000 * MS)

const int64_t histogram_bounds_us[HISTOGRAM_BUCKETS - 1] = {100, 250, 500, 1 * MS, 5 * MS / 2,
    5 * MS, 10 * MS, 25 * MS, 50 * MS, 100 * MS, 250 * MS, 500 * MS, 1 * S, 5 * S / 2, 5 * S,
    10 * S, 30 * S, 60 * S, 300 * S, 3600 * S};

void
histogram_observe(struct histogram *h, int64_t us)
{
	int i = 0;

	if (us < 0)
		us = 0;
	while (i < HISTOGRAM_BUCKETS - 1 && us > histogram_bounds_us[i])
		i++;
	atomic_fetch_add_explicit(&h->counts[i], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&h->sum_us, (uint64_t)us, memory_order_relaxed);
}

void
histogram_look(const struct histogram *h, struct histogram_view *out)
{
	*out = (struct histogram_view){
	    .sum_us = atomic_load_explicit(&h->sum_us, memory_order_relaxed)};
	for (int i = 0; i < HISTOGRAM_BUCKETS; i++) {
		out->counts[i] = atomic_load_explicit(&h->counts[i], memory_order_relaxed);
		out->count += out->counts[i];
	}
}
