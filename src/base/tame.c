#include "carillon/base/tame.h"

#include "base/utf8.h"

/* "\u202e" and its like, in UTF-8: from, to (both with the bytes of the first). */
static const struct {
	const char *from, *to;
} wild[] = {
    {"\u061c", "\u061c"}, /* Arabic letter mark */
    {"\u200e", "\u200f"}, /* left-to-right and right-to-left marks */
    {"\u2028", "\u2029"}, /* line and paragraph separators */
    {"\u202a", "\u202e"}, /* embeddings and overrides */
    {"\u2066", "\u2069"}, /* isolates */
    {"\ufeff", "\ufeff"}, /* byte order mark */
};

/* Of characters of one length the order of bytes is that of code points. */
static bool
is_wild(const char *s, size_t len)
{
	for (size_t i = 0; i < COUNT_OF(wild); i++)
		if (strlen(wild[i].from) == len && memcmp(s, wild[i].from, len) >= 0 &&
		    memcmp(s, wild[i].to, len) <= 0)
			return true;
	return false;
}

static bool
is_control(const char *s)
{
	unsigned char c = (unsigned char)s[0];

	return c < 0x20 || c == 0x7f || (c == 0xc2 && (unsigned char)s[1] < 0xa0);
}

size_t
tame_len(const char *s, size_t left)
{
	size_t len = utf8_len(s, left);

	return len == 0 || is_control(s) || is_wild(s, len) ? 0 : len;
}

void
tame_put(struct buf *out, struct str s)
{
	for (size_t i = 0, len; i < s.len; i += len) {
		len = utf8_len(s.ptr + i, s.len - i);
		if (tame_len(s.ptr + i, s.len - i) > 0)
			buf_put(out, s.ptr + i, len);
		else
			buf_cstr(out, len > 0 && is_control(s.ptr + i) ? " " : "\ufffd");
		len += len == 0;
	}
}
