#include "rules/field_path.h"

enum { INDEX_DIGITS_MAX = 9 };

static int32_t
index_of(struct str digits)
{
	int32_t n = 0;

	if (digits.len == 0 || digits.len > INDEX_DIGITS_MAX)
		return FIELD_NO_INDEX;
	if (digits.ptr[0] == '0' && digits.len > 1)
		return FIELD_NO_INDEX;
	for (size_t i = 0; i < digits.len; i++) {
		if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
			return FIELD_NO_INDEX;
		n = n * 10 + (digits.ptr[i] - '0');
	}
	return n;
}

static struct str
skip(struct str s, size_t n)
{
	return (struct str){s.ptr + n, s.len - n};
}

static enum field_next
next_brackets(struct str *rest, struct field_step *out)
{
	const char *end = memchr(rest->ptr, ']', rest->len);

	if (!end)
		return FIELD_BAD;
	out->is_brackets = true;
	out->index = index_of((struct str){rest->ptr + 1, (size_t)(end - rest->ptr) - 1});
	*rest = skip(*rest, (size_t)(end - rest->ptr) + 1);
	return out->index == FIELD_NO_INDEX ? FIELD_BAD : FIELD_STEP;
}

enum field_next
field_path_next(struct str *rest, bool is_first, struct field_step *out)
{
	size_t n = 0;

	*out = (struct field_step){.index = FIELD_NO_INDEX};
	if (rest->len == 0)
		return is_first ? FIELD_BAD : FIELD_END;
	if (rest->ptr[0] == '[')
		return next_brackets(rest, out);
	if (!is_first) {
		if (rest->ptr[0] != '.')
			return FIELD_BAD;
		*rest = skip(*rest, 1);
	}
	while (n < rest->len && rest->ptr[n] != '.' && rest->ptr[n] != '[')
		n++;
	out->name = (struct str){rest->ptr, n};
	out->index = index_of(out->name);
	*rest = skip(*rest, n);
	return n > 0 ? FIELD_STEP : FIELD_BAD;
}

bool
field_path_parse(struct arena *a, struct str text, struct field_path *out, struct err *e)
{
	struct field_step steps[FIELD_STEPS_MAX], step;
	enum field_next next;
	size_t n = 0;

	while ((next = field_path_next(&text, n == 0, &step)) == FIELD_STEP) {
		if (n == FIELD_STEPS_MAX)
			return fail(e, ERR_INPUT, "more than %d levels", FIELD_STEPS_MAX);
		steps[n++] = step;
	}
	if (next == FIELD_BAD)
		return fail(e, ERR_INPUT, "not a path such as customer.plan or items[0].price");
	struct field_step *kept = ARENA_ARRAY(a, struct field_step, n);
	for (size_t i = 0; i < n; i++) {
		kept[i] = steps[i];
		kept[i].name = arena_str(a, steps[i].name);
	}
	*out = (struct field_path){kept, n};
	return true;
}

static const struct json *
element(const struct json *array, int32_t index)
{
	if (index == FIELD_NO_INDEX || (uint32_t)index >= array->count)
		return NULL;
	const struct json *v = array->child;
	for (; v && index > 0; index--)
		v = v->next;
	return v;
}

const struct json *
field_path_find(const struct field_path *p, const struct json *root, size_t *walked)
{
	const struct json *at = root;

	for (size_t i = 0; at && i < p->n; i++) {
		const struct field_step *s = &p->steps[i];

		*walked += at->count;
		if (at->kind == JSON_ARRAY)
			at = element(at, s->index);
		else
			at = s->is_brackets ? NULL : json_get(at, s->name);
	}
	return at;
}
