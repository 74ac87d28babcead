/* Virtual time, in place of src/base/clock.c. */
#include "fake.h"

#include "carillon/base/clock.h"

static int64_t mono_ms, wall_ms;

uint64_t fake_activity;

void
fake_clock_set(mono_t mono, wall_t wall)
{
	mono_ms = mono.ms;
	wall_ms = wall.ms;
}

void
fake_clock_advance_to(mono_t t)
{
	must(t.ms >= mono_ms);
	wall_ms += t.ms - mono_ms;
	mono_ms = t.ms;
}

void
fake_clock_jump(int64_t ms)
{
	wall_ms += ms;
}

mono_t
clock_mono(void)
{
	return (mono_t){mono_ms};
}

int64_t
clock_mono_us(void)
{
	return mono_ms * 1000;
}

wall_t
clock_wall(void)
{
	return (wall_t){wall_ms};
}
