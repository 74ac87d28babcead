#include "rules/filter_private.h"

#include "rules/value.h"

enum { SMALL_DIGITS_MAX = 18 };

bool
filter_small_number(struct str text, int64_t *out)
{
	size_t i = text.len > 0 && text.ptr[0] == '-';
	int64_t n = 0;

	if (text.len == i || text.len - i > SMALL_DIGITS_MAX)
		return false;
	for (; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
		n = n * 10 + (text.ptr[i] - '0');
	}
	*out = text.ptr[0] == '-' ? -n : n;
	return true;
}

/* Whether the payload's value is to be compared as a number. */
static bool
is_number(const struct condition *c, const struct json *v)
{
	return v->kind == JSON_NUMBER ||
	       (c->is_numeric && v->kind == JSON_STRING && value_is_number_text(v->text));
}

static int
compare_numbers(struct str text, const struct operand *o)
{
	int64_t n;

	if (o->is_small && filter_small_number(text, &n))
		return (n > o->small) - (n < o->small);
	return json_number_cmp(text, o->text);
}

static bool
is_eq(const struct condition *c, const struct json *v, const struct operand *o)
{
	if (o->kind == JSON_NUMBER)
		return is_number(c, v) && compare_numbers(v->text, o) == 0;
	return v->kind == o->kind && (v->kind != JSON_STRING || str_eq(v->text, o->text));
}

static bool
is_one_of(const struct condition *c, const struct json *v)
{
	for (size_t i = 0; i < c->n_operands; i++) {
		if (is_eq(c, v, &c->operands[i]))
			return true;
	}
	return false;
}

static bool
contains(const struct condition *c, const struct json *v)
{
	if (v->kind == JSON_STRING && c->is_text)
		return memmem(v->text.ptr, v->text.len, STR_PTR_LEN(c->operands->text)) != NULL;
	if (v->kind != JSON_ARRAY)
		return false;
	JSON_EACH (element, v) {
		if (is_eq(c, element, c->operands))
			return true;
	}
	return false;
}

/* An empty attribute is one that the event does not have. */
static const struct json *
attribute_field(const struct filter *f, int attribute, const struct event *ev,
    struct field_scratch *scratch)
{
	struct str severity = attribute == EVENT_ATTRIBUTE_severity
	                          ? severity_of(f->order, ev->payload)
	                          : (struct str){0};
	struct str text =
	    event_attribute_text(ev, (enum event_attribute)attribute, severity, scratch->time);

	scratch->attribute = (struct json){.kind = JSON_STRING, .text = text};
	return text.len > 0 ? &scratch->attribute : NULL;
}

/* A payload may have a member that is called payload, too. */
const struct json *
filter_field(const struct filter *f, const struct condition *c, const struct event *ev,
    struct field_scratch *scratch)
{
	struct path below;
	const struct json *v;

	scratch->path.looked_at = 0;
	if (c->attribute != EVENT_ATTRIBUTE_NONE)
		return attribute_field(f, c->attribute, ev, scratch);
	below = path_below_payload(&c->path);
	v = path_find(&below, ev->payload, &scratch->path);
	return v || below.n == c->path.n ? v : path_find(&c->path, ev->payload, &scratch->path);
}

bool
filter_holds(const struct filter *f, const struct condition *c, const struct json *v)
{
	const struct operand *o = c->operands;

	if (c->op == FILTER_EXISTS)
		return (v != NULL) == c->expected;
	if (!v)
		return false;
	switch (c->op) {
	case FILTER_EQ: return is_eq(c, v, o);
	case FILTER_NE: return !is_eq(c, v, o);
	case FILTER_GT: return is_number(c, v) && compare_numbers(v->text, o) > 0;
	case FILTER_GTE: return is_number(c, v) && compare_numbers(v->text, o) >= 0;
	case FILTER_LT: return is_number(c, v) && compare_numbers(v->text, o) < 0;
	case FILTER_LTE: return is_number(c, v) && compare_numbers(v->text, o) <= 0;
	case FILTER_IN: return is_one_of(c, v);
	case FILTER_NOT_IN: return !is_one_of(c, v);
	case FILTER_CONTAINS: return contains(c, v);
	case FILTER_STARTS_WITH:
		return v->kind == JSON_STRING && str_starts_with(v->text, o->text);
	case FILTER_AT_LEAST: return severity_rank(f->order, severity_text(v)) >= c->rank;
	case FILTER_EXISTS:
	case FILTER_OPS: break;
	}
	return false;
}

/* What a condition reads, in units of 64 bytes: a value of the rule, or an element of the
 * payload's, counts like four bytes. */
static size_t
units_read(const struct condition *c, const struct json *v, size_t walked)
{
	size_t units = walked / 16 + c->n_operands / 16;

	if (v && v->kind == JSON_STRING)
		units += v->text.len / 64;
	else if (v)
		units += v->count / 16;
	return units;
}

bool
filter_matches(const struct filter *f, const struct event *ev)
{
	uint16_t at = f->entry;
	uint64_t steps = 0;

	while (at < FILTER_REJECT) {
		const struct condition *c = &f->conditions[at];
		struct field_scratch scratch;
		const struct json *v = filter_field(f, c, ev, &scratch);

		steps += 1 + units_read(c, v, scratch.path.looked_at);
		at = filter_holds(f, c, v) ? c->on_true : c->on_false;
	}
	if (ev->steps)
		*ev->steps += steps;
	return at == FILTER_ACCEPT;
}
