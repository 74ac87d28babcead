#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "web/target.h"

#include <cmocka.h> /* last: it makes a macro of fail */

static struct target
parsed(struct arena *a, const char *raw)
{
	struct target t;
	struct err e;

	if (!target_parse(a, str_of(raw), &t, &e))
		fail_msg("%s: %s", raw, e.text);
	return t;
}

static void
a_path_is_its_segments_each_decoded_once(void **state)
{
	struct arena *a = arena_new(0);
	struct target t = parsed(a, "/");

	(void)state;
	assert_int_equal(t.n_segments, 0);
	t = parsed(a, "/api/a%2Fb/%2541/c+d");
	assert_int_equal(t.n_segments, 4);
	assert_true(str_eq(t.segments[1], STR("a/b")));
	assert_true(str_eq(t.segments[2], STR("%41")));
	assert_true(str_eq(t.segments[3], STR("c+d")));
	arena_free(a);
}

static void
a_query_is_its_parameters(void **state)
{
	struct arena *a = arena_new(0);
	struct target t = parsed(a, "/x?q=a+b%20c&empty=&none&%6E=1");
	struct str value;

	(void)state;
	assert_int_equal(t.n_parameters, 4);
	assert_true(target_get(&t, STR("q"), &value) && str_eq(value, STR("a b c")));
	assert_true(target_get(&t, STR("none"), &value) && value.len == 0);
	assert_true(target_get(&t, STR("n"), &value) && str_eq(value, STR("1")));
	assert_false(target_get(&t, STR("Q"), &value));
	arena_free(a);
}

static void
what_two_readers_could_read_differently_is_refused(void **state)
{
	static const char *const wrong[] = {"", "x", "*", "//x", "/x/", "/x//y", "/./x",
	    "/x/..", "/%2e%2e/x", "/x%00y", "/x%", "/x%4", "/x%zz", "/x%ff", "/x#y",
	    "http://evil.example.com/x", "/x?a=1&a=2", "/x?=1", "/x?a=%00", "/x?a&b&a",
	    "/1/2/3/4/5/6/7/8/9/10/11/12/13"};
	struct arena *a = arena_new(0);
	struct target t;
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		if (target_parse(a, str_of(wrong[i]), &t, &e))
			fail_msg("\"%s\" is taken", wrong[i]);
	arena_free(a);
}

static void
a_cookie_counts_when_it_is_there_once(void **state)
{
	struct str value;

	(void)state;
	assert_true(cookie_get(STR("a=1; b=2=3;c=4"), STR("b"), &value));
	assert_true(str_eq(value, STR("2=3")));
	assert_true(cookie_get(STR("a=1; b=2=3;c=4"), STR("c"), &value));
	assert_false(cookie_get(STR("a=1; a=2"), STR("a"), &value));
	assert_false(cookie_get(STR("ab=1"), STR("a"), &value));
	assert_false(cookie_get(STR(""), STR("a"), &value));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_path_is_its_segments_each_decoded_once),
	    cmocka_unit_test(a_query_is_its_parameters),
	    cmocka_unit_test(what_two_readers_could_read_differently_is_refused),
	    cmocka_unit_test(a_cookie_counts_when_it_is_there_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
