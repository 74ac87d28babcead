#include "carillon/base/histogram.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
each_time_is_in_the_first_bucket_that_is_long_enough(void **state)
{
	static struct histogram h;
	struct histogram_view v;

	(void)state;
	for (int i = 0; i < HISTOGRAM_BUCKETS - 1; i++) {
		histogram_observe(&h, histogram_bounds_us[i]);
		histogram_observe(&h, histogram_bounds_us[i] + 1);
	}
	histogram_look(&h, &v);
	assert_int_equal(v.counts[0], 1);
	for (int i = 1; i < HISTOGRAM_BUCKETS - 1; i++)
		assert_int_equal(v.counts[i], 2);
	assert_int_equal(v.counts[HISTOGRAM_BUCKETS - 1], 1);
	assert_int_equal(v.count, 2 * (HISTOGRAM_BUCKETS - 1));
}

static void
the_bounds_grow(void **state)
{
	(void)state;
	for (int i = 1; i < HISTOGRAM_BUCKETS - 1; i++)
		assert_true(histogram_bounds_us[i] > histogram_bounds_us[i - 1]);
}

static void
the_sum_is_of_all_and_no_time_is_less_than_none(void **state)
{
	static struct histogram h;
	struct histogram_view v;

	(void)state;
	histogram_observe(&h, 7);
	histogram_observe(&h, 5000000);
	histogram_observe(&h, -20);
	histogram_look(&h, &v);
	assert_int_equal(v.sum_us, 5000007);
	assert_int_equal(v.count, 3);
	assert_int_equal(v.counts[0], 2);
}

enum { THREADS = 4, TIMES = 20000 };

static void *
observe_many(void *h)
{
	for (int i = 0; i < TIMES; i++)
		histogram_observe(h, i);
	return NULL;
}

static void
threads_observe_and_look_at_once(void **state)
{
	static struct histogram h;
	struct histogram_view v = {0};
	pthread_t threads[THREADS];
	uint64_t last = 0;

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, observe_many, &h), 0);
	for (int i = 0; i < 100; i++) {
		histogram_look(&h, &v);
		assert_true(v.count >= last);
		last = v.count;
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	histogram_look(&h, &v);
	assert_int_equal(v.count, THREADS * TIMES);
	assert_int_equal(v.sum_us, (uint64_t)THREADS * TIMES * (TIMES - 1) / 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_time_is_in_the_first_bucket_that_is_long_enough),
	    cmocka_unit_test(the_bounds_grow),
	    cmocka_unit_test(the_sum_is_of_all_and_no_time_is_less_than_none),
	    cmocka_unit_test(threads_observe_and_look_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
