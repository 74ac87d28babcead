#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <errno.h>

#include "carillon/base/deadline.h"

#include <cmocka.h> /* last: it makes a macro of fail */

static int64_t
ns_of(struct timespec t)
{
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static void
a_deadline_is_that_long_from_now_and_a_legal_time(void **state)
{
	static const int64_t waits[] = {-5, 0, 1, 999, 1000, 1001, 86400000};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(waits); i++) {
		const int64_t ns = waits[i] > 0 ? waits[i] * 1000000 : 0;
		const struct timespec before = deadline_after(0), t = deadline_after(waits[i]),
				      after = deadline_after(0);
		assert_true(t.tv_nsec >= 0 && t.tv_nsec < 1000000000);
		assert_true(ns_of(before) + ns <= ns_of(t));
		assert_true(ns_of(t) <= ns_of(after) + ns);
	}
}

static void
a_wait_on_a_condition_ends_at_its_deadline(void **state)
{
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t cond;
	int rc = 0;

	(void)state;
	deadline_cond_init(&cond);
	const struct timespec until = deadline_after(20);
	pthread_mutex_lock(&lock);
	while (rc == 0)
		rc = pthread_cond_timedwait(&cond, &lock, &until);
	pthread_mutex_unlock(&lock);
	assert_int_equal(rc, ETIMEDOUT);
	assert_true(ns_of(deadline_after(0)) >= ns_of(until));
	pthread_cond_destroy(&cond);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_deadline_is_that_long_from_now_and_a_legal_time),
	    cmocka_unit_test(a_wait_on_a_condition_ends_at_its_deadline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
