/* Cutting Slack's text so that what is left of it reads as it did before. */
#include "mrkdwn.h"

#include "carillon/rules/characters.h"

enum { OPEN_MAX = 4 }; /* marks in one another: three kinds, and code */

/* What is open at a place of the text, the outermost first. */
struct open_marks {
	struct str marks[OPEN_MAX];
	int n;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static struct str
rest_at(struct str s, size_t at)
{
	return (struct str){s.ptr + at, s.len - at};
}

/* Bytes of the thing at `at` that must stay whole: a fence, an entity, <...>, or one character.
 */
static size_t
unit_bytes(struct str s, size_t at, bool is_mrkdwn)
{
	static const char *const wholes[] = {"&amp;", "&lt;", "&gt;", "```"};
	struct str rest = rest_at(s, at);
	if (is_mrkdwn && *rest.ptr == '<') {
		const char *end = memchr(rest.ptr, '>', rest.len);
		if (end)
			return (size_t)(end - rest.ptr) + 1;
	}
	for (size_t i = 0; is_mrkdwn && i < COUNT_OF(wholes); i++)
		if (str_starts_with(rest, str_of(wholes[i])))
			return strlen(wholes[i]);
	size_t n = at;
	(void)character_next(s, &n);
	return n - at;
}

static void
trim_end(struct buf *out)
{
	while (out->len > 0 && is_blank(out->ptr[out->len - 1]))
		out->len--;
}

static void
trim(struct buf *out)
{
	size_t first = 0;
	trim_end(out);
	while (first < out->len && is_blank(out->ptr[first]))
		first++;
	if (first > 0) {
		memmove(out->ptr, out->ptr + first, out->len - first);
		out->len -= first;
	}
}

static bool
is_word_before(struct str s, size_t at)
{
	return at > 0 && (is_word(s.ptr[at - 1]) ||
			     (at > 1 && memcmp(s.ptr + at - 2, MRKDWN_WORD, 2) == 0));
}

static bool
is_word_after(struct str s, size_t at)
{
	return at + 1 < s.len && (is_word(s.ptr[at + 1]) ||
				     str_starts_with(rest_at(s, at + 1), STR(MRKDWN_WORD)));
}

/* Whether the mark of one byte at `at` may be the first of two. */
static bool
can_open(struct str s, size_t at)
{
	char mark = s.ptr[at];
	char before = at > 0 ? s.ptr[at - 1] : '\n';
	char after = at + 1 < s.len ? s.ptr[at + 1] : '\n';
	return !is_word_before(s, at) && before != mark && !is_blank(after) && after != mark;
}

static bool
can_close(struct str s, size_t at)
{
	char after = at + 1 < s.len ? s.ptr[at + 1] : '\n';
	return !is_blank(s.ptr[at - 1]) && !is_word_after(s, at) && after != s.ptr[at];
}

/* Where the fence, the code or the mark at `at` is closed: the place of its second half, the
 * end of a torn text, or 0 if it opens nothing. What could close it first decides. */
static size_t
closing_of(struct str s, size_t at, size_t mark, bool is_torn)
{
	bool is_code = s.ptr[at] == '`';
	if (!is_code && !can_open(s, at))
		return 0;
	for (size_t i = at + mark; i + mark <= s.len; i++) {
		if (s.ptr[i] == '\n' && mark == 1)
			return 0;
		if (memcmp(s.ptr + i, s.ptr + at, mark) == 0)
			return i > at + mark && (is_code || can_close(s, i)) ? i : 0;
	}
	return is_torn ? s.len : 0;
}

static size_t
mark_at(struct str s, size_t at)
{
	if (str_starts_with(rest_at(s, at), STR("```")))
		return 3;
	return s.ptr[at] == '`' || s.ptr[at] == '*' || s.ptr[at] == '_' || s.ptr[at] == '~';
}

/* Goes into what surrounds `cut`, and over what is closed before it. */
static void
find_open(struct str s, size_t cut, bool is_torn, struct open_marks *open)
{
	open->n = 0;
	for (size_t at = 0; at < cut;) {
		size_t mark = mark_at(s, at);
		size_t end = mark > 0 ? closing_of(s, at, mark, is_torn) : 0;
		if (end == 0) {
			at += mark > 0 ? mark : unit_bytes(s, at, true);
		} else if (end + mark <= cut) {
			at = end + mark;
		} else {
			if (open->n < OPEN_MAX && at + mark <= cut)
				open->marks[open->n++] = (struct str){s.ptr + at, mark};
			if (s.ptr[at] == '`')
				return;
			s.len = end; /* what is inside is closed inside */
			at += mark;
		}
	}
}

static size_t
closers_length(const struct open_marks *open)
{
	size_t n = 0;
	for (int i = 0; i < open->n; i++)
		n += open->marks[i].len;
	return n;
}

/* Bytes of whole things that have at most `max` units. */
static size_t
bytes_of(struct str s, size_t max, bool is_mrkdwn)
{
	size_t kept = 0, units = 0;
	while (kept < s.len) {
		size_t n = unit_bytes(s, kept, is_mrkdwn);
		units += characters_utf16((struct str){s.ptr + kept, n});
		if (units > max)
			break;
		kept += n;
	}
	return kept;
}

/* Cuts to `max` units with what must follow; what is open depends on the cut, and the cut on
 * how much closing it takes. */
static void
cut(struct buf *out, size_t max, bool is_mrkdwn, bool is_torn)
{
	struct str s = buf_view(out);
	struct open_marks open = {0};
	char closers[3 * OPEN_MAX];
	size_t kept, n = 0, reserved = 0;
	do {
		reserved = closers_length(&open) + 1; /* the ellipsis */
		kept = max > reserved ? bytes_of(s, max - reserved, is_mrkdwn) : 0;
		if (is_mrkdwn)
			find_open(s, kept, is_torn, &open);
	} while (closers_length(&open) + 1 > reserved);
	for (int i = open.n - 1; i >= 0; i--) {
		memcpy(closers + n, open.marks[i].ptr, open.marks[i].len);
		n += open.marks[i].len;
	}
	out->len = kept;
	trim_end(out);
	if (max > 0)
		buf_cstr(out, "\xe2\x80\xa6");
	buf_put(out, closers, n);
}

static bool
fit(struct buf *out, size_t max, bool is_mrkdwn, bool is_torn)
{
	trim(out);
	if (out->len <= max || characters_utf16(buf_view(out)) <= max)
		return true;
	cut(out, max, is_mrkdwn, is_torn);
	return false;
}

bool
mrkdwn_fit(struct buf *out, size_t max, bool is_torn)
{
	return fit(out, max, true, is_torn);
}

bool
plain_fit(struct buf *out, size_t max)
{
	return fit(out, max, false, false);
}
