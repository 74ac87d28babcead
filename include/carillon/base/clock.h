/*
 * The two clocks and how people read the second. A loop reads the clock once a turn and passes
 * `now` on; nothing else in flow/ calls these. Tests replace this file at link time.
 */
#pragma once

#include "carillon/base/base.h"

mono_t clock_mono(void);
int64_t clock_mono_us(void); /* the same clock, for measuring what is short */
wall_t clock_wall(void);
void clock_sleep(int64_t ms);

enum { CLOCK_TEXT_MAX = 32 };
/* "2026-04-17T16:02:00.000Z" into `text`, which is also returned. */
const char *clock_text(wall_t t, char text[static CLOCK_TEXT_MAX]);
/*
 * Reads RFC 3339 ("2026-04-17T16:02:00Z", fraction and offset allowed, "T" or a space).
 * False if `s` is not such a time or not a day of the calendar.
 */
MUST_USE bool clock_parse(struct str s, wall_t *out);

/* A calendar time in UTC. */
struct civil {
	int64_t year;
	int month, day, hour, minute, second, ms; /* month 1-12, day 1-31 */
	int weekday;                              /* 0 = Sunday */
};
struct civil civil_from_wall(wall_t t);
wall_t civil_to_wall(const struct civil *c);
