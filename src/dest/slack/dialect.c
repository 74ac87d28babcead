/* How templates read in Slack: values as text, dates and links in Slack's own markup. */
#include "mrkdwn.h"

#include "carillon/rules/characters.h"

enum { LABEL_MAX = 300 }; /* characters of a link's words */

static bool
is_web_address(struct str s)
{
	return str_starts_with(s, STR("https://")) || str_starts_with(s, STR("http://"));
}

/* The place after `literal`, the template's own text, when it was `place` before. */
static enum mrkdwn_place
place_after(enum mrkdwn_place place, struct str literal)
{
	for (size_t i = 0; i < literal.len; i++) {
		struct str rest = {literal.ptr + i + 1, literal.len - i - 1};
		switch (literal.ptr[i]) {
		case '<': place = is_web_address(rest) ? MRKDWN_URL : MRKDWN_ANGLE; break;
		case '>': place = MRKDWN_TEXT; break;
		case '|':
			if (place == MRKDWN_URL)
				place = MRKDWN_LABEL;
		}
	}
	return place;
}

static void
follow(struct template_mark *m, struct str literal, size_t at)
{
	const char *last = memrchr(literal.ptr, '<', literal.len);
	if (!last && m->place == MRKDWN_TEXT)
		return; /* most often */
	m->place = (int)place_after((enum mrkdwn_place)m->place, literal);
	if (last && m->place == MRKDWN_ANGLE)
		m->open_at = at + (size_t)(last - literal.ptr);
}

/*
 * A value behind the template's own <, <@ or <! could choose whom to mention. The bracket
 * becomes text, and nothing is mentioned.
 */
static bool
disarm(struct template_mark *m, struct buf *out)
{
	static const char entity[] = "&lt;";
	size_t tail = out->len - m->open_at - 1;
	if (m->place != MRKDWN_ANGLE)
		return false;
	m->place = MRKDWN_TEXT;
	if (m->open_at >= out->len)
		return false;
	buf_cstr(out, "lt;");
	memmove(out->ptr + m->open_at + 4, out->ptr + m->open_at + 1, tail);
	memcpy(out->ptr + m->open_at, entity, 4);
	return true;
}

static bool
put(struct str value, int place, bool one_line, size_t room, struct buf *out)
{
	return mrkdwn_put(value, (enum mrkdwn_place)place, one_line, room, out);
}

/* <!date^UNIX^form|plain>, the plain text being UTC. */
static void
put_date(int64_t unix_s, struct str form, struct buf *out, struct str *plain)
{
	buf_cstr(out, "<!date^");
	buf_digits(out, unix_s, 1);
	buf_putc(out, '^');
	buf_str(out, form);
	buf_putc(out, '|');
	size_t start = out->len;
	template_put_date(unix_s, form, out);
	size_t len = out->len - start;
	buf_putc(out, '>');
	*plain = (struct str){out->ptr + start, len};
}

void
mrkdwn_put_link(struct str url, struct str label, struct buf *out)
{
	buf_putc(out, '<');
	(void)mrkdwn_put(url, MRKDWN_URL, true, SIZE_MAX, out);
	size_t before = out->len;
	buf_putc(out, '|');
	label.len = characters_bytes(label, LABEL_MAX);
	(void)mrkdwn_put(label, MRKDWN_LABEL, true, SIZE_MAX, out);
	if (out->len == before + 1)
		out->len = before;
	buf_putc(out, '>');
}

const struct template_dialect mrkdwn_dialect = {
    .follow = follow,
    .disarm = disarm,
    .put = put,
    .put_date = put_date,
    .put_link = mrkdwn_put_link,
};
