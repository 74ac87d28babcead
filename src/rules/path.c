#include "path.h"

#include <stdio.h>

#include "carillon/rules/characters.h"
#include "template_expr.h"

bool
path_parse(struct arena *a, struct str text, struct path *out, struct err *e)
{
	struct template_error unused;
	struct scanner s = {.source = text, .end = text.len, .arena = a, .e = &unused};

	if (parse_path(&s, out))
		return true;
	if (out->n == PATH_STEPS_MAX)
		return fail(e, ERR_INPUT, "more than %d levels", PATH_STEPS_MAX);
	return fail(e, ERR_INPUT, "not a path such as customer.plan or items[0].price");
}

/* --- one step --- */

static const struct json *
element(const struct json *list, int64_t index)
{
	const struct json *v = list->child;

	if (index < 0)
		index += list->count;
	if (index < 0 || index >= list->count)
		return NULL;
	while (index-- > 0)
		v = v->next;
	return v;
}

static const struct json *
count(size_t n, struct path_scratch *scratch)
{
	int len = snprintf(scratch->text, sizeof(scratch->text), "%zu", n);

	scratch->value =
	    (struct json){.kind = JSON_NUMBER, .text = {scratch->text, (size_t)len}};
	return &scratch->value;
}

static bool
is_size(const struct path_step *step)
{
	return str_eq(step->key, STR("size")) || str_eq(step->key, STR("length"));
}

static const struct json *
step_into_list(
    const struct json *list, const struct path_step *step, struct path_scratch *scratch)
{
	int64_t index = step->is_index ? step->index : json_index_of(step->key);

	if (step->is_index || index >= 0)
		return element(list, index);
	if (is_size(step))
		return count(list->count, scratch);
	if (str_eq(step->key, STR("first")))
		return element(list, 0);
	return str_eq(step->key, STR("last")) ? element(list, -1) : NULL;
}

const struct json *
path_step_into(const struct json *v, const struct path_step *step, struct path_scratch *scratch)
{
	const struct json *member;

	switch (v->kind) {
	case JSON_ARRAY: return step_into_list(v, step, scratch);
	case JSON_STRING:
		return is_size(step) ? count(characters_utf16(v->text), scratch) : NULL;
	case JSON_OBJECT:
		member = json_get(v, step->key);
		if (member || step->is_index || !str_eq(step->key, STR("size")))
			return member;
		return count(v->count, scratch);
	default: return NULL;
	}
}

/* --- all of them --- */

int
path_steps_of_name(const struct path *p, int first, struct str name)
{
	for (int i = first; i < p->n; i++) {
		struct str key = p->steps[i].key;

		if (!str_starts_with(name, key))
			return 0;
		name = (struct str){name.ptr + key.len, name.len - key.len};
		if (name.len == 0)
			return i - first + 1;
		if (name.ptr[0] != '.' || i + 1 == p->n || !p->steps[i + 1].is_word)
			return 0;
		name = (struct str){name.ptr + 1, name.len - 1};
	}
	return 0;
}

static bool
has_words_together(const struct path *p)
{
	for (int i = 1; i < p->n; i++)
		if (p->steps[i].is_word)
			return true;
	return false;
}

/* Each value of the payload is come to at most once: its own names say by how many steps. */
static const struct json *
find_joined(const struct path *p, int first, const struct json *at, size_t *looked_at)
{
	struct path_scratch unused;
	const struct json *found = NULL;

	if (first == p->n)
		return at;
	if (at->kind != JSON_OBJECT) {
		const struct json *next = at->kind == JSON_ARRAY
		                              ? path_step_into(at, &p->steps[first], &unused)
		                              : NULL;

		return next && next != &unused.value
		           ? find_joined(p, first + 1, next, looked_at)
		           : NULL;
	}
	*looked_at += at->count;
	JSON_EACH (member, at) {
		int n = path_steps_of_name(p, first, member->key);

		if (n > 0 && !found)
			found = find_joined(p, first + n, member, looked_at);
	}
	return found;
}

const struct json *
path_find_joined(const struct path *p, const struct json *root, size_t *looked_at)
{
	return has_words_together(p) ? find_joined(p, 0, root, looked_at) : NULL;
}

const struct json *
path_find(const struct path *p, const struct json *root, struct path_scratch *scratch)
{
	const struct json *at = root;
	size_t looked_at = 0;

	for (int i = 0; at && i < p->n; i++) {
		looked_at += at->count;
		at = path_step_into(at, &p->steps[i], scratch);
	}
	if (!at)
		at = path_find_joined(p, root, &looked_at);
	scratch->looked_at = looked_at;
	return at;
}

struct path
path_below_payload(const struct path *p)
{
	bool is_below =
	    p->n > 1 && p->steps[0].is_word && str_eq(p->steps[0].key, STR("payload"));

	return is_below ? (struct path){p->steps + 1, p->n - 1} : *p;
}
