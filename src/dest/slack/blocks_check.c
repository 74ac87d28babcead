#include "blocks_table.h"

#include "carillon/base/suggest.h"
#include "carillon/base/pointer.h"
#include "carillon/rules/characters.h"

enum { FIELD_MAX = 2000, CONTEXT_TEXT_MAX = 3000 };

/* Names that may be given once. */
struct given {
	struct str names[MESSAGE_BLOCKS_MAX + 1];
	int n;
};

struct checker {
	struct arena *arena;
	struct findings *findings;
	struct given block_ids;  /* of the message */
	struct given action_ids; /* of the block in hand */
};

static bool compile_object(struct checker *k, const struct json *v, const struct pointer *p,
    int places, size_t text_max, struct block_node *out);

/* "header, section, ...": the objects that may stand in one of `places`. */
static struct str
names_of(struct checker *k, int places)
{
	struct str names = {0};
	for (int i = 0; i < OBJECTS; i++)
		if (block_objects[i].places & places)
			names = arena_printf(k->arena, "%.*s%s%s", STR_ARG(names),
			    names.len ? ", " : "", block_objects[i].name);
	return names;
}

static bool
find_object(
    struct checker *k, const struct json *v, const struct pointer *p, int places, int *object)
{
	struct str type = json_string(v, STR("type"));
	struct str names = names_of(k, places);
	if (v->kind != JSON_OBJECT)
		return findings_at(k->findings, FINDING_WRONG_KIND, p,
		    "must be an object, not %s", json_kind_name(v->kind));
	for (int i = 0; i < OBJECTS; i++) {
		if (!(block_objects[i].places & places) ||
		    !str_eq(type, str_of(block_objects[i].name)))
			continue;
		*object = i;
		return true;
	}
	if (type.len == 0)
		return findings_at(
		    k->findings, FINDING_MISSING, p, "needs a type: %.*s", STR_ARG(names));
	return findings_at(k->findings, FINDING_UNKNOWN_WORD, p,
	    "the type \"%.*s\" cannot be used here; there are %.*s",
	    (int)str_utf8_cut(type, 40), type.ptr, STR_ARG(names));
}

static const struct block_member *
find_member(int object, struct str name)
{
	for (size_t i = 0; i < n_block_members; i++)
		if ((int)block_members[i].object == object &&
		    str_eq(name, str_of(block_members[i].name)))
			return &block_members[i];
	return NULL;
}

static bool
fail_member(struct checker *k, const struct pointer *p, int object, struct str name)
{
	struct str names[16];
	size_t n = 0;
	for (size_t i = 0; i < n_block_members && n < COUNT_OF(names); i++)
		if ((int)block_members[i].object == object)
			names[n++] = str_of(block_members[i].name);
	(void)findings_at(k->findings, FINDING_UNKNOWN_MEMBER, p, "%s has no such member",
	    block_objects[object].name);
	return findings_suggest(k->findings, str_nearest(name, names, n));
}

/* Constant text is held to its limits now; a template is when it is rendered. */
static bool
check_constant(struct checker *k, const struct json *v, const struct pointer *p,
    enum member_kind kind, size_t max)
{
	size_t n = characters_utf16(v->text);
	if (n > max)
		return findings_at(k->findings, FINDING_TOO_LONG, p,
		    "%zu characters, and Slack takes %zu", n, max);
	if (kind == URL && !template_link_is_safe(v->text))
		return findings_at(k->findings, FINDING_BAD_FORM, p,
		    "must begin with https:// or http:// and name a host");
	return true;
}

static bool
compile_string(struct checker *k, const struct json *v, const struct pointer *p,
    enum member_kind kind, size_t max, struct block_node *out)
{
	if (v->kind != JSON_STRING)
		return findings_at(k->findings, FINDING_WRONG_KIND, p,
		    "must be a string, not %s", json_kind_name(v->kind));
	if (v->text.len == 0)
		return findings_at(k->findings, FINDING_MISSING, p, "must not be empty");
	out->max = max;
	struct template *text;
	struct template_error e;
	if (!template_compile(k->arena, v->text, &text, &e))
		return template_found(k->findings, p, STR(""), &e);
	out->text = text;
	return !template_is_constant(out->text) || check_constant(k, v, p, kind, max);
}

static bool
compile_whole(
    struct checker *k, const struct json *v, const struct pointer *p, struct block_node *out)
{
	bool is_digit = v->kind == JSON_NUMBER && v->text.len == 1 && v->text.ptr[0] >= '1' &&
	                v->text.ptr[0] <= '9';
	size_t n = is_digit ? (size_t)(v->text.ptr[0] - '0') : 0;
	if (n < 1 || n > out->member->max)
		return findings_at(k->findings, FINDING_WRONG_KIND, p,
		    "must be a whole number from 1 to %zu", out->member->max);
	out->max = n;
	return true;
}

/* Slack refuses a message in which two blocks, or two actions of a block, have one name. */
static bool
compile_id(struct checker *k, const struct json *v, const struct pointer *p, size_t max,
    struct block_node *out)
{
	bool is_block = str_eq(v->key, STR("block_id"));
	struct given *given = is_block ? &k->block_ids : &k->action_ids;
	if (!compile_string(k, v, p, ID, max, out))
		return false;
	if (!template_is_constant(out->text))
		return true;
	for (int i = 0; i < given->n; i++)
		if (str_eq(given->names[i], v->text))
			return findings_at(k->findings, FINDING_NOT_TOGETHER, p,
			    "another %s has the same name",
			    is_block ? "block" : "action of it");
	if (given->n < (int)COUNT_OF(given->names))
		given->names[given->n++] = v->text;
	return true;
}

static bool
compile_style(
    struct checker *k, const struct json *v, const struct pointer *p, struct block_node *out)
{
	bool known = v->kind == JSON_STRING &&
	             (str_eq(v->text, STR("primary")) || str_eq(v->text, STR("danger")));
	if (!known)
		return findings_at(
		    k->findings, FINDING_UNKNOWN_WORD, p, "must be \"primary\" or \"danger\"");
	return compile_string(k, v, p, STYLE, 16, out);
}

static bool
compile_flag(
    struct checker *k, const struct json *v, const struct pointer *p, struct block_node *out)
{
	if (v->kind != JSON_TRUE && v->kind != JSON_FALSE)
		return findings_at(k->findings, FINDING_WRONG_KIND, p,
		    "must be true or false, not %s", json_kind_name(v->kind));
	out->truth = v->kind == JSON_TRUE;
	if (str_eq(v->key, STR("verbatim")) && !out->truth)
		return findings_at(k->findings, FINDING_NOT_TOGETHER, p,
		    "must stay true: otherwise a value could mention people");
	return true;
}

static bool
compile_list(struct checker *k, const struct json *v, const struct pointer *p, int places,
    size_t max, size_t text_max, struct block_node *out)
{
	if (v->kind != JSON_ARRAY)
		return findings_at(k->findings, FINDING_WRONG_KIND, p, "must be a list, not %s",
		    json_kind_name(v->kind));
	if (v->count == 0 || v->count > max)
		return findings_at(k->findings, FINDING_TOO_MANY, p,
		    "has %u elements, and Slack takes 1 to %zu", v->count, max);
	out->is_list = true;
	const struct block_node **tail = &out->first;
	uint32_t index = 0;
	bool ok = true;
	JSON_EACH (element, v) {
		struct pointer here = {.up = p, .index = index++};
		struct block_node *n = ARENA_NEW(k->arena, struct block_node);
		ok = compile_object(k, element, &here, places, text_max, n) && ok;
		*tail = n;
		tail = &n->next;
	}
	return ok;
}

static bool
compile_value(struct checker *k, const struct json *v, const struct pointer *p,
    const struct block_member *m, size_t text_max, struct block_node *out)
{
	switch (m->kind) {
	case PLAIN_OBJECT: return compile_object(k, v, p, PLAIN, m->max, out);
	case TEXT_OBJECT: return compile_object(k, v, p, TEXT, m->max, out);
	case ACCESSORY_OBJECT: return compile_object(k, v, p, ACCESSORY, 0, out);
	case FIELDS_LIST: return compile_list(k, v, p, TEXT, m->max, FIELD_MAX, out);
	case CONTEXT_LIST:
		return compile_list(k, v, p, CONTEXT_ELEMENT, m->max, CONTEXT_TEXT_MAX, out);
	case ACTION_LIST: return compile_list(k, v, p, ACTION, m->max, 0, out);
	case FLAG: return compile_flag(k, v, p, out);
	case STYLE: return compile_style(k, v, p, out);
	case WHOLE: return compile_whole(k, v, p, out);
	case WORDS: return compile_string(k, v, p, m->kind, text_max, out);
	case ID: return compile_id(k, v, p, m->max, out);
	case URL:
	case STRING: return compile_string(k, v, p, m->kind, m->max, out);
	}
	return true;
}

static bool
check_required(struct checker *k, const struct json *v, const struct pointer *p, int object)
{
	for (size_t i = 0; i < n_block_members; i++) {
		const struct block_member *m = &block_members[i];
		if ((int)m->object == object && m->required && !json_get(v, str_of(m->name)))
			return findings_at(k->findings, FINDING_MISSING, p, "%s needs \"%s\"",
			    block_objects[object].name, m->name);
	}
	if (object == OBJECT_section && !json_get(v, STR("text")) &&
	    !json_get(v, STR("fields")))
		return findings_at(
		    k->findings, FINDING_MISSING, p, "section needs \"text\" or \"fields\"");
	return true;
}

static bool
compile_object(struct checker *k, const struct json *v, const struct pointer *p, int places,
    size_t text_max, struct block_node *out)
{
	if (!find_object(k, v, p, places, &out->object))
		return false;
	if (places & BLOCK)
		k->action_ids.n = 0;
	bool ok = check_required(k, v, p, out->object);
	const struct block_node **tail = &out->first;
	JSON_EACH (member, v) {
		if (str_eq(member->key, STR("type")))
			continue;
		struct pointer here = {.up = p, .name = member->key};
		struct block_node *n = ARENA_NEW(k->arena, struct block_node);
		n->object = -1;
		n->key = arena_str(k->arena, member->key);
		n->member = find_member(out->object, member->key);
		if (!n->member) {
			ok = fail_member(k, &here, out->object, member->key);
			continue;
		}
		ok = compile_value(k, member, &here, n->member, text_max, n) && ok;
		*tail = n;
		tail = &n->next;
	}
	return ok;
}

bool
blocks_compile(
    struct arena *a, const struct json *blocks, struct message_template *t, struct findings *f)
{
	struct checker k = {.arena = a, .findings = f};
	struct pointer root = {.name = STR("blocks")};
	struct block_node *list = ARENA_NEW(a, struct block_node);
	list->object = -1;
	t->blocks = list;
	t->most_blocks = (int)blocks->count;
	return compile_list(&k, blocks, &root, BLOCK, MESSAGE_BLOCKS_MAX, 0, list);
}
