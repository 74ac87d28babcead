#include "template_expr.h"

#include "carillon/base/suggest.h"
#include "exact.h"
#include "template_date.h"
#include "template_number.h"
#include "template_value.h"

static const char *const event_names[] = {
#define ATTRIBUTE(name) #name,
#include "event_attributes.def"
#undef ATTRIBUTE
};

static const char *const forloop_names[] = {
#define FORLOOP_ATTRIBUTE(NAME, name) name,
#include "template_names.def"
#undef FORLOOP_ATTRIBUTE
};

static const struct {
	const char *text;
	bool is_word, is_joining;
} operators[] = {
    {"", false, false},
#define OPERATOR(NAME, text, is_word, is_joining) {text, is_word, is_joining},
#include "template_names.def"
#undef OPERATOR
};

static const struct {
	const char *word;
	enum value_kind kind;
	bool truth;
} literals[] = {
#define LITERAL(word, kind, truth) {word, kind, truth},
#include "template_names.def"
#undef LITERAL
};

static const char *const filter_names[] = {
#define FILTER(NAME, name, min, max, sentence) #name,
#include "template_filters.def"
#undef FILTER
};

static const struct {
	int min, max;
} filter_args[] = {
#define FILTER(NAME, name, min, max, sentence) {min, max},
#include "template_filters.def"
#undef FILTER
};

/* Filters of Liquid under another name than people try. */
static const char *const filter_others[][2] = {
    {"upper", "upcase"},
    {"uppercase", "upcase"},
    {"lower", "downcase"},
    {"lowercase", "downcase"},
    {"length", "size"},
    {"count", "size"},
    {"add", "plus"},
    {"subtract", "minus"},
    {"multiply", "times"},
    {"divide", "divided_by"},
    {"format_date", "date"},
    {"url", "link"},
    {"title", "capitalize"},
    {"ellipsis", "truncate"},
    {"percentage", "percent"},
    {"escape_once", "escape"},
    {"or", "default"},
};

static int
name_index(struct str word, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(word, str_of(names[i])))
			return (int)i;
	return -1;
}

struct str
name_meant(struct arena *a, struct str word, const char *const *names, size_t n)
{
	struct str *candidates = ARENA_ARRAY(a, struct str, n);
	for (size_t i = 0; i < n; i++)
		candidates[i] = str_of(names[i]);
	return str_nearest(word, candidates, n);
}

/* problem "word" */
static bool
fail_at(struct scanner *s, struct str word, const char *advice, const char *problem)
{
	int shown = (int)str_utf8_cut(word, 60);
	return template_fail(s->e, s->source, (size_t)(word.ptr - s->source.ptr), advice,
	    "%s \"%.*s\"", problem, shown, word.ptr);
}

static bool
fail_unexpected(struct scanner *s, const char *advice, const char *wanted)
{
	if (scan_is_end(s))
		return template_fail(
		    s->e, s->source, s->at, advice, "%s is missing at the end", wanted);
	struct str rest = {s->source.ptr + s->at, s->end - s->at};
	int shown = (int)str_utf8_cut(rest, 16);
	return template_fail(s->e, s->source, s->at, advice,
	    "%s was expected instead of \"%.*s\"", wanted, shown, rest.ptr);
}

static bool
fail_too_much(struct scanner *s, const char *problem)
{
	scan_blank(s);
	return template_fail(s->e, s->source, s->at, NULL, "%s", problem);
}

static bool
operator_is_next(struct scanner *s, enum operator_kind op)
{
	struct scanner probe = *s;
	if (operators[op].is_word)
		return str_eq(scan_word(&probe), str_of(operators[op].text));
	struct str text = str_of(operators[op].text);
	struct str rest = {s->source.ptr + s->at, s->end - s->at};
	return str_starts_with(rest, text);
}

static enum operator_kind
scan_operator(struct scanner *s)
{
	scan_blank(s);
	for (int op = OPERATOR_NONE + 1; op < OPERATORS; op++) {
		if (!operator_is_next(s, (enum operator_kind)op))
			continue;
		s->at += strlen(operators[op].text);
		return (enum operator_kind)op;
	}
	return OPERATOR_NONE;
}

bool
template_word_is_taken(struct str word)
{
	static const char *const others[] = {"payload", "event", "forloop", "not"};
	for (size_t i = 0; i < COUNT_OF(literals); i++)
		if (str_eq(word, str_of(literals[i].word)))
			return true;
	for (int op = OPERATOR_NONE + 1; op < OPERATORS; op++)
		if (str_eq(word, str_of(operators[op].text)))
			return true;
	return name_index(word, others, COUNT_OF(others)) >= 0;
}

/* An index, or digits of a word used as one: obj["0"] and arr[0] are the same to JavaScript. */
static bool
step_of_number(struct scanner *s, struct str text, struct path_step *step)
{
	double n = number_of_json(text);
	if (!(n > INT32_MIN && n < INT32_MAX) || n != (double)(int32_t)n)
		return fail_at(s, text, "use a whole number", "not a place in a list:");
	step->is_index = true;
	step->index = (int)n;
	step->key = arena_printf(s->arena, "%d", step->index);
	return true;
}

static bool
parse_bracket(struct scanner *s, struct path_step *step)
{
	scan_blank(s);
	char c = scan_peek(s);
	struct str number;
	if (c == '"' || c == '\'') {
		if (!scan_string(s, &step->key))
			return false;
	} else if (scan_number(s, &number)) {
		if (!step_of_number(s, number, step))
			return false;
	} else {
		return fail_unexpected(
		    s, "write [0] or [\"name\"]", "a number or a quoted name");
	}
	return scan_char(s, ']') || fail_unexpected(s, NULL, "]");
}

/* A name after a point. A filter's is all up to the next point or bracket. */
static bool
parse_name(struct scanner *s, bool is_free, struct str *name)
{
	size_t at = s->at;
	if (!is_free) {
		*name = scan_word(s);
		return name->len > 0 && name->ptr == s->source.ptr + at;
	}
	while (s->at < s->end && s->source.ptr[s->at] != '.' && s->source.ptr[s->at] != '[')
		s->at++;
	*name = (struct str){s->source.ptr + at, s->at - at};
	return name->len > 0;
}

/* .name, [0] and ["name"], right behind a name. */
static bool
parse_steps(struct scanner *s, bool is_free, struct path *out)
{
	struct path_step steps[PATH_STEPS_MAX] = {0};
	int n = out->n;
	if (n > 0)
		steps[0] = out->steps[0];
	for (char c = scan_peek(s); c == '.' || c == '['; c = scan_peek(s)) {
		if (n == PATH_STEPS_MAX) {
			out->n = n;
			return fail_too_much(s, "the path is too long");
		}
		s->at++;
		steps[n].is_word = c == '.';
		if (c == '[' ? !parse_bracket(s, &steps[n])
			     : !parse_name(s, is_free, &steps[n].key) &&
				   !fail_unexpected(s, NULL, "a name after the point"))
			return false;
		n++;
	}
	out->n = n;
	out->steps = ARENA_ARRAY(s->arena, struct path_step, n + 1);
	memcpy(out->steps, steps, (size_t)n * sizeof(steps[0]));
	return true;
}

bool
parse_path(struct scanner *s, struct path *out)
{
	struct path_step first = {.is_word = true};
	*out = (struct path){0};
	if (scan_peek(s) != '[') {
		if (!parse_name(s, true, &first.key))
			return false;
		*out = (struct path){&first, 1};
	}
	s->source = arena_str(s->arena, s->source);
	first.key.ptr = s->source.ptr;
	return parse_steps(s, true, out) && s->at == s->end && out->n > 0;
}

/* Takes the first step, which must be one of `names`. */
static bool
take_attribute(
    struct scanner *s, struct operand *o, struct str root, const char *const *names, size_t n)
{
	if (o->path.n == 0)
		return template_fail(s->e, s->source, (size_t)(root.ptr - s->source.ptr),
		    arena_printf(s->arena, "for example %.*s.%s", STR_ARG(root), names[0]).ptr,
		    "\"%.*s\" needs a name after it", STR_ARG(root));
	struct str name = o->path.steps[0].key;
	o->index = name_index(name, names, n);
	if (o->index < 0) {
		(void)template_fail(s->e, s->source, (size_t)(root.ptr - s->source.ptr), NULL,
		    "%.*s has no \"%.*s\"", STR_ARG(root), (int)str_utf8_cut(name, 60),
		    name.ptr);
		return template_suggest(s->e, name_meant(s->arena, name, names, n));
	}
	o->path.steps++;
	o->path.n--;
	return true;
}

static bool
parse_root(struct scanner *s, const struct scope *scope, struct str root, struct operand *o)
{
	for (int i = scope->n - 1; i >= 0; i--) {
		if (!str_eq(root, scope->variables[i]))
			continue;
		o->kind = OPERAND_LOOP;
		o->index = i;
		return true;
	}
	if (str_eq(root, STR("payload"))) {
		o->kind = OPERAND_PAYLOAD;
		return true;
	}
	if (str_eq(root, STR("event"))) {
		o->kind = OPERAND_EVENT;
		return take_attribute(s, o, root, event_names, EVENT_ATTRIBUTES);
	}
	if (str_eq(root, STR("forloop")) && scope->n > 0) {
		o->kind = OPERAND_FORLOOP;
		o->loop = scope->n - 1;
		return take_attribute(s, o, root, forloop_names, FORLOOP_ATTRIBUTES);
	}
	static const char *const roots[] = {"payload", "event", "forloop"};
	if (str_eq(root, STR("forloop")))
		return fail_at(s, root, "forloop is known only inside a for", "unknown name");
	struct str near = name_meant(s->arena, root, roots, COUNT_OF(roots));
	const char *advice = NULL;
	if (near.len == 0 && root.len <= 40)
		advice = arena_printf(s->arena, "write payload.%.*s", STR_ARG(root)).ptr;
	(void)fail_at(s, root, advice, "unknown name");
	return template_suggest(s->e, near);
}

static bool
parse_literal_word(struct str word, struct operand *o)
{
	for (size_t i = 0; i < COUNT_OF(literals); i++) {
		if (!str_eq(word, str_of(literals[i].word)))
			continue;
		o->literal =
		    (struct value){.kind = literals[i].kind, .truth = literals[i].truth};
		return true;
	}
	return false;
}

static bool
fail_after_literal(struct scanner *s)
{
	char c = scan_peek(s);
	if (c != '.' && c != '[')
		return true;
	return fail_unexpected(s, NULL, "nothing more after this value");
}

/* One that a double has no room for keeps its digits, in the one form of its value. */
static struct value
number_literal(struct arena *a, struct str text)
{
	struct exact x;
	struct buf form = {0};

	if (number_is_held(text))
		return value_of_number(number_of_json(text));
	must(exact_read(&x, text)); /* it is digits and a point */
	exact_put(&x, &form);
	exact_fini(&x);
	text = arena_str(a, buf_view(&form));
	buf_fini(&form);
	return value_of_number_text(text);
}

bool
parse_operand(struct scanner *s, const struct scope *scope, struct operand *o)
{
	*o = (struct operand){.kind = OPERAND_LITERAL};
	scan_blank(s);
	size_t start = s->at;
	struct str number;
	if (scan_peek(s) == '"' || scan_peek(s) == '\'') {
		o->literal.kind = VALUE_STRING;
		return scan_string(s, &o->literal.text) && fail_after_literal(s);
	}
	if (scan_number(s, &number)) {
		o->literal = number_literal(s->arena, number);
		return fail_after_literal(s);
	}
	if (scan_peek(s) == '(')
		return fail_unexpected(
		    s, "parentheses and ranges are not supported", "a value");
	struct str word = scan_word(s);
	if (word.len == 0)
		return fail_unexpected(s, NULL, "a value");
	if (parse_literal_word(word, o))
		return fail_after_literal(s);
	if (str_eq(word, STR("not")))
		return fail_at(
		    s, word, "use unless, or compare with false", "unsupported word");
	if (!parse_steps(s, false, &o->path) || !parse_root(s, scope, word, o))
		return false;
	o->source = (struct str){s->source.ptr + start, s->at - start};
	return true;
}

static struct expr *
expr_of(
    struct scanner *s, enum operator_kind op, const struct expr *left, const struct expr *right)
{
	struct expr *e = ARENA_NEW(s->arena, struct expr);
	*e = (struct expr){.op = op, .left = left, .right = right};
	return e;
}

/*
 * Liquid evaluates from the right: a and b or c is a and (b or c). A comparison binds more
 * tightly than and/or, among themselves they too go from the right.
 */
static bool
parse_expr(struct scanner *s, const struct scope *scope, bool joining, int left_over,
    const struct expr **out)
{
	struct expr *e = ARENA_NEW(s->arena, struct expr);
	struct operand *operand = ARENA_NEW(s->arena, struct operand);
	if (left_over == 0)
		return fail_too_much(s, "the condition is too long");
	if (!parse_operand(s, scope, operand))
		return false;
	e->operand = operand;
	*out = e;
	struct scanner before = *s;
	enum operator_kind op = scan_operator(s);
	if (op != OPERATOR_NONE && !operators[op].is_joining) {
		const struct expr *right;
		if (!parse_expr(s, scope, false, left_over - 1, &right))
			return false;
		*out = expr_of(s, op, e, right);
		before = *s;
		op = scan_operator(s);
	}
	if (op == OPERATOR_NONE || !joining) {
		*s = before;
		return true;
	}
	const struct expr *right;
	if (!parse_expr(s, scope, true, left_over - 1, &right))
		return false;
	*out = expr_of(s, op, *out, right);
	return true;
}

static bool
find_filter(struct scanner *s, struct filter_call *call)
{
	struct str name = scan_word(s);
	if (name.len == 0)
		return fail_unexpected(s, NULL, "the name of a filter");
	int id = name_index(name, filter_names, FILTERS);
	if (id >= 0) {
		call->id = (enum filter_id)id;
		return true;
	}
	struct str meant = name_meant(s->arena, name, filter_names, FILTERS);
	for (size_t i = 0; meant.len == 0 && i < COUNT_OF(filter_others); i++)
		if (str_eq(name, str_of(filter_others[i][0])))
			meant = str_of(filter_others[i][1]);
	(void)fail_at(s, name, NULL, "unknown filter");
	return template_suggest(s->e, meant);
}

static bool
parse_filter_args(struct scanner *s, const struct scope *scope, struct filter_call *call)
{
	int max = filter_args[call->id].max;
	call->args = ARENA_ARRAY(s->arena, struct operand, max);
	do {
		if (call->n_args == max)
			return fail_too_much(s,
			    max == 0 ? "this filter takes no argument" : "too many arguments");
		if (!parse_operand(s, scope, &call->args[call->n_args++]))
			return false;
	} while (scan_char(s, ','));
	if (scan_is_end(s) || scan_peek(s) == '|')
		return true;
	return fail_unexpected(s, NULL, "a comma, another filter or the end");
}

/* Dates differ from LiquidJS's: the destination shows them, so words name their parts. */
static bool
check_filter(struct scanner *s, const struct filter_call *call, struct str name)
{
	if (call->n_args < filter_args[call->id].min)
		return fail_at(
		    s, name, "write it after a colon", "an argument is missing for the filter");
	const struct operand *first = call->args;
	bool is_form = call->id == FILTER_DATE && call->n_args > 0;
	if (!is_form)
		return true;
	if (first->kind != OPERAND_LITERAL || first->literal.kind != VALUE_STRING)
		return fail_at(s, name, "for example date: \"{date_short} at {time}\"",
		    "a quoted form is needed for the filter");
	if (date_form_is_known(first->literal.text))
		return true;
	return fail_at(
	    s, name, "use its words, as {date_short} at {time}", "unknown form for the filter");
}

static bool
parse_filters(struct scanner *s, const struct scope *scope, struct piped *out)
{
	struct filter_call **tail = &out->filters;
	for (int n = 0; scan_char(s, '|'); n++) {
		if (n == TEMPLATE_FILTERS_MAX)
			return fail_too_much(s, "too many filters");
		struct filter_call *call = ARENA_NEW(s->arena, struct filter_call);
		scan_blank(s);
		size_t start = s->at;
		if (!find_filter(s, call))
			return false;
		struct str name = {s->source.ptr + start, s->at - start};
		if (scan_char(s, ':') && !parse_filter_args(s, scope, call))
			return false;
		if (!check_filter(s, call, name))
			return false;
		out->has_default |= call->id == FILTER_DEFAULT;
		*tail = call;
		tail = &call->next;
	}
	return true;
}

bool
parse_piped(struct scanner *s, const struct scope *scope, struct piped *out)
{
	*out = (struct piped){0};
	if (scan_is_end(s))
		return fail_unexpected(s, "for example payload.name", "a value");
	if (!parse_expr(s, scope, true, TEMPLATE_OPERATORS_MAX, &out->expr) ||
	    !parse_filters(s, scope, out))
		return false;
	return scan_is_end(s) ||
	       fail_unexpected(s, NULL, "an operator, a filter (|) or the end");
}
