#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <poll.h>

#include "http/origin.h"

#include "slow_resolver.h"

#include <cmocka.h> /* after ours: it defines fail() */

enum { OPENING_MAX = 2, MINUTE = 60000, HOUR = 60 * MINUTE };

static struct origins *all;

static int
setup(void **state)
{
	struct err e;

	(void)state;
	resolver_let_go(true);
	resolver_asked = 0;
	assert_true(origins_new(&all, NULL, &e));
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	origins_free(all);
	return 0;
}

static struct origin *
find(const char *url)
{
	CURLU *parsed;

	return origins_find(all, url, &parsed);
}

static bool
may_launch(struct origin *o, int64_t at)
{
	return origin_may_launch(all, o, OPENING_MAX, (mono_t){at});
}

/* Waits for the answer of the one name that is asked for; NULL if it is known now. */
static struct origin *
learn(int64_t at, struct err *why)
{
	struct pollfd p = {.fd = origins_fd(all), .events = POLLIN};

	assert_int_equal(poll(&p, 1, -1), 1);
	return origins_learn(all, (mono_t){at}, why);
}

static void
urls_of_one_host_lead_to_one_origin(void **state)
{
	struct origin *o = find("https://slack.local/api/chat.postMessage");

	(void)state;
	assert_non_null(o);
	assert_ptr_equal(find("https://slack.local/api/chat.update"), o);
	assert_ptr_equal(find("https://SLACK.local:443/"), o);
	assert_ptr_not_equal(find("https://slack.local:444/"), o);
	assert_ptr_not_equal(find("http://slack.local/"), o);
	assert_ptr_not_equal(find("https://other.local/"), o);
	assert_null(find("no url"));
	assert_null(find(""));
}

static void
a_url_is_parsed_once(void **state)
{
	CURLU *first = NULL, *second = NULL;

	(void)state;
	assert_non_null(origins_find(all, "https://slack.local/a", &first));
	assert_non_null(origins_find(all, "https://slack.local/a", &second));
	assert_non_null(first);
	assert_ptr_equal(first, second);
}

static void
an_address_needs_no_name(void **state)
{
	(void)state;
	assert_true(may_launch(find("http://127.0.0.1:80/"), 0));
	assert_true(may_launch(find("http://[::1]:80/"), 0));
	assert_int_equal(resolver_asked, 0);
}

static void
a_name_is_asked_for_once_and_then_known(void **state)
{
	struct origin *o = find("https://slack.both/");
	struct err why;

	(void)state;
	for (int i = 0; i < 10; i++)
		assert_false(may_launch(o, 0));
	assert_null(learn(5, &why));
	assert_true(may_launch(o, 5));
	assert_true(may_launch(o, MINUTE));
	assert_int_equal(resolver_asked, 1);
	assert_string_equal(o->resolve.data, "slack.both:443:[::1],127.0.0.1");
}

static void
a_name_without_an_address_is_told_of_and_asked_for_again(void **state)
{
	struct origin *o = find("https://slack.nowhere/");
	struct err why;

	(void)state;
	for (int i = 1; i <= 2; i++) {
		assert_false(may_launch(o, i));
		assert_ptr_equal(learn(i, &why), o);
		assert_non_null(strstr(why.text, "slack.nowhere: "));
		assert_int_equal(resolver_asked, i);
	}
	assert_null(origins_learn(all, (mono_t){3}, &why));
}

static void
a_known_name_stays_known_while_it_is_asked_for_again(void **state)
{
	struct origin *o = find("https://slack.slow/");
	struct err why;

	(void)state;
	assert_false(may_launch(o, 0));
	assert_null(learn(0, &why));
	resolver_let_go(false);
	assert_true(may_launch(o, MINUTE + 1)); /* and asks */
	assert_true(may_launch(o, HOUR - 1));
	assert_false(may_launch(o, HOUR));
	resolver_let_go(true);
	assert_null(learn(HOUR, &why));
	assert_true(may_launch(o, HOUR));
	assert_int_equal(resolver_asked, 2);
}

static void
a_known_name_outlives_a_resolver_that_fails(void **state)
{
	struct origin *o = find("https://slack.gone/");
	struct err why;

	(void)state;
	assert_false(may_launch(o, 0));
	assert_null(learn(0, &why));
	assert_true(may_launch(o, MINUTE));
	assert_null(learn(MINUTE, &why));       /* nobody is told */
	assert_true(may_launch(o, MINUTE + 1)); /* not asked for again at once */
	assert_int_equal(resolver_asked, 2);
	assert_true(may_launch(o, MINUTE + 5000));
	assert_null(learn(MINUTE + 5000, &why));
	assert_int_equal(resolver_asked, 3);
	assert_false(may_launch(o, HOUR));
	assert_ptr_equal(learn(HOUR, &why), o);
}

static void
a_kept_connection_may_be_used_when_no_more_may_be_opened(void **state)
{
	struct origin *o = find("http://127.0.0.1/");

	(void)state;
	o->sockets = o->flying = o->opening = OPENING_MAX;
	assert_false(may_launch(o, 0));
	o->opening--;
	assert_true(may_launch(o, 0));
	o->opening++;
	o->sockets++;
	assert_true(may_launch(o, 0));
	o->sockets = o->flying = o->opening = 0;
}

static void
origins_nobody_uses_are_forgotten(void **state)
{
	struct origin *busy;
	size_t count = 0;
	char url[64];

	(void)state;
	for (int i = 0; i < 256; i++) /* those are parsed ahead, and stay */
		assert_non_null(find("http://10.0.0.1/"));
	busy = find("http://10.0.0.2/");
	busy->sockets = 1;
	for (int i = 0; i < 20000; i++) {
		snprintf(url, sizeof(url), "http://10.%d.%d.9:%d/", i / 200, i % 200, 1 + i);
		assert_non_null(find(url));
		assert_ptr_equal(find("http://10.0.0.2/"), busy);
	}
	LIST_EACH (link, &busy->link)
		count++;
	assert_in_range(count, 256, 1024);
	busy->sockets = 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(urls_of_one_host_lead_to_one_origin),
	    TEST(a_url_is_parsed_once),
	    TEST(an_address_needs_no_name),
	    TEST(a_name_is_asked_for_once_and_then_known),
	    TEST(a_name_without_an_address_is_told_of_and_asked_for_again),
	    TEST(a_known_name_stays_known_while_it_is_asked_for_again),
	    TEST(a_known_name_outlives_a_resolver_that_fails),
	    TEST(a_kept_connection_may_be_used_when_no_more_may_be_opened),
	    TEST(origins_nobody_uses_are_forgotten),
	};

	must(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
