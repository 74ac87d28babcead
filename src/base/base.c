#include "carillon/base/base.h"

#include <stdarg.h>

#include "base/utf8.h"

void
must_failed(const char *cond, const char *file, int line, const char *func)
{
	fprintf(stderr, "%s:%d: %s: this must hold: %s\n", file, line, func, cond);
	abort();
}

const char *
err_kind_name(enum err_kind kind)
{
	static const char *const names[] = {
	    [ERR_NONE] = "none",
	    [ERR_INPUT] = "input",
	    [ERR_TEMP] = "temporary",
	    [ERR_CONFLICT] = "conflict",
	    [ERR_NOT_FOUND] = "not_found",
	    [ERR_DENIED] = "denied",
	    [ERR_FULL] = "full",
	    [ERR_CORRUPT] = "corrupt",
	    [ERR_SETUP] = "setup",
	};

	must((size_t)kind < COUNT_OF(names));
	return names[kind];
}

bool
str_starts_with(struct str s, struct str prefix)
{
	return s.len >= prefix.len && str_eq((struct str){s.ptr, prefix.len}, prefix);
}

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str
str_trimmed(struct str s)
{
	while (s.len > 0 && is_space(s.ptr[0]))
		s = (struct str){s.ptr + 1, s.len - 1};
	while (s.len > 0 && is_space(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

int
hex_digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
	                              : -1;
}

bool
str_digits(struct str s, uint64_t *out)
{
	uint64_t n = 0;

	if (s.len == 0 || s.len > 19)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(s.ptr[i] - '0');
	}
	*out = n;
	return true;
}

int
str_cmp(struct str a, struct str b)
{
	size_t shorter = a.len < b.len ? a.len : b.len;
	int order = shorter ? memcmp(a.ptr, b.ptr, shorter) : 0;

	return order ? order : (a.len > b.len) - (a.len < b.len);
}

bool
str_copy(char *dst, size_t size, struct str s)
{
	must(size > 0);
	size_t len = str_utf8_cut(s, size - 1);

	if (len)
		memmove(dst, s.ptr, len);
	dst[len] = '\0';
	return len == s.len;
}

size_t
str_utf8_cut(struct str s, size_t max)
{
	if (s.len <= max)
		return s.len;
	/* Not further back than a character is long: what is not UTF-8 is cut anywhere. */
	for (size_t back = 0; back < UTF8_CHAR_MAX && back <= max; back++) {
		if (((unsigned char)s.ptr[max - back] & 0xc0) != 0x80)
			return max - back;
	}
	return max;
}

bool
str_is_text(struct str s)
{
	return (s.len == 0 || !memchr(s.ptr, '\0', s.len)) && utf8_is_valid(s);
}

/* Room to notice a cut: one byte more than fits. */
struct err_text {
	char text[sizeof((struct err *)0)->text + 1];
};

/* Composes beside `e`, since an argument may well be e->text. */
static void
set_text(struct err *e, const struct err_text *composed)
{
	(void)str_copy(e->text, sizeof e->text, str_of(composed->text));
}

bool
fail(struct err *e, enum err_kind kind, const char *fmt, ...)
{
	struct err_text composed;
	va_list args;

	if (!e)
		return false;
	va_start(args, fmt);
	(void)vsnprintf(composed.text, sizeof composed.text, fmt, args);
	va_end(args);
	e->kind = kind;
	set_text(e, &composed);
	return false;
}

bool
fail_within(struct err *e, const char *fmt, ...)
{
	struct err_text composed;
	va_list args;

	if (!e)
		return false;
	va_start(args, fmt);
	(void)vsnprintf(composed.text, sizeof composed.text, fmt, args);
	va_end(args);

	size_t len = strlen(composed.text), room = sizeof composed.text - len;
	if (snprintf(composed.text + len, room, ": %s", e->text) < 0)
		return false;
	set_text(e, &composed);
	return false;
}
