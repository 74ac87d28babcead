#include "flow/doubt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
nothing_is_in_doubt_before_the_first_life(void **state)
{
	(void)state;
	struct doubt d = {.consumer = {.is_restored = true}, .last = 500, .hand_limit = 100};

	assert_int_equal(doubt_until(&d), 0);
}

static void
what_was_handed_out_is_in_doubt_and_a_little_more(void **state)
{
	(void)state;
	struct doubt d = {
	    .consumer = {.delivered_seq = 300}, .newest = 290, .last = 500, .hand_limit = 100};

	assert_true(doubt_until(&d) > 300);
	assert_true(doubt_until(&d) < 320);
}

static void
an_event_that_came_later_is_not_in_doubt(void **state)
{
	(void)state;
	struct doubt d = {
	    .consumer = {.delivered_seq = 300}, .newest = 300, .last = 300, .hand_limit = 100};

	assert_int_equal(doubt_until(&d), 300);
	d.consumer.is_restored = true;
	assert_int_equal(doubt_until(&d), 300);
}

static void
after_a_restart_of_the_broker_a_full_hand_is_in_doubt(void **state)
{
	(void)state;
	struct doubt d = {.consumer = {.delivered_seq = 300, .is_restored = true},
	    .newest = 290,
	    .last = 500,
	    .hand_limit = 100};

	assert_int_equal(doubt_until(&d), 390);
}

static void
with_a_consumer_made_anew_a_full_hand_is_in_doubt(void **state)
{
	(void)state;
	struct doubt d = {
	    .consumer = {.delivered_seq = 20}, .newest = 290, .last = 500, .hand_limit = 100};

	assert_int_equal(doubt_until(&d), 390);
	d.consumer.delivered_seq = 0;
	assert_int_equal(doubt_until(&d), 390);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_is_in_doubt_before_the_first_life),
	    cmocka_unit_test(what_was_handed_out_is_in_doubt_and_a_little_more),
	    cmocka_unit_test(an_event_that_came_later_is_not_in_doubt),
	    cmocka_unit_test(after_a_restart_of_the_broker_a_full_hand_is_in_doubt),
	    cmocka_unit_test(with_a_consumer_made_anew_a_full_hand_is_in_doubt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
