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

/* Only numbers are compared. */
static void
figures_that_are_no_numbers_are_shown_as_they_are(void **state)
{
	struct fixture *f = *state;
	static const char *const cases[][2] = {
	    {"\"95.5%\"", "value *95.5%* \xc2\xb7 threshold *90*\""},
	    {"\"n/a\"", "value *n/a* \xc2\xb7 threshold *90*\""},
	    {"99.9", "value *99.9* \xc2\xb7 threshold *90* \xc2\xb7 +9.9 (+11%)\""},
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
	    TEST(figures_that_are_no_numbers_are_shown_as_they_are),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
