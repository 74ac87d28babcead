#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "carillon/base/buf.h"
#include "carillon/rules/schema.h"
#include "unit/base/found.h"
#include "unit/rules/arena_fixture.h"

#include <cmocka.h>

static struct schema *
compile(const char *text)
{
	struct findings *found = found_new(arena, "schema");
	struct schema *s;

	if (!schema_compile(arena, str_of(text), &s, found))
		fail_msg("%s: %s", text, found_text(found));
	return s;
}

static void
write_finding(const struct schema_finding *f, void *arg)
{
	buf_printf(arg, "%.*s: %.*s\n", STR_ARG(f->pointer), STR_ARG(f->sentence));
}

/* `findings` is what is told, a line each; "" means valid. */
static void
assert_findings(const char *schema, const char *payload, const char *findings)
{
	const struct json *v;
	struct buf b = {0};
	struct err e;

	assert_true(json_parse(arena, str_of(payload), JSON_DEPTH_MAX, &v, &e));
	bool valid = schema_validate(compile(schema), v, arena, write_finding, &b);
	if (strcmp(b.len ? b.ptr : "", findings) != 0)
		fail_msg("%s on %s: %s", schema, payload, b.len ? b.ptr : "no findings");
	assert_int_equal(valid, findings[0] == '\0');
	assert_int_equal(schema_validate(compile(schema), v, arena, NULL, NULL), valid);
	buf_fini(&b);
}

static void
each_keyword_says_what_is_wrong_and_where(void **state)
{
	static const struct {
		const char *schema, *payload, *findings;
	} cases[] = {
#define FINDS(schema, payload, findings) {schema, payload, findings},
#include "unit/rules/schema_cases.def"
#undef FINDS
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_findings(cases[i].schema, cases[i].payload, cases[i].findings);
}

static void
a_bad_schema_is_refused_where_it_is_bad(void **state)
{
	static const struct {
		const char *schema, *error;
	} cases[] = {
#define REFUSED(schema, error) {schema, "schema: " error},
#include "unit/rules/schema_refused.def"
#undef REFUSED
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct findings *found = found_new(arena, "schema");
		struct schema *s;

		if (schema_compile(arena, str_of(cases[i].schema), &s, found))
			fail_msg("%s was accepted", cases[i].schema);
		assert_string_equal(found_text(found), cases[i].error);
		assert_null(s);
	}
}

static void
all_that_is_wrong_with_a_schema_is_told(void **state)
{
	struct findings *found = found_new(arena, "schema");
	struct schema *s;

	(void)state;
	assert_false(schema_compile(arena,
	    STR("{\"properties\":{\"a\":{\"type\":[\"strin\",7]},\"b\":1},\"requird\":[],"
		"\"minimum\":\"1\"}"),
	    &s, found));
	assert_string_equal(found_text(found),
	    "schema: /properties/a/type/0: there is no type \"strin\"; did you mean "
	    "\"string\"?\n"
	    "schema: /properties/a/type/1: expected the name of a type, got a number\n"
	    "schema: /properties/b: expected a schema, which is an object, got a number\n"
	    "schema: /requird: this subset of JSON Schema has no \"requird\"; did you mean "
	    "\"required\"?\n"
	    "schema: /minimum: expected a number, got a string");
}

static void
no_schema_accepts_everything(void **state)
{
	struct json v = {.kind = JSON_NULL};

	(void)state;
	assert_null(compile(""));
	assert_true(schema_validate(NULL, &v, arena, NULL, NULL));
	assert_int_equal(schema_type_of(NULL, STR("a")), 0);
}

static void
the_types_at_a_path_are_known(void **state)
{
	const struct schema *s = compile(
	    "{\"type\":\"object\",\"properties\":{\"n\":{\"type\":[\"number\",\"null\"]},"
	    "\"o\":{\"properties\":{\"s\":{\"type\":\"string\"}}},"
	    "\"l\":{\"items\":{\"properties\":{\"i\":{\"type\":\"integer\"}}}},"
	    "\"0\":{\"type\":\"boolean\"}},\"required\":[\"r\"]}");

	(void)state;
	assert_int_equal(schema_type_of(s, STR("n")), SCHEMA_NUMBER | SCHEMA_NULL);
	assert_int_equal(schema_type_of(s, STR("o.s")), SCHEMA_STRING);
	assert_int_equal(schema_type_of(s, STR("l[3].i")), SCHEMA_INTEGER);
	assert_int_equal(schema_type_of(s, STR("l.3.i")), SCHEMA_INTEGER);
	assert_int_equal(schema_type_of(s, STR("0")), SCHEMA_BOOLEAN);
	assert_int_equal(schema_type_of(s, STR("[0]")), 0);
	assert_int_equal(schema_type_of(s, STR("o")), 0);
	assert_int_equal(schema_type_of(s, STR("r")), 0);
	assert_int_equal(schema_type_of(s, STR("o.x.y")), 0);
	assert_int_equal(schema_type_of(s, STR("n.")), 0);
	assert_int_equal(schema_type_of(s, STR("")), 0);
}

static void
schemas_nest_twelve_deep_and_no_deeper(void **state)
{
	struct findings *found = found_new(arena, "schema");
	struct buf b = {0};
	struct schema *s;

	(void)state;
	for (int i = 1; i < 12; i++)
		buf_cstr(&b, "{\"items\":");
	buf_cstr(&b, "{}");
	for (int i = 1; i < 12; i++)
		buf_putc(&b, '}');
	assert_true(schema_compile(arena, buf_view(&b), &s, found));
	buf_clear(&b);
	for (int i = 0; i < 12; i++)
		buf_cstr(&b, "{\"items\":");
	buf_cstr(&b, "{}}}}}}}}}}}}}");
	assert_false(schema_compile(arena, buf_view(&b), &s, found));
	assert_non_null(strstr(found_text(found), "more than 12 schemas inside each other"));
	buf_fini(&b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, finish)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(each_keyword_says_what_is_wrong_and_where),
	    TEST(a_bad_schema_is_refused_where_it_is_bad),
	    TEST(all_that_is_wrong_with_a_schema_is_told),
	    TEST(no_schema_accepts_everything),
	    TEST(the_types_at_a_path_are_known),
	    TEST(schemas_nest_twelve_deep_and_no_deeper),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
