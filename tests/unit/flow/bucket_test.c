#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "flow/lanes/lanes.h"

#include <cmocka.h>

static mono_t
at(int64_t ms)
{
	return (mono_t){ms};
}

static void
a_new_bucket_gives_its_burst_at_once(void **state)
{
	struct bucket b;

	(void)state;
	bucket_init(&b, 1000, 3, at(50));
	for (int i = 0; i < 3; i++) {
		assert_int_equal(bucket_ready(&b, 1, at(50)).ms, 50);
		bucket_take(&b, 1, at(50));
	}
	assert_int_equal(bucket_ready(&b, 1, at(50)).ms, 1050);
}

static void
a_token_comes_back_at_the_very_millisecond(void **state)
{
	struct bucket b;

	(void)state;
	bucket_init(&b, 3000, 1, at(0)); /* one each 333.33 ms */
	bucket_take(&b, 1, at(0));
	assert_int_equal(bucket_ready(&b, 1, at(0)).ms, 334);
	assert_int_equal(bucket_ready(&b, 1, at(333)).ms, 334);
	assert_int_equal(bucket_ready(&b, 1, at(334)).ms, 334);
}

static void
a_full_bucket_does_not_grow(void **state)
{
	struct bucket b;

	(void)state;
	bucket_init(&b, 1000000000, 2, at(0));
	assert_int_equal(bucket_ready(&b, 2, at(INT64_MAX / 4)).ms, INT64_MAX / 4);
	bucket_take(&b, 2, at(INT64_MAX / 4));
	assert_true(bucket_ready(&b, 1, at(INT64_MAX / 4)).ms > INT64_MAX / 4);
}

static void
more_than_the_burst_is_told_as_if_taken_one_by_one(void **state)
{
	struct bucket b;

	(void)state;
	bucket_init(&b, 2000, 4, at(0));
	assert_int_equal(bucket_ready(&b, 4, at(0)).ms, 0);
	assert_int_equal(bucket_ready(&b, 10, at(0)).ms, 3000);
}

static void
time_that_stands_still_or_goes_back_gives_nothing(void **state)
{
	struct bucket b;

	(void)state;
	bucket_init(&b, 1000, 1, at(5000));
	bucket_take(&b, 1, at(5000));
	assert_int_equal(bucket_ready(&b, 1, at(4000)).ms, 5000);
	assert_int_equal(bucket_ready(&b, 1, at(5000)).ms, 6000);
}

static void
no_odd_rate_loses_or_makes_a_token_in_a_day(void **state)
{
	(void)state;
	for (int64_t rate = 7; rate < 100000; rate = rate * 3 + 1) {
		struct bucket b;
		int64_t taken = 0, day = 86400 * 1000, burst = 5;
		mono_t now = at(0);

		bucket_init(&b, rate, burst, now);
		while ((now = bucket_ready(&b, 1, now)).ms <= day) {
			bucket_take(&b, 1, now);
			taken++;
			now.ms += taken % 3; /* looked at now and then: nothing may get lost */
		}
		assert_int_equal(taken, burst + day * rate / 1000000);
	}
}

static void
another_rate_counts_from_now_on_and_keeps_what_is_there(void **state)
{
	struct bucket b;

	(void)state;
	bucket_init(&b, 1000, 4, at(0));
	bucket_take(&b, 4, at(0));
	bucket_change(&b, 10000, 8, at(1000)); /* one came back at the old rate */
	assert_int_equal(bucket_ready(&b, 1, at(1000)).ms, 1000);
	assert_int_equal(bucket_ready(&b, 2, at(1000)).ms, 1100);
	assert_int_equal(bucket_ready(&b, 8, at(1000)).ms, 1700);
}

static void
a_smaller_burst_takes_what_is_above_it(void **state)
{
	struct bucket b;

	(void)state;
	bucket_init(&b, 1000, 10, at(0));
	bucket_change(&b, 1000, 2, at(0));
	bucket_take(&b, 2, at(0));
	assert_int_equal(bucket_ready(&b, 1, at(0)).ms, 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_new_bucket_gives_its_burst_at_once),
	    cmocka_unit_test(a_token_comes_back_at_the_very_millisecond),
	    cmocka_unit_test(a_full_bucket_does_not_grow),
	    cmocka_unit_test(more_than_the_burst_is_told_as_if_taken_one_by_one),
	    cmocka_unit_test(time_that_stands_still_or_goes_back_gives_nothing),
	    cmocka_unit_test(another_rate_counts_from_now_on_and_keeps_what_is_there),
	    cmocka_unit_test(a_smaller_burst_takes_what_is_above_it),
	    cmocka_unit_test(no_odd_rate_loses_or_makes_a_token_in_a_day),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
