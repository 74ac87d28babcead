/* Another policy for lanes that are there. */
#include "lanes_fixture.h"

static void
another_policy_holds_for_those_who_wait_already(void **state)
{
	struct lane_policy p = OPEN_WIDE;
	struct lane_item items[4] = {0};
	struct dispatch *d;

	(void)state;
	p.rate_milli = 1; /* a message in a million seconds */
	p.burst = 1;
	d = dispatch_new(&p, 100);
	for (int i = 0; i < 4; i++)
		offer(d, 1, 1, &items[i], at(0));
	assert_ptr_equal(dispatch_next(d, at(0)), &items[0]);
	assert_null(dispatch_next(d, at(1000)));
	p.rate_milli = 1000;
	dispatch_set_policy(d, &p, at(1000));
	assert_int_equal(dispatch_wake(d, at(1000)).ms, 1999); /* it had a thousandth */
	assert_ptr_equal(dispatch_next(d, at(1999)), &items[1]);
	dispatch_report(d, &items[0], LANE_RESULT_OK, -1, at(1999));
	dispatch_report(d, &items[1], LANE_RESULT_OK, -1, at(1999));
	done(d);
}

static void
another_rate_of_a_team_releases_its_blocked_lanes(void **state)
{
	struct lane_policy p = OPEN_WIDE;
	struct lane_item items[3] = {0}, *next;
	struct dispatch *d;

	(void)state;
	p.team_rate_milli = 1;
	p.team_burst = 1;
	d = dispatch_new(&p, 100);
	for (int i = 0; i < 3; i++)
		offer(d, 1, i, &items[i], at(0));
	assert_ptr_equal(dispatch_next(d, at(0)), &items[0]);
	assert_null(dispatch_next(d, at(0)));
	p.team_rate_milli = 1000;
	dispatch_set_policy(d, &p, at(0));
	assert_null(dispatch_next(d, at(0)));
	assert_int_equal(dispatch_wake(d, at(0)).ms, 1000);
	next = dispatch_next(d, at(1000));
	assert_non_null(next);
	dispatch_report(d, &items[0], LANE_RESULT_OK, -1, at(1000));
	dispatch_report(d, next, LANE_RESULT_OK, -1, at(1000));
	done(d);
}

static void
a_smaller_window_and_queue_hold_for_lanes_that_are_there(void **state)
{
	struct lane_policy p = OPEN_WIDE;
	struct lane_item items[6] = {0};
	struct dispatch *d = dispatch_new(&p, 100);
	mono_t retry_at;

	(void)state;
	for (int i = 0; i < 5; i++)
		offer(d, 1, 1, &items[i], at(0));
	p.window_start = p.window_max = 1;
	p.queue_max = 2;
	dispatch_set_policy(d, &p, at(0));
	assert_false(dispatch_offer(d, (struct lane_name){STR("team1"), STR("C1")}, &items[5],
	    at(0), INT64_MAX / 2, &retry_at));
	assert_ptr_equal(dispatch_next(d, at(0)), &items[0]);
	assert_null(dispatch_next(d, at(0)));
	dispatch_report(d, &items[0], LANE_RESULT_OK, -1, at(0));
	done(d);
}

static void
each_connection_has_the_rates_of_its_kind(void **state)
{
	struct lane_policy quick = OPEN_WIDE, slow = OPEN_WIDE;
	struct lane_item items[4] = {
	    {.policy = &quick}, {.policy = &quick}, {.policy = &slow}, {.policy = &slow}};
	struct dispatch *d;

	(void)state;
	slow.rate_milli = 1;
	slow.burst = 1;
	d = dispatch_new(&slow, 100);
	for (int i = 0; i < 4; i++)
		offer(d, i / 2, 1, &items[i], at(0));
	for (int i = 0; i < 3; i++)
		assert_non_null(dispatch_next(d, at(0)));
	assert_null(dispatch_next(d, at(1000)));
	slow.rate_milli = 1000;
	dispatch_set_policy(d, &quick, at(1000));
	assert_ptr_equal(dispatch_next(d, at(2000)), &items[3]);
	done(d);
}

/* Dead endpoints are down one by one; they neither make all down nor, well, up. */
static void
who_stands_alone_says_nothing_of_the_others(void **state)
{
	struct lane_policy alone = OPEN_WIDE;
	struct lane_item webhooks[3] = {
	    {.policy = &alone}, {.policy = &alone}, {.policy = &alone}};
	struct lane_item others[2] = {0};
	struct dispatch *d = dispatch_new(&OPEN_WIDE, 100);

	(void)state;
	alone.stands_alone = true;
	for (int i = 0; i < 3; i++) {
		offer(d, i, 1, &webhooks[i], at(0));
		assert_ptr_equal(dispatch_next(d, at(0)), &webhooks[i]);
	}
	dispatch_report(d, &webhooks[0], LANE_RESULT_FAULT, -1, at(0));
	dispatch_report(d, &webhooks[1], LANE_RESULT_FAULT, -1, at(0));
	assert_false(dispatch_is_down(d, 1));
	for (int i = 0; i < 2; i++) {
		offer(d, 3 + i, 1, &others[i], at(0));
		assert_ptr_equal(dispatch_next(d, at(0)), &others[i]);
		dispatch_report(d, &others[i], LANE_RESULT_FAULT, -1, at(0));
	}
	assert_true(dispatch_is_down(d, 2));
	dispatch_report(d, &webhooks[2], LANE_RESULT_OK, -1, at(0));
	assert_true(dispatch_is_down(d, 2));
	/* Its own pause is all that it waits for. */
	offer(d, 0, 1, &webhooks[0], at(1));
	assert_ptr_equal(dispatch_next(d, at(5000)), &webhooks[0]);
	dispatch_report(d, &webhooks[0], LANE_RESULT_OK, -1, at(5000));
	done(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(another_policy_holds_for_those_who_wait_already),
	    cmocka_unit_test(another_rate_of_a_team_releases_its_blocked_lanes),
	    cmocka_unit_test(a_smaller_window_and_queue_hold_for_lanes_that_are_there),
	    cmocka_unit_test(each_connection_has_the_rates_of_its_kind),
	    cmocka_unit_test(who_stands_alone_says_nothing_of_the_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
