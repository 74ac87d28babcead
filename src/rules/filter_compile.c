#include "rules/filter_private.h"

#include "carillon/rules/schema.h"
#include "carillon/rules/pointer.h"
#include "rules/value.h"

/* Conditions are filled in from the last to the first: each then knows where to go on. */
struct compiler {
	struct arena *arena;
	struct str text; /* kept with the filter */
	struct err *e;
	const struct severity_order *order;
	const struct schema *schema;
	struct condition *conditions;
	int left, count; /* conditions not filled in yet; seen while checking */
};

enum operand_kind {
	OPERAND_SCALAR,
	OPERAND_NUMBER,
	OPERAND_LIST,
	OPERAND_TEXT,
	OPERAND_FLAG,
	OPERAND_LEVEL
};

static const enum operand_kind OPERAND_OF[] = {
#define FILTER_OP(NAME, name, operand, yes, no) [FILTER_##NAME] = OPERAND_##operand,
#include "rules/filter_ops.def"
#undef FILTER_OP
};

static const char *const OP_NAMES[] = {
#define FILTER_OP(NAME, name, operand, yes, no) [FILTER_##NAME] = #name,
#include "rules/filter_ops.def"
#undef FILTER_OP
};

/* --- checking --- */

static bool
refuse(struct compiler *c, const struct pointer *at, const char *what)
{
	char where[POINTER_TEXT_MAX];

	return fail(c->e, ERR_INPUT, "%s: %s", pointer_format(where, sizeof(where), at), what);
}

static bool
refuse_kind(
    struct compiler *c, const struct pointer *at, const char *expected, const struct json *got)
{
	char where[POINTER_TEXT_MAX];

	return fail(c->e, ERR_INPUT, "%s: expected %s, got %s",
	    pointer_format(where, sizeof(where), at), expected, json_kind_name(got->kind));
}

static bool
is_group(const struct json *node)
{
	return json_get(node, STR("all")) || json_get(node, STR("any")) ||
	       json_get(node, STR("not"));
}

/* A group has one key; a condition has field, op and value. */
static bool
check_keys(struct compiler *c, const struct json *node, const struct pointer *at)
{
	const struct str known[] = {
	    STR("all"), STR("any"), STR("not"), STR("field"), STR("op"), STR("value")};

	JSON_EACH (member, node) {
		struct pointer here = {.up = at, .name = member->key};
		bool is_known = false;

		for (size_t i = 0; i < COUNT_OF(known); i++)
			is_known = is_known || str_eq(known[i], member->key);
		if (!is_known)
			return fail_unknown(c->e, &here, "there is no key", member->key, known,
			    COUNT_OF(known));
	}
	if (is_group(node) && node->count != 1)
		return refuse(c, at, "all, any and not stand alone in their object");
	return true;
}

static bool check(
    struct compiler *c, const struct json *node, const struct pointer *at, int depth);

static bool
count_one(struct compiler *c, const struct pointer *at)
{
	char where[POINTER_TEXT_MAX];

	if (++c->count <= FILTER_CONDITIONS_MAX)
		return true;
	return fail(c->e, ERR_INPUT, "%s: more than %d conditions",
	    pointer_format(where, sizeof(where), at), FILTER_CONDITIONS_MAX);
}

static bool
check_group(struct compiler *c, const struct json *list, const struct pointer *at, int depth)
{
	struct pointer here = {.up = at};

	if (list->kind != JSON_ARRAY)
		return refuse_kind(c, at, "an array of conditions", list);
	if (list->count == 0) /* decides too, so it counts too */
		return count_one(c, at);
	JSON_EACH (node, list) {
		if (!check(c, node, &here, depth + 1))
			return false;
		here.index++;
	}
	return true;
}

/* The shape of the tree and its limits; what a condition says is compile_condition's. */
static bool
check(struct compiler *c, const struct json *node, const struct pointer *at, int depth)
{
	char where[POINTER_TEXT_MAX];

	if (depth > FILTER_DEPTH_MAX)
		return fail(c->e, ERR_INPUT, "%s: more than %d levels",
		    pointer_format(where, sizeof(where), at), FILTER_DEPTH_MAX);
	if (node->kind != JSON_OBJECT)
		return refuse_kind(c, at, "an object with all, any, not or field", node);
	if (!check_keys(c, node, at))
		return false;
	if (!is_group(node))
		return count_one(c, at);
	struct pointer here = {.up = at, .name = node->child->key};
	if (str_eq(node->child->key, STR("not")))
		return check(c, node->child, &here, depth + 1);
	return check_group(c, node->child, &here, depth);
}

/* --- one condition --- */

static bool
compile_field(struct compiler *c, const struct json *node, const struct pointer *at,
    struct condition *out)
{
	const struct json *field = json_get(node, STR("field"));
	struct pointer here = {.up = at, .name = STR("field")};
	struct str prefix = STR(EVENT_PREFIX), known[EVENT_ATTRIBUTES];
	char where[POINTER_TEXT_MAX];

	if (!field)
		return refuse(c, at, "a condition needs a field, such as \"severity\"");
	if (field->kind != JSON_STRING)
		return refuse_kind(c, &here, "a path in quotes", field);
	out->attribute = EVENT_ATTRIBUTE_NONE;
	if (!str_starts_with(field->text, prefix)) {
		if (field_path_parse(c->arena, field->text, &out->path, c->e))
			return true;
		return fail_within(c->e, "%s", pointer_format(where, sizeof(where), &here));
	}
	struct str name = {field->text.ptr + prefix.len, field->text.len - prefix.len};
	out->attribute = event_attribute_of(name);
	if (out->attribute != EVENT_ATTRIBUTE_NONE)
		return true;
	for (int i = 0; i < EVENT_ATTRIBUTES; i++)
		known[i] = event_attribute_name(i);
	return fail_unknown(c->e, &here, "an event has no", name, known, EVENT_ATTRIBUTES);
}

static bool
compile_op(struct compiler *c, const struct json *node, const struct pointer *at,
    struct condition *out)
{
	const struct json *op = json_get(node, STR("op"));
	struct pointer here = {.up = at, .name = STR("op")};
	struct str names[FILTER_OPS];

	if (!op)
		return refuse(c, at, "a condition needs an op, such as \"eq\"");
	if (op->kind != JSON_STRING)
		return refuse_kind(c, &here, "an operator in quotes", op);
	for (int i = 0; i < FILTER_OPS; i++) {
		names[i] = str_of(OP_NAMES[i]);
		if (str_eq(names[i], op->text)) {
			out->op = (enum filter_op)i;
			return true;
		}
	}
	return fail_unknown(c->e, &here, "there is no operator", op->text, names, FILTER_OPS);
}

/* Whether the schema says that the field holds numbers and no strings. */
static bool
is_numeric(const struct compiler *c, const struct condition *cond, struct str field)
{
	unsigned types =
	    cond->attribute == EVENT_ATTRIBUTE_NONE ? schema_type_of(c->schema, field) : 0;

	return (types & (SCHEMA_NUMBER | SCHEMA_INTEGER)) && !(types & SCHEMA_STRING);
}

/* Strings of the tree mostly are in the filter's text, which stays; the tree does not. */
static struct str
keep(const struct compiler *c, struct str s)
{
	bool is_inside = s.ptr >= c->text.ptr && s.ptr < c->text.ptr + c->text.len;

	return is_inside || s.len == 0 ? s : arena_str(c->arena, s);
}

static struct operand
operand_of(const struct compiler *c, const struct condition *cond, const struct json *v)
{
	struct operand o = {.kind = v->kind, .text = keep(c, v->text)};

	if (cond->is_numeric && v->kind == JSON_STRING && value_is_number_text(v->text))
		o.kind = JSON_NUMBER;
	o.is_small = o.kind == JSON_NUMBER && filter_small_number(o.text, &o.small);
	return o;
}

static bool
is_scalar(const struct json *v)
{
	return v->kind != JSON_ARRAY && v->kind != JSON_OBJECT;
}

static bool
compile_list(struct compiler *c, const struct json *value, const struct pointer *at,
    struct condition *out)
{
	struct pointer here = {.up = at};

	if (value->kind != JSON_ARRAY)
		return refuse_kind(c, at, "an array of values", value);
	if (value->count == 0)
		return refuse(c, at, "expected at least one value");
	struct operand *list = ARENA_ARRAY(c->arena, struct operand, value->count);
	JSON_EACH (v, value) {
		if (!is_scalar(v))
			return refuse_kind(c, &here, "text, a number, true, false or null", v);
		list[here.index++] = operand_of(c, out, v);
	}
	out->operands = list;
	out->n_operands = value->count;
	return true;
}

static bool
compile_level(struct compiler *c, const struct json *value, const struct pointer *at,
    struct condition *out)
{
	struct str names[64];
	int n = severity_count(c->order);

	if (value->kind != JSON_STRING)
		return refuse_kind(c, at, "a severity in quotes", value);
	out->rank = severity_rank(c->order, value->text);
	if (out->rank >= 0)
		return true;
	if (n > (int)COUNT_OF(names))
		n = COUNT_OF(names);
	for (int i = 0; i < n; i++)
		names[i] = severity_name(c->order, i);
	return fail_unknown(c->e, at, "there is no severity", value->text, names, (size_t)n);
}

static bool
compile_text(struct compiler *c, const struct json *value, const struct pointer *at)
{
	if (value->kind != JSON_STRING)
		return refuse_kind(c, at, "text in quotes", value);
	if (value->text.len == 0)
		return refuse(c, at, "expected some text: everything has the empty one");
	return true;
}

static bool
check_operand(struct compiler *c, const struct json *value, const struct pointer *at,
    struct condition *out, const struct operand *o)
{
	switch (OPERAND_OF[out->op]) {
	case OPERAND_SCALAR:
		if (!is_scalar(value))
			return refuse_kind(c, at, "text, a number, true, false or null", value);
		if (out->op == FILTER_CONTAINS && value->kind == JSON_STRING)
			return compile_text(c, value, at);
		return true;
	case OPERAND_NUMBER:
		return o->kind == JSON_NUMBER || refuse_kind(c, at, "a number", value);
	case OPERAND_TEXT: return compile_text(c, value, at);
	case OPERAND_LEVEL: return compile_level(c, value, at, out);
	case OPERAND_FLAG:
		if (value->kind != JSON_TRUE && value->kind != JSON_FALSE)
			return refuse_kind(c, at, "true or false", value);
		out->expected = value->kind == JSON_TRUE;
		return true;
	case OPERAND_LIST: break;
	}
	return compile_list(c, value, at, out);
}

static bool
compile_value(struct compiler *c, const struct json *node, const struct pointer *at,
    struct condition *out)
{
	const struct json *value = json_get(node, STR("value"));
	struct pointer here = {.up = at, .name = STR("value")};
	struct operand *o;

	if (!value && out->op == FILTER_EXISTS) {
		out->expected = true;
		return true;
	}
	if (!value)
		return refuse(c, at, "a condition needs a value to compare with");
	out->is_text = value->kind == JSON_STRING;
	out->is_numeric = is_numeric(c, out, json_string(node, STR("field")));
	o = ARENA_NEW(c->arena, struct operand);
	*o = operand_of(c, out, value);
	out->operands = o;
	out->n_operands = 1;
	return check_operand(c, value, &here, out, o);
}

/* --- the program --- */

static bool emit(struct compiler *c, const struct json *node, const struct pointer *at,
    uint16_t on_true, uint16_t on_false, uint16_t *entry);

/* From the last of the list to the first, so that each knows the next one's entry. */
static bool
emit_list(struct compiler *c, const struct json *node, const struct pointer *up, uint32_t index,
    bool is_all, uint16_t on_true, uint16_t on_false, uint16_t *entry)
{
	struct pointer here = {.up = up, .index = index};
	uint16_t next = is_all ? on_true : on_false;

	if (node && node->next &&
	    !emit_list(c, node->next, up, index + 1, is_all, on_true, on_false, &next))
		return false;
	*entry = next;
	if (!node)
		return true;
	return is_all ? emit(c, node, &here, next, on_false, entry)
	              : emit(c, node, &here, on_true, next, entry);
}

static bool
emit_condition(struct compiler *c, const struct json *node, const struct pointer *at,
    uint16_t on_true, uint16_t on_false, uint16_t *entry)
{
	struct condition *out = &c->conditions[--c->left];

	*entry = (uint16_t)c->left;
	out->on_true = on_true;
	out->on_false = on_false;
	return compile_field(c, node, at, out) && compile_op(c, node, at, out) &&
	       compile_value(c, node, at, out);
}

static bool
emit(struct compiler *c, const struct json *node, const struct pointer *at, uint16_t on_true,
    uint16_t on_false, uint16_t *entry)
{
	struct pointer here = {.up = at};

	if (!is_group(node))
		return emit_condition(c, node, at, on_true, on_false, entry);
	here.name = node->child->key;
	if (str_eq(here.name, STR("not")))
		return emit(c, node->child, &here, on_false, on_true, entry);
	return emit_list(c, node->child->child, &here, 0, str_eq(here.name, STR("all")),
	    on_true, on_false, entry);
}

static bool
compile(struct compiler *c, const struct json *root, struct filter *f)
{
	if (!check(c, root, NULL, 1))
		return false;
	/* Empty groups were counted and take no place: the program ends at the array's end. */
	c->conditions = ARENA_ARRAY(c->arena, struct condition, c->count);
	c->left = c->count;
	if (!emit(c, root, NULL, FILTER_ACCEPT, FILTER_REJECT, &f->entry))
		return false;
	f->n = c->count;
	f->first = c->left;
	f->conditions = c->conditions;
	f->text = c->text;
	return true;
}

bool
filter_compile(struct arena *a, struct str text, const struct severity_order *order,
    const struct schema *schema, struct filter **out, struct err *e)
{
	struct filter *f = ARENA_NEW(a, struct filter);
	struct compiler c = {.arena = a, .e = e, .order = order, .schema = schema};
	struct arena *tree;
	const struct json *root;
	bool ok;

	if (!c.order)
		c.order = severity_default();
	f->order = c.order;
	f->entry = FILTER_ACCEPT;
	*out = f;
	if (text.len == 0)
		return true;
	*out = NULL;
	if (text.len > FILTER_BYTES_MAX)
		return fail(e, ERR_INPUT, "filter: %zu bytes; at most %d are allowed", text.len,
		    FILTER_BYTES_MAX);
	c.text = arena_str(a, text);
	tree = arena_new(0);
	ok = json_parse(tree, c.text, JSON_DEPTH_MAX, &root, e) && compile(&c, root, f);
	arena_free(tree);
	if (!ok)
		return fail_within(e, "filter");
	*out = f;
	return true;
}
