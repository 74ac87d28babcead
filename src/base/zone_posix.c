#include "base/zone_posix.h"

#include "carillon/base/clock.h"

enum {
	DAY_S = 24 * 60 * 60,
	ZONE_HOURS_MAX = 24,         /* of an offset */
	MOMENT_HOURS_MAX = 167,      /* of the time of a change: a week either way */
	CHANGE_TIME_S = 2 * 60 * 60, /* when no time is given */
};

static bool
take_char(struct str *s, char c)
{
	if (s->len == 0 || *s->ptr != c)
		return false;
	*s = (struct str){s->ptr + 1, s->len - 1};
	return true;
}

static bool
is_digit(struct str s)
{
	return s.len > 0 && *s.ptr >= '0' && *s.ptr <= '9';
}

static bool
take_number(struct str *s, int from, int to, int *out)
{
	int n = 0;

	if (!is_digit(*s))
		return false;
	while (is_digit(*s) && n <= to) {
		n = n * 10 + (*s->ptr - '0');
		*s = (struct str){s->ptr + 1, s->len - 1};
	}
	*out = n;
	return n >= from && n <= to;
}

/* "CET" or "<+1030>": what it is called does not matter. */
static bool
take_name(struct str *s)
{
	bool quoted = take_char(s, '<');
	size_t len = 0;

	for (; len < s->len; len++) {
		char c = s->ptr[len];
		bool is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
		bool is_other = (c >= '0' && c <= '9') || c == '+' || c == '-';

		if (!is_letter && !(quoted && is_other))
			break;
	}
	*s = (struct str){s->ptr + len, s->len - len};
	return len >= 3 && (!quoted || take_char(s, '>'));
}

/* [+-]hh[:mm[:ss]] */
static bool
take_time(struct str *s, int hours_max, int32_t *out_s)
{
	int sign = take_char(s, '-') ? -1 : 1, hours, minutes = 0, seconds = 0;

	if (sign > 0)
		(void)take_char(s, '+');
	if (!take_number(s, 0, hours_max, &hours))
		return false;
	if (take_char(s, ':')) {
		if (!take_number(s, 0, 59, &minutes))
			return false;
		if (take_char(s, ':') && !take_number(s, 0, 59, &seconds))
			return false;
	}
	*out_s = sign * ((hours * 60 + minutes) * 60 + seconds);
	return true;
}

/* Written as what must be added to the zone's time to get UTC, so west is positive there. */
static bool
take_offset(struct str *s, int32_t *out_s)
{
	int32_t west_s;

	if (!take_time(s, ZONE_HOURS_MAX, &west_s))
		return false;
	*out_s = -west_s;
	return true;
}

static bool
take_day(struct str *s, struct zone_moment *m)
{
	if (take_char(s, 'J')) {
		m->kind = ZONE_DAY_JULIAN;
		return take_number(s, 1, 365, &m->day);
	}
	if (!take_char(s, 'M')) {
		m->kind = ZONE_DAY_COUNT;
		return take_number(s, 0, 365, &m->day);
	}
	m->kind = ZONE_DAY_WEEKDAY;
	return take_number(s, 1, 12, &m->month) && take_char(s, '.') &&
	       take_number(s, 1, 5, &m->week) && take_char(s, '.') &&
	       take_number(s, 0, 6, &m->day);
}

static bool
take_moment(struct str *s, struct zone_moment *m)
{
	m->time_s = CHANGE_TIME_S;
	return take_char(s, ',') && take_day(s, m) &&
	       (!take_char(s, '/') || take_time(s, MOMENT_HOURS_MAX, &m->time_s));
}

bool
zone_posix_parse(struct str text, struct zone_posix *out)
{
	struct str s = text;

	*out = (struct zone_posix){0};
	if (!take_name(&s) || !take_offset(&s, &out->standard_s))
		return false;
	if (s.len == 0)
		return true;
	out->has_summer = true;
	out->summer_s = out->standard_s + 60 * 60;
	if (!take_name(&s))
		return false;
	if (s.len > 0 && *s.ptr != ',' && !take_offset(&s, &out->summer_s))
		return false;
	return take_moment(&s, &out->starts) && take_moment(&s, &out->ends) && s.len == 0;
}

/* Days from 1970 to the first of the month. */
static int64_t
days_to_month(int64_t year, int month)
{
	struct civil first = {.year = year, .month = month, .day = 1};

	return civil_to_wall(&first).ms / 1000 / DAY_S;
}

static int64_t
days_to_weekday(int64_t year, const struct zone_moment *m)
{
	int64_t first = days_to_month(year, m->month);
	int64_t next = days_to_month(year + m->month / 12, m->month % 12 + 1);
	int64_t weekday = (first % 7 + 7 + 4) % 7; /* 1970-01-01 was a Thursday */
	int64_t day = first + (m->day - weekday + 7) % 7 + (m->week - 1) * 7;

	return day < next ? day : day - 7;
}

/* By the clock before the change, as seconds since 1970. */
static int64_t
moment_local_s(const struct zone_moment *m, int64_t year)
{
	int64_t january = days_to_month(year, 1), days = january + m->day;

	if (m->kind == ZONE_DAY_WEEKDAY)
		days = days_to_weekday(year, m);
	else if (m->kind == ZONE_DAY_JULIAN)
		days = m->day < 60 ? days - 1 : days_to_month(year, 3) + m->day - 60;
	return days * DAY_S + m->time_s;
}

/* Where the search for the change before a second, and the one after, has come to. */
struct search {
	int64_t at_s, before_s;
	struct zone_span span;
};

/* Later calls win a tie: summer time all the year ends when it starts. */
static void
consider(struct search *s, int64_t change_s, int32_t offset_s)
{
	if (change_s > s->at_s) {
		if (change_s < s->span.until_s)
			s->span.until_s = change_s;
	} else if (change_s >= s->before_s) {
		s->before_s = change_s;
		s->span.offset_s = offset_s;
	}
}

struct zone_span
zone_posix_span(const struct zone_posix *p, int64_t at_s)
{
	/* The calendar repeats after 400 years, so any second has its like near 1970. */
	const int64_t cycle_s = INT64_C(146097) * DAY_S;
	int64_t in_cycle_s = (at_s % cycle_s + cycle_s) % cycle_s;
	struct search s = {in_cycle_s, INT64_MIN, {p->standard_s, ZONE_NEVER_S}};
	int64_t year = civil_from_wall((wall_t){in_cycle_s * 1000}).year;

	if (!p->has_summer)
		return s.span;
	/* A change may come a week outside its year, so the neighbours' neighbours count too.
	 */
	for (int64_t y = year - 2; y <= year + 2; y++) {
		consider(&s, moment_local_s(&p->ends, y) - p->summer_s, p->standard_s);
		consider(&s, moment_local_s(&p->starts, y) - p->standard_s, p->summer_s);
	}
	s.span.until_s += at_s - in_cycle_s;
	return s.span;
}
