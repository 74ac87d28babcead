#include "flow/maybe_posted.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The consumer is older than every event, unless a test says otherwise. */
enum { CREATED = 1000, STORED = 2000 };

static bool
is_in_doubt(const struct doubt *d, uint64_t seq)
{
	return maybe_posted_event(d, seq, (wall_t){STORED});
}

static void
nothing_is_in_doubt_before_the_first_life(void **state)
{
	(void)state;
	struct doubt d = {.consumer = {.is_restored = true}, .last = 500, .active_limit = 100};

	assert_false(is_in_doubt(&d, 1));
	assert_false(maybe_posted_event(&d, 1, (wall_t){0}));
}

static void
what_was_handed_out_is_in_doubt_and_a_little_more(void **state)
{
	(void)state;
	struct doubt d = {.consumer = {.id = CREATED, .delivered_seq = 300},
	    .newest = 290,
	    .last = 500,
	    .active_limit = 100};

	assert_true(is_in_doubt(&d, 301));
	assert_false(is_in_doubt(&d, 320));
}

static void
an_event_that_came_later_is_not_in_doubt(void **state)
{
	(void)state;
	struct doubt d = {.consumer = {.id = CREATED, .delivered_seq = 300},
	    .newest = 300,
	    .last = 300,
	    .active_limit = 100};

	assert_true(is_in_doubt(&d, 300));
	assert_false(is_in_doubt(&d, 301));
	d.consumer.is_restored = true;
	assert_false(is_in_doubt(&d, 301));
}

static void
after_a_restart_of_the_broker_a_full_hand_is_in_doubt(void **state)
{
	(void)state;
	struct doubt d = {
	    .consumer = {.id = CREATED, .delivered_seq = 300, .is_restored = true},
	    .newest = 290,
	    .last = 500,
	    .active_limit = 100};

	assert_true(is_in_doubt(&d, 390));
	assert_false(is_in_doubt(&d, 391));
}

static void
with_a_consumer_made_anew_a_full_hand_is_in_doubt(void **state)
{
	(void)state;
	struct doubt d = {.consumer = {.id = CREATED, .delivered_seq = 20},
	    .newest = 290,
	    .last = 500,
	    .active_limit = 100};

	assert_true(is_in_doubt(&d, 390));
	d.consumer.delivered_seq = 0;
	assert_true(is_in_doubt(&d, 390));
	assert_false(is_in_doubt(&d, 391));
}

static void
an_event_older_than_the_consumer_is_in_doubt_wherever_that_one_stands(void **state)
{
	(void)state;
	struct doubt d = {.consumer = {.id = STORED, .delivered_seq = 300},
	    .newest = 290,
	    .last = 500,
	    .active_limit = 100};

	assert_true(is_in_doubt(&d, 390));
	assert_false(is_in_doubt(&d, 391));
	d.consumer.id = STORED - 1;
	assert_false(is_in_doubt(&d, 390));
}

static void
a_count_is_in_doubt_when_the_broker_was_or_may_have_been_restarted(void **state)
{
	(void)state;
	struct doubt d = {.consumer = {.id = CREATED, .delivered_seq = 300},
	    .newest = 290,
	    .last = 500,
	    .active_limit = 100};

	assert_false(maybe_counted_back(&d, 290, 0));
	assert_true(maybe_counted_back(&d, 290, 1));
	d.consumer.is_restored = true;
	assert_true(maybe_counted_back(&d, 290, 0));
	/* No earlier life recorded anything of it. */
	assert_false(maybe_counted_back(&d, 291, 1));
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
	    cmocka_unit_test(
		an_event_older_than_the_consumer_is_in_doubt_wherever_that_one_stands),
	    cmocka_unit_test(
		a_count_is_in_doubt_when_the_broker_was_or_may_have_been_restarted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
