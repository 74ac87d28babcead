#include "carillon/base/clock.h"

static int64_t
read_ms(clockid_t clock)
{
	struct timespec t;

	must(clock_gettime(clock, &t) == 0);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

mono_t
clock_mono(void)
{
	return (mono_t){read_ms(CLOCK_MONOTONIC)};
}

int64_t
clock_mono_us(void)
{
	struct timespec t;

	must(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

wall_t
clock_wall(void)
{
	return (wall_t){read_ms(CLOCK_REALTIME)};
}

void
clock_sleep(int64_t ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	nanosleep(&t, NULL);
}
