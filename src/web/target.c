#include "target.h"

/* One part, decoded into `a`; "+" is a space in a query. */
static bool
decode(struct arena *a, struct str raw, bool is_query, struct str *out, struct err *e)
{
	char *to = arena_must(a, raw.len + 1);
	size_t n = 0;

	for (size_t i = 0; i < raw.len; i++) {
		char c = raw.ptr[i];

		if (c == '%') {
			int high = i + 2 < raw.len ? hex_digit(raw.ptr[i + 1]) : -1;
			int low = high >= 0 ? hex_digit(raw.ptr[i + 2]) : -1;

			if (low < 0)
				return fail(e, ERR_INPUT, "the address has a bad escape");
			c = (char)(high * 16 + low);
			i += 2;
		} else if (c == '+' && is_query) {
			c = ' ';
		}
		to[n++] = c;
	}
	*out = (struct str){to, n};
	return str_is_text(*out) ||
	       fail(e, ERR_INPUT, "the address is not UTF-8 text, or has a NUL");
}

/* Takes what stands before `by` off `rest`; all of it if there is none. */
static struct str
take_until(struct str *rest, char by)
{
	const char *at = rest->len > 0 ? memchr(rest->ptr, by, rest->len) : NULL;
	struct str part = {rest->ptr, at != NULL ? (size_t)(at - rest->ptr) : rest->len};
	size_t taken = part.len + (at != NULL);

	*rest = (struct str){at != NULL ? rest->ptr + taken : NULL, rest->len - taken};
	return part;
}

static bool
add_segment(struct arena *a, struct target *t, struct str raw, struct err *e)
{
	struct str *s = &t->segments[t->n_segments];

	if (t->n_segments == TARGET_SEGMENTS_MAX)
		return fail(
		    e, ERR_INPUT, "the address has more than %d parts", TARGET_SEGMENTS_MAX);
	if (!decode(a, raw, false, s, e))
		return false;
	if (s->len == 0 || str_eq(*s, STR(".")) || str_eq(*s, STR("..")))
		return fail(e, ERR_INPUT,
		    "the address has an empty part, or one that is \".\" or \"..\"");
	t->n_segments++;
	return true;
}

static bool
add_parameter(struct arena *a, struct target *t, struct str raw, struct err *e)
{
	struct target_parameter *p = &t->parameters[t->n_parameters];
	struct str name = take_until(&raw, '='), had;

	if (t->n_parameters == TARGET_PARAMETERS_MAX)
		return fail(
		    e, ERR_INPUT, "there are more than %d parameters", TARGET_PARAMETERS_MAX);
	if (!decode(a, name, true, &p->name, e) || !decode(a, raw, true, &p->value, e))
		return false;
	if (p->name.len == 0)
		return fail(e, ERR_INPUT, "a parameter has no name");
	if (target_get(t, p->name, &had))
		return fail(
		    e, ERR_INPUT, "the parameter \"%.*s\" is there twice", STR_ARG(p->name));
	t->n_parameters++;
	return true;
}

bool
target_parse(struct arena *a, struct str raw, struct target *out, struct err *e)
{
	struct str path;

	out->n_segments = out->n_parameters = 0;
	if (raw.len == 0 || raw.len > TARGET_MAX || raw.ptr[0] != '/' ||
	    memchr(raw.ptr, '#', raw.len) != NULL)
		return fail(e, ERR_INPUT,
		    "the address must begin with \"/\", have at most %d "
		    "bytes and no \"#\"",
		    TARGET_MAX);
	path = take_until(&raw, '?');
	path = (struct str){path.ptr + 1, path.len - 1};
	while (path.ptr != NULL && path.len + (size_t)out->n_segments > 0)
		if (!add_segment(a, out, take_until(&path, '/'), e))
			return false;
	while (raw.ptr != NULL && raw.len > 0)
		if (!add_parameter(a, out, take_until(&raw, '&'), e))
			return false;
	return true;
}

bool
target_get(const struct target *t, struct str name, struct str *value)
{
	for (int i = 0; i < t->n_parameters; i++)
		if (str_eq(t->parameters[i].name, name)) {
			*value = t->parameters[i].value;
			return true;
		}
	return false;
}

bool
cookie_get(struct str header, struct str name, struct str *value)
{
	bool found = false;

	while (header.ptr != NULL && header.len > 0) {
		struct str pair = take_until(&header, ';'), own;

		while (pair.len > 0 && pair.ptr[0] == ' ')
			pair = (struct str){pair.ptr + 1, pair.len - 1};
		own = take_until(&pair, '=');
		if (!str_eq(own, name) || pair.ptr == NULL)
			continue;
		if (found)
			return false;
		*value = pair;
		found = true;
	}
	return found;
}
