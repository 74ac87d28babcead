#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "broker/private.h"

#include <cmocka.h>
#undef fail /* ours is another */

static void
assert_takes(const char *version)
{
	struct err e = {0};

	assert_true(cluster_takes_replicas(version, 3, &e));
}

static void
assert_refuses(const char *version, const char *newer)
{
	struct err e = {0};

	assert_false(cluster_takes_replicas(version, 3, &e));
	assert_int_equal(e.kind, ERR_SETUP);
	assert_non_null(strstr(e.text, version));
	assert_non_null(strstr(e.text, newer));
}

static void
versions_that_take_two_writes_for_one_are_refused(void **state)
{
	(void)state;
	assert_refuses("2.9.10", "run 2.10.23");
	assert_refuses("2.9.25", "run 2.10.23");
	assert_refuses("2.10.0", "run 2.10.23");
	assert_refuses("2.10.22", "run 2.10.23");
	assert_refuses("2.12.0", "run 2.12.3");
	assert_refuses("2.12.2-RC.1", "run 2.12.3");
}

static void
others_are_taken(void **state)
{
	(void)state;
	assert_takes("2.10.23");
	assert_takes("2.10.27");
	assert_takes("2.11.0");
	assert_takes("2.12.3");
	assert_takes("2.14.1");
	assert_takes("3.0.0");
}

static void
a_server_that_does_not_say_is_taken(void **state)
{
	(void)state;
	assert_takes("");
	assert_takes("main");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(versions_that_take_two_writes_for_one_are_refused),
	    cmocka_unit_test(others_are_taken),
	    cmocka_unit_test(a_server_that_does_not_say_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
