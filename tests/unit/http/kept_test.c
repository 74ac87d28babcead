#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "http/kept.h"

#include <cmocka.h> /* after ours: it defines fail() */

enum { UNUSED_MAX = 10, PERIOD = KEPT_PERIOD_MS };

static int
max_at(struct kept *k, int flying, int64_t ms)
{
	return kept_max(k, flying, (mono_t){ms});
}

static void
the_unused_are_bounded_beyond_those_in_use(void **state)
{
	struct kept k = {.unused_max = UNUSED_MAX};

	(void)state;
	assert_int_equal(max_at(&k, 0, 1000000), 10);
	assert_int_equal(max_at(&k, 1, 1000001), 11);
	assert_int_equal(max_at(&k, 500, 1000002), 510);
}

static void
as_many_as_were_used_at_once_lately_are_kept(void **state)
{
	struct kept k = {.unused_max = UNUSED_MAX};
	int64_t t = 1000000;

	(void)state;
	assert_int_equal(max_at(&k, 500, t), 510);
	assert_int_equal(max_at(&k, 495, t + 1), 505);
	assert_int_equal(max_at(&k, 0, t + 2), 500);
	assert_int_equal(max_at(&k, 0, t + PERIOD), 500);
	assert_int_equal(max_at(&k, 0, t + 2 * PERIOD - 1), 500);
	assert_int_equal(max_at(&k, 0, t + 2 * PERIOD), 10);
}

static void
what_was_used_before_a_pause_is_not_lately(void **state)
{
	struct kept k = {.unused_max = UNUSED_MAX};

	(void)state;
	assert_int_equal(max_at(&k, 500, 1000000), 510);
	assert_int_equal(max_at(&k, 1, 1000000 + 2 * PERIOD), 11);
	assert_int_equal(max_at(&k, 2, 9000000), 12);
}

static void
a_burst_that_repeats_keeps_its_connections(void **state)
{
	struct kept k = {.unused_max = UNUSED_MAX};

	(void)state;
	for (int64_t t = 1000000; t < 1000000 + 20 * PERIOD; t += PERIOD * 9 / 10) {
		assert_int_equal(max_at(&k, 300, t), 310);
		assert_int_equal(max_at(&k, 0, t + 100), 300);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_unused_are_bounded_beyond_those_in_use),
	    cmocka_unit_test(as_many_as_were_used_at_once_lately_are_kept),
	    cmocka_unit_test(what_was_used_before_a_pause_is_not_lately),
	    cmocka_unit_test(a_burst_that_repeats_keeps_its_connections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
