#include "kept.h"

int
kept_max(struct kept *k, int flying, mono_t now)
{
	int lately;

	if (mono_reached(now, k->period_ends)) {
		/* After a pause of a whole period the peak is no longer of late. */
		k->peak_before = now.ms - k->period_ends.ms < KEPT_PERIOD_MS ? k->peak : 0;
		k->peak = 0;
		k->period_ends = mono_after(now, KEPT_PERIOD_MS);
	}
	if (k->peak < flying)
		k->peak = flying;
	lately = k->peak > k->peak_before ? k->peak : k->peak_before;
	return flying + k->unused_max > lately ? flying + k->unused_max : lately;
}
