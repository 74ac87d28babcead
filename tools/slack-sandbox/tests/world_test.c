#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

/* Before cmocka, whose fail() is a macro. */
#include "posts.h"
#include "rates.h"

#include <cmocka.h>

/* 2026-04-17 */
enum { DAY_S = 1776384000 };
static const int64_t start_ms = DAY_S * 1000LL;

static struct rates *rates;

static int
setup(void **state)
{
	(void)state;
	rates = rates_new();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	rates_free(rates);
	return 0;
}

static int
taken(enum tier tier, const char *what, int64_t at_ms, int tries, int *wait_s)
{
	int n = 0;
	for (int i = 0; i < tries; i++)
		n += rates_take(rates, tier, str_of(what), start_ms + at_ms, wait_s);
	return n;
}

static void
a_channel_takes_its_burst_and_then_one_a_second(void **state)
{
	(void)state;
	struct bucket bucket = {0};
	int wait_s = 0, n = 0;
	rates_set_channel(rates, 1, 25);
	for (int i = 0; i < 40; i++)
		n += rates_take_message(rates, &bucket, start_ms, &wait_s);
	assert_int_equal(n, 25);
	assert_int_equal(wait_s, 1);
	assert_true(rates_take_message(rates, &bucket, start_ms + 1000, &wait_s));
	assert_false(rates_take_message(rates, &bucket, start_ms + 1000, &wait_s));
}

static void
a_method_of_tier_3_takes_fifty_and_then_waits_ten_seconds(void **state)
{
	(void)state;
	int wait_s = 0;
	assert_int_equal(taken(TIER_3, "T1 chat.update", 0, 60, &wait_s), 50);
	assert_int_equal(wait_s, 10);
	assert_int_equal(taken(TIER_3, "T1 chat.update", 4000, 1, &wait_s), 0);
	assert_int_equal(wait_s, 6);
	/* Ten seconds of fifty a minute. */
	assert_int_equal(taken(TIER_3, "T1 chat.update", 10000, 60, &wait_s), 8);
}

static void
each_method_of_each_workspace_is_counted_apart(void **state)
{
	(void)state;
	int wait_s = 0;
	assert_int_equal(taken(TIER_2, "T1 conversations.list", 0, 30, &wait_s), 20);
	assert_int_equal(wait_s, 30);
	assert_int_equal(taken(TIER_2, "T2 conversations.list", 0, 30, &wait_s), 20);
	assert_int_equal(taken(TIER_3, "T1 conversations.info", 0, 30, &wait_s), 30);
}

static void
a_slow_limit_says_how_slow(void **state)
{
	(void)state;
	int wait_s = 0;
	rates_set_tier(rates, TIER_HISTORY, 1);
	assert_int_equal(taken(TIER_HISTORY, "T1 conversations.history", 0, 2, &wait_s), 1);
	assert_int_equal(wait_s, 60);
	assert_int_equal(taken(TIER_HISTORY, "T1 conversations.history", 60000, 2, &wait_s), 1);
}

static void
without_limits_everything_is_taken(void **state)
{
	(void)state;
	struct bucket bucket = {0};
	int wait_s = 0;
	rates_lift(rates);
	assert_int_equal(taken(TIER_1, "T1 x", 0, 500, &wait_s), 500);
	for (int i = 0; i < 100; i++)
		assert_true(rates_take_message(rates, &bucket, start_ms, &wait_s));
}

static void
a_deleted_message_is_found_no_more(void **state)
{
	(void)state;
	struct posts p = {0};
	posts_add(&p, 10, 1);
	posts_add(&p, 20, 2);
	posts_delete(&p, posts_find(&p, 10), 3);
	assert_null(posts_find(&p, 10));
	assert_non_null(posts_find(&p, 20));
	assert_int_equal(p.shown, 1);
	assert_false(post_is_shown(&p.list[0]));
	assert_int_equal(p.changed_seq, 3);
	posts_fini(&p);
}

static void
of_a_deleted_message_with_replies_something_is_left(void **state)
{
	(void)state;
	struct posts p = {0};
	posts_add(&p, 10, 1);
	post_replied(posts_find(&p, 10), 20);
	posts_add(&p, 20, 2);
	posts_delete(&p, posts_find(&p, 10), 3);
	assert_true(post_is_shown(&p.list[0]));
	post_unreplied(&p.list[0]);
	assert_false(post_is_shown(&p.list[0]));
	posts_fini(&p);
}

static void
a_changed_message_is_the_entry_of_its_change(void **state)
{
	(void)state;
	struct posts p = {0};
	posts_add(&p, 10, 1);
	assert_int_equal(post_seq(&p.list[0]), 1);
	posts_change(&p, posts_find(&p, 10), 7, 15);
	assert_int_equal(post_seq(&p.list[0]), 7);
	assert_int_equal(p.list[0].later->edited_us, 15);
	posts_fini(&p);
}

static void
timestamps_are_written_and_read(void **state)
{
	(void)state;
	char text[TS_TEXT_MAX];
	int64_t ts_us = 0;
	assert_string_equal(ts_text(1712345678000100, text), "1712345678.000100");
	assert_true(ts_parse(STR("1712345678.000100"), &ts_us));
	assert_int_equal(ts_us, 1712345678000100);
	assert_false(ts_parse(STR("0"), &ts_us));
	assert_false(ts_parse(STR("1712345678.00x100"), &ts_us));
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    CASE(a_channel_takes_its_burst_and_then_one_a_second),
	    CASE(a_method_of_tier_3_takes_fifty_and_then_waits_ten_seconds),
	    CASE(each_method_of_each_workspace_is_counted_apart),
	    CASE(a_slow_limit_says_how_slow),
	    CASE(without_limits_everything_is_taken),
	    CASE(a_deleted_message_is_found_no_more),
	    CASE(of_a_deleted_message_with_replies_something_is_left),
	    CASE(a_changed_message_is_the_entry_of_its_change),
	    CASE(timestamps_are_written_and_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
