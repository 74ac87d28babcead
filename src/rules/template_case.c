#include "template_case.h"

#include "carillon/rules/characters.h"

struct case_range {
	uint32_t first, last;
	int32_t step, delta;
};

static const struct case_range upper[] = {
#define UPPER(first, last, step, delta) {first, last, step, delta},
#define LOWER(first, last, step, delta)
#define UPPER_SPECIAL(c, x, y, z)
#include "template_case.def"
#undef UPPER
#undef LOWER
#undef UPPER_SPECIAL
};

static const struct case_range lower[] = {
#define UPPER(first, last, step, delta)
#define LOWER(first, last, step, delta) {first, last, step, delta},
#define UPPER_SPECIAL(c, x, y, z)
#include "template_case.def"
#undef UPPER
#undef LOWER
#undef UPPER_SPECIAL
};

static const struct {
	uint32_t c, becomes[3];
} upper_special[] = {
#define UPPER(first, last, step, delta)
#define LOWER(first, last, step, delta)
#define UPPER_SPECIAL(c, x, y, z) {c, {x, y, z}},
#include "template_case.def"
#undef UPPER
#undef LOWER
#undef UPPER_SPECIAL
};

/* `c` moved by the range it is in, if any. The ranges are in order and do not overlap. */
static uint32_t
case_shift(const struct case_range *ranges, size_t n, uint32_t c)
{
	size_t low = 0, high = n;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (ranges[middle].last < c)
			low = middle + 1;
		else
			high = middle;
	}
	const struct case_range *r = &ranges[low];
	if (low == n || c < r->first || (c - r->first) % (uint32_t)r->step != 0)
		return c;
	return (uint32_t)((int32_t)c + r->delta);
}

static void
put_character(struct buf *out, uint32_t c)
{
	char bytes[CHARACTER_BYTES_MAX];
	buf_put(out, bytes, character_put(bytes, c));
}

static void
put_upper(struct buf *out, uint32_t c)
{
	for (size_t i = 0; i < COUNT_OF(upper_special); i++) {
		if (upper_special[i].c != c)
			continue;
		for (size_t j = 0; j < 3 && upper_special[i].becomes[j]; j++)
			put_character(out, upper_special[i].becomes[j]);
		return;
	}
	put_character(out, case_shift(upper, COUNT_OF(upper), c));
}

void
case_put_upper(struct str s, struct buf *out)
{
	buf_reserve(out, s.len);
	for (size_t at = 0; at < s.len;) {
		uint32_t c = character_next(s, &at);
		if (c >= 0x80)
			put_upper(out, c);
		else
			buf_putc(out, (char)(c >= 'a' && c <= 'z' ? c - 0x20 : c));
	}
}

static uint32_t
lower_of(uint32_t c)
{
	if (c < 0x80)
		return c >= 'A' && c <= 'Z' ? c + 0x20 : c;
	return case_shift(lower, COUNT_OF(lower), c);
}

static bool
is_cased(uint32_t c)
{
	return lower_of(c) != c || case_shift(upper, COUNT_OF(upper), c) != c ||
	       (c >= 'a' && c <= 'z') || c == 0xdf;
}

/* Marks that do not end a word for the final sigma: the common ones of Case_Ignorable. */
static bool
is_ignorable(uint32_t c)
{
	return c == '\'' || c == '.' || c == ':' || c == '^' || c == '`' || c == 0xa8 ||
	       c == 0xad || c == 0xaf || c == 0xb4 || c == 0xb7 || c == 0xb8 ||
	       (c >= 0x2b0 && c <= 0x36f) || c == 0x2018 || c == 0x2019 || c == 0x2024 ||
	       c == 0x2027 || (c >= 0x200b && c <= 0x200f);
}

/* Whether no letter follows, which makes a sigma after a letter the last of its word. */
static bool
is_word_end(struct str s, size_t at)
{
	while (at < s.len) {
		uint32_t c = character_next(s, &at);
		if (!is_ignorable(c))
			return !is_cased(c);
	}
	return true;
}

void
case_put_lower(struct str s, struct buf *out)
{
	enum { SIGMA = 0x3a3, FINAL_SIGMA = 0x3c2, DOTTED_I = 0x130 };
	bool after_letter = false;
	buf_reserve(out, s.len);
	for (size_t at = 0; at < s.len;) {
		uint32_t c = character_next(s, &at);
		if (c < 0x80)
			buf_putc(out, (char)lower_of(c));
		else if (c == SIGMA && after_letter && is_word_end(s, at))
			put_character(out, FINAL_SIGMA);
		else if (c == DOTTED_I)
			buf_cstr(out, "i\xcc\x87");
		else
			put_character(out, lower_of(c));
		if (!is_ignorable(c))
			after_letter = is_cased(c);
	}
}
