#include "rules/filter_private.h"

#include "carillon/rules/schema.h"
#include "rules/value.h"

/*
 * Two passes: the first reads the tree in the order written and finds all that is wrong; the
 * second links the conditions from the last to the first, so that each knows where to go on.
 */
struct compiler {
	struct arena *arena;
	struct str text; /* kept with the filter */
	struct findings *findings;
	const struct severity_order *order;
	const struct schema *schema;
	struct condition conditions[FILTER_CONDITIONS_MAX]; /* as read so far */
	int n, count; /* conditions; with the empty groups, which decide too */
	int left;     /* not linked yet */
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

/* --- reading --- */

static bool
refuse_kind(
    struct compiler *c, const struct pointer *at, const char *expected, const struct json *got)
{
	return findings_at(c->findings, FINDING_WRONG_KIND, at, "expected %s, got %s", expected,
	    json_kind_name(got->kind));
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
	bool ok = true;

	JSON_EACH (member, node) {
		struct pointer here = {.up = at, .name = member->key};
		bool is_known = false;

		for (size_t i = 0; i < COUNT_OF(known); i++)
			is_known = is_known || str_eq(known[i], member->key);
		if (!is_known)
			ok = findings_unknown(c->findings, &here,
			    &(struct unknown_word){FINDING_UNKNOWN_MEMBER, "there is no key",
				member->key, known, COUNT_OF(known)});
	}
	if (is_group(node) && node->count != 1)
		ok = findings_at(c->findings, FINDING_NOT_TOGETHER, at,
		    "all, any and not stand alone in their object");
	return ok;
}

/* --- one condition --- */

/* A condition while it is read. What is missing is told only when no unknown key may be it. */
struct reading {
	const struct json *node;
	const struct pointer *at;
	bool tells_missing;
	struct condition *out;
};

static bool
missing(struct compiler *c, const struct reading *r, const char *what)
{
	if (r->tells_missing)
		(void)findings_at(c->findings, FINDING_MISSING, r->at, "%s", what);
	return false;
}

static bool
read_attribute(struct compiler *c, const struct pointer *at, struct str name, int *out)
{
	struct str known[EVENT_ATTRIBUTES];

	*out = event_attribute_of(name);
	if (*out != EVENT_ATTRIBUTE_NONE)
		return true;
	for (int i = 0; i < EVENT_ATTRIBUTES; i++)
		known[i] = event_attribute_name(i);
	return findings_unknown(c->findings, at,
	    &(struct unknown_word){
		FINDING_UNKNOWN_WORD, "an event has no", name, known, EVENT_ATTRIBUTES});
}

static bool
read_field(struct compiler *c, const struct reading *r)
{
	const struct json *field = json_get(r->node, STR("field"));
	struct pointer here = {.up = r->at, .name = STR("field")};
	struct str prefix = STR(EVENT_PREFIX);
	struct err e;

	if (!field)
		return missing(c, r, "a condition needs a field, such as \"severity\"");
	if (field->kind != JSON_STRING)
		return refuse_kind(c, &here, "a path in quotes", field);
	r->out->attribute = EVENT_ATTRIBUTE_NONE;
	if (str_starts_with(field->text, prefix)) {
		struct str name = {field->text.ptr + prefix.len, field->text.len - prefix.len};

		return read_attribute(c, &here, name, &r->out->attribute);
	}
	return path_parse(c->arena, field->text, &r->out->path, &e) ||
	       findings_at(c->findings, FINDING_BAD_FORM, &here, "%s", e.text);
}

static bool
read_op(struct compiler *c, const struct reading *r)
{
	const struct json *op = json_get(r->node, STR("op"));
	struct pointer here = {.up = r->at, .name = STR("op")};
	struct str names[FILTER_OPS];

	if (!op)
		return missing(c, r, "a condition needs an op, such as \"eq\"");
	if (op->kind != JSON_STRING)
		return refuse_kind(c, &here, "an operator in quotes", op);
	for (int i = 0; i < FILTER_OPS; i++) {
		names[i] = str_of(OP_NAMES[i]);
		if (str_eq(names[i], op->text)) {
			r->out->op = (enum filter_op)i;
			return true;
		}
	}
	return findings_unknown(c->findings, &here,
	    &(struct unknown_word){
		FINDING_UNKNOWN_WORD, "there is no operator", op->text, names, FILTER_OPS});
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
read_list(struct compiler *c, const struct json *value, const struct pointer *at,
    struct condition *out)
{
	struct pointer here = {.up = at};

	if (value->kind != JSON_ARRAY)
		return refuse_kind(c, at, "an array of values", value);
	if (value->count == 0)
		return findings_at(
		    c->findings, FINDING_MISSING, at, "expected at least one value");
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
read_level(struct compiler *c, const struct json *value, const struct pointer *at,
    struct condition *out)
{
	struct str names[64];
	int n = severity_count(c->order);

	out->rank = severity_rank(c->order, severity_text(value));
	if (out->rank >= 0)
		return true;
	if (value->kind != JSON_STRING)
		return refuse_kind(c, at, "a severity in quotes", value);
	if (n > (int)COUNT_OF(names))
		n = COUNT_OF(names);
	for (int i = 0; i < n; i++)
		names[i] = severity_name(c->order, i);
	return findings_unknown(c->findings, at,
	    &(struct unknown_word){
		FINDING_UNKNOWN_WORD, "there is no severity", value->text, names, (size_t)n});
}

static bool
check_text(struct compiler *c, const struct json *value, const struct pointer *at)
{
	if (value->kind != JSON_STRING)
		return refuse_kind(c, at, "text in quotes", value);
	if (value->text.len == 0)
		return findings_at(c->findings, FINDING_MISSING, at,
		    "expected some text: everything has the empty one");
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
			return check_text(c, value, at);
		return true;
	case OPERAND_NUMBER:
		return o->kind == JSON_NUMBER || refuse_kind(c, at, "a number", value);
	case OPERAND_TEXT: return check_text(c, value, at);
	case OPERAND_LEVEL: return read_level(c, value, at, out);
	case OPERAND_FLAG:
		if (value->kind != JSON_TRUE && value->kind != JSON_FALSE)
			return refuse_kind(c, at, "true or false", value);
		out->expected = value->kind == JSON_TRUE;
		return true;
	case OPERAND_LIST: break;
	}
	return read_list(c, value, at, out);
}

static bool
read_value(struct compiler *c, const struct reading *r)
{
	const struct json *value = json_get(r->node, STR("value"));
	struct pointer here = {.up = r->at, .name = STR("value")};
	struct condition *out = r->out;
	struct operand *o;

	if (!value && out->op == FILTER_EXISTS) {
		out->expected = true;
		return true;
	}
	if (!value)
		return missing(c, r, "a condition needs a value to compare with");
	out->is_text = value->kind == JSON_STRING;
	out->is_numeric = is_numeric(c, out, json_string(r->node, STR("field")));
	o = ARENA_NEW(c->arena, struct operand);
	*o = operand_of(c, out, value);
	out->operands = o;
	out->n_operands = 1;
	return check_operand(c, value, &here, out, o);
}

/* What value is right depends on the op. */
static bool
read_condition(struct compiler *c, const struct reading *r)
{
	bool has_field = read_field(c, r), has_op = read_op(c, r);

	return has_op && read_value(c, r) && has_field;
}

/* --- the tree --- */

static bool read_node(
    struct compiler *c, const struct json *node, const struct pointer *at, int depth);

/* Told once, however many there are. */
static bool
count_one(struct compiler *c, const struct pointer *at)
{
	if (++c->count <= FILTER_CONDITIONS_MAX)
		return true;
	if (c->count == FILTER_CONDITIONS_MAX + 1)
		(void)findings_at(c->findings, FINDING_TOO_MANY, at, "more than %d conditions",
		    FILTER_CONDITIONS_MAX);
	return false;
}

static bool
read_group(struct compiler *c, const struct json *list, const struct pointer *at, int depth)
{
	struct pointer here = {.up = at};
	bool ok = true;

	if (list->kind != JSON_ARRAY)
		return refuse_kind(c, at, "an array of conditions", list);
	if (list->count == 0) /* decides too, so it counts too */
		return count_one(c, at);
	JSON_EACH (node, list) {
		ok = read_node(c, node, &here, depth + 1) && ok;
		here.index++;
	}
	return ok;
}

static bool
read_node(struct compiler *c, const struct json *node, const struct pointer *at, int depth)
{
	struct pointer here = {.up = at};
	bool is_known;

	if (depth > FILTER_DEPTH_MAX)
		return findings_at(
		    c->findings, FINDING_TOO_LONG, at, "more than %d levels", FILTER_DEPTH_MAX);
	if (node->kind != JSON_OBJECT)
		return refuse_kind(c, at, "an object with all, any, not or field", node);
	is_known = check_keys(c, node, at);
	if (!is_group(node)) {
		struct reading r = {.node = node, .at = at, .tells_missing = is_known};

		if (!count_one(c, at))
			return false;
		r.out = &c->conditions[c->n++];
		return read_condition(c, &r) && is_known;
	}
	if (!is_known)
		return false;
	here.name = node->child->key;
	if (str_eq(here.name, STR("not")))
		return read_node(c, node->child, &here, depth + 1);
	return read_group(c, node->child, &here, depth);
}

/* --- the program --- */

static uint16_t link_node(
    struct compiler *c, const struct json *node, uint16_t on_true, uint16_t on_false);

/* From the last of the list to the first, so that each knows the next one's entry. */
static uint16_t
link_list(struct compiler *c, const struct json *node, bool is_all, uint16_t on_true,
    uint16_t on_false)
{
	uint16_t next = is_all ? on_true : on_false;

	if (!node)
		return next;
	next = link_list(c, node->next, is_all, on_true, on_false);
	return is_all ? link_node(c, node, next, on_false) : link_node(c, node, on_true, next);
}

/* Where to begin with the node. */
static uint16_t
link_node(struct compiler *c, const struct json *node, uint16_t on_true, uint16_t on_false)
{
	if (!is_group(node)) {
		struct condition *out = &c->conditions[--c->left];

		out->on_true = on_true;
		out->on_false = on_false;
		return (uint16_t)c->left;
	}
	if (str_eq(node->child->key, STR("not")))
		return link_node(c, node->child, on_false, on_true);
	return link_list(
	    c, node->child->child, str_eq(node->child->key, STR("all")), on_true, on_false);
}

static bool
compile(struct compiler *c, const struct json *root, struct filter *f)
{
	struct condition *kept;

	if (!read_node(c, root, NULL, 1))
		return false;
	c->left = c->n;
	f->entry = link_node(c, root, FILTER_ACCEPT, FILTER_REJECT);
	kept = ARENA_ARRAY(c->arena, struct condition, c->n);
	memcpy(kept, c->conditions, (size_t)c->n * sizeof(*kept));
	f->n = c->n;
	f->conditions = kept;
	f->text = c->text;
	return true;
}

bool
filter_compile(struct arena *a, struct str text, const struct severity_order *order,
    const struct schema *schema, struct filter **out, struct findings *findings)
{
	struct filter *f = ARENA_NEW(a, struct filter);
	struct compiler c = {
	    .arena = a, .findings = findings, .order = order, .schema = schema};
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
		return findings_at(findings, FINDING_TOO_LONG, NULL,
		    "%zu bytes; at most %d are allowed", text.len, FILTER_BYTES_MAX);
	c.text = arena_str(a, text);
	tree = arena_new(0);
	ok = findings_parse(findings, tree, c.text, JSON_DEPTH_MAX, &root) &&
	     compile(&c, root, f);
	arena_free(tree);
	if (ok)
		*out = f;
	return ok;
}
