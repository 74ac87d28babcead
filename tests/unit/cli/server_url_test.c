#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "cli/server_url.h"

#include <cmocka.h>

static void
assert_shown(const char *urls, const char *expected)
{
	struct buf out = {0};

	server_url(&out, urls);
	assert_string_equal(out.ptr, expected);
	buf_fini(&out);
}

static void
of_several_servers_the_first_is_told(void **state)
{
	(void)state;
	assert_shown("nats://one:4222", "nats://one:4222");
	assert_shown("tls://one:4222,tls://two:4222", "tls://one:4222");
}

static void
who_logs_in_there_is_not_told(void **state)
{
	(void)state;
	assert_shown("nats://user:not-a-password@one:4222", "nats://one:4222");
	assert_shown("nats://one:4222,nats://user:not-a-password@two:4222", "nats://one:4222");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(of_several_servers_the_first_is_told),
	    cmocka_unit_test(who_logs_in_there_is_not_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
