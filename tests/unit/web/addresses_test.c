#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "web/addresses.h"

#include <cmocka.h> /* last: it makes a macro of fail */

static const char *
client(const char *proxies, const char *peer, const char *forwarded)
{
	static char text[64];
	struct sockaddr_in at = {.sin_family = AF_INET};
	struct networks *a = NULL;
	struct err e;

	assert_true(networks_parse(&a, "trusted_proxy", proxies, &e));
	assert_int_equal(inet_pton(AF_INET, peer, &at.sin_addr), 1);
	address_of_client(
	    text, sizeof(text), a, (const struct sockaddr *)&at, str_of(forwarded));
	networks_free(a);
	return text;
}

static void
only_a_trusted_proxy_is_believed(void **state)
{
	(void)state;
	assert_string_equal(client("", "192.0.2.1", "198.51.100.7"), "192.0.2.1");
	assert_string_equal(
	    client("192.0.2.0/24", "192.0.2.1", "198.51.100.7"), "198.51.100.7");
	assert_string_equal(client("192.0.2.0/24", "192.0.3.1", "198.51.100.7"), "192.0.3.1");
	assert_string_equal(client("192.0.2.1", "192.0.2.1", ""), "192.0.2.1");
}

static void
the_last_that_is_no_proxy_is_the_client(void **state)
{
	(void)state;
	assert_string_equal(
	    client("10.0.0.0/8", "10.0.0.1", "203.0.113.9, 198.51.100.7, 10.1.2.3"),
	    "198.51.100.7");
	assert_string_equal(
	    client("10.0.0.0/8", "10.0.0.1", "evil, 198.51.100.7"), "198.51.100.7");
	assert_string_equal(client("10.0.0.0/8", "10.0.0.1", "198.51.100.7, evil"), "10.0.0.1");
	assert_string_equal(client("10.0.0.0/8", "10.0.0.1", "2001:db8::1"), "2001:db8::1");
}

static void
where_to_listen_is_an_address_and_a_port(void **state)
{
	static const char *const wrong[] = {"8080", "localhost:8080", "127.0.0.1",
	    "127.0.0.1:", "127.0.0.1:70000", "::1:80", "[::1:80"};
	struct sockaddr_storage s;
	struct err e;

	(void)state;
	assert_true(address_parse_listen(&s, "127.0.0.1:8080", &e));
	assert_int_equal(s.ss_family, AF_INET);
	assert_true(address_parse_listen(&s, "[::1]:0", &e));
	assert_int_equal(s.ss_family, AF_INET6);
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		if (address_parse_listen(&s, wrong[i], &e))
			fail_msg("%s is taken", wrong[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_a_trusted_proxy_is_believed),
	    cmocka_unit_test(the_last_that_is_no_proxy_is_the_client),
	    cmocka_unit_test(where_to_listen_is_an_address_and_a_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
