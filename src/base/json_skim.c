/*
 * Reading an object that may be cut off, or hold what is no JSON: values are found by their
 * quotes and brackets, and each is read for itself.
 */
#include "carillon/base/json.h"

enum { SKIM_DEPTH_MAX = 64 };

struct skim {
	struct arena *arena;
	const char *at, *end;
};

static void
skip_space(struct skim *s)
{
	while (s->at < s->end && memchr(" \n\r\t", *s->at, 4))
		s->at++;
}

static bool
take(struct skim *s, char c)
{
	skip_space(s);
	if (s->at == s->end || *s->at != c)
		return false;
	s->at++;
	return true;
}

/* Behind the string that begins at `p`, or NULL. */
static const char *
string_end(const char *p, const char *end)
{
	for (p++; p < end; p++) {
		if (*p == '"')
			return p + 1;
		p += *p == '\\';
	}
	return NULL;
}

/* Behind the object or array that begins at `p`, or NULL. */
static const char *
nested_end(const char *p, const char *end)
{
	int depth = 0;

	while (p != NULL && p < end) {
		if (*p == '"') {
			p = string_end(p, end);
			continue;
		}
		depth += (*p == '{' || *p == '[') - (*p == '}' || *p == ']');
		p++;
		if (depth == 0)
			return p;
	}
	return NULL;
}

static const char *
value_end(const char *p, const char *end)
{
	if (*p == '"')
		return string_end(p, end);
	if (*p == '{' || *p == '[')
		return nested_end(p, end);
	while (p < end && !memchr(",}] \n\r\t", *p, 7))
		p++;
	return p < end ? p : NULL; /* a number at the end may go on */
}

/* Takes the next value; NULL where none ends. `*v` is NULL if it cannot be read. */
static bool
take_value(struct skim *s, const struct json **v)
{
	struct json_flaws unused;
	const char *from, *end;

	skip_space(s);
	from = s->at;
	end = from < s->end ? value_end(from, s->end) : NULL;
	*v = NULL;
	if (end == NULL || end == from)
		return false;
	s->at = end;
	if (!json_parse_mending(s->arena, (struct str){from, (size_t)(end - from)},
		SKIM_DEPTH_MAX, v, &unused, NULL))
		*v = NULL;
	return true;
}

static bool
take_member(struct skim *s, const struct json **key, const struct json **v)
{
	return take_value(s, key) && *key && (*key)->kind == JSON_STRING && take(s, ':') &&
	       take_value(s, v);
}

const struct json *
json_skim(struct arena *a, struct str text)
{
	struct skim s = {a, text.ptr, text.ptr + text.len};
	struct json *object = arena_alloc(a, sizeof(*object));
	const struct json *key, *v, **tail;

	if (str_starts_with(text, STR("\xef\xbb\xbf")))
		s.at += 3;
	if (object == NULL || !take(&s, '{'))
		return NULL;
	*object = (struct json){.kind = JSON_OBJECT};
	tail = &object->child;
	while (take_member(&s, &key, &v)) {
		struct json *member = v ? arena_alloc(a, sizeof(*member)) : NULL;

		if (member != NULL) {
			*member = *v;
			member->key = key->text;
			*tail = member;
			tail = &member->next;
			object->count++;
		}
		if (!take(&s, ','))
			break;
	}
	return object;
}
