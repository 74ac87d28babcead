/*
 * The calendar, and how times are written and read. Apart from clock.c, so that a test with a
 * clock of its own can still link this.
 */
#include "carillon/base/clock.h"

#include <inttypes.h>

enum {
	MS_PER_DAY = 24 * 60 * 60 * 1000,
	DAYS_PER_ERA = 146097,    /* 400 years, after which the calendar repeats */
	DAYS_TO_ERA = 719468,     /* from 0000-03-01, where eras start, to 1970-01-01 */
	DAYS_PER_CENTURY = 36524, /* without the leap day every fourth one has */
	DAYS_PER_4_YEARS = 1460,  /* without the leap day */
};

static int64_t
div_down(int64_t n, int64_t by)
{
	return n / by - (n % by < 0);
}

/*
 * Both conversions count years from 1 March, so that the leap day is a year's last and the
 * months before any month have (153 * months + 2) / 5 days.
 */
static int64_t
days_from_date(int64_t year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = div_down(y, 400), year_of_era = y - era * 400;
	int64_t months = (month + 9) % 12;
	int64_t day_of_year = (153 * months + 2) / 5 + day - 1;
	int64_t day_of_era =
	    year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * DAYS_PER_ERA + day_of_era - DAYS_TO_ERA;
}

static void
date_from_days(int64_t days, struct civil *c)
{
	int64_t shifted = days + DAYS_TO_ERA;
	int64_t era = div_down(shifted, DAYS_PER_ERA),
		day_of_era = shifted - era * DAYS_PER_ERA;
	int64_t leap_free = day_of_era - day_of_era / DAYS_PER_4_YEARS +
	                    day_of_era / DAYS_PER_CENTURY - day_of_era / (DAYS_PER_ERA - 1);
	int64_t year_of_era = leap_free / 365;
	int64_t day_of_year =
	    day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t months = (5 * day_of_year + 2) / 153;

	c->day = (int)(day_of_year - (153 * months + 2) / 5 + 1);
	c->month = (int)(months < 10 ? months + 3 : months - 9);
	c->year = era * 400 + year_of_era + (c->month <= 2);
}

struct civil
civil_from_wall(wall_t t)
{
	struct civil c;
	int64_t days = div_down(t.ms, MS_PER_DAY);
	int ms = (int)((t.ms % MS_PER_DAY + MS_PER_DAY) % MS_PER_DAY);

	date_from_days(days, &c);
	c.hour = ms / 3600000;
	c.minute = ms / 60000 % 60;
	c.second = ms / 1000 % 60;
	c.ms = ms % 1000;
	c.weekday = (int)((days % 7 + 7 + 4) % 7); /* 1970-01-01 was a Thursday */
	return c;
}

wall_t
civil_to_wall(const struct civil *c)
{
	must(c->month >= 1 && c->month <= 12);
	int64_t minutes = (int64_t)c->hour * 60 + c->minute;
	int64_t ms_of_day = (minutes * 60 + c->second) * 1000 + c->ms;

	return (wall_t){days_from_date(c->year, c->month, c->day) * MS_PER_DAY + ms_of_day};
}

const char *
clock_text(wall_t t, char text[static CLOCK_TEXT_MAX])
{
	struct civil c = civil_from_wall(t);
	int len = snprintf(text, CLOCK_TEXT_MAX, "%04" PRId64 "-%02d-%02dT%02d:%02d:%02d.%03dZ",
	    c.year, c.month, c.day, c.hour, c.minute, c.second, c.ms);

	must(len > 0 && len < CLOCK_TEXT_MAX);
	return text;
}

static bool
take_char(struct str *s, const char *any_of)
{
	if (s->len == 0 || !*s->ptr || !strchr(any_of, *s->ptr))
		return false;
	s->ptr++;
	s->len--;
	return true;
}

/* Exactly `digits` digits, between `from` and `to`. */
static bool
take_number(struct str *s, size_t digits, int from, int to, int *out)
{
	int n = 0;

	if (s->len < digits)
		return false;
	for (size_t i = 0; i < digits; i++) {
		if (s->ptr[i] < '0' || s->ptr[i] > '9')
			return false;
		n = n * 10 + (s->ptr[i] - '0');
	}
	*s = (struct str){s->ptr + digits, s->len - digits};
	*out = n;
	return n >= from && n <= to;
}

static bool
take_date(struct str *s, struct civil *c)
{
	static const char month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year;

	if (!take_number(s, 4, 0, 9999, &year) || !take_char(s, "-"))
		return false;
	if (!take_number(s, 2, 1, 12, &c->month) || !take_char(s, "-"))
		return false;
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	int days = month_days[c->month - 1] + (leap && c->month == 2);

	c->year = year;
	return take_number(s, 2, 1, days, &c->day);
}

/* Of a fraction the milliseconds are kept; the rest is cut off. */
static bool
take_fraction(struct str *s, int *ms)
{
	int weight = 100, digit;

	*ms = 0;
	if (!take_char(s, "."))
		return true;
	if (!take_number(s, 1, 0, 9, &digit))
		return false;
	do {
		*ms += weight * digit;
		weight /= 10;
	} while (s->len && *s->ptr >= '0' && *s->ptr <= '9' && take_number(s, 1, 0, 9, &digit));
	return true;
}

static bool
take_time(struct str *s, struct civil *c)
{
	if (!take_number(s, 2, 0, 23, &c->hour) || !take_char(s, ":"))
		return false;
	if (!take_number(s, 2, 0, 59, &c->minute) || !take_char(s, ":"))
		return false;
	return take_number(s, 2, 0, 60, &c->second) && take_fraction(s, &c->ms);
}

/* "Z", or how many minutes local time is ahead. */
static bool
take_offset(struct str *s, int *minutes)
{
	int hour, minute;

	*minutes = 0;
	if (take_char(s, "Zz"))
		return true;
	bool behind = s->len && *s->ptr == '-';
	if (!take_char(s, "+-") || !take_number(s, 2, 0, 23, &hour) || !take_char(s, ":"))
		return false;
	if (!take_number(s, 2, 0, 59, &minute))
		return false;
	*minutes = (hour * 60 + minute) * (behind ? -1 : 1);
	return true;
}

bool
clock_parse(struct str s, wall_t *out)
{
	struct civil c = {0};
	int offset;

	if (!take_date(&s, &c) || !take_char(&s, "Tt ") || !take_time(&s, &c))
		return false;
	if (!take_offset(&s, &offset) || s.len)
		return false;
	out->ms = civil_to_wall(&c).ms - (int64_t)offset * 60000;
	/* A leap second ends a day of UTC; we count it as the first of the next, as POSIX does.
	 */
	return c.second < 60 || (out->ms - c.ms) % MS_PER_DAY == 0;
}
