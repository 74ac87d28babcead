#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "web/limits.h"

#include <cmocka.h> /* last: it makes a macro of fail */

static int
taken(struct limits *l, const char *name, int64_t now_ms, int tries)
{
	int64_t wait_ms;
	int n = 0;

	for (int i = 0; i < tries; i++)
		n += limits_take(l, str_of(name), 10, (mono_t){now_ms}, &wait_ms);
	return n;
}

static void
each_has_two_seconds_worth_at_once_and_its_rate_after_that(void **state)
{
	struct limits *l = limits_new();

	(void)state;
	assert_int_equal(taken(l, "a", 0, 100), 20);
	assert_int_equal(taken(l, "b", 0, 100), 20);
	assert_int_equal(taken(l, "a", 500, 100), 5);
	assert_int_equal(taken(l, "a", 600, 100), 1);
	/* However long it was silent, no more is saved. */
	assert_int_equal(taken(l, "a", 1000000, 100), 20);
	limits_free(l);
}

static void
who_is_refused_is_told_when_there_is_more(void **state)
{
	struct limits *l = limits_new();
	int64_t wait_ms;

	(void)state;
	assert_int_equal(taken(l, "a", 0, 20), 20);
	assert_false(limits_take(l, STR("a"), 10, (mono_t){0}, &wait_ms));
	assert_int_equal(wait_ms, 100);
	assert_false(limits_take(l, STR("a"), 10, (mono_t){99}, &wait_ms));
	assert_true(limits_take(l, STR("a"), 10, (mono_t){100}, &wait_ms));
	limits_free(l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_has_two_seconds_worth_at_once_and_its_rate_after_that),
	    cmocka_unit_test(who_is_refused_is_told_when_there_is_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
