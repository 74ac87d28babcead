#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "carillon/base/network.h"

#include <cmocka.h> /* last: it makes a macro of fail */

static bool
is_in(const char *list, const char *text)
{
	struct networks *n;
	struct address a;
	struct err e;
	bool have;

	assert_true(networks_parse(&n, "list", list, &e));
	assert_true(address_parse(text, &a));
	have = networks_have(n, &a);
	networks_free(n);
	return have;
}

static void
a_network_has_its_addresses_and_no_others(void **state)
{
	(void)state;
	assert_true(is_in("10.0.0.0/8", "10.255.0.1"));
	assert_false(is_in("10.0.0.0/8", "11.0.0.1"));
	assert_true(is_in("192.0.2.1, 172.16.0.0/12", "172.31.255.255"));
	assert_false(is_in("192.0.2.1, 172.16.0.0/12", "172.32.0.0"));
	assert_true(is_in("2001:db8::/33", "2001:db8:7fff::1"));
	assert_false(is_in("2001:db8::/33", "2001:db8:8000::1"));
	assert_true(is_in("::/0", "10.0.0.1"));
	assert_false(is_in("", "10.0.0.1"));
}

static void
a_mapped_address_is_the_one_of_ipv4(void **state)
{
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_addr = {htonl(0x0a000001)}};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};
	struct address a, b;
	char text[ADDRESS_TEXT_SIZE];

	(void)state;
	assert_true(is_in("10.0.0.0/8", "::ffff:10.1.2.3"));
	assert_int_equal(inet_pton(AF_INET6, "::ffff:10.0.0.1", &six.sin6_addr), 1);
	assert_true(address_of_socket((const struct sockaddr *)&four, &a));
	assert_true(address_of_socket((const struct sockaddr *)&six, &b));
	assert_memory_equal(&a, &b, sizeof(a));
	assert_true(address_is_v4(&b));
	address_text(&b, text);
	assert_string_equal(text, "10.0.0.1");
	assert_false(address_of_socket(&(struct sockaddr){.sa_family = AF_UNIX}, &a));
}

static void
a_list_is_checked(void **state)
{
	static const char *const wrong[] = {"10.0.0.0/33", "10.0.0/8", "x", "::1/129",
	    "10.0.0.1/", "10.0.0.1/-1", "10.0.0.1/8x"};
	struct networks *n;
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		if (networks_parse(&n, "trusted_proxy", wrong[i], &e))
			fail_msg("%s is taken", wrong[i]);
		assert_non_null(strstr(e.text, "trusted_proxy: "));
		networks_free(n);
	}
}

static void
ports_are_a_list(void **state)
{
	static const char *const wrong[] = {"0", "65536", "x", "80x", "-1", "80/443"};
	struct ports p;
	struct err e;

	(void)state;
	assert_true(ports_parse(&p, "ports", "443, 8443", &e));
	assert_true(ports_have(&p, 443) && ports_have(&p, 8443));
	assert_false(ports_have(&p, 80));
	assert_true(ports_parse(&p, "ports", "", &e));
	assert_false(ports_have(&p, 443));
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		if (ports_parse(&p, "ports", wrong[i], &e))
			fail_msg("%s is taken", wrong[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_network_has_its_addresses_and_no_others),
	    cmocka_unit_test(a_mapped_address_is_the_one_of_ipv4),
	    cmocka_unit_test(a_list_is_checked),
	    cmocka_unit_test(ports_are_a_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
