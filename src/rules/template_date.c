#include "template_date.h"

#include <math.h>

#include "carillon/base/clock.h"
#include "template_value.h"

static const char *const months[] = {"January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December"};
static const char *const days[] = {
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};

static const char *
ordinal(int day)
{
	if (day / 10 == 1)
		return "th";
	return day % 10 == 1 ? "st" : day % 10 == 2 ? "nd" : day % 10 == 3 ? "rd" : "th";
}

/* Apr 17, 2026 */
static void
put_day(struct buf *out, const char *month, const struct civil *t, const char *ending)
{
	buf_cstr(out, month);
	buf_putc(out, ' ');
	buf_digits(out, t->day, 1);
	buf_cstr(out, ending);
	buf_cstr(out, ", ");
	buf_digits(out, t->year, 1);
}

/* One of a form's words in plain text, UTC. False if there is no such word. */
static bool
put_word(struct str word, const struct civil *t, struct buf *out)
{
	if (word.len > 7 && str_eq((struct str){word.ptr + word.len - 7, 7}, STR("_pretty")))
		word.len -= 7;
	const char *month = months[t->month - 1];
	if (str_eq(word, STR("date_num"))) {
		buf_digits(out, t->year, 4);
		buf_putc(out, '-');
		buf_digits(out, t->month, 2);
		buf_putc(out, '-');
		buf_digits(out, t->day, 2);
	} else if (str_eq(word, STR("date"))) {
		put_day(out, month, t, ordinal(t->day));
	} else if (str_eq(word, STR("date_short"))) {
		put_day(out, (char[4]){month[0], month[1], month[2], 0}, t, "");
	} else if (str_eq(word, STR("date_long"))) {
		buf_cstr(out, days[t->weekday]);
		buf_cstr(out, ", ");
		put_day(out, month, t, ordinal(t->day));
	} else if (str_eq(word, STR("time")) || str_eq(word, STR("time_secs"))) {
		buf_digits(out, t->hour, 2);
		buf_putc(out, ':');
		buf_digits(out, t->minute, 2);
		if (word.len > 4) {
			buf_putc(out, ':');
			buf_digits(out, t->second, 2);
		}
	} else {
		return false;
	}
	return true;
}

/* Text outside braces must not end or change a dialect's markup. False at a word nobody knows.
 */
static bool
put_form(
    struct str form, const struct civil *t, struct buf *out, bool *has_word, bool *has_time)
{
	for (size_t at = 0; at < form.len; at++) {
		size_t first = at;
		while (at < form.len && !strchr("{|<>^&%}\n", form.ptr[at]))
			at++;
		buf_put(out, form.ptr + first, at - first);
		if (at == form.len)
			break;
		if (form.ptr[at] != '{')
			return false;
		const char *close = memchr(form.ptr + at, '}', form.len - at);
		if (!close)
			return false;
		struct str word = {form.ptr + at + 1, (size_t)(close - form.ptr) - at - 1};
		if (!put_word(word, t, out))
			return false;
		*has_word = true;
		*has_time |= str_starts_with(word, STR("time"));
		at = (size_t)(close - form.ptr);
	}
	return true;
}

bool
date_form_is_known(struct str form)
{
	struct buf ignored = {0};
	struct civil any = {.year = 2000, .month = 1, .day = 1};
	bool has_word = false, has_time = false;
	bool ok = put_form(form, &any, &ignored, &has_word, &has_time) && has_word;
	buf_fini(&ignored);
	return ok && form.len <= 200;
}

void
template_put_date(int64_t unix_s, struct str form, struct buf *out)
{
	struct civil t = civil_from_wall((wall_t){unix_s * 1000});
	bool has_word = false, has_time = false;
	must(put_form(form, &t, out, &has_word, &has_time));
	if (has_time)
		buf_cstr(out, " UTC");
}

/* The piece of a form at `at`: a word in braces, or what stands before the next one. */
static struct str
piece_at(struct str form, size_t at)
{
	const char *begin = form.ptr + at, *end = form.ptr + form.len;
	const char *next = memchr(begin, *begin == '{' ? '}' : '{', (size_t)(end - begin));
	if (next && *begin == '{')
		next++;
	return (struct str){begin, (size_t)((next ? next : end) - begin)};
}

static bool
is_date_word(struct str piece)
{
	return str_starts_with(piece, STR("{date"));
}

/* What joins a date to a time goes with the time. */
void
template_put_day(int64_t unix_s, struct str form, struct buf *out)
{
	struct civil t = civil_from_wall((wall_t){unix_s * 1000});
	bool was_date = true, any = false;
	for (size_t at = 0; at < form.len;) {
		struct str piece = piece_at(form, at);
		at += piece.len;
		struct str next = at < form.len ? piece_at(form, at) : (struct str){0};
		bool is_date = is_date_word(piece);
		if (is_date)
			(void)put_word((struct str){piece.ptr + 1, piece.len - 2}, &t, out);
		else if (piece.ptr[0] != '{' && was_date &&
			 (next.len == 0 || is_date_word(next)))
			buf_str(out, piece);
		any = any || is_date;
		if (piece.ptr[0] == '{')
			was_date = is_date;
	}
	if (!any)
		(void)put_word(STR("date_short"), &t, out);
}
