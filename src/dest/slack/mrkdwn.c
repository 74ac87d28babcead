#include "mrkdwn.h"

#include "carillon/rules/characters.h"

/* Characters below 0x80 that are themselves in plain mrkdwn text: two words of 64 bits. */
static bool
is_itself(unsigned char c)
{
	static const uint64_t special[2] = {
	    UINT64_C(0xffffffff) | UINT64_C(1) << '&' | UINT64_C(1) << '<' | UINT64_C(1) << '>',
	    UINT64_C(1) << ('`' - 64) | UINT64_C(1) << (0x7f - 64)};

	return c < 0x80 && !(special[c >> 6] >> (c & 63) & 1);
}

static const char *
in_text(uint32_t c, bool one_line)
{
	switch (c) {
	case '&': return "&amp;";
	case '<': return "&lt;";
	case '>': return "&gt;";
	case '`': return "'"; /* would end a code span of the template's */
	case '\n': return one_line ? " " : NULL;
	case '\t': return " ";
	default: return character_is_control(c) ? "" : NULL;
	}
}

static const char *
in_label(uint32_t c)
{
	if (c == '<' || c == '>' || c == '|')
		return "";
	return in_text(c, true);
}

/* Percent-encodes the bytes of one character that would end or change the address. */
static size_t
put_in_url(struct str character, struct buf *out)
{
	size_t before = out->len;
	for (size_t i = 0; i < character.len; i++) {
		unsigned char c = (unsigned char)character.ptr[i];
		if (c == '&')
			buf_cstr(out, "&amp;");
		else if (c <= ' ' || c >= 0x7f || strchr("|<>\"`\\^{}", c))
			buf_printf(out, "%%%02X", c);
		else
			buf_putc(out, (char)c);
	}
	return out->len - before;
}

static void
put_character(
    struct str character, uint32_t c, enum mrkdwn_place place, bool one_line, struct buf *out)
{
	if (place == MRKDWN_URL) {
		put_in_url(character, out);
		return;
	}
	const char *instead = place == MRKDWN_LABEL ? in_label(c) : in_text(c, one_line);
	if (instead)
		buf_cstr(out, instead);
	else
		buf_str(out, character);
}

bool
mrkdwn_put(
    struct str value, enum mrkdwn_place place, bool one_line, size_t room, struct buf *out)
{
	size_t start = out->len;
	bool is_text = place == MRKDWN_TEXT || place == MRKDWN_ANGLE;
	for (size_t at = 0; at < value.len;) {
		size_t first = at;
		while (is_text && at < value.len && is_itself((unsigned char)value.ptr[at]))
			at++;
		size_t left = room - (out->len - start);
		if (at - first > left) {
			buf_put(out, value.ptr + first, left);
			return false;
		}
		buf_put(out, value.ptr + first, at - first);
		if (at == value.len)
			break;
		first = at;
		uint32_t c = character_next(value, &at);
		size_t before = out->len;
		put_character(
		    (struct str){value.ptr + first, at - first}, c, place, one_line, out);
		if (out->len - start > room) {
			out->len = before;
			return false;
		}
	}
	return true;
}

/* Bytes of the thing at `at` that must stay whole: an entity, <...>, or one character. */
static size_t
unit_bytes(struct str s, size_t at, bool is_mrkdwn)
{
	static const char *const entities[] = {"&amp;", "&lt;", "&gt;"};
	struct str rest = {s.ptr + at, s.len - at};
	if (is_mrkdwn && *rest.ptr == '<') {
		const char *end = memchr(rest.ptr, '>', rest.len);
		if (end)
			return (size_t)(end - rest.ptr) + 1;
	}
	for (size_t i = 0; is_mrkdwn && *rest.ptr == '&' && i < COUNT_OF(entities); i++)
		if (str_starts_with(rest, str_of(entities[i])))
			return strlen(entities[i]);
	size_t n = at;
	(void)character_next(s, &n);
	return n - at;
}

static void
trim(struct buf *out, size_t start)
{
	size_t first = start;
	while (out->len > start && strchr(" \t\n\r", out->ptr[out->len - 1]))
		out->len--;
	while (first < out->len && strchr(" \t\n\r", out->ptr[first]))
		first++;
	if (first > start) {
		memmove(out->ptr + start, out->ptr + first, out->len - first);
		out->len -= first - start;
	}
}

bool
mrkdwn_fit(struct buf *out, size_t start, size_t max, bool is_mrkdwn)
{
	trim(out, start);
	if (out->len == start)
		return true;
	struct str s = {out->ptr + start, out->len - start};
	if (s.len <= max || characters_utf16(s) <= max)
		return true;
	size_t kept = 0, units = 1; /* the ellipsis */
	while (max > 0) {
		size_t n = unit_bytes(s, kept, is_mrkdwn);
		units += characters_utf16((struct str){s.ptr + kept, n});
		if (units > max)
			break;
		kept += n;
	}
	out->len = start + kept;
	trim(out, start);
	if (max > 0)
		buf_cstr(out, "\xe2\x80\xa6");
	return false;
}

void
plain_clean(struct buf *out, size_t start, bool one_line)
{
	size_t to = start;
	struct str s = {out->ptr, out->len};
	for (size_t at = start; at < s.len;) {
		size_t first = at;
		if (s.ptr[at] >= ' ' && s.ptr[at] < 0x7f) {
			out->ptr[to++] = s.ptr[at++];
			continue;
		}
		uint32_t c = character_next(s, &at);
		bool blank = c == '\t' || (c == '\n' && one_line);
		if (blank)
			out->ptr[to++] = ' ';
		else if (c == '\n' || !character_is_control(c))
			for (; first < at; first++)
				out->ptr[to++] = out->ptr[first];
	}
	out->len = to;
}
