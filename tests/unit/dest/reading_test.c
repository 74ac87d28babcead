#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include "dest/slack/render.h"
#include "unit/base/found.h"

#include <cmocka.h> /* after ours: it defines fail() */
#include "unit/dest/rendering.h"

static void
what_is_nested_is_shown_by_its_path(void **state)
{
	struct fixture *f = *state;
	const char *blocks = rendered(f, "",
	    "{\"a\":{\"b\":7,\"c\":{\"d\":\"x\",\"u\":\"https://a.b\"}},\"l\":[{\"e\":true}]}");
	assert_non_null(strstr(blocks, "*a.b*\\n7"));
	assert_non_null(strstr(blocks, "*a.c.d*\\nx"));
	assert_non_null(strstr(blocks, "*l.e*\\ntrue"));
	assert_string_equal(warning(f),
	    "fields: the payload's values are nested, so the first of "
	    "them are shown, such as payload.a.b");
	blocks = rendered(f, "{\"header\":\"h\",\"fields\":\"auto\"}", "{\"a\":{\"b\":7}}");
	assert_non_null(strstr(blocks, "*a.b*\\n7"));
	/* What stands at the top is enough. */
	blocks =
	    rendered(f, "{\"header\":\"h\",\"fields\":\"auto\"}", "{\"a\":{\"b\":7},\"c\":1}");
	assert_null(strstr(blocks, "a.b"));
	assert_int_equal(f->r.base.warnings.n, 0);
}

static void
a_title_and_what_belongs_to_it_are_found_wherever_they_stand(void **state)
{
	struct fixture *f = *state;
	const char *blocks = rendered(f, "",
	    "{\"user\":{\"url\":\"https://"
	    "u.x\",\"title\":7},\"data\":{\"item\":{\"title\":\"It broke\","
	    "\"description\":\"see "
	    "https://r.b/1.\",\"url\":\"https://i.t/1\",\"severity\":\"critical\","
	    "\"created_at\":\"2026-04-17 16:02:00 UTC\",\"n\":3}}}");
	assert_non_null(strstr(blocks, "*It broke* (alrt_tyrion_42)\\nsee <https://r.b/1>."));
	assert_non_null(strstr(blocks, "<https://i.t/1|Open>"));
	assert_non_null(strstr(blocks, "*data.item.n*\\n3"));
	assert_non_null(strstr(blocks, "<!date^1776441720^"));
	assert_non_null(strstr(blocks, "CRITICAL: alert.triggered"));
	assert_string_equal(f->r.color.ptr, "#d92d20");
	assert_non_null(strstr(f->r.text.ptr, "It broke"));
	rendered(f, "", "{\"status\":\"Resolved\",\"severity\":\"high\",\"title\":\"*a* b\"}");
	assert_string_equal(f->r.color.ptr, "#12b76a");
	assert_non_null(strstr(f->r.blocks.ptr, "RESOLVED: alert.triggered"));
}

static void
numbers_are_severities_where_their_scale_is_known(void **state)
{
	struct fixture *f = *state;
	static const char *const cases[][2] = {
	    {"{\"detail\":{\"severity\":8}}", "HIGH: "},
	    {"{\"detail\":{\"severity\":8.0}}", "HIGH: "},
	    {"{\"detail\":{\"severity\":2}}", "Low: "},
	    {"{\"detail\":{\"severity\":5.3}}", "Medium: "},
	    {"{\"detail\":{\"severity\":10}}", "CRITICAL: "},
	    {"{\"severity\":8.5}", "HIGH: "},
	    {"{\"Severity\":{\"Label\":\"MEDIUM\",\"Normalized\":90}}", "Medium: "},
	    {"{\"Severity\":{\"Normalized\":90}}", "CRITICAL: "},
	    {"{\"severityNumber\":9}", "Info: "},
	    {"{\"a\":[{\"severity_number\":24}]}", "CRITICAL: "},
	    {"{\"severityNumber\":\"17\"}", "HIGH: "},
	    {"{\"severityNumber\":17,\"severityText\":\"WARN\"}", "Medium: "},
	    {"{\"priority\":1}", "CRITICAL: "},
	    {"{\"priority\":\"4\"}", "Low: "},
	    {"{\"PRIORITY\":\"3\"}", "HIGH: "},
	    {"{\"level\":30}", "Info: "},
	    {"{\"level\":50}", "HIGH: "},
	    {"{\"levelno\":30}", "Medium: "},
	    {"{\"nseverity\":\"5\"}", "CRITICAL: "},
	    {"{\"cvss_score\":9.8}", "CRITICAL: "},
	};
	static const char *const unknown[] = {"{\"severity\":1}", "{\"severity\":5}",
	    "{\"severity\":11}", "{\"detail\":{\"severity\":-1}}", "{\"severity\":1e400}",
	    "{\"severityNumber\":0}", "{\"severityNumber\":25}", "{\"level\":3}",
	    "{\"priority\":0}", "{\"priority\":\"1.1.1\"}", "{\"severity\":\"\"}",
	    "{\"severity\":{\"score\":8}}", "{\"severity\":[8]}"};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		if (!strstr(rendered(f, "", cases[i][0]), cases[i][1]))
			fail_msg("%s: %s", cases[i][0], f->r.blocks.ptr);
	for (size_t i = 0; i < COUNT_OF(unknown); i++) {
		rendered(f, "", unknown[i]);
		if (f->r.color.len > 0)
			fail_msg("%s: %s", unknown[i], f->r.blocks.ptr);
	}
}

/* Only numbers are compared. */
static void
figures_that_are_no_numbers_are_shown_as_they_are(void **state)
{
	struct fixture *f = *state;
	static const char *const cases[][2] = {
	    {"\"95.5%\"", "value *95.5%* \xc2\xb7 threshold *90*\""},
	    {"\"n/a\"", "value *n/a* \xc2\xb7 threshold *90*\""},
	    {"99.9", "value *99.9* \xc2\xb7 threshold *90* \xc2\xb7 +9.9 (+11%)\""},
	    {"\"0x10\"", "value *0x10* \xc2\xb7 threshold *90*\""},
	    {"\"Infinity\"", "value *Infinity* \xc2\xb7 threshold *90*\""},
	    {"1e400", "value *1e400* \xc2\xb7 threshold *90*\""},
	    {"\"-1e999\"", "value *-1e999* \xc2\xb7 threshold *90*\""},
	    {"80", "value *80* \xc2\xb7 threshold *90* \xc2\xb7 -10 (-11%)\""},
	    {"90", "value *90* \xc2\xb7 threshold *90* \xc2\xb7 0 (0%)\""},
	};
	static const char *const nothing[] = {"\"\"", "{\"a\":1}", "[1]", "null"};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct str payload =
		    arena_printf(f->arena, "{\"value\":%s,\"threshold\":90}", cases[i][0]);
		if (!strstr(rendered(f, "", payload.ptr), cases[i][1]))
			fail_msg("%s: %s", cases[i][0], f->r.blocks.ptr);
	}
	for (size_t i = 0; i < COUNT_OF(nothing); i++) {
		struct str payload =
		    arena_printf(f->arena, "{\"value\":%s,\"threshold\":90}", nothing[i]);
		assert_null(strstr(rendered(f, "", payload.ptr), "value *"));
	}
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(what_is_nested_is_shown_by_its_path),
	    TEST(a_title_and_what_belongs_to_it_are_found_wherever_they_stand),
	    TEST(numbers_are_severities_where_their_scale_is_known),
	    TEST(figures_that_are_no_numbers_are_shown_as_they_are),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
