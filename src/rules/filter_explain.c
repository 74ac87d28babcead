#include "rules/filter_private.h"

#include "carillon/base/buf.h"
#include "carillon/rules/pointer.h"

enum { SHOWN_MAX = 80 };

struct teller {
	const struct filter *f;
	const struct event *ev;
	struct arena *arena;
	filter_finding_fn *each;
	void *arg;
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

/* A value as JSON writes it, cut. */
static struct str
shown(struct teller *t, const struct json *v)
{
	struct json_writer w;
	struct buf b = {0};

	jw_init(&w, &b);
	jw_value(&w, v);
	struct str s = {b.ptr, str_utf8_cut(buf_view(&b), SHOWN_MAX)};
	s = arena_printf(t->arena, "%.*s%s", STR_ARG(s), s.len < b.len ? "..." : "");
	buf_fini(&b);
	return s;
}

/* Why a comparison with a value of another kind is false: people rarely see quotes. */
static const char *
kind_note(const struct filter *f, const struct condition *c, const struct json *v)
{
	bool wants_number = c->n_operands > 0 && c->operands[0].kind == JSON_NUMBER;
	bool wants_string = c->n_operands > 0 && c->operands[0].kind == JSON_STRING;

	if (c->op == FILTER_AT_LEAST && v->kind == JSON_STRING)
		return severity_rank(f->order, v->text) < 0 ? " (it is no known severity)" : "";
	if (wants_number && v->kind == JSON_STRING && !c->is_numeric)
		return " (the event has text, the rule a number)";
	if (wants_string && v->kind == JSON_NUMBER)
		return " (the event has a number, the rule text)";
	return "";
}

/* `node` is the condition as written, `v` what the event has. */
static struct str
sentence_of(struct teller *t, const struct json *node, const struct condition *c,
    const struct json *v, bool result)
{
	struct str field = json_string(node, STR("field"));

	if (c->op == FILTER_EXISTS || !v)
		return arena_printf(
		    t->arena, "%.*s %s", STR_ARG(field), v ? "is there" : "is missing");
	return arena_printf(t->arena, "%.*s %.*s %s %.*s%s", STR_ARG(field),
	    STR_ARG(shown(t, v)), result ? YES[c->op] : NO[c->op],
	    STR_ARG(shown(t, json_get(node, STR("value")))), kind_note(t->f, c, v));
}

static void
tell(struct teller *t, int depth, bool result, const struct pointer *at, struct str sentence)
{
	struct filter_finding finding = {.depth = depth,
	    .result = result,
	    .pointer = pointer_text(t->arena, at),
	    .sentence = sentence};

	t->each(&finding, t->arg);
}

static bool walk(struct teller *t, const struct json *node, const struct pointer *at, int depth,
    int *next, bool is_told);

/* How many of the list hold; tells of each when asked to. */
static uint32_t
walk_list(struct teller *t, const struct json *list, const struct pointer *at, int depth,
    int *next, bool is_told)
{
	struct pointer here = {.up = at};
	uint32_t n = 0;

	JSON_EACH (node, list) {
		n += walk(t, node, &here, depth + 1, next, is_told);
		here.index++;
	}
	return n;
}

static bool
walk_group(struct teller *t, const struct json *list, const struct pointer *at,
    const struct pointer *inner, int depth, int *next, bool is_told)
{
	bool is_all = str_eq(list->key, STR("all"));
	int again = *next;
	uint32_t n = walk_list(t, list, inner, depth, next, false);
	bool result = is_all ? n == list->count : n > 0;

	if (!is_told)
		return result;
	tell(t, depth, result, at,
	    arena_printf(t->arena, "%s of these %u must hold: %u %s", is_all ? "all" : "one",
		list->count, n, n == 1 ? "does" : "do"));
	(void)walk_list(t, list, inner, depth, &again, true);
	return result;
}

static bool
walk_not(struct teller *t, const struct json *node, const struct pointer *at,
    const struct pointer *inner, int depth, int *next, bool is_told)
{
	int again = *next;
	bool result = !walk(t, node, inner, depth + 1, next, false);

	if (!is_told)
		return result;
	tell(t, depth, result, at,
	    result ? STR("this must not hold, and does not")
		   : STR("this must not hold, but does"));
	(void)walk(t, node, inner, depth + 1, &again, true);
	return result;
}

/*
 * A group's result is told before what is inside, so the inside is walked once silently: twice
 * for each level, 2^8 times at the most for one condition.
 */
static bool
walk(struct teller *t, const struct json *node, const struct pointer *at, int depth, int *next,
    bool is_told)
{
	const struct json *only = node->child;
	struct pointer inner = {.up = at, .name = only->key};
	struct json scratch;

	if (str_eq(only->key, STR("not")))
		return walk_not(t, only, at, &inner, depth, next, is_told);
	if (str_eq(only->key, STR("all")) || str_eq(only->key, STR("any")))
		return walk_group(t, only, at, &inner, depth, next, is_told);
	const struct condition *c = &t->f->conditions[(*next)++];
	const struct json *v = filter_field(c, t->ev, &scratch);
	bool result = filter_holds(t->f, c, v);
	if (is_told)
		tell(t, depth, result, at, sentence_of(t, node, c, v, result));
	return result;
}

bool
filter_explain(const struct filter *f, const struct event *ev, struct arena *a,
    filter_finding_fn *each, void *arg)
{
	struct teller t = {.f = f, .ev = ev, .arena = a, .each = each, .arg = arg};
	const struct json *root;
	int next = f->first;

	if (f->text.len == 0)
		return true;
	must(json_parse(a, f->text, JSON_DEPTH_MAX, &root, NULL)); /* it compiled */
	return walk(&t, root, NULL, 0, &next, true);
}
