#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "carillon/base/url.h"

#include <cmocka.h>

static void
assert_str(struct str got, const char *expected)
{
	if (!str_eq(got, str_of(expected)))
		fail_msg("got \"%.*s\", expected \"%s\"", STR_ARG(got), expected);
}

static void
an_address_falls_into_its_parts(void **state)
{
	struct url u;

	(void)state;
	assert_true(url_parse(&u, STR("nats://me:a@b:c@host.example:4222/x?y#z")));
	assert_str(u.scheme, "nats");
	assert_str(u.user_info, "me:a@b:c");
	assert_str(u.host, "host.example");
	assert_str(u.port, "4222");
	assert_str(u.path, "/x?y#z");
	assert_true(url_parse(&u, STR("https://[2001:db8::1]:8443")));
	assert_str(u.host, "2001:db8::1");
	assert_str(u.port, "8443");
	assert_true(url_parse(&u, STR("https://slack.com/api")));
	assert_str(u.port, "");
	assert_str(u.user_info, "");
	/* What follows the path is no password. */
	assert_true(url_parse(&u, STR("https://slack.com/a@b")));
	assert_str(u.host, "slack.com");
}

static void
what_has_no_scheme_or_no_host_is_none(void **state)
{
	static const char *const none[] = {
	    "",
	    "slack.com",
	    "://slack.com",
	    "https://",
	    "https:///api",
	    "https://:443",
	    "https://me@",
	    "https://[::1",
	    "https://[]:1",
	};
	struct url u;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(none); i++)
		if (url_parse(&u, str_of(none[i])))
			fail_msg("\"%s\" is taken for an address", none[i]);
}

static bool
is_loopback(const char *text)
{
	struct url u;

	assert_true(url_parse(&u, str_of(text)));
	return url_is_loopback(&u);
}

static void
only_this_machine_is_loopback(void **state)
{
	(void)state;
	assert_true(is_loopback("http://127.0.0.1:80/api"));
	assert_true(is_loopback("http://127.255.0.9"));
	assert_true(is_loopback("http://localhost"));
	assert_true(is_loopback("http://LocalHost:1"));
	assert_true(is_loopback("http://[::1]:1/api"));
	assert_true(is_loopback("http://me:x@127.0.0.1"));
	assert_false(is_loopback("http://127.0.0.1.evil.example"));
	assert_false(is_loopback("http://127.0.0.1@evil.example"));
	assert_false(is_loopback("http://localhost.evil.example"));
	assert_false(is_loopback("http://128.0.0.1"));
	assert_false(is_loopback("http://0177.0.0.1"));
	assert_false(is_loopback("http://[::2]"));
	assert_false(is_loopback("http://192.0.2.2/api"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_address_falls_into_its_parts),
	    cmocka_unit_test(what_has_no_scheme_or_no_host_is_none),
	    cmocka_unit_test(only_this_machine_is_loopback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
