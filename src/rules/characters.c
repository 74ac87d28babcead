#include "carillon/rules/characters.h"

uint32_t
character_next(struct str s, size_t *at)
{
	const unsigned char *p = (const unsigned char *)s.ptr + *at;
	size_t left = s.len - *at;
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (n == 1 || n > left || p[0] < 0xc2) {
		(*at)++;
		return n == 1 ? p[0] : 0xfffd;
	}
	uint32_t c = p[0] & (0xffU >> (n + 1));
	for (size_t i = 1; i < n; i++)
		c = c << 6 | (p[i] & 0x3fU);
	*at += n;
	return c;
}

size_t
character_put(char to[static CHARACTER_BYTES_MAX], uint32_t c)
{
	if (c < 0x80) {
		to[0] = (char)c;
		return 1;
	}
	size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = n - 1; i > 0; i--, c >>= 6)
		to[i] = (char)(0x80 | (c & 0x3f));
	to[0] = (char)((n == 2 ? 0xc0 : n == 3 ? 0xe0 : 0xf0) | c);
	return n;
}

static bool
is_first_byte(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

size_t
characters_utf16(struct str s)
{
	size_t n = 0, i = 0;
	while (i < s.len) {
		uint64_t eight;
		if (s.len - i >= sizeof(eight)) {
			memcpy(&eight, s.ptr + i, sizeof(eight));
			if ((eight & UINT64_C(0x8080808080808080)) == 0) {
				n += sizeof(eight);
				i += sizeof(eight);
				continue;
			}
		}
		n += (size_t)is_first_byte(s.ptr[i]) + ((unsigned char)s.ptr[i] >= 0xf0);
		i++;
	}
	return n;
}

size_t
characters_count(struct str s)
{
	size_t n = 0;
	for (size_t i = 0; i < s.len; i++)
		n += is_first_byte(s.ptr[i]);
	return n;
}

size_t
characters_bytes(struct str s, size_t n)
{
	size_t i = 0;
	for (; i < s.len; i++)
		if (is_first_byte(s.ptr[i]) && n-- == 0)
			break;
	return i;
}

bool
character_is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x202a && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069) || c == 0x2028 || c == 0x2029 || c == 0xfeff;
}
