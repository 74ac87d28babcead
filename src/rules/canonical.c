#include "canonical.h"

#include <stdlib.h>

#include "exact.h"

static int
by_name(const void *left, const void *right)
{
	const struct json *const *a = left, *const *b = right;

	return str_cmp((*a)->key, (*b)->key);
}

/* One whose exponent is too far from 0 to write it out stays as it is. */
static void
put_number(struct str text, struct buf *out)
{
	struct exact x;

	if (exact_read(&x, text))
		exact_put(&x, out);
	else
		buf_str(out, text);
	exact_fini(&x);
}

static void
put_string(struct str s, struct buf *out)
{
	struct json_writer w;

	jw_init(&w, out);
	jw_string(&w, s);
}

static void
put_members(const struct json *v, struct buf *out)
{
	struct buf sorted = {0};
	const struct json **members;

	JSON_EACH (member, v)
		buf_put(&sorted, &member, sizeof(member));
	members = (const struct json **)(void *)sorted.ptr;
	if (v->count > 0)
		qsort(members, v->count, sizeof(*members), by_name);
	for (uint32_t i = 0; i < v->count; i++) {
		if (i > 0)
			buf_putc(out, ',');
		put_string(members[i]->key, out);
		buf_putc(out, ':');
		canonical_put(members[i], out);
	}
	buf_fini(&sorted);
}

/* Recursion ends at the depth that json_parse was given. */
void
canonical_put(const struct json *v, struct buf *out)
{
	switch (v->kind) {
	case JSON_NULL: buf_cstr(out, "null"); break;
	case JSON_FALSE: buf_cstr(out, "false"); break;
	case JSON_TRUE: buf_cstr(out, "true"); break;
	case JSON_NUMBER: put_number(v->text, out); break;
	case JSON_STRING: put_string(v->text, out); break;
	case JSON_ARRAY:
		buf_putc(out, '[');
		JSON_EACH (element, v) {
			if (element != v->child)
				buf_putc(out, ',');
			canonical_put(element, out);
		}
		buf_putc(out, ']');
		break;
	case JSON_OBJECT:
		buf_putc(out, '{');
		put_members(v, out);
		buf_putc(out, '}');
		break;
	}
}
