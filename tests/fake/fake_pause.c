/* Pausing in virtual time, in place of clock_sleep; and dying on purpose. */
#include "fake.h"

#include "carillon/base/clock.h"

void (*fake_pause_hook)(int64_t ms);
void (*fake_die_hook)(void);

static enum fake_point die_at;
static int die_count;

void
clock_sleep(int64_t ms)
{
	fake_pause_hook(ms);
}

void
fake_die_at(enum fake_point point, int n)
{
	die_at = point;
	die_count = n;
}

void
fake_point_reached(enum fake_point point)
{
	if (point != die_at || --die_count > 0)
		return;
	die_at = FAKE_NOWHERE;
	fake_die_hook();
}
