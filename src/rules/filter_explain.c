#include "rules/filter_private.h"

#include "carillon/base/buf.h"
#include "carillon/base/pointer.h"

enum {
	SHOWN_MAX = 80,    /* bytes of a value in a sentence */
	ACTUAL_MAX = 1024, /* and as data */
};

struct teller {
	const struct filter *f;
	const struct event *ev;
	struct arena *arena;
	filter_finding_fn *each;
	void *arg;
};

static const char *const OP_NAMES[] = {
#define FILTER_OP(NAME, name, operand, yes, no) [FILTER_##NAME] = #name,
#include "rules/filter_ops.def"
#undef FILTER_OP
};

static const char *const YES[] = {
#define FILTER_OP(NAME, name, operand, yes, no) [FILTER_##NAME] = yes,
#include "rules/filter_ops.def"
#undef FILTER_OP
};

static const char *const NO[] = {
#define FILTER_OP(NAME, name, operand, yes, no) [FILTER_##NAME] = no,
#include "rules/filter_ops.def"
#undef FILTER_OP
};

/* --- a condition --- */

static struct str
cut(struct teller *t, struct str s, size_t max)
{
	size_t len = str_utf8_cut(s, max);

	return len == s.len ? s : arena_printf(t->arena, "%.*s...", (int)len, s.ptr);
}

/* The event's value; a very long one is told as a string of how it begins. */
static struct str
actual_of(struct teller *t, const struct json *v)
{
	struct str all = json_text(t->arena, v);
	struct json text = {.kind = JSON_STRING};

	if (all.len <= ACTUAL_MAX)
		return all;
	text.text = cut(t, v->kind == JSON_STRING ? v->text : all, ACTUAL_MAX);
	return json_text(t->arena, &text);
}

struct note {
	const char *name, *words;
};

static const struct note unknown_severity = {"unknown_severity", " (it is no known severity)"};
static const struct note text_not_number = {
    "text_not_number", " (the event has text, the rule a number)"};
static const struct note number_not_text = {
    "number_not_text", " (the event has a number, the rule text)"};

/* Why a comparison with a value of another kind is false: people rarely see quotes. */
static const struct note *
note_of(const struct filter *f, const struct condition *c, const struct json *v)
{
	bool wants_number = c->n_operands > 0 && c->operands[0].kind == JSON_NUMBER;
	bool wants_string = c->n_operands > 0 && c->operands[0].kind == JSON_STRING;

	if (c->op == FILTER_AT_LEAST && severity_text(v).len > 0)
		return severity_rank(f->order, v->text) < 0 ? &unknown_severity : NULL;
	if (wants_number && v->kind == JSON_STRING && !c->is_numeric)
		return &text_not_number;
	return wants_string && v->kind == JSON_NUMBER ? &number_not_text : NULL;
}

static void
tell_condition(struct teller *t, struct filter_finding *out, const struct json *node,
    const struct condition *c, const struct json *v)
{
	const struct json *value = json_get(node, STR("value"));
	const struct note *note = v ? note_of(t->f, c, v) : NULL;
	struct str shown;

	out->op = OP_NAMES[c->op];
	out->field = arena_str(t->arena, json_string(node, STR("field")));
	out->value = value ? json_text(t->arena, value) : (struct str){0};
	out->is_missing = !v;
	if (v)
		out->actual = actual_of(t, v);
	if (c->op == FILTER_EXISTS || !v) {
		out->sentence = arena_printf(
		    t->arena, "%.*s %s", STR_ARG(out->field), v ? "is there" : "is missing");
	} else {
		out->note = note ? note->name : NULL;
		shown = cut(t, json_text(t->arena, v), SHOWN_MAX);
		out->sentence = arena_printf(t->arena, "%.*s %.*s %s %.*s%s",
		    STR_ARG(out->field), STR_ARG(shown), out->result ? YES[c->op] : NO[c->op],
		    STR_ARG(cut(t, out->value, SHOWN_MAX)), note ? note->words : "");
	}
	t->each(out, t->arg);
}

/* --- the tree --- */

/* A node while it is walked: where it stands, and whether it is told of. */
struct spot {
	const struct pointer *at;
	int depth;
	bool is_told;
};

static struct spot
inside(const struct spot *s, const struct pointer *at, bool is_told)
{
	return (struct spot){.at = at, .depth = s->depth + 1, .is_told = is_told};
}

static struct filter_finding
finding_of(struct teller *t, const struct spot *s, bool result)
{
	return (struct filter_finding){
	    .depth = s->depth, .result = result, .pointer = pointer_text(t->arena, s->at)};
}

static bool walk(struct teller *t, const struct json *node, const struct spot *spot, int *next);

/* How many of the list hold; `spot` is that of its elements. */
static uint32_t
walk_list(struct teller *t, const struct json *list, struct spot spot, int *next)
{
	struct pointer here = {.up = spot.at};
	uint32_t n = 0;

	spot.at = &here;
	JSON_EACH (node, list) {
		n += walk(t, node, &spot, next);
		here.index++;
	}
	return n;
}

static bool
walk_group(struct teller *t, const struct json *list, const struct spot *spot, int *next)
{
	struct pointer inner = {.up = spot->at, .name = list->key};
	bool is_all = str_eq(list->key, STR("all"));
	int again = *next;
	uint32_t n = walk_list(t, list, inside(spot, &inner, false), next);
	bool result = is_all ? n == list->count : n > 0;
	struct filter_finding told;

	if (!spot->is_told)
		return result;
	told = finding_of(t, spot, result);
	told.op = is_all ? "all" : "any";
	told.n = list->count;
	told.n_holding = n;
	told.sentence = arena_printf(t->arena, "%s of these %u must hold: %u %s",
	    is_all ? "all" : "one", told.n, n, n == 1 ? "does" : "do");
	t->each(&told, t->arg);
	(void)walk_list(t, list, inside(spot, &inner, true), &again);
	return result;
}

static bool
walk_not(struct teller *t, const struct json *node, const struct spot *spot, int *next)
{
	struct pointer at = {.up = spot->at, .name = node->key};
	struct spot inner = inside(spot, &at, false);
	int again = *next;
	bool result = !walk(t, node, &inner, next);
	struct filter_finding told;

	if (!spot->is_told)
		return result;
	told = finding_of(t, spot, result);
	told.op = "not";
	told.n = 1;
	told.n_holding = !result;
	told.sentence = result ? STR("this must not hold, and does not")
	                       : STR("this must not hold, but does");
	t->each(&told, t->arg);
	inner.is_told = true;
	(void)walk(t, node, &inner, &again);
	return result;
}

/*
 * A group's result is told before what is inside, so the inside is walked once silently: twice
 * for each level, 2^8 times at the most for one condition.
 */
static bool
walk(struct teller *t, const struct json *node, const struct spot *spot, int *next)
{
	const struct json *only = node->child;
	struct field_scratch scratch;

	if (str_eq(only->key, STR("not")))
		return walk_not(t, only, spot, next);
	if (str_eq(only->key, STR("all")) || str_eq(only->key, STR("any")))
		return walk_group(t, only, spot, next);
	const struct condition *c = &t->f->conditions[(*next)++];
	const struct json *v = filter_field(t->f, c, t->ev, &scratch);
	bool result = filter_holds(t->f, c, v);
	if (spot->is_told) {
		struct filter_finding told = finding_of(t, spot, result);

		tell_condition(t, &told, node, c, v);
	}
	return result;
}

bool
filter_explain(const struct filter *f, const struct event *ev, struct arena *a,
    filter_finding_fn *each, void *arg)
{
	struct teller t = {.f = f, .ev = ev, .arena = a, .each = each, .arg = arg};
	const struct spot root_spot = {.is_told = true};
	const struct json *root;
	int next = 0;

	if (f->text.len == 0)
		return true;
	must(json_parse(a, f->text, JSON_DEPTH_MAX, &root, NULL)); /* it compiled */
	return walk(&t, root, &root_spot, &next);
}
