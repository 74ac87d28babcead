#include "slack_date.h"

#include "constant.h"

static const char *const months[] = {"January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December"};
static const char *const weekdays[] = {
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};

enum { DAY_MS = 24 * 3600 * 1000 };

struct moment {
	struct buf *out;
	const struct reader *reader;
	int64_t unix_s;
	struct civil at, now; /* on the reader's clock */
};

static const char *
ordinal(int day)
{
	if (day / 10 == 1)
		return "th";
	static const char *const ends[] = {
	    "th", "st", "nd", "rd", "th", "th", "th", "th", "th", "th"};
	return ends[day % 10];
}

static void
write_num(struct moment *m)
{
	buf_printf(m->out, "%04lld-%02d-%02d", (long long)m->at.year, m->at.month, m->at.day);
}

static void
write_slash(struct moment *m)
{
	buf_printf(m->out, "%02d/%02d/%04lld", m->at.day, m->at.month, (long long)m->at.year);
}

static void
write_date(struct moment *m)
{
	buf_printf(m->out, "%s %d", months[m->at.month - 1], m->at.day);
}

static void
write_short(struct moment *m)
{
	buf_printf(
	    m->out, "%.3s %d, %lld", months[m->at.month - 1], m->at.day, (long long)m->at.year);
}

static void
write_day_of_week(struct moment *m)
{
	buf_printf(m->out, "%s, %s %d%s", weekdays[m->at.weekday], months[m->at.month - 1],
	    m->at.day, ordinal(m->at.day));
}

static void
write_long(struct moment *m)
{
	write_day_of_week(m);
	buf_printf(m->out, ", %lld", (long long)m->at.year);
}

static void
write_long_full(struct moment *m)
{
	write_date(m);
	buf_printf(m->out, ", %lld", (long long)m->at.year);
}

static void
write_divider(struct moment *m)
{
	if (m->at.year == m->now.year)
		write_day_of_week(m);
	else
		write_long(m);
}

static int
hour_of_12(int hour)
{
	return hour % 12 ? hour % 12 : 12;
}

static void
write_time(struct moment *m)
{
	buf_printf(m->out, "%d:%02d %s", hour_of_12(m->at.hour), m->at.minute,
	    m->at.hour < 12 ? "AM" : "PM");
}

static void
write_time_secs(struct moment *m)
{
	buf_printf(m->out, "%d:%02d:%02d %s", hour_of_12(m->at.hour), m->at.minute,
	    m->at.second, m->at.hour < 12 ? "AM" : "PM");
}

static void
write_ago(struct moment *m)
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = {{365LL * 86400, "year"}, {30LL * 86400, "month"}, {86400, "day"},
	    {3600, "hour"}, {60, "minute"}, {1, "second"}};
	int64_t passed = m->reader->now.ms / 1000 - m->unix_s;
	int64_t distance = passed < 0 ? -passed : passed;
	size_t i = 0;
	while (i + 1 < COUNT_OF(units) && distance < units[i].seconds)
		i++;
	int64_t n = distance / units[i].seconds;
	buf_printf(m->out, "%s%lld %s%s%s", passed < 0 ? "in " : "", (long long)n,
	    units[i].name, n == 1 ? "" : "s", passed < 0 ? "" : " ago");
}

/* Days from now, on the calendar. */
static int64_t
days_from_now(const struct moment *m)
{
	struct civil at = {.year = m->at.year, .month = m->at.month, .day = m->at.day};
	struct civil now = {.year = m->now.year, .month = m->now.month, .day = m->now.day};
	return (civil_to_wall(&at).ms - civil_to_wall(&now).ms) / DAY_MS;
}

static bool
write_near(struct moment *m)
{
	static const char *const near[] = {"yesterday", "today", "tomorrow"};
	int64_t days = days_from_now(m);
	if (days < -1 || days > 1)
		return false;
	buf_cstr(m->out, near[days + 1]);
	return true;
}

enum look { EXACT, PRETTY };

static const struct {
	struct str name;
	void (*write)(struct moment *m);
	enum look look;
} tokens[] = {
#define DATE_TOKEN(name, function, look) {CONSTANT_STR(name), (function), (look)},
#include "date_tokens.def"
#undef DATE_TOKEN
};

/* False if nothing is called so. */
static bool
write_token(struct moment *m, struct str name)
{
	for (size_t i = 0; i < COUNT_OF(tokens); i++) {
		if (!str_eq(tokens[i].name, name))
			continue;
		if (tokens[i].look == EXACT || !write_near(m))
			tokens[i].write(m);
		return true;
	}
	return false;
}

void
slack_date_write(struct buf *out, const struct reader *r, struct str format, int64_t unix_s)
{
	struct moment m = {.out = out,
	    .reader = r,
	    .unix_s = unix_s,
	    .at = zone_civil(r->zone, (wall_t){unix_s * 1000}),
	    .now = zone_civil(r->zone, r->now)};
	for (size_t i = 0; i < format.len; i++) {
		const char *end =
		    format.ptr[i] == '{' ? memchr(format.ptr + i, '}', format.len - i) : NULL;
		size_t len = end ? (size_t)(end - format.ptr) - i - 1 : 0;
		if (end && write_token(&m, (struct str){format.ptr + i + 1, len}))
			i += len + 1;
		else
			buf_putc(out, format.ptr[i]);
	}
}
