/* Updates of messages, and posts of the same team: a bucket of their own beside that of their
 * team. */
#include "lanes_fixture.h"

static void
updates_take_turns_at_a_bucket_of_their_own(void **state)
{
	enum { LANES = 10 };
	struct lane_policy p = OPEN_WIDE;
	static struct lane_item updates[LANES][20], posts[200];
	struct dispatch *d;
	int served[LANES] = {0}, posted = 0;

	(void)state;
	p.update_rate_milli = 1000;
	p.update_burst = 5;
	p.queue_max = 200;
	d = dispatch_new(&p, 1000);
	for (int l = 0; l < LANES; l++)
		for (int i = 0; i < 20; i++) {
			updates[l][i].is_update = true;
			offer(d, 1, l, &updates[l][i], at(0));
		}
	for (int i = 0; i < 200; i++)
		offer(d, 1, LANES, &posts[i], at(0));
	for (mono_t now = at(0); now.ms <= 60000; now = dispatch_wake(d, now)) {
		for (struct lane_item *item; (item = dispatch_next(d, now));) {
			if (item->is_update)
				served[(item - &updates[0][0]) / 20]++;
			else
				posted++;
			dispatch_report(d, item, LANE_RESULT_OK, -1, now);
		}
		if (now.ms == 0)
			assert_int_equal(posted, 200);
	}
	for (int l = 0; l < LANES; l++) /* 5 at once and one a second for a minute */
		assert_in_range(served[l], 6, 7);
	done(d);
}

static void
a_throttled_update_holds_the_updates_of_its_team_alone(void **state)
{
	struct lane_policy p = OPEN_WIDE;
	static struct lane_item update[3], post;
	struct dispatch *d;

	(void)state;
	p.update_rate_milli = FAST;
	p.update_burst = 100;
	d = dispatch_new(&p, 1000);
	for (int i = 0; i < 3; i++)
		update[i].is_update = true;
	offer(d, 1, 1, &update[0], at(0));
	assert_ptr_equal(dispatch_next(d, at(0)), &update[0]);
	dispatch_return(d, &update[0], LANE_RESULT_THROTTLED, 10000, at(0));
	offer(d, 1, 2, &update[1], at(0));
	offer(d, 1, 3, &post, at(0));
	offer(d, 2, 1, &update[2], at(0));
	assert_ptr_equal(dispatch_next(d, at(0)), &post);
	assert_ptr_equal(dispatch_next(d, at(0)), &update[2]);
	assert_null(dispatch_next(d, at(9999)));
	assert_int_equal(dispatch_wake(d, at(9999)).ms, 10000);
	assert_non_null(dispatch_next(d, at(10000)));
	assert_non_null(dispatch_next(d, at(10000)));
	dispatch_report(d, &post, LANE_RESULT_OK, -1, at(10000));
	for (int i = 0; i < 3; i++)
		dispatch_report(d, &update[i], LANE_RESULT_OK, -1, at(10000));
	done(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(updates_take_turns_at_a_bucket_of_their_own),
	    cmocka_unit_test(a_throttled_update_holds_the_updates_of_its_team_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
