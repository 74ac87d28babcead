#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "http/retry_after.h"

#include <cmocka.h> /* after ours: it defines fail() */

static const wall_t now = {1792566000250}; /* Wed, 21 Oct 2026 07:00:00.250 GMT */

static int64_t
read(const char *value)
{
	return retry_after_ms(str_of(value), now);
}

static void
seconds_may_have_a_fraction(void **state)
{
	(void)state;
	assert_int_equal(read("0"), 0);
	assert_int_equal(read("30"), 30000);
	assert_int_equal(read("0.5"), 500);
	assert_int_equal(read("2.25"), 2250);
	assert_int_equal(read("1.0"), 1000);
	assert_int_equal(read("007"), 7000);
}

static void
a_fraction_is_rounded_up_to_a_millisecond(void **state)
{
	(void)state;
	assert_int_equal(read("0.0001"), 1);
	assert_int_equal(read("1.2340000"), 1234);
	assert_int_equal(read("1.2340001"), 1235);
	assert_int_equal(read("0.9999999999999999999999999999"), 1000);
}

static void
a_date_is_a_pause_from_now(void **state)
{
	(void)state;
	assert_int_equal(read("Wed, 21 Oct 2026 07:28:00 GMT"), 28 * 60000 - 250);
	assert_int_equal(read("Wednesday, 21-Oct-26 07:28:00 GMT"), 28 * 60000 - 250);
	assert_int_equal(read("Wed Oct 21 07:28:00 2026"), 28 * 60000 - 250);
	assert_int_equal(read("Wed, 21 Oct 2026 06:59:59 GMT"), 0);
	assert_int_equal(read("Fri, 31 Dec 1999 23:59:59 GMT"), 0);
}

static void
nobody_is_asked_to_wait_longer_than_a_day(void **state)
{
	(void)state;
	assert_int_equal(read("86399.999"), 86399999);
	assert_int_equal(read("86400"), RETRY_AFTER_MAX_MS);
	assert_int_equal(read("86400.1"), RETRY_AFTER_MAX_MS);
	assert_int_equal(read("999999999"), RETRY_AFTER_MAX_MS);
	assert_int_equal(read("99999999999999999999999999999999999"), RETRY_AFTER_MAX_MS);
	assert_int_equal(read("Wed, 21 Oct 2099 07:28:00 GMT"), RETRY_AFTER_MAX_MS);
}

static void
what_is_neither_says_nothing(void **state)
{
	static const char *const values[] = {"", "-1", "+1", ".5", "1.", "1e3", "1,5", "30s",
	    "30, 60", "0x10", "1.5.5", "soon", "Wed, 99 Oct 2026 07:28:00 GMT",
	    "a date that is longer than any that a server would send, and then some more"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(values); i++)
		assert_int_equal(read(values[i]), -1);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(seconds_may_have_a_fraction),
	    cmocka_unit_test(a_fraction_is_rounded_up_to_a_millisecond),
	    cmocka_unit_test(a_date_is_a_pause_from_now),
	    cmocka_unit_test(nobody_is_asked_to_wait_longer_than_a_day),
	    cmocka_unit_test(what_is_neither_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
