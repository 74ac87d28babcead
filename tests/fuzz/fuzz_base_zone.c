#include "carillon/base/zone.h"

/*
 * Any bytes as a time zone file: refused, or a zone that answers for any time; and a time its
 * clock shows is found again, no later than it was.
 */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void
there_and_back(const struct zone *z, wall_t t)
{
	struct civil c = zone_civil(z, t), again;
	wall_t first = zone_wall(z, &c);

	must(first.ms <= t.ms);
	again = zone_civil(z, first);
	must(civil_to_wall(&again).ms >= civil_to_wall(&c).ms);
	must(zone_offset_s(z, t) > -ZONE_OFFSET_MAX_S &&
	     zone_offset_s(z, t) < ZONE_OFFSET_MAX_S);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct err e = {0};
	struct zone *z = zone_parse((struct str){(const char *)bytes, len}, &e);

	must((z != NULL) == (e.kind == ERR_NONE));
	if (!z)
		return 0;
	/* Steps that fall on no round time, over 5,000 years. */
	for (int64_t ms = -62135596800000; ms < 95617584000000; ms += 1577880001234)
		there_and_back(z, (wall_t){ms});
	(void)zone_civil(z, (wall_t){INT64_MIN});
	(void)zone_civil(z, (wall_t){INT64_MAX});
	zone_free(z);
	return 0;
}
