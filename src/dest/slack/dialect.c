/* How templates read in Slack: values as text, dates and links in Slack's own markup. */
#include "mrkdwn.h"

#include <ctype.h>

#include "carillon/rules/characters.h"

enum { LABEL_MAX = 300 }; /* characters of a link's words */

static bool
is_web_address(struct str s)
{
	return str_starts_with(s, STR("https://")) || str_starts_with(s, STR("http://"));
}

static struct str
rest_at(struct str s, size_t at)
{
	return (struct str){s.ptr + at, s.len - at};
}

/* In code Slack looks for nothing; but a backtick that is alone is no code, so < is watched. */
static size_t
step_in_text(enum mrkdwn_place *place, struct str literal, size_t at)
{
	struct str rest = rest_at(literal, at + 1);
	bool is_fence = str_starts_with(rest_at(literal, at), STR("```"));
	switch (literal.ptr[at]) {
	case '<':
		*place = is_web_address(rest) ? MRKDWN_HOST : MRKDWN_ANGLE;
		return *place == MRKDWN_ANGLE ? 1 : str_starts_with(rest, STR("https")) ? 9 : 8;
	case '`':
		if (*place == MRKDWN_TEXT)
			*place = is_fence ? MRKDWN_FENCE : MRKDWN_CODE;
		else if (*place == MRKDWN_CODE || is_fence)
			*place = MRKDWN_TEXT;
		return is_fence ? 3 : 1;
	case '\n':
		if (*place == MRKDWN_CODE)
			*place = MRKDWN_TEXT;
	}
	return 1;
}

/* Moves `place` over what stands at `at` of the template's own text; returns its bytes. */
static size_t
step(enum mrkdwn_place *place, struct str literal, size_t at)
{
	bool in_address = *place == MRKDWN_HOST || *place == MRKDWN_URL;
	if (*place == MRKDWN_TEXT || *place == MRKDWN_CODE || *place == MRKDWN_FENCE)
		return step_in_text(place, literal, at);
	switch (literal.ptr[at]) {
	case '<': return step_in_text(place, literal, at);
	case '>': *place = MRKDWN_TEXT; break;
	case '|':
		if (in_address)
			*place = MRKDWN_LABEL;
		break;
	case '/':
	case '?':
	case '#':
		if (in_address)
			*place = MRKDWN_URL;
	}
	return 1;
}

static void
follow(struct template_mark *m, struct str literal, size_t at)
{
	enum mrkdwn_place place = (enum mrkdwn_place)m->place;
	const char *last = memrchr(literal.ptr, '<', literal.len);
	if (!last && place == MRKDWN_TEXT && !memchr(literal.ptr, '`', literal.len))
		return; /* most often */
	for (size_t i = 0; i < literal.len;)
		i += step(&place, literal, i);
	m->place = (int)place;
	m->in_path = place == MRKDWN_URL;
	if (last && place == MRKDWN_ANGLE)
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

static bool
put_plain(struct str value, int place, bool one_line, size_t room, struct buf *out)
{
	(void)place;
	return plain_put(value, one_line, room, out);
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

/* HTTPS:// is https://, and Slack need not know it. */
static void
put_address(struct str url, struct buf *out)
{
	const char *end = url.len > 0 ? memmem(url.ptr, url.len, "://", 3) : NULL;
	const size_t scheme = end != NULL ? (size_t)(end - url.ptr) : 0;

	for (size_t i = 0; i < scheme; i++)
		buf_putc(out, (char)tolower((unsigned char)url.ptr[i]));
	(void)mrkdwn_put(rest_at(url, scheme), MRKDWN_URL, true, SIZE_MAX, out);
}

void
mrkdwn_put_link(struct str url, struct str label, struct buf *out)
{
	buf_putc(out, '<');
	put_address(url, out);
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

const struct template_dialect plain_dialect = {.put = put_plain};
