#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <poll.h>
#include <unistd.h>

#include "http/names.h"

#include "slow_resolver.h"

#include <cmocka.h> /* after ours: it defines fail() */

static struct names *names;

static int
setup(void **state)
{
	struct err e;

	(void)state;
	resolver_let_go(false);
	resolver_most = resolver_asked = 0;
	assert_true(names_new(&names, &e));
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	names_free(names);
	resolver_let_go(true);
	while (resolver_at_once > 0)
		usleep(1000);
	return 0;
}

static struct lookup *
wait_for_answer(void **tag)
{
	struct pollfd p = {.fd = names_fd(names), .events = POLLIN};
	struct lookup *l;

	while (!(l = names_answer(names, tag)))
		assert_int_equal(poll(&p, 1, -1), 1);
	return l;
}

static void
a_name_becomes_addresses(void **state)
{
	struct buf addresses = {0};
	struct lookup *l;
	struct err e;
	int tag;
	void *got = NULL;

	(void)state;
	names_ask(names, "slack.both", &tag);
	l = wait_for_answer(&got);
	assert_ptr_equal(got, &tag);
	assert_true(lookup_addresses(l, &addresses, &e));
	assert_string_equal(addresses.ptr, "[::1],127.0.0.1");
	lookup_free(l);
	buf_fini(&addresses);
}

static void
a_name_without_addresses_says_why(void **state)
{
	struct buf addresses = {0};
	struct lookup *l;
	struct err e;
	void *tag;

	(void)state;
	names_ask(names, "slack.nowhere", NULL);
	l = wait_for_answer(&tag);
	assert_false(lookup_addresses(l, &addresses, &e));
	assert_int_equal(e.kind, ERR_TEMP);
	assert_string_equal(e.text, "slack.nowhere: Name or service not known");
	assert_int_equal(addresses.len, 0);
	lookup_free(l);
}

static void
the_fd_is_readable_only_while_there_are_answers(void **state)
{
	struct pollfd p = {.fd = names_fd(names), .events = POLLIN};
	void *tag;

	(void)state;
	assert_int_equal(poll(&p, 1, 0), 0);
	names_ask(names, "a.local", NULL);
	lookup_free(wait_for_answer(&tag));
	assert_null(names_answer(names, &tag));
	assert_int_equal(poll(&p, 1, 0), 0);
}

static void
of_many_names_a_few_are_asked_for_at_once(void **state)
{
	static char tags[40];
	void *tag;

	(void)state;
	memset(tags, 0, sizeof(tags));
	for (size_t i = 0; i < COUNT_OF(tags); i++)
		names_ask(names, "a.slow", &tags[i]);
	while (resolver_at_once < NAMES_AT_ONCE)
		usleep(1000);
	assert_int_equal(resolver_asked, NAMES_AT_ONCE);
	resolver_let_go(true);
	for (size_t i = 0; i < COUNT_OF(tags); i++) {
		lookup_free(wait_for_answer(&tag));
		*(char *)tag += 1;
	}
	for (size_t i = 0; i < COUNT_OF(tags); i++)
		assert_int_equal(tags[i], 1);
	assert_int_equal(resolver_most, NAMES_AT_ONCE);
}

/* Or the teardown, which frees them while one hangs, would never end. */
static void
names_are_freed_without_waiting_for_the_resolver(void **state)
{
	(void)state;
	for (int i = 0; i < 2 * NAMES_AT_ONCE; i++)
		names_ask(names, "a.slow", NULL);
	while (resolver_at_once < NAMES_AT_ONCE)
		usleep(1000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(a_name_becomes_addresses),
	    TEST(a_name_without_addresses_says_why),
	    TEST(the_fd_is_readable_only_while_there_are_answers),
	    TEST(of_many_names_a_few_are_asked_for_at_once),
	    TEST(names_are_freed_without_waiting_for_the_resolver),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
