#include "template_time.h"

#include "carillon/base/clock.h"
#include "template_value.h"

/* A time in the making, as the words of a text say it. */
struct reading {
	int year, month, day; /* 0: not said */
	int hour, minute, second;
	int offset_s; /* of its zone, east of UTC */
	bool has_time, has_zone;
};

static const char *const months[] = {"january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december"};
static const char *const weekdays[] = {
    "sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char
first_of(struct str s)
{
	return s.len > 0 ? s.ptr[0] : '\0';
}

static void
skip(struct str *s, size_t n)
{
	*s = (struct str){s->ptr + n, s->len - n};
}

static bool
take_char(struct str *s, const char *any)
{
	if (s->len == 0 || s->ptr[0] == '\0' || !strchr(any, s->ptr[0]))
		return false;
	skip(s, 1);
	return true;
}

/* A number of `least` to `most` digits. */
static bool
take_number(struct str *s, size_t least, size_t most, int *out)
{
	size_t n = 0;
	*out = 0;
	while (n < s->len && n < most && is_digit(s->ptr[n]))
		*out = *out * 10 + (s->ptr[n++] - '0');
	if (n < least)
		return false;
	skip(s, n);
	return true;
}

static struct str
take_word(struct str *s)
{
	struct str word = {s->ptr, 0};
	while (word.len < s->len && is_letter(s->ptr[word.len]))
		word.len++;
	skip(s, word.len);
	return word;
}

static bool
is_word(struct str s, const char *word)
{
	return s.len == strlen(word) && strncasecmp(s.ptr, word, s.len) == 0;
}

/* The place of the name that `word` is, or its first letters, three at least; or -1. */
static int
name_of(struct str word, const char *const *names, int n)
{
	for (int i = 0; i < n; i++)
		if (word.len >= 3 && word.len <= strlen(names[i]) &&
		    strncasecmp(word.ptr, names[i], word.len) == 0)
			return i;
	return -1;
}

/* 2026-04-17, 2026/04/17 or 20260417. */
static bool
take_iso_day(struct str *s, struct reading *t)
{
	if (!take_number(s, 4, 4, &t->year))
		return false;
	bool has_sign = take_char(s, "-/");
	if (!take_number(s, 2, 2, &t->month) || (has_sign && !take_char(s, "-/")))
		return false;
	return take_number(s, 2, 2, &t->day) && !is_digit(first_of(*s));
}

static void
skip_fraction(struct str *s)
{
	if (s->len > 1 && (s->ptr[0] == '.' || s->ptr[0] == ',') && is_digit(s->ptr[1]))
		for (skip(s, 1); is_digit(first_of(*s));)
			skip(s, 1);
}

/* 16:02, 16:02:00.123, 160200, 4:02 PM. */
static bool
take_clock(struct str *s, struct reading *t)
{
	bool is_short = s->len > 1 && s->ptr[1] == ':';
	if (!take_number(s, 1, is_short ? 1 : 2, &t->hour))
		return false;
	bool has_sign = take_char(s, ":");
	if (!take_number(s, 2, 2, &t->minute))
		return false;
	bool has_second = has_sign ? take_char(s, ":") : is_digit(first_of(*s));
	if (has_second && !take_number(s, 2, 2, &t->second))
		return false;
	skip_fraction(s);
	t->has_time = true;
	return true;
}

/* +0200, +02:00, +02, -05. */
static bool
take_offset(struct str *s, struct reading *t)
{
	int sign = first_of(*s) == '-' ? -1 : 1, hours, minutes = 0;
	skip(s, 1);
	if (!take_number(s, 1, 2, &hours))
		return false;
	if (take_char(s, ":") || is_digit(first_of(*s)))
		if (!take_number(s, 2, 2, &minutes))
			return false;
	t->has_zone = true;
	t->offset_s = sign * (hours * 3600 + minutes * 60);
	return hours <= 18 && minutes < 60;
}

static bool
apply_half(struct reading *t, bool is_pm)
{
	if (!t->has_time || t->hour < 1 || t->hour > 12)
		return false;
	t->hour = t->hour % 12 + (is_pm ? 12 : 0);
	return true;
}

/* A month, a weekday, AM or PM, the name of UTC. Behind an offset also the name of a zone,
 * which says it once more. */
static bool
apply_word(struct reading *t, struct str word)
{
	int month = name_of(word, months, 12);
	if (month >= 0 && t->month == 0) {
		t->month = month + 1;
		return true;
	}
	if (is_word(word, "am") || is_word(word, "pm"))
		return apply_half(t, is_word(word, "pm"));
	if (is_word(word, "z") || is_word(word, "utc") || is_word(word, "gmt") ||
	    is_word(word, "ut"))
		return t->has_zone = true;
	if (is_word(word, "at") || is_word(word, "t") || name_of(word, weekdays, 7) >= 0)
		return true;
	if (is_word(word, "st") || is_word(word, "nd") || is_word(word, "rd") ||
	    is_word(word, "th"))
		return t->day != 0 && !t->has_time;
	for (size_t i = 0; i < word.len; i++)
		if (word.ptr[i] > 'Z')
			return false;
	return t->has_zone && word.len >= 2 && word.len <= 5;
}

/* A clock, the day of a month, or a year. */
static bool
apply_number(struct reading *t, struct str *s)
{
	size_t digits = 0;
	while (digits < s->len && is_digit(s->ptr[digits]))
		digits++;
	if (digits <= 2 && digits < s->len && s->ptr[digits] == ':' &&
	    (t->day != 0 || t->month != 0) && !t->has_time)
		return take_clock(s, t);
	if (digits == 4 && t->year == 0)
		return take_number(s, 4, 4, &t->year);
	return digits <= 2 && t->day == 0 && take_number(s, 1, 2, &t->day) && t->day > 0;
}

static bool
apply_next(struct reading *t, struct str *s)
{
	char c = first_of(*s);
	if (is_letter(c))
		return apply_word(t, take_word(s));
	if (is_digit(c))
		return apply_number(t, s);
	if ((c == '+' || c == '-') && t->has_time)
		return take_offset(s, t);
	if (c == '[' && t->has_zone) { /* the zone's name behind its offset */
		s->len = 0;
		return true;
	}
	return take_char(s, c == ':' && t->year != 0 ? ":" : " ,/-\t");
}

static bool
take_all(struct str s, struct reading *t)
{
	struct str rest = s;
	if (take_iso_day(&rest, t)) {
		if (take_char(&rest, "Tt _") && is_digit(first_of(rest)) &&
		    !take_clock(&rest, t))
			return false;
	} else {
		*t = (struct reading){0};
		rest = s;
	}
	while (rest.len > 0) {
		if (rest.len > 3 && str_starts_with(rest, STR(" m=")))
			return true; /* how long the program runs, as Go prints it */
		if (!apply_next(t, &rest))
			return false;
	}
	return true;
}

static bool
time_of_text(struct str s, struct template_time *out)
{
	struct reading t = {0};
	char text[64];
	wall_t at;
	if (s.len > 64 || !take_all(s, &t) || t.year == 0 || t.month == 0 || t.day == 0)
		return false;
	bool is_midnight = t.hour == 24 && t.minute == 0 && t.second == 0;
	if (t.hour > 23 && !is_midnight)
		return false;
	snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02dZ", t.year, t.month, t.day,
	    t.hour % 24, t.minute, t.second == 60 ? 59 : t.second);
	if (!clock_parse(str_of(text), &at))
		return false;
	out->unix_s = at.ms / 1000 - t.offset_s + (is_midnight ? 86400 : 0) + (t.second == 60);
	out->is_day = !t.has_time;
	return true;
}

/* Of a bare number only its size says what it counts. */
static bool
time_of_number(double n, struct template_time *out)
{
	static const double year_10000 = 253402300800.0, in_units[] = {1e11, 1e14, 1e17};
	double scale = 1;
	for (size_t i = 0; i < COUNT_OF(in_units); i++)
		if (n >= in_units[i])
			scale *= 1000;
	n /= scale;
	if (!(n >= 0 && n < year_10000))
		return false;
	*out = (struct template_time){.unix_s = (int64_t)n};
	return true;
}

static bool
is_number(struct str s)
{
	size_t digits = 0, points = 0;
	for (size_t i = 0; i < s.len; i++) {
		digits += is_digit(s.ptr[i]);
		points += s.ptr[i] == '.' && i > 0;
	}
	return digits > 0 && points <= 1 && digits + points == s.len && s.len <= 32;
}

static struct str
trimmed(struct str s)
{
	while (s.len > 0 && strchr(" \t\r\n", s.ptr[0]))
		skip(&s, 1);
	while (s.len > 0 && strchr(" \t\r\n", s.ptr[s.len - 1]))
		s.len--;
	return s;
}

/* 20260417 or 20260417160200 as a text: a date of our centuries, and no count of seconds. */
static bool
time_of_digits(struct str s, struct template_time *out)
{
	char text[20];
	bool is_date = (s.len == 8 || s.len == 14) &&
	               (memcmp(s.ptr, "19", 2) == 0 || memcmp(s.ptr, "20", 2) == 0);

	if (!is_date || memchr(s.ptr, '.', s.len) != NULL)
		return false;
	snprintf(text, sizeof(text), "%.8s%s%.*s", s.ptr, s.len > 8 ? "T" : "", (int)s.len - 8,
	    s.ptr + 8);
	return time_of_text(str_of(text), out);
}

bool
time_of_value(const struct value *v, struct template_time *out)
{
	if (v->kind == VALUE_NUMBER)
		return time_of_number(value_number(v), out);
	if (v->kind != VALUE_STRING)
		return false;
	struct value text = value_of_string(trimmed(v->text));
	if (is_number(text.text))
		return time_of_digits(text.text, out) ||
		       time_of_number(value_number(&text), out);
	return time_of_text(text.text, out);
}

bool
template_is_time(const struct json *json)
{
	struct value v = value_of_json(json);
	struct template_time ignored;
	return time_of_value(&v, &ignored);
}
