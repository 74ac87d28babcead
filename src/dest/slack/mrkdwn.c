#include "mrkdwn.h"

#include "carillon/rules/characters.h"

struct writing {
	struct str value;
	size_t at; /* the next byte */
	enum mrkdwn_place place;
	bool one_line;
	struct buf *out;
};

/* Characters below 0x80 that are themselves in mrkdwn text: two words of 64 bits. */
static bool
is_itself(unsigned char c)
{
	static const uint64_t special[2] = {UINT64_C(0xffffffff) | UINT64_C(1) << '&' |
						UINT64_C(1) << '<' | UINT64_C(1) << '>' |
						UINT64_C(1) << '*' | UINT64_C(1) << ':',
	    UINT64_C(1) << ('`' - 64) | UINT64_C(1) << ('_' - 64) | UINT64_C(1) << ('~' - 64) |
		UINT64_C(1) << (0x7f - 64)};

	return c < 0x80 && !(special[c >> 6] >> (c & 63) & 1);
}

static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The last byte that was written, or a line break. */
static char
byte_before(const struct buf *out)
{
	return out->len > 0 ? out->ptr[out->len - 1] : '\n';
}

static const char *
in_text(uint32_t c, bool one_line)
{
	switch (c) {
	case '&': return "&amp;";
	case '<': return "&lt;";
	case '>': return "&gt;";
	case '\n': return one_line ? " " : NULL;
	case '\t': return " ";
	default: return character_is_control(c) ? "" : NULL;
	}
}

/* Percent-encodes the bytes of one character that would end or change the address. */
static void
put_in_url(struct str character, struct buf *out)
{
	for (size_t i = 0; i < character.len; i++) {
		unsigned char c = (unsigned char)character.ptr[i];
		if (c == '&')
			buf_cstr(out, "&amp;");
		else if (c <= ' ' || c >= 0x7f || strchr("|<>\"`\\^{}", c))
			buf_printf(out, "%%%02X", c);
		else
			buf_putc(out, (char)c);
	}
}

static void
put_character(struct writing *w)
{
	size_t first = w->at;
	uint32_t c = character_next(w->value, &w->at);
	struct str character = {w->value.ptr + first, w->at - first};
	const char *instead = in_text(c, w->one_line);
	if (w->place == MRKDWN_URL || w->place == MRKDWN_HOST)
		put_in_url(character, w->out);
	else if (instead)
		buf_cstr(w->out, instead);
	else
		buf_str(w->out, character);
}

/* * _ ~, between two words where it could open or close something. */
static void
put_mark(struct writing *w)
{
	char before = byte_before(w->out), mark = w->value.ptr[w->at++];
	char after = w->at < w->value.len ? w->value.ptr[w->at] : '.';
	bool is_literal = (is_word(before) || is_blank(before)) &&
	                  (is_word(after) || is_blank(after)) &&
	                  is_word(before) == is_word(after);
	if (!is_literal)
		buf_cstr(w->out, MRKDWN_WORD);
	buf_putc(w->out, mark);
	if (!is_literal)
		buf_cstr(w->out, MRKDWN_WORD);
}

/* Whether a name of an emoji and a colon follow the one at `at`. The numbers of a time are
 * none. */
static bool
is_emoji_at(struct str s, size_t at, char before)
{
	bool has_other = false;
	size_t i = at + 1;
	for (; i < s.len && (is_word(s.ptr[i]) || strchr("_+'-", s.ptr[i])); i++)
		has_other = has_other || s.ptr[i] < '0' || s.ptr[i] > '9';
	return i > at + 1 && i < s.len && s.ptr[i] == ':' && (has_other || !is_word(before));
}

static void
put_colon(struct writing *w)
{
	bool is_emoji = is_emoji_at(w->value, w->at++, byte_before(w->out));
	buf_putc(w->out, ':');
	if (is_emoji)
		buf_cstr(w->out, MRKDWN_BREAK);
}

static size_t
run_of_ticks(struct str s, size_t at)
{
	size_t n = 0;
	while (at + n < s.len && s.ptr[at + n] == '`')
		n++;
	return n;
}

/* The end of the code that `n` backticks before `at` open: where as many stand again, behind
 * something without any, and on the same line unless they are a fence; or 0. */
static size_t
end_of_code(struct str s, size_t at, size_t n)
{
	const char *next = at < s.len ? memchr(s.ptr + at, '`', s.len - at) : NULL;
	size_t end = next ? (size_t)(next - s.ptr) : at;
	bool is_code = end > at && run_of_ticks(s, end) == n &&
	               (n == 3 || (n == 1 && !memchr(s.ptr + at, '\n', end - at)));
	return is_code ? end : 0;
}

/* Code of the value's own, whole: nothing in it formats. */
static void
put_ticks(struct writing *w)
{
	size_t n = run_of_ticks(w->value, w->at);
	bool in_code = w->place == MRKDWN_CODE || w->place == MRKDWN_FENCE;
	size_t end = in_code ? 0 : end_of_code(w->value, w->at + n, n);
	for (size_t i = 0; i < n; i++)
		buf_putc(w->out, end > 0 ? '`' : '\'');
	w->at += n;
	while (w->at < end)
		put_character(w);
	for (size_t i = 0; i < n && end > 0; i++, w->at++)
		buf_putc(w->out, '`');
}

static void
put_next(struct writing *w)
{
	bool in_text = w->place == MRKDWN_TEXT || w->place == MRKDWN_ANGLE;
	switch (w->value.ptr[w->at]) {
	case '`':
		if (w->place != MRKDWN_URL && w->place != MRKDWN_HOST) {
			put_ticks(w);
			return;
		}
		break;
	case ':':
		if (in_text || w->place == MRKDWN_LABEL) {
			put_colon(w);
			return;
		}
		break;
	case '*':
	case '_':
	case '~':
		if (in_text) {
			put_mark(w);
			return;
		}
		break;
	case '>': /* would quote the line */
		if (in_text && byte_before(w->out) == '\n')
			buf_cstr(w->out, MRKDWN_BREAK);
	}
	put_character(w);
}

bool
mrkdwn_put(
    struct str value, enum mrkdwn_place place, bool one_line, size_t room, struct buf *out)
{
	struct writing w = {value, 0, place, one_line || place == MRKDWN_LABEL, out};
	size_t start = out->len;
	bool is_text = place != MRKDWN_URL && place != MRKDWN_HOST;
	while (w.at < value.len) {
		size_t first = w.at;
		while (is_text && w.at < value.len && is_itself((unsigned char)value.ptr[w.at]))
			w.at++;
		size_t left = room - (out->len - start);
		if (w.at - first > left) {
			buf_put(out, value.ptr + first, left);
			return false;
		}
		buf_put(out, value.ptr + first, w.at - first);
		if (w.at == value.len)
			break;
		size_t before = out->len;
		put_next(&w);
		if (out->len - start > room) {
			out->len = before;
			return false;
		}
	}
	return true;
}

bool
plain_put(struct str value, bool one_line, size_t room, struct buf *out)
{
	struct writing w = {value, 0, MRKDWN_TEXT, one_line, out};
	size_t start = out->len;
	while (w.at < value.len) {
		size_t before = out->len, first = w.at;
		if (value.ptr[w.at] == ':') {
			put_colon(&w);
		} else {
			(void)character_next(value, &w.at);
			buf_put(out, value.ptr + first, w.at - first);
		}
		if (out->len - start > room) {
			out->len = before;
			return false;
		}
	}
	return true;
}

void
plain_clean(struct buf *out, bool one_line)
{
	size_t to = 0;
	struct str s = {out->ptr, out->len};
	for (size_t at = 0; at < s.len;) {
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
