#include "rules/schema_private.h"

#include "carillon/base/buf.h"
#include "carillon/base/pointer.h"
#include "carillon/base/suggest.h"
#include "rules/path.h"
#include "rules/value.h"

struct check {
	struct arena *arena;
	schema_finding_fn *each;
	void *arg;
	bool is_valid;
};

static void check_value(
    struct check *c, const struct schema *s, const struct json *v, const struct pointer *at);

static void
report(struct check *c, const struct pointer *at, struct str sentence)
{
	struct schema_finding f = {.pointer = pointer_text(c->arena, at), .sentence = sentence};

	c->is_valid = false;
	if (c->each)
		c->each(&f, c->arg);
}

static unsigned
types_of(const struct json *v)
{
	switch (v->kind) {
	case JSON_NULL: return SCHEMA_NULL;
	case JSON_FALSE:
	case JSON_TRUE: return SCHEMA_BOOLEAN;
	case JSON_NUMBER:
		return SCHEMA_NUMBER | (value_is_integral(v->text) ? SCHEMA_INTEGER : 0);
	case JSON_STRING: return SCHEMA_STRING;
	case JSON_ARRAY: return SCHEMA_ARRAY;
	case JSON_OBJECT: return SCHEMA_OBJECT;
	}
	return 0;
}

static void
report_type(
    struct check *c, const struct schema *s, const struct json *v, const struct pointer *at)
{
	struct str names[SCHEMA_TYPES];
	char expected[80];
	size_t n = 0;

	for (int bit = 0; bit < SCHEMA_TYPES; bit++) {
		if (s->types & 1u << bit)
			names[n++] = schema_type_name(bit);
	}
	(void)words_format(expected, sizeof(expected), names, n);
	report(c, at,
	    arena_printf(c->arena, "expected %s, got %s", expected, json_kind_name(v->kind)));
}

static void
check_options(
    struct check *c, const struct schema *s, const struct json *v, const struct pointer *at)
{
	struct json_writer w;
	struct buf b = {0};

	JSON_EACH (option, s->options) {
		if (value_eq(option, v))
			return;
	}
	jw_init(&w, &b);
	jw_value(&w, s->options);
	struct str list = {b.ptr, str_utf8_cut(buf_view(&b), 200)};
	report(c, at,
	    arena_printf(
		c->arena, "not one of %.*s%s", STR_ARG(list), list.len < b.len ? "..." : ""));
	buf_fini(&b);
}

static void
check_number(
    struct check *c, const struct schema *s, const struct json *v, const struct pointer *at)
{
	if (s->minimum.len > 0 && json_number_cmp(v->text, s->minimum) < 0)
		report(c, at,
		    arena_printf(c->arena, "%.*s is less than %.*s", STR_ARG(v->text),
			STR_ARG(s->minimum)));
	if (s->maximum.len > 0 && json_number_cmp(v->text, s->maximum) > 0)
		report(c, at,
		    arena_printf(c->arena, "%.*s is more than %.*s", STR_ARG(v->text),
			STR_ARG(s->maximum)));
}

static int64_t
characters(struct str s)
{
	int64_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += ((unsigned char)s.ptr[i] & 0xc0) != 0x80;
	return n;
}

static void
check_string(
    struct check *c, const struct schema *s, const struct json *v, const struct pointer *at)
{
	int64_t n = characters(v->text);

	if (s->min_length >= 0 && n < s->min_length)
		report(c, at,
		    arena_printf(c->arena, "%lld characters; at least %lld are needed",
			(long long)n, (long long)s->min_length));
	if (s->max_length >= 0 && n > s->max_length)
		report(c, at,
		    arena_printf(c->arena, "%lld characters; at most %lld are allowed",
			(long long)n, (long long)s->max_length));
}

static void
check_array(
    struct check *c, const struct schema *s, const struct json *v, const struct pointer *at)
{
	struct pointer here = {.up = at};

	if (!s->items)
		return;
	JSON_EACH (element, v) {
		check_value(c, s->items, element, &here);
		here.index++;
	}
}

static bool
has_property(const struct schema *s, struct str name)
{
	for (const struct schema_property *p = s->properties; p; p = p->next) {
		if (p->schema && str_eq(p->name, name))
			return true;
	}
	return false;
}

static void
check_object(
    struct check *c, const struct schema *s, const struct json *v, const struct pointer *at)
{
	for (const struct schema_property *p = s->properties; p; p = p->next) {
		const struct json *member = json_get(v, p->name);
		struct pointer here = {.up = at, .name = p->name};

		if (member && p->schema)
			check_value(c, p->schema, member, &here);
		else if (!member && p->is_required)
			report(c, &here, STR("is required and missing"));
	}
	if (!s->is_closed)
		return;
	JSON_EACH (member, v) {
		struct pointer here = {.up = at, .name = member->key};

		if (!has_property(s, member->key))
			report(c, &here, STR("is not a property that the schema knows"));
	}
}

/* Recursion ends with the schema's depth, which is bounded. */
static void
check_value(
    struct check *c, const struct schema *s, const struct json *v, const struct pointer *at)
{
	if (s->types && !(s->types & types_of(v))) {
		report_type(c, s, v, at);
		return;
	}
	if (s->options)
		check_options(c, s, v, at);
	if (v->kind == JSON_NUMBER)
		check_number(c, s, v, at);
	else if (v->kind == JSON_STRING)
		check_string(c, s, v, at);
	else if (v->kind == JSON_ARRAY)
		check_array(c, s, v, at);
	else if (v->kind == JSON_OBJECT)
		check_object(c, s, v, at);
}

bool
schema_validate(const struct schema *s, const struct json *payload, struct arena *a,
    schema_finding_fn *each, void *arg)
{
	struct check c = {.arena = a, .each = each, .arg = arg, .is_valid = true};

	if (s)
		check_value(&c, s, payload, NULL);
	return c.is_valid;
}

static const struct schema *
schema_at(const struct schema *s, const struct path *p, int first)
{
	if (s == NULL || first == p->n)
		return s;
	const struct path_step *step = &p->steps[first];
	for (const struct schema_property *q = s->properties; q && !step->is_index;
	     q = q->next) {
		int n = q->schema ? path_steps_of_name(p, first, q->name) : 0;

		if (n > 0)
			return schema_at(q->schema, p, first + n);
	}
	return step->is_index || json_index_of(step->key) >= 0
	           ? schema_at(s->items, p, first + 1)
	           : NULL;
}

unsigned
schema_type_of(const struct schema *s, struct str path)
{
	struct arena *a = arena_new(0);
	struct path p;
	unsigned types = 0;

	if (path_parse(a, path, &p, NULL)) {
		struct path below = path_below_payload(&p);
		const struct schema *found = schema_at(s, &below, 0);

		types = found ? found->types : 0;
	}
	arena_free(a);
	return types;
}
