/*
 * Random filters on random payloads, beside an evaluator that walks the filter's own JSON and
 * knows nothing of programs, paths taken apart or exact decimals (its numbers fit a double).
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "carillon/base/buf.h"
#include "carillon/rules/schema.h"
#include "rules/event_attribute.h"
#include "unit/base/found.h"
#include "unit/rules/filter_fixture.h"

#include <cmocka.h>

enum { TREES = 30000, PAYLOADS_EACH = 4 };

static uint64_t seed = 0x2545f4914f6cdd1d;

static int
below(int n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (int)(seed % (uint64_t)n);
}

#define ONE_OF(list) (list)[below((int)COUNT_OF(list))]

static const char *const SCALARS[] = {"0", "1", "1.0", "-1", "2.5", "25e-1", "10", "100", "1e2",
    "\"1\"", "\"\"", "\"a\"", "null", "true", "false", "\"high\"", "\"High\"", "\"2.5\"",
    "\"low\"", "\"ab\"", "\"abc\"", "\"info\"", "\"warning\"", "\"10\""};
static const char *const FIELDS[] = {"a", "b", "num", "o.a", "o.num", "l[0]", "l.1", "l[1].a",
    "event.type", "event.id", "event.source", "o", "l"};

/* --- making --- */

static void
make_value(struct buf *b, int depth)
{
	int what = below(depth > 2 ? 6 : 9);

	if (what < 6) {
		buf_cstr(b, ONE_OF(SCALARS));
	} else if (what < 8) {
		int n = below(4);

		buf_putc(b, '[');
		for (int i = 0; i < n; i++) {
			buf_cstr(b, i ? "," : "");
			make_value(b, depth + 1);
		}
		buf_putc(b, ']');
	} else {
		buf_cstr(b, "{\"a\":");
		make_value(b, depth + 1);
		buf_cstr(b, ",\"num\":");
		make_value(b, depth + 1);
		buf_putc(b, '}');
	}
}

static void
make_payload(struct buf *b)
{
	static const char *const names[] = {"a", "b", "num", "o", "l"};
	const char *comma = "";

	buf_putc(b, '{');
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (below(4) == 0)
			continue;
		buf_printf(b, "%s\"%s\":", comma, names[i]);
		make_value(b, 0);
		comma = ",";
	}
	buf_putc(b, '}');
}

static void
make_condition(struct buf *b)
{
	static const char *const any_value[] = {"eq", "ne", "contains"};
	static const char *const numbers[] = {"gt", "gte", "lt", "lte"};
	static const char *const levels[] = {"info", "LOW", "medium", "high", "fatal"};
	const char *field = ONE_OF(FIELDS);

	switch (below(6)) {
	case 0:
		buf_printf(b, "{\"field\":\"%s\",\"op\":\"%s\",\"value\":%d.%d}", field,
		    ONE_OF(numbers), below(4) - 1, below(3) * 25);
		return;
	case 1:
		buf_printf(b, "{\"field\":\"%s\",\"op\":\"%s\",\"value\":[%s,%s]}", field,
		    below(2) ? "in" : "not_in", ONE_OF(SCALARS), ONE_OF(SCALARS));
		return;
	case 2:
		buf_printf(b, "{\"field\":\"%s\",\"op\":\"starts_with\",\"value\":\"%s\"}",
		    field, below(2) ? "a" : "al");
		return;
	case 3:
		buf_printf(b, "{\"field\":\"%s\",\"op\":\"exists\",\"value\":%s}", field,
		    below(2) ? "true" : "false");
		return;
	case 4:
		buf_printf(b, "{\"field\":\"%s\",\"op\":\"at_least\",\"value\":\"%s\"}", field,
		    ONE_OF(levels));
		return;
	default:
		buf_printf(b, "{\"field\":\"%s\",\"op\":\"%s\",\"value\":%s}", field,
		    ONE_OF(any_value), ONE_OF(SCALARS));
	}
}

static void
make_filter(struct buf *b, int depth)
{
	int what = below(depth >= 5 ? 1 : 5);

	if (what < 2) {
		make_condition(b);
		return;
	}
	if (what == 2) {
		buf_cstr(b, "{\"not\":");
		make_filter(b, depth + 1);
		buf_putc(b, '}');
		return;
	}
	buf_cstr(b, what == 3 ? "{\"all\":[" : "{\"any\":[");
	for (int i = 0, n = below(4); i < n; i++) {
		buf_cstr(b, i ? "," : "");
		make_filter(b, depth + 1);
	}
	buf_cstr(b, "]}");
}

/* --- the naive evaluator --- */

static bool
is_op(const struct json *node, const char *op)
{
	return str_eq(json_string(node, STR("op")), str_of(op));
}

/* A number of its own, or numeric text of a field of numbers. */
static bool
number_of(const struct json *v, bool is_numeric, double *out)
{
	char text[32], *end;

	if (v->kind != JSON_NUMBER && !(is_numeric && v->kind == JSON_STRING))
		return false;
	(void)str_copy(text, sizeof(text), v->text);
	*out = strtod(text, &end);
	return text[0] && *end == '\0';
}

static bool
same(const struct json *a, const struct json *b, bool is_numeric)
{
	double x, y;

	if (number_of(a, is_numeric, &x) && number_of(b, is_numeric, &y))
		return x == y;
	if (number_of(a, is_numeric, &x) || number_of(b, is_numeric, &y))
		return false;
	return a->kind == b->kind && a->kind != JSON_ARRAY && a->kind != JSON_OBJECT &&
	       str_eq(a->text, b->text);
}

static int
level(struct str s)
{
	static const char *const names[][8] = {
	    {"info", "informational", "information", "notice", "debug"}, {"low", "minor"},
	    {"medium", "warning", "warn", "moderate"}, {"high", "error", "major"},
	    {"critical", "crit", "fatal", "emergency", "severe"}};
	char text[32];

	(void)str_copy(text, sizeof(text), s);
	for (int rank = 0; rank < 5; rank++)
		for (int i = 0; i < 8 && names[rank][i]; i++)
			if (strcasecmp(names[rank][i], text) == 0)
				return rank;
	return -1;
}

static bool
any_same(const struct json *list, const struct json *v, bool is_numeric)
{
	bool found = false;

	JSON_EACH (one, list)
		found = found || same(one, v, is_numeric);
	return found;
}

static bool
naive_contains(const struct json *v, const struct json *value, bool is_numeric)
{
	char hay[64], needle[64];

	if (v->kind == JSON_ARRAY)
		return any_same(v, value, is_numeric);
	if (v->kind != JSON_STRING || value->kind != JSON_STRING)
		return false;
	(void)str_copy(hay, sizeof(hay), v->text);
	(void)str_copy(needle, sizeof(needle), value->text);
	return strstr(hay, needle) != NULL;
}

static bool
naive_order(
    const struct json *node, const struct json *v, const struct json *value, bool is_numeric)
{
	double x, y;

	if (!number_of(v, is_numeric, &x) || !number_of(value, is_numeric, &y))
		return false;
	return is_op(node, "gt")    ? x > y
	       : is_op(node, "gte") ? x >= y
	       : is_op(node, "lt")  ? x < y
	                            : x <= y;
}

/* Nothing is taken apart beforehand. */
static const struct json *
naive_field(const struct event *ev, struct str path, struct json *scratch)
{
	char time[CLOCK_TEXT_MAX];
	struct str prefix = STR(EVENT_PREFIX);

	if (!str_starts_with(path, prefix))
		return json_path(ev->payload, path);
	struct str name = {path.ptr + prefix.len, path.len - prefix.len};
	scratch->kind = JSON_STRING;
	scratch->text = event_attribute_text(
	    ev, (enum event_attribute)event_attribute_of(name), STR(""), time);
	return scratch->text.len > 0 ? scratch : NULL;
}

static bool
naive_condition(const struct json *node, const struct event *ev, bool has_schema)
{
	const struct json *value = json_get(node, STR("value"));
	struct str field = json_string(node, STR("field"));
	/* As the schema below says. */
	bool is_numeric =
	    has_schema && (str_eq(field, STR("num")) || str_eq(field, STR("o.num")) ||
			      str_eq(field, STR("l[0]")) || str_eq(field, STR("l.1")));
	struct json scratch;
	const struct json *v = naive_field(ev, field, &scratch);

	if (is_op(node, "exists"))
		return (v != NULL) == (value->kind == JSON_TRUE);
	if (!v)
		return false;
	if (is_op(node, "eq") || is_op(node, "ne"))
		return same(v, value, is_numeric) == is_op(node, "eq");
	if (is_op(node, "in") || is_op(node, "not_in"))
		return any_same(value, v, is_numeric) == is_op(node, "in");
	if (is_op(node, "contains"))
		return naive_contains(v, value, is_numeric);
	if (is_op(node, "starts_with"))
		return v->kind == JSON_STRING && v->text.len >= value->text.len &&
		       strncmp(v->text.ptr, value->text.ptr, value->text.len) == 0;
	if (is_op(node, "at_least"))
		return v->kind == JSON_STRING && level(v->text) >= level(value->text);
	return naive_order(node, v, value, is_numeric);
}

static bool
naive(const struct json *node, const struct event *ev, bool has_schema)
{
	const struct json *list;
	bool all = true, any = false;

	if ((list = json_get(node, STR("not"))))
		return !naive(list, ev, has_schema);
	bool is_all = (list = json_get(node, STR("all"))) != NULL;
	if (!is_all)
		list = json_get(node, STR("any"));
	if (!list)
		return naive_condition(node, ev, has_schema);
	JSON_EACH (one, list) {
		bool result = naive(one, ev, has_schema);

		all = all && result;
		any = any || result;
	}
	return is_all ? all : any;
}

/* --- playing --- */

static struct {
	int refused, matched, tried, explained;
} tally;

static void
count_finding(const struct filter_finding *f, void *arg)
{
	(void)arg;
	tally.explained += f->sentence.len > 0;
}

static void
play(struct arena *a, const struct schema *schema)
{
	struct buf text = {0}, payload = {0};
	const struct json *tree;
	struct findings *found = found_new(a, "");
	struct filter *f;
	struct err e;

	make_filter(&text, 0);
	assert_true(json_parse(a, buf_view(&text), JSON_DEPTH_MAX, &tree, &e));
	if (!filter_compile(a, buf_view(&text), NULL, schema, &f, found)) {
		/* The only things made here that are no filter. */
		assert_true(strstr(found_text(found), "empty one") ||
			    strstr(found_text(found), "conditions"));
		tally.refused++;
		buf_fini(&text);
		return;
	}
	for (int i = 0; i < PAYLOADS_EACH; i++) {
		buf_clear(&payload);
		make_payload(&payload);
		struct str copy = arena_str(a, buf_view(&payload));
		struct event ev = event_with(a, copy.ptr);
		bool expected = naive(tree, &ev, schema != NULL);

		if (filter_matches(f, &ev) != expected)
			fail_msg("%s on %s: not %d", text.ptr, payload.ptr, expected);
		assert_int_equal(filter_explain(f, &ev, a, count_finding, NULL), expected);
		tally.tried++;
		tally.matched += expected;
	}
	buf_fini(&text);
	buf_fini(&payload);
}

static void
random_filters_agree_with_the_naive_evaluator(void **state)
{
	struct arena *a = arena_new(0), *schemas = arena_new(0);
	struct schema *schema;

	(void)state;
	assert_true(schema_compile(schemas,
	    STR("{\"properties\":{\"num\":{\"type\":\"number\"},\"l\":{\"type\":\"array\","
		"\"items\":{\"type\":[\"number\",\"null\"]}},\"o\":{\"type\":\"object\","
		"\"properties\":{\"num\":{\"type\":\"integer\"},\"a\":{\"type\":\"string\"}}}}"
		"}"),
	    &schema, found_new(schemas, "")));
	for (int i = 0; i < TREES; i++) {
		arena_reset(a);
		play(a, i % 2 ? schema : NULL);
	}
	assert_true(tally.tried >= 100000);
	assert_true(tally.matched > tally.tried / 5 && tally.matched < tally.tried * 4 / 5);
	assert_true(tally.refused < TREES / 5 && tally.explained > tally.tried);
	arena_free(a);
	arena_free(schemas);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(random_filters_agree_with_the_naive_evaluator),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
