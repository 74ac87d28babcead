#include "reference.h"

struct reference {
	const struct mrkdwn *reading;
	struct node *into;
	struct str target, label; /* label: NULL if there is no bar */
};

/* Takes up to the next `end` or all; false if nothing is left to take from. */
static bool
take_until(struct str *rest, char end, struct str *part)
{
	if (!rest->ptr)
		return false;
	const char *at = rest->len ? memchr(rest->ptr, end, rest->len) : NULL;
	*part = (struct str){rest->ptr, at ? (size_t)(at - rest->ptr) : rest->len};
	*rest = at ? (struct str){at + 1, rest->len - part->len - 1} : (struct str){NULL, 0};
	return true;
}

static bool
read_integer(struct str s, int64_t *out)
{
	bool is_negative = s.len && s.ptr[0] == '-';
	size_t i = is_negative ? 1 : 0;
	int64_t n = 0;
	if (i == s.len || s.len > 15)
		return false;
	for (; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
		n = n * 10 + (s.ptr[i] - '0');
	}
	*out = is_negative ? -n : n;
	return true;
}

static struct str
unescaped(const struct reference *r, struct str s)
{
	return mrkdwn_unescape(r->reading->arena, s);
}

/* date^1712345678^{date_short}^https://example.com */
static bool
read_date(const struct reference *r, struct str rest)
{
	struct str word, seconds, format, url = {NULL, 0};
	int64_t unix_s;
	if (!take_until(&rest, '^', &word) || !str_eq(word, STR("date")) ||
	    !take_until(&rest, '^', &seconds) || !take_until(&rest, '^', &format))
		return false;
	(void)take_until(&rest, '^', &url);
	struct str fallback = unescaped(r, r->label.ptr ? r->label : (struct str){NULL, 0});
	if (!read_integer(seconds, &unix_s) || !format.len)
		(void)node_add_text(r->reading->arena, r->into, fallback);
	else
		date_add(r->reading, r->into, unix_s, unescaped(r, format), unescaped(r, url),
		    fallback);
	return true;
}

static void
add_named(const struct reference *r, enum node_kind kind, const char *sign, struct str id)
{
	struct arena *a = r->reading->arena;
	struct node *n = node_add(a, r->into, kind);
	struct str label = unescaped(r, r->label.ptr ? r->label : id);
	bool has_sign = label.len && label.ptr[0] == sign[0];
	n->target = id;
	n->text = arena_printf(a, "%s%.*s", has_sign ? "" : sign, STR_ARG(label));
}

/* What begins with an exclamation mark, which is gone already. */
static void
read_call(const struct reference *r, struct str rest)
{
	struct str subteam = STR("subteam^");
	if (read_date(r, rest))
		return;
	if (str_eq(rest, STR("here")) || str_eq(rest, STR("channel")) ||
	    str_eq(rest, STR("everyone"))) {
		struct node *n = node_add(r->reading->arena, r->into, NODE_BROADCAST);
		n->target = rest;
		n->text = arena_printf(r->reading->arena, "@%.*s", STR_ARG(rest));
	} else if (str_starts_with(rest, subteam)) {
		add_named(r, NODE_USERGROUP, "@",
		    (struct str){rest.ptr + subteam.len, rest.len - subteam.len});
	} else {
		(void)node_add_text(r->reading->arena, r->into,
		    unescaped(r, r->label.ptr ? r->label : r->target));
	}
}

static void
read_link(const struct reference *r)
{
	struct node *n = node_add(r->reading->arena, r->into, NODE_LINK);
	n->target = unescaped(r, r->target);
	plain_read(r->reading, n, r->label.ptr ? unescaped(r, r->label) : n->target,
	    r->label.ptr != NULL);
}

size_t
reference_read(const struct mrkdwn *m, struct node *into, struct str s)
{
	size_t end = 1;
	while (end < s.len && s.ptr[end] != '>' && s.ptr[end] != '<' && s.ptr[end] != '\n')
		end++;
	if (end >= s.len || s.ptr[end] != '>' || end == 1)
		return 0;
	struct str rest = {s.ptr + 1, end - 1};
	struct reference r = {.reading = m, .into = into};
	(void)take_until(&rest, '|', &r.target);
	r.label = rest;
	struct str name = {r.target.ptr + 1, r.target.len ? r.target.len - 1 : 0};
	switch (r.target.len ? r.target.ptr[0] : '\0') {
	case '!': read_call(&r, name); break;
	case '@': add_named(&r, NODE_USER, "@", name); break;
	case '#': add_named(&r, NODE_CHANNEL, "#", name); break;
	default: read_link(&r); break;
	}
	return end + 1;
}
