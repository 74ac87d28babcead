#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "carillon/base/buf.h"
#include "carillon/rules/schema.h"
#include "unit/base/found.h"
#include "unit/rules/arena_fixture.h"
#include "unit/rules/filter_fixture.h"

#include <cmocka.h>

static struct filter *
compile(const char *text, const struct schema *schema)
{
	struct findings *found = found_new(arena, "filter");
	struct filter *f;

	if (!filter_compile(arena, str_of(text), NULL, schema, &f, found))
		fail_msg("%s: %s", text, found_text(found));
	return f;
}

static void
assert_match(bool expected, const char *filter, const char *payload)
{
	struct event ev = event_with(arena, payload);

	if (filter_matches(compile(filter, NULL), &ev) != expected)
		fail_msg("%s on %s is not %s", filter, payload, expected ? "true" : "false");
}

/* What is found wrong with a filter. */
static struct findings *
refused(const char *filter)
{
	struct findings *found = found_new(arena, "filter");
	struct filter *f;

	if (filter_compile(arena, str_of(filter), NULL, NULL, &f, found))
		fail_msg("%s was accepted", filter);
	assert_null(f);
	return found;
}

/* `expected` is the first thing that is told. */
static void
assert_refused(const char *filter, const char *expected)
{
	struct findings *found = refused(filter);

	assert_string_equal(finding_sentence(found, &found->items[0]).ptr, expected);
}

static const struct filter_case {
	bool expected;
	const char *filter, *payload;
} CASES[] = {
#define CASE(expected, filter, payload) {expected, filter, payload},
#include "unit/rules/filter_cases.def"
#undef CASE
};

static void
every_condition_of_the_table_answers_as_told(void **state)
{
	(void)state;
	assert_true(COUNT_OF(CASES) >= 150);
	for (size_t i = 0; i < COUNT_OF(CASES); i++)
		assert_match(CASES[i].expected, CASES[i].filter, CASES[i].payload);
}

#define YES "{\"field\":\"a\",\"op\":\"exists\"}"
#define NO  "{\"field\":\"z\",\"op\":\"exists\"}"

static void
groups_combine_their_conditions(void **state)
{
	const struct filter_case cases[] = {
	    {true, "{\"all\":[]}", ""},
	    {false, "{\"any\":[]}", ""},
	    {false, "{\"not\":{\"all\":[]}}", ""},
	    {true, "{\"not\":{\"any\":[]}}", ""},
	    {true, "{\"all\":[" YES "," YES "]}", ""},
	    {false, "{\"all\":[" YES "," NO "]}", ""},
	    {false, "{\"all\":[" NO "," YES "]}", ""},
	    {true, "{\"any\":[" NO "," YES "]}", ""},
	    {true, "{\"any\":[" YES "," NO "]}", ""},
	    {false, "{\"any\":[" NO "," NO "]}", ""},
	    {true, "{\"not\":" NO "}", ""},
	    {false, "{\"not\":" YES "}", ""},
	    {true, "{\"not\":{\"not\":" YES "}}", ""},
	    {true, "{\"any\":[{\"all\":[" YES "," NO "]},{\"not\":" NO "}]}", ""},
	    {false, "{\"all\":[{\"any\":[" NO "," YES "]},{\"not\":" YES "}]}", ""},
	    {true, "{\"all\":[{\"all\":[]},{\"not\":{\"any\":[]}}," YES "]}", ""},
	    {false, "{\"all\":[" YES ",{\"any\":[]}]}", ""},
	    {true, "{\"any\":[{\"any\":[]},{\"all\":[]}," NO "]}", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_match(cases[i].expected, cases[i].filter, "{\"a\":1}");
}

static void
no_filter_accepts_everything(void **state)
{
	(void)state;
	assert_match(true, "", "{}");
}

static void
numeric_text_is_a_number_where_the_schema_says_number(void **state)
{
	const struct filter_case cases[] = {
	    {true, "{\"field\":\"n\",\"op\":\"gt\",\"value\":1000}", "{\"n\":\"1840\"}"},
	    {true, "{\"field\":\"n\",\"op\":\"gt\",\"value\":\"1000\"}", "{\"n\":1840}"},
	    {true, "{\"field\":\"n\",\"op\":\"eq\",\"value\":\"1.0\"}", "{\"n\":\"1\"}"},
	    {false, "{\"field\":\"n\",\"op\":\"ne\",\"value\":1}", "{\"n\":\"1.00\"}"},
	    {true, "{\"field\":\"n\",\"op\":\"in\",\"value\":[\"7\",8]}", "{\"n\":\"8.0\"}"},
	    {false, "{\"field\":\"n\",\"op\":\"gt\",\"value\":1}", "{\"n\":\"2x\"}"},
	    {false, "{\"field\":\"n\",\"op\":\"gt\",\"value\":1}", "{\"n\":\" 2\"}"},
	    {false, "{\"field\":\"n\",\"op\":\"gt\",\"value\":1}", "{\"n\":\"\"}"},
	    {false, "{\"field\":\"s\",\"op\":\"gt\",\"value\":1}", "{\"s\":\"2\"}"},
	    {false, "{\"field\":\"s\",\"op\":\"eq\",\"value\":\"1.0\"}", "{\"s\":\"1\"}"},
	    {false, "{\"field\":\"u\",\"op\":\"gt\",\"value\":1}", "{\"u\":\"2\"}"},
	    {false, "{\"field\":\"x\",\"op\":\"gt\",\"value\":1}", "{\"x\":\"2\"}"},
	    {true, "{\"field\":\"l[1].p\",\"op\":\"lt\",\"value\":3}",
		"{\"l\":[0,{\"p\":\"2\"}]}"},
	    {true, "{\"field\":\"i\",\"op\":\"lte\",\"value\":2}", "{\"i\":\"2\"}"},
	};
	struct schema *schema;

	(void)state;
	assert_true(schema_compile(arena,
	    STR("{\"properties\":{\"n\":{\"type\":\"number\"},\"s\":{\"type\":\"string\"},"
		"\"u\":{\"type\":[\"number\",\"string\"]},\"i\":{\"type\":[\"integer\","
		"\"null\"]},\"l\":{\"items\":{\"properties\":{\"p\":{\"type\":\"number\"}}}}}"
		"}"),
	    &schema, found_new(arena, "")));
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct event ev = event_with(arena, cases[i].payload);

		if (filter_matches(compile(cases[i].filter, schema), &ev) != cases[i].expected)
			fail_msg("%s on %s", cases[i].filter, cases[i].payload);
	}
}

static void
at_least_follows_the_order_it_is_given(void **state)
{
	char *aliases[] = {(char *)"P-one"};
	Carillon__V1__SeverityLevel low = CARILLON__V1__SEVERITY_LEVEL__INIT, top = low;
	Carillon__V1__SeverityLevel *levels[] = {&low, &top};
	type_record type = CARILLON__V1__EVENT_TYPE__INIT;
	struct event ev = event_with(arena, "{\"s\":\"p-ONE\"}");
	struct filter *f;

	(void)state;
	low.name = (char *)"p2";
	top.name = (char *)"p1";
	top.aliases = aliases;
	top.n_aliases = 1;
	type.severity_order = levels;
	type.n_severity_order = 2;
	assert_true(
	    filter_compile(arena, STR("{\"field\":\"s\",\"op\":\"at_least\",\"value\":\"P1\"}"),
		severity_new(arena, &type), NULL, &f, found_new(arena, "")));
	assert_true(filter_matches(f, &ev));
	ev = event_with(arena, "{\"s\":\"p2\"}");
	assert_false(filter_matches(f, &ev));
	ev = event_with(arena, "{\"s\":\"critical\"}");
	assert_false(filter_matches(f, &ev));
}

static void
a_bad_filter_is_refused_where_it_is_bad(void **state)
{
	static const struct {
		const char *filter, *error;
	} cases[] = {
#define REFUSED(filter, error) {filter, "filter: " error},
#include "unit/rules/filter_refused.def"
#undef REFUSED
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_refused(cases[i].filter, cases[i].error);
}

static struct str
many(int n, const char *one)
{
	struct buf b = {0};

	buf_cstr(&b, "{\"any\":[");
	for (int i = 0; i < n; i++)
		buf_printf(&b, "%s%s", i ? "," : "", one);
	buf_cstr(&b, "]}");
	struct str s = arena_str(arena, buf_view(&b));
	buf_fini(&b);
	return s;
}

static void
sixty_four_conditions_are_allowed_and_no_more(void **state)
{
	(void)state;
	assert_match(true, many(64, YES).ptr, "{\"a\":1}");
	assert_refused(many(65, YES).ptr, "filter: /any/64: more than 64 conditions");
	assert_refused(
	    many(65, "{\"all\":[]}").ptr, "filter: /any/64/all: more than 64 conditions");
}

static struct str
deep(int n)
{
	struct buf b = {0};

	for (int i = 1; i < n; i++)
		buf_cstr(&b, "{\"not\":");
	buf_cstr(&b, YES);
	for (int i = 1; i < n; i++)
		buf_putc(&b, '}');
	struct str s = arena_str(arena, buf_view(&b));
	buf_fini(&b);
	return s;
}

static void
eight_levels_are_allowed_and_no_more(void **state)
{
	(void)state;
	assert_match(false, deep(8).ptr, "{\"a\":1}");
	assert_refused(
	    deep(9).ptr, "filter: /not/not/not/not/not/not/not/not: more than 8 levels");
}

static void
sixteen_kib_are_allowed_and_no_more(void **state)
{
	struct str text = STR("{\"all\":[]}");
	char *big = arena_alloc(arena, 16 * 1024 + 2);

	(void)state;
	memset(big, ' ', 16 * 1024 + 1);
	memcpy(big, text.ptr, text.len);
	big[16 * 1024] = '\0';
	assert_match(true, big, "{}");
	big[16 * 1024] = ' ';
	assert_refused(big, "filter: 16385 bytes; at most 16384 are allowed");
}

static void
write_finding(const struct filter_finding *f, void *arg)
{
	buf_printf(arg, "%d %c %.*s: %.*s\n", f->depth, f->result ? '+' : '-',
	    STR_ARG(f->pointer), STR_ARG(f->sentence));
}

static void
an_explanation_says_each_condition_in_words(void **state)
{
	struct event ev = event_with(arena, "{\"severity\":\"low\",\"value\":\"1840\",\"tags\":"
					    "[\"a\",1],\"plan\":\"gold\"}");
	struct filter *f =
	    compile("{\"all\":[{\"field\":\"severity\",\"op\":\"at_least\",\"value\":\"high\"},"
		    "{\"not\":{\"field\":\"event.resource_id\",\"op\":\"starts_with\","
		    "\"value\":\"test_\"}},"
		    "{\"any\":[{\"field\":\"value\",\"op\":\"gt\",\"value\":1000},"
		    "{\"field\":\"tags\",\"op\":\"contains\",\"value\":\"a\"},"
		    "{\"field\":\"plan\",\"op\":\"in\",\"value\":[\"gold\",\"silver\"]},"
		    "{\"field\":\"region\",\"op\":\"ne\",\"value\":\"eu\"},"
		    "{\"field\":\"region\",\"op\":\"exists\",\"value\":false}]}]}",
		NULL);
	struct buf b = {0};

	(void)state;
	assert_false(filter_explain(f, &ev, arena, write_finding, &b));
	assert_string_equal(b.ptr,
	    "0 - : all of these 3 must hold: 2 do\n"
	    "1 - /all/0: severity \"low\" is not at least \"high\"\n"
	    "1 + /all/1: this must not hold, and does not\n"
	    "2 - /all/1/not: event.resource_id \"alrt_tyrion_42\" does not start with "
	    "\"test_\"\n"
	    "1 + /all/2: one of these 5 must hold: 3 do\n"
	    "2 - /all/2/any/0: value \"1840\" is not greater than 1000 (the event has text, "
	    "the "
	    "rule a number)\n"
	    "2 + /all/2/any/1: tags [\"a\",1] contains \"a\"\n"
	    "2 + /all/2/any/2: plan \"gold\" is one of [\"gold\",\"silver\"]\n"
	    "2 - /all/2/any/3: region is missing\n"
	    "2 + /all/2/any/4: region is missing\n");
	buf_fini(&b);
}

static void
all_that_is_wrong_is_told_in_the_order_written(void **state)
{
	struct findings *found =
	    refused("{\"all\":[{\"field\":\"event.typ\",\"op\":\"eqq\",\"value\":1},"
		    "{\"feild\":\"a\",\"op\":\"gt\",\"value\":\"x\"},"
		    "{\"any\":[],\"not\":{}},7,{\"field\":\"a\"}]}");

	(void)state;
	assert_string_equal(found_text(found),
	    "filter: /all/0/field: an event has no \"typ\"; did you mean \"type\"?\n"
	    "filter: /all/0/op: there is no operator \"eqq\"; did you mean \"eq\"?\n"
	    "filter: /all/1/feild: there is no key \"feild\"; did you mean \"field\"?\n"
	    "filter: /all/1/value: expected a number, got a string\n"
	    "filter: /all/2: all, any and not stand alone in their object\n"
	    "filter: /all/3: expected an object with all, any, not or field, got a number\n"
	    "filter: /all/4: a condition needs an op, such as \"eq\"");
}

struct kept {
	struct filter_finding items[8];
	int n;
};

static void
keep_finding(const struct filter_finding *f, void *arg)
{
	struct kept *k = arg;

	k->items[k->n++] = *f;
}

static void
an_explanation_is_data_too(void **state)
{
	struct event ev = event_with(arena, "{\"value\":\"1840\",\"severity\":\"loud\"}");
	struct filter *f =
	    compile("{\"any\":[{\"field\":\"value\",\"op\":\"gt\",\"value\":1000},"
		    "{\"field\":\"region\",\"op\":\"in\",\"value\":[\"eu\",1.10]},"
		    "{\"field\":\"severity\",\"op\":\"at_least\",\"value\":\"low\"}]}",
		NULL);
	struct kept k = {0};

	(void)state;
	assert_false(filter_explain(f, &ev, arena, keep_finding, &k));
	assert_int_equal(k.n, 4);
	assert_string_equal(k.items[0].op, "any");
	assert_int_equal(k.items[0].field.len, 0);
	assert_int_equal(k.items[0].n, 3);
	assert_int_equal(k.items[0].n_holding, 0);
	assert_string_equal(k.items[1].op, "gt");
	assert_string_equal(k.items[1].field.ptr, "value");
	assert_string_equal(k.items[1].value.ptr, "1000");
	assert_string_equal(k.items[1].actual.ptr, "\"1840\"");
	assert_string_equal(k.items[1].note, "text_not_number");
	assert_false(k.items[1].is_missing);
	assert_string_equal(k.items[2].value.ptr, "[\"eu\",1.10]");
	assert_int_equal(k.items[2].actual.len, 0);
	assert_true(k.items[2].is_missing);
	assert_null(k.items[2].note);
	assert_string_equal(k.items[3].note, "unknown_severity");
}

/* A string that is longer than is told stays JSON. */
static void
a_long_value_is_told_as_how_it_begins(void **state)
{
	struct buf payload = {0};
	const struct json *actual;
	struct kept k = {0};
	struct event ev;

	(void)state;
	buf_printf(&payload, "{\"a\":[\"%03000d\"]}", 7);
	ev = event_with(arena, payload.ptr);
	assert_false(
	    filter_explain(compile("{\"field\":\"a\",\"op\":\"eq\",\"value\":1}", NULL), &ev,
		arena, keep_finding, &k));
	assert_true(json_parse(arena, k.items[0].actual, JSON_DEPTH_MAX, &actual, NULL));
	assert_int_equal(actual->kind, JSON_STRING);
	assert_int_equal(actual->text.len, 1024 + 3);
	assert_true(str_starts_with(actual->text, STR("[\"000")));
	buf_fini(&payload);
}

static void
an_explanation_cuts_long_values(void **state)
{
	char payload[400];
	struct event ev;
	struct buf b = {0};

	(void)state;
	(void)snprintf(payload, sizeof(payload), "{\"a\":\"%0300d\"}", 7);
	ev = event_with(arena, payload);
	assert_true(filter_explain(compile("{\"field\":\"a\",\"op\":\"ne\",\"value\":1}", NULL),
	    &ev, arena, write_finding, &b));
	assert_true(b.len < 200);
	assert_non_null(strstr(b.ptr, "000... is not 1"));
	buf_fini(&b);
}

static uint64_t
steps_of(const char *filter, const char *payload)
{
	struct event ev = event_with(arena, payload);
	uint64_t steps = 0;

	ev.steps = &steps;
	(void)filter_matches(compile(filter, NULL), &ev);
	return steps;
}

static void
what_a_condition_reads_is_counted(void **state)
{
	char payload[70000], members[20000];
	size_t len = 0;

	(void)state;
	assert_int_equal(steps_of("", "{}"), 0);
	assert_int_equal(
	    steps_of("{\"field\":\"a\",\"op\":\"eq\",\"value\":1}", "{\"a\":1}"), 1);
	assert_int_equal(steps_of("{\"any\":[{\"field\":\"a\",\"op\":\"eq\",\"value\":1},"
				  "{\"field\":\"a\",\"op\":\"eq\",\"value\":2}]}",
			     "{\"a\":1}"),
	    1); /* the second is not asked */
	(void)snprintf(payload, sizeof(payload), "{\"a\":\"%064000d\"}", 7);
	assert_int_equal(
	    steps_of("{\"field\":\"a\",\"op\":\"contains\",\"value\":\"x\"}", payload), 1001);
	for (int i = 0; i < 1600; i++)
		len += (size_t)snprintf(
		    members + len, sizeof(members) - len, "%s\"m%d\":1", i ? "," : "{", i);
	(void)snprintf(members + len, sizeof(members) - len, "}");
	assert_int_equal(
	    steps_of("{\"field\":\"a\",\"op\":\"exists\",\"value\":true}", members), 101);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, finish)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(every_condition_of_the_table_answers_as_told),
	    TEST(groups_combine_their_conditions),
	    TEST(no_filter_accepts_everything),
	    TEST(numeric_text_is_a_number_where_the_schema_says_number),
	    TEST(at_least_follows_the_order_it_is_given),
	    TEST(a_bad_filter_is_refused_where_it_is_bad),
	    TEST(sixty_four_conditions_are_allowed_and_no_more),
	    TEST(eight_levels_are_allowed_and_no_more),
	    TEST(sixteen_kib_are_allowed_and_no_more),
	    TEST(all_that_is_wrong_is_told_in_the_order_written),
	    TEST(an_explanation_is_data_too),
	    TEST(a_long_value_is_told_as_how_it_begins),
	    TEST(an_explanation_says_each_condition_in_words),
	    TEST(an_explanation_cuts_long_values),
	    TEST(what_a_condition_reads_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
