#include "channel.h"

#include "carillon/base/url.h"

/* Public and private channels, and conversations with a person. */
static bool
is_id(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!(s.ptr[i] >= 'A' && s.ptr[i] <= 'Z') &&
		    !(s.ptr[i] >= '0' && s.ptr[i] <= '9'))
			return false;
	return s.len >= 2 && s.len <= CHANNEL_ID_MAX && memchr("CGD", s.ptr[0], 3) != NULL;
}

/* What stands between slashes, from `*at` on, which moves behind it. */
static struct str
next_step(struct str path, size_t *at)
{
	size_t from = *at;

	while (*at < path.len && path.ptr[*at] != '/' && path.ptr[*at] != '?' &&
	       path.ptr[*at] != '#')
		(*at)++;
	struct str step = {path.ptr + from, *at - from};
	*at += *at < path.len;
	return step;
}

static bool
is_of_slack(struct str host)
{
	struct str end = STR(".slack.com");

	return host.len > end.len &&
	       memcmp(host.ptr + host.len - end.len, end.ptr, end.len) == 0;
}

/*
 * https://acme.slack.com/archives/C0123456789[/p...], as the menu of a channel copies it, and
 * https://app.slack.com/client/T0123456789/C0123456789, which the browser shows.
 */
static struct str
id_of_link(struct str text)
{
	struct str first, second, third;
	struct url url;
	size_t at = 1;

	if (!url_parse(&url, text) || !str_eq(url.scheme, STR("https")) ||
	    !is_of_slack(url.host) || url.path.len == 0)
		return (struct str){0};
	first = next_step(url.path, &at);
	second = next_step(url.path, &at);
	third = next_step(url.path, &at);
	if (str_eq(first, STR("archives")))
		return second;
	return str_eq(first, STR("client")) ? third : (struct str){0};
}

static struct str
id_of_mention(struct str text)
{
	const char *bar;

	if (text.len < 4 || !str_starts_with(text, STR("<#")) || text.ptr[text.len - 1] != '>')
		return (struct str){0};
	text = (struct str){text.ptr + 2, text.len - 3};
	bar = memchr(text.ptr, '|', text.len);
	return bar != NULL ? (struct str){text.ptr, (size_t)(bar - text.ptr)} : text;
}

bool
slack_channel_of(struct str text, char out[static CHANNEL_ID_MAX + 1])
{
	text = str_trimmed(text);
	if (!is_id(text))
		text =
		    str_starts_with(text, STR("<#")) ? id_of_mention(text) : id_of_link(text);
	return is_id(text) && str_copy(out, CHANNEL_ID_MAX + 1, text);
}
