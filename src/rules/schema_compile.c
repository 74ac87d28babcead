#include "rules/schema_private.h"

struct compiler {
	struct arena *arena;
	struct findings *findings;
};

static bool compile(struct compiler *c, const struct json *v, const struct pointer *at,
    int depth, struct schema **out);

static bool
refuse(struct compiler *c, const struct pointer *at, const struct json *v, const char *expected)
{
	return findings_at(c->findings, FINDING_WRONG_KIND, at, "expected %s, got %s", expected,
	    json_kind_name(v->kind));
}

struct str
schema_type_name(int bit)
{
	const struct str names[SCHEMA_TYPES] = {STR("null"), STR("boolean"), STR("integer"),
	    STR("number"), STR("string"), STR("array"), STR("object")};

	return names[bit];
}

static bool
add_type(struct compiler *c, const struct json *v, const struct pointer *at, unsigned *types)
{
	struct str names[SCHEMA_TYPES];

	if (v->kind != JSON_STRING)
		return refuse(c, at, v, "the name of a type");
	for (int bit = 0; bit < SCHEMA_TYPES; bit++) {
		names[bit] = schema_type_name(bit);
		if (str_eq(names[bit], v->text)) {
			*types |= 1u << bit;
			return true;
		}
	}
	return findings_unknown(c->findings, at,
	    &(struct unknown_word){
		FINDING_UNKNOWN_WORD, "there is no type", v->text, names, SCHEMA_TYPES});
}

static bool
type_keyword(struct compiler *c, const struct json *v, const struct pointer *at, int depth,
    struct schema *s)
{
	struct pointer here = {.up = at};
	bool ok = true;

	(void)depth;
	if (v->kind != JSON_ARRAY)
		return add_type(c, v, at, &s->types);
	if (v->count == 0)
		return refuse(c, at, v, "at least one type");
	JSON_EACH (name, v) {
		ok = add_type(c, name, &here, &s->types) && ok;
		here.index++;
	}
	return ok;
}

/* The property called `name`, made if it is not there yet. */
static struct schema_property *
property(struct compiler *c, struct schema *s, struct str name)
{
	struct schema_property **slot = &s->properties;

	while (*slot && !str_eq((*slot)->name, name))
		slot = &(*slot)->next;
	if (!*slot) {
		*slot = ARENA_NEW(c->arena, struct schema_property);
		(*slot)->name = name;
	}
	return *slot;
}

static bool
properties_keyword(struct compiler *c, const struct json *v, const struct pointer *at,
    int depth, struct schema *s)
{
	bool ok = true;

	if (v->kind != JSON_OBJECT)
		return refuse(c, at, v, "an object of schemas");
	JSON_EACH (member, v) {
		struct pointer here = {.up = at, .name = member->key};
		struct schema **out = &property(c, s, member->key)->schema;

		ok = compile(c, member, &here, depth + 1, out) && ok;
	}
	return ok;
}

static bool
required_keyword(struct compiler *c, const struct json *v, const struct pointer *at, int depth,
    struct schema *s)
{
	struct pointer here = {.up = at};
	bool ok = true;

	(void)depth;
	if (v->kind != JSON_ARRAY)
		return refuse(c, at, v, "an array of names");
	JSON_EACH (name, v) {
		if (name->kind != JSON_STRING)
			ok = refuse(c, &here, name, "a name");
		else
			property(c, s, name->text)->is_required = true;
		here.index++;
	}
	return ok;
}

static bool
closed_keyword(struct compiler *c, const struct json *v, const struct pointer *at, int depth,
    struct schema *s)
{
	(void)depth;
	if (v->kind != JSON_TRUE && v->kind != JSON_FALSE)
		return refuse(c, at, v, "true or false");
	s->is_closed = v->kind == JSON_FALSE;
	return true;
}

static bool
items_keyword(struct compiler *c, const struct json *v, const struct pointer *at, int depth,
    struct schema *s)
{
	return compile(c, v, at, depth + 1, &s->items);
}

static bool
enum_keyword(struct compiler *c, const struct json *v, const struct pointer *at, int depth,
    struct schema *s)
{
	(void)depth;
	if (v->kind != JSON_ARRAY || v->count == 0)
		return refuse(c, at, v, "an array with at least one value");
	s->options = v;
	return true;
}

static bool
bound(struct compiler *c, const struct json *v, const struct pointer *at, struct str *out)
{
	if (v->kind != JSON_NUMBER)
		return refuse(c, at, v, "a number");
	*out = v->text;
	return true;
}

static bool
minimum_keyword(struct compiler *c, const struct json *v, const struct pointer *at, int depth,
    struct schema *s)
{
	(void)depth;
	return bound(c, v, at, &s->minimum);
}

static bool
maximum_keyword(struct compiler *c, const struct json *v, const struct pointer *at, int depth,
    struct schema *s)
{
	(void)depth;
	return bound(c, v, at, &s->maximum);
}

static bool
length(struct compiler *c, const struct json *v, const struct pointer *at, int64_t *out)
{
	if (!json_int64(v, out) || *out < 0)
		return refuse(c, at, v, "a whole number from 0");
	return true;
}

static bool
min_length_keyword(struct compiler *c, const struct json *v, const struct pointer *at,
    int depth, struct schema *s)
{
	(void)depth;
	return length(c, v, at, &s->min_length);
}

static bool
max_length_keyword(struct compiler *c, const struct json *v, const struct pointer *at,
    int depth, struct schema *s)
{
	(void)depth;
	return length(c, v, at, &s->max_length);
}

static const struct keyword {
	const char *name;
	/* NULL: for people, not checked */
	bool (*compile)(struct compiler *c, const struct json *v, const struct pointer *at,
	    int depth, struct schema *s);
} KEYWORDS[] = {
    {"type", type_keyword},
    {"properties", properties_keyword},
    {"required", required_keyword},
    {"additionalProperties", closed_keyword},
    {"items", items_keyword},
    {"enum", enum_keyword},
    {"minimum", minimum_keyword},
    {"maximum", maximum_keyword},
    {"minLength", min_length_keyword},
    {"maxLength", max_length_keyword},
    {"title", NULL},
    {"description", NULL},
    {"default", NULL},
    {"examples", NULL},
    {"format", NULL},
    {"$schema", NULL},
    {"$id", NULL},
    {"$comment", NULL},
};

static bool
unknown_keyword(struct compiler *c, const struct json *v, const struct pointer *at)
{
	struct str names[COUNT_OF(KEYWORDS)];

	for (size_t i = 0; i < COUNT_OF(KEYWORDS); i++)
		names[i] = str_of(KEYWORDS[i].name);
	return findings_unknown(c->findings, at,
	    &(struct unknown_word){FINDING_UNKNOWN_MEMBER, "this subset of JSON Schema has no",
		v->key, names, COUNT_OF(names)});
}

static bool
compile_keyword(struct compiler *c, const struct json *v, const struct pointer *up, int depth,
    struct schema *s)
{
	struct pointer here = {.up = up, .name = v->key};

	for (size_t i = 0; i < COUNT_OF(KEYWORDS); i++) {
		const struct keyword *k = &KEYWORDS[i];

		if (str_eq(str_of(k->name), v->key))
			return !k->compile || k->compile(c, v, &here, depth, s);
	}
	return unknown_keyword(c, v, &here);
}

static bool
compile(struct compiler *c, const struct json *v, const struct pointer *at, int depth,
    struct schema **out)
{
	struct schema *s;
	bool ok = true;

	if (depth > SCHEMA_DEPTH_MAX)
		return findings_at(c->findings, FINDING_TOO_LONG, at,
		    "more than %d schemas inside each other", SCHEMA_DEPTH_MAX);
	if (v->kind != JSON_OBJECT)
		return refuse(c, at, v, "a schema, which is an object");
	s = ARENA_NEW(c->arena, struct schema);
	s->min_length = s->max_length = -1;
	JSON_EACH (member, v)
		ok = compile_keyword(c, member, at, depth, s) && ok;
	*out = s;
	return ok;
}

bool
schema_compile(struct arena *a, struct str text, struct schema **out, struct findings *findings)
{
	struct compiler c = {.arena = a, .findings = findings};
	const struct json *root;
	bool ok;

	*out = NULL;
	if (text.len == 0)
		return true;
	if (text.len > SCHEMA_BYTES_MAX)
		return findings_at(findings, FINDING_TOO_LONG, NULL,
		    "%zu bytes; at most %d are allowed", text.len, SCHEMA_BYTES_MAX);
	ok = findings_parse(findings, a, arena_str(a, text), JSON_DEPTH_MAX, &root) &&
	     compile(&c, root, NULL, 1, out);
	if (!ok)
		*out = NULL;
	return ok;
}
