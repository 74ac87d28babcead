#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include "carillon/rules/template.h"
#include <cmocka.h>
#include "unit/rules/rendering.h"

/* That accepted templates render as LiquidJS renders them is shown by
 * tests/e2e/liquid.test.mjs; here is what differs from it on purpose, and what bounds it. */

static const char *
plain(struct fixture *f, const char *source, const char *payload)
{
	return rendered(f, NULL, source, payload);
}

static void
without_a_dialect_a_value_is_written_as_it_is(void **state)
{
	struct fixture *f = *state;
	assert_string_equal(
	    plain(f, "<!here> {{ payload.x }} {{ payload.x | escape }}", "{\"x\":\"<&>\"}"),
	    "<!here> <&> &lt;&amp;&gt;");
}

static void
without_a_dialect_a_date_is_plain_text_in_utc(void **state)
{
	struct fixture *f = *state;
	const char *payload = "{\"t\":\"2026-04-17T18:02:00+02:00\",\"d\":\"2026-04-17\",\"n\":"
			      "1776441720,\"ms\":1776441720000,\"bad\":\"soon\"}";
	assert_string_equal(
	    plain(f, "{{ payload.t | date }}", payload), "Apr 17, 2026 at 16:02 UTC");
	assert_string_equal(
	    plain(f, "{{ payload.n | date: '{date_long}, {time_secs}' }}", payload),
	    "Friday, April 17th, 2026, 16:02:00 UTC");
	assert_string_equal(
	    plain(f, "{{ payload.ms | date: '{date_num}' }}", payload), "2026-04-17");
	assert_string_equal(
	    plain(f, "{{ payload.d | date: '{date}' }}", payload), "April 17th, 2026");
	assert_string_equal(plain(f, "{{ payload.bad | date }}", payload), "soon");
}

static void
without_a_dialect_a_link_is_its_words_and_its_address(void **state)
{
	struct fixture *f = *state;
	assert_string_equal(
	    plain(f, "{{ payload.u | link: 'Open' }}", "{\"u\":\"https://a.b\"}"),
	    "Open (https://a.b)");
	assert_string_equal(
	    plain(f, "{{ payload.u | link: 'Open' }}", "{\"u\":\"javascript:alert(1)\"}"),
	    "javascript:alert(1)");
}

static void
numbers_for_people_have_commas_and_percent_signs(void **state)
{
	struct fixture *f = *state;
	const char *payload =
	    "{\"a\":1234567.5,\"b\":-0.145,\"c\":0.84,\"s\":\"abc\",\"n\":\"1200\"}";
	assert_string_equal(
	    plain(f, "{{ payload.a | number }} {{ payload.a | number: 2 }}", payload),
	    "1,234,567.5 1,234,567.50");
	assert_string_equal(
	    plain(f, "{{ payload.c | percent }} {{ payload.b | percent: 1 }}", payload),
	    "84% -14.5%");
	assert_string_equal(
	    plain(f,
		"{{ payload.n | number }} {{ payload.s | number }}|{{ payload.x | percent }}|",
		payload),
	    "1,200 abc||");
}

/* Written as in a filter: see filter_cases.def. */
static void
a_path_finds_names_with_points_in_them(void **state)
{
	struct fixture *f = *state;
	const char *payload =
	    "{\"service.name\":\"api\",\"service\":{\"version\":3},\"labels\":{"
	    "\"app.kubernetes.io/name\":\"web\",\"a.b\":[{\"c.d\":1}]}}";
	assert_string_equal(
	    plain(f, "{{ payload.service.name }} {{ payload.service.version }}", payload),
	    "api 3");
	assert_string_equal(plain(f,
				"{{ payload['service.name'] }} "
				"{{ payload.labels[\"app.kubernetes.io/name\"] }} {{ "
				"payload.labels.a.b[0].c.d }}",
				payload),
	    "api web 1");
	assert_string_equal(plain(f, "{{ payload.service.nam }}", payload), "");
	assert_int_equal(f->warnings.missing, 1);
	assert_string_equal(
	    plain(f, "{% for l in payload.labels.a.b %}{{ l.c.d }}{% endfor %}", payload), "1");
}

static void
a_missing_path_is_reported_unless_it_was_provided_for(void **state)
{
	struct fixture *f = *state;
	plain(f, "{{ payload.a }}{{ payload.b.c | upcase }}", "{\"a\":1}");
	assert_int_equal(f->warnings.missing, 1);
	assert_int_equal(f->warnings.first_missing.len, strlen("payload.b.c"));
	plain(f, "{{ payload.b | default: '' }}{% if payload.b %}{% endif %}", "{}");
	assert_int_equal(f->warnings.missing, 0);
}

static void
a_loop_stops_after_fifty_turns(void **state)
{
	struct fixture *f = *state;
	struct buf payload = {0};
	buf_cstr(&payload, "{\"x\":[0");
	for (int i = 1; i < 60; i++)
		buf_printf(&payload, ",%d", i);
	buf_cstr(&payload, "]}");
	const char *out = plain(f, "{% for i in payload.x %}.{% endfor %}", payload.ptr);
	assert_int_equal(strspn(out, "."), 50);
	assert_string_equal(out + 50, " and 10 more");
	assert_int_equal(f->warnings.loop_length, 60);
	assert_false(f->warnings.cut);
	out = plain(f, "{% for i in payload.x %}{{ i }}\n{% endfor %}!", payload.ptr);
	assert_string_equal(strstr(out, "49\n") + 3, "and 10 more!");
	out = plain(f, "{% for i in payload.x %}\n- {{ i }}{% endfor %}", payload.ptr);
	assert_string_equal(strstr(out, "- 49") + 4, "\nand 10 more");
	plain(f, "{% for i in payload.x limit: 50 %}.{% endfor %}", payload.ptr);
	assert_int_equal(f->warnings.loop_length, 0);
	plain(f, "{% for i in payload.x offset: 5 %}.{% endfor %}", payload.ptr);
	assert_int_equal(f->warnings.loop_length, 55);
	buf_fini(&payload);
}

static void
output_and_steps_are_bounded_whatever_the_payload(void **state)
{
	struct fixture *f = *state;
	struct buf payload = {0};
	buf_cstr(&payload, "{\"s\":\"");
	for (int i = 0; i < 50000; i++)
		buf_cstr(&payload, "\xc3\xa9");
	buf_cstr(&payload, "\",\"l\":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]}");
	size_t len = strlen(plain(f, "x{{ payload.s }}", payload.ptr));
	assert_in_range(len, 16 * 1024 - 1, 16 * 1024);
	assert_true(str_is_text(buf_view(&f->out)));
	assert_true(f->warnings.cut);
	plain(f,
	    "{% for a in payload.l %}{% for b in payload.l %}{% for c in payload.l %}"
	    "{% for d in payload.l %}{% if payload.s contains 'z' %}{% endif %}"
	    "{% endfor %}{% endfor %}{% endfor %}{% endfor %}",
	    payload.ptr);
	assert_true(f->warnings.cut);
	buf_fini(&payload);
}

static void
a_template_without_substitutions_is_constant(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *source;
		bool constant;
	} cases[] = {{"", true},
	    {"a {% raw %}{{ x }}{% endraw %}{% comment %}{{ payload.x }}{% endcomment %}",
		true},
	    {"{{ payload.x }}", false}, {"{% if true %}{% endif %}", false}};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct template *t;
		struct template_error e;
		bool ok = template_compile(f->arena, str_of(cases[i].source), &t, &e);
		assert_true(ok);
		assert_int_equal(template_is_constant(t), cases[i].constant);
	}
}

static void
an_error_says_where_and_what_was_meant(void **state)
{
	struct fixture *f = *state;
	struct template *t;
	struct template_error e;
	assert_false(
	    template_compile(f->arena, STR("a\n\xc3\xa9{{ payload.x | upcse }}"), &t, &e));
	assert_int_equal(e.line, 2);
	assert_int_equal(e.column, 17);
	assert_string_equal(e.text, "unknown filter \"upcse\"");
	assert_string_equal(e.suggestion, "upcase");
	assert_false(template_compile(f->arena, STR("a\xff"), &t, &e));
	assert_string_equal(e.text, "the template is not UTF-8 text");
}

static void
severity_reads_by_its_normal_name(void **state)
{
	struct fixture *f = *state;
	assert_string_equal(
	    plain(f, "{{ event.severity }}", "{\"severity\":\"WARNING\"}"), "medium");
	assert_string_equal(plain(f, "{{ event.severity }}", "{\"severity\":\"odd\"}"), "odd");
	assert_string_equal(plain(f, "{{ event.severity | default: 'none' }}", "{}"), "none");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(without_a_dialect_a_value_is_written_as_it_is),
	    TEST(without_a_dialect_a_date_is_plain_text_in_utc),
	    TEST(without_a_dialect_a_link_is_its_words_and_its_address),
	    TEST(numbers_for_people_have_commas_and_percent_signs),
	    TEST(a_path_finds_names_with_points_in_them),
	    TEST(a_missing_path_is_reported_unless_it_was_provided_for),
	    TEST(a_loop_stops_after_fifty_turns),
	    TEST(output_and_steps_are_bounded_whatever_the_payload),
	    TEST(a_template_without_substitutions_is_constant),
	    TEST(an_error_says_where_and_what_was_meant),
	    TEST(severity_reads_by_its_normal_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
