#include "base/utf8.h"

/* Whether `c` may follow a lead byte; `from` and `to` narrow the second byte of some leads. */
static bool
is_between(char c, unsigned char from, unsigned char to)
{
	return (unsigned char)c >= from && (unsigned char)c <= to;
}

/* The second byte is narrowed where a character could be written shorter, or is a surrogate. */
static size_t
len_of_three(const char *s, unsigned char lead)
{
	unsigned char from = lead == 0xe0 ? 0xa0 : 0x80;
	unsigned char to = lead == 0xed ? 0x9f : 0xbf;

	return is_between(s[1], from, to) && is_between(s[2], 0x80, 0xbf) ? 3 : 0;
}

static size_t
len_of_four(const char *s, unsigned char lead)
{
	unsigned char from = lead == 0xf0 ? 0x90 : 0x80;
	unsigned char to = lead == 0xf4 ? 0x8f : 0xbf;

	if (!is_between(s[1], from, to) || !is_between(s[2], 0x80, 0xbf))
		return 0;
	return is_between(s[3], 0x80, 0xbf) ? 4 : 0;
}

size_t
utf8_len(const char *s, size_t left)
{
	unsigned char lead = (unsigned char)s[0];

	if (lead < 0x80)
		return 1;
	if (lead < 0xc2 || lead > 0xf4)
		return 0;
	if (lead < 0xe0)
		return left >= 2 && is_between(s[1], 0x80, 0xbf) ? 2 : 0;
	if (lead < 0xf0)
		return left >= 3 ? len_of_three(s, lead) : 0;
	return left >= 4 ? len_of_four(s, lead) : 0;
}

size_t
utf8_put(char to[static UTF8_CHAR_MAX], uint32_t c)
{
	if (c < 0x80) {
		to[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (char)(0xc0 | c >> 6);
		to[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		to[0] = (char)(0xe0 | c >> 12);
		to[1] = (char)(0x80 | (c >> 6 & 0x3f));
		to[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | c >> 18);
	to[1] = (char)(0x80 | (c >> 12 & 0x3f));
	to[2] = (char)(0x80 | (c >> 6 & 0x3f));
	to[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

bool
utf8_is_valid(struct str s)
{
	for (size_t i = 0, n; i < s.len; i += n) {
		n = utf8_len(s.ptr + i, s.len - i);
		if (n == 0)
			return false;
	}
	return true;
}
