/* All lanes together: rotation, refusals, drains, sweeps. */
#include "lanes_fixture.h"

static void
connections_are_served_in_turn_and_the_lanes_of_each(void **state)
{
	enum { LANES = 50, TEAMS = 5, ROUNDS = 6 };
	static struct lane_item items[LANES][ROUNDS];
	struct dispatch *d = dispatch_new(&OPEN_WIDE, 10000);

	(void)state;
	for (int l = 0; l < LANES; l++) /* the first lane's burst comes before all others */
		for (int r = 0; r < ROUNDS; r++)
			offer(d, l / (LANES / TEAMS), l, &items[l][r], at(0));
	for (int n = 0; n < LANES * ROUNDS; n++) {
		const int team = n % TEAMS, turn = n / TEAMS, lanes = LANES / TEAMS;

		assert_ptr_equal(
		    dispatch_next(d, at(0)), &items[team * lanes + turn % lanes][turn / lanes]);
	}
	assert_null(dispatch_next(d, at(0)));
	for (int l = 0; l < LANES; l++)
		for (int r = 0; r < ROUNDS; r++)
			dispatch_report(d, &items[l][r], LANE_RESULT_OK, -1, at(1));
	done(d);
}

static void
one_lane_waits_for_one_of_a_connection_with_many(void **state)
{
	enum { MANY = 64 };
	static struct lane_item many[MANY], one[2];
	struct dispatch *d = dispatch_new(&OPEN_WIDE, 10000);

	(void)state;
	for (int l = 0; l < MANY; l++)
		offer(d, 1, l, &many[l], at(0));
	offer(d, 2, 0, &one[0], at(0));
	offer(d, 2, 0, &one[1], at(0));
	assert_ptr_equal(dispatch_next(d, at(0)), &many[0]);
	assert_ptr_equal(dispatch_next(d, at(0)), &one[0]);
	assert_ptr_equal(dispatch_next(d, at(0)), &many[1]);
	assert_ptr_equal(dispatch_next(d, at(0)), &one[1]);
	for (int l = 2; l < MANY; l++)
		assert_ptr_equal(dispatch_next(d, at(0)), &many[l]);
	for (int l = 0; l < MANY; l++)
		dispatch_report(d, &many[l], LANE_RESULT_OK, -1, at(1));
	for (int i = 0; i < 2; i++)
		dispatch_report(d, &one[i], LANE_RESULT_OK, -1, at(1));
	done(d);
}

static void
an_offer_does_not_cost_a_lane_its_turn(void **state)
{
	struct lane_item a[3] = {0}, b[3] = {0};
	struct dispatch *d = dispatch_new(&OPEN_WIDE, 100);

	(void)state;
	offer(d, 1, 1, &a[0], at(0));
	offer(d, 2, 2, &b[0], at(0));
	offer(d, 1, 1, &a[1], at(0));
	assert_ptr_equal(dispatch_next(d, at(0)), &a[0]);
	dispatch_report(d, &a[0], LANE_RESULT_OK, -1, at(0));
	dispatch_withdraw(d, &a[1]);
	assert_ptr_equal(dispatch_next(d, at(0)), &b[0]);
	dispatch_report(d, &b[0], LANE_RESULT_OK, -1, at(0));
	done(d);
}

static void
lanes_of_a_team_share_its_tokens_in_turn(void **state)
{
	enum { LANES = 10 };
	struct lane_policy p = OPEN_WIDE;
	static struct lane_item items[LANES][20];
	struct dispatch *d;
	int served[LANES] = {0};

	(void)state;
	p.team_rate_milli = 5000;
	p.team_burst = 2;
	d = dispatch_new(&p, 1000);
	for (int l = 0; l < LANES; l++)
		for (int i = 0; i < 20; i++)
			offer(d, 1, l, &items[l][i], at(0));
	for (mono_t now = at(0); now.ms <= 10000; now = dispatch_wake(d, now)) {
		for (struct lane_item *item; (item = dispatch_next(d, now));) {
			served[(item - &items[0][0]) / 20]++;
			dispatch_report(d, item, LANE_RESULT_OK, -1, now);
		}
	}
	for (int l = 0; l < LANES; l++) /* 2 at once and 5 a second for 10 s */
		assert_in_range(served[l], 5, 6);
	done(d);
}

static void
a_team_without_tokens_does_not_hold_up_another(void **state)
{
	struct lane_policy p = OPEN_WIDE;
	static struct lane_item slow[50], other;
	struct dispatch *d;

	(void)state;
	p.team_rate_milli = 1;
	p.team_burst = 1;
	d = dispatch_new(&p, 1000);
	for (int i = 0; i < 50; i++)
		offer(d, 1, i, &slow[i], at(0));
	offer(d, 2, 1, &other, at(0));
	assert_ptr_equal(dispatch_next(d, at(0)), &slow[0]);
	assert_ptr_equal(dispatch_next(d, at(0)), &other);
	assert_null(dispatch_next(d, at(0)));
	assert_int_equal(dispatch_wake(d, at(0)).ms, 1000000);
	dispatch_report(d, &slow[0], LANE_RESULT_OK, -1, at(0));
	dispatch_report(d, &other, LANE_RESULT_OK, -1, at(0));
	done(d);
}

static void
a_full_lane_refuses_and_is_open_all_the_same(void **state)
{
	struct lane_policy p = OPEN_WIDE;
	static struct lane_item items[11];
	struct dispatch *d;
	mono_t retry_at = at(-1);

	(void)state;
	p.queue_max = 10;
	p.rate_milli = 2000;
	p.burst = 1;
	d = dispatch_new(&p, 1000);
	for (int i = 0; i < 10; i++)
		offer(d, 1, 1, &items[i], at(0));
	assert_false(dispatch_offer(d, (struct lane_name){STR("team1"), STR("C1")}, &items[10],
	    at(0), 1 << 30, &retry_at));
	assert_int_equal(retry_at.ms, 0);
	done(d);
}

static void
a_shut_lane_refuses_whoever_has_less_patience(void **state)
{
	struct lane_policy p = OPEN_WIDE;
	static struct lane_item items[4];
	struct dispatch *d;
	mono_t retry_at = at(-1);

	(void)state;
	p.rate_milli = 1000;
	p.burst = 1;
	d = dispatch_new(&p, 1000);
	offer(d, 1, 1, &items[0], at(0));
	offer(d, 1, 1, &items[1], at(0));
	assert_ptr_equal(dispatch_next(d, at(0)), &items[0]);
	dispatch_report(d, &items[0], LANE_RESULT_THROTTLED, 10000, at(0));
	assert_false(dispatch_offer(
	    d, (struct lane_name){STR("team1"), STR("C1")}, &items[2], at(0), 9999, &retry_at));
	assert_int_equal(retry_at.ms, 10000);
	assert_true(dispatch_offer(d, (struct lane_name){STR("team1"), STR("C1")}, &items[2],
	    at(0), 10000, &retry_at));
	assert_true(dispatch_offer(
	    d, (struct lane_name){STR("team1"), STR("C1")}, &items[3], at(1), 9999, &retry_at));
	done(d);
}

static void
keys_that_look_alike_are_different_lanes(void **state)
{
	struct lane_item a = {0}, b = {0};
	struct dispatch *d = dispatch_new(&OPEN_WIDE, 10);
	struct dispatch_view v;
	struct lane_view lane;
	mono_t retry_at;

	(void)state;
	assert_true(dispatch_offer(
	    d, (struct lane_name){STR("a/b"), STR("c")}, &a, at(0), 0, &retry_at));
	assert_true(dispatch_offer(
	    d, (struct lane_name){STR("a"), STR("b/c")}, &b, at(0), 0, &retry_at));
	dispatch_look(d, &v);
	assert_int_equal(v.lanes, 2);
	assert_true(dispatch_look_lane(d, (struct lane_name){STR("a"), STR("b/c")}, &lane));
	assert_true(str_eq(lane.key, STR("a/b/c")));
	assert_false(dispatch_look_lane(d, (struct lane_name){STR("a"), STR("c")}, &lane));
	done(d);
}

static void
no_more_than_the_limit_is_in_flight(void **state)
{
	static struct lane_item items[20];
	struct dispatch *d = dispatch_new(&OPEN_WIDE, 3);

	(void)state;
	for (int i = 0; i < 20; i++)
		offer(d, i, i, &items[i], at(0));
	for (int i = 0; i < 3; i++)
		assert_ptr_equal(dispatch_next(d, at(0)), &items[i]);
	assert_null(dispatch_next(d, at(0)));
	assert_int_equal(dispatch_wake(d, at(0)).ms, INT64_MAX);
	dispatch_report(d, &items[1], LANE_RESULT_NEUTRAL, -1, at(5));
	assert_int_equal(dispatch_wake(d, at(5)).ms, 5);
	assert_ptr_equal(dispatch_next(d, at(5)), &items[3]);
	dispatch_report(d, &items[0], LANE_RESULT_OK, -1, at(5));
	dispatch_report(d, &items[2], LANE_RESULT_OK, -1, at(5));
	dispatch_report(d, &items[3], LANE_RESULT_OK, -1, at(5));
	done(d);
}

static void
a_drain_takes_one_connections_queue_in_order(void **state)
{
	static struct lane_item items[2][5];
	struct dispatch *d = dispatch_new(&OPEN_WIDE, 100);
	struct dispatch_view v;
	struct list out;

	(void)state;
	for (int i = 0; i < 5; i++) {
		offer(d, 1, 1, &items[0][i], at(0));
		offer(d, 2, 1, &items[1][i], at(0));
	}
	assert_ptr_equal(dispatch_next(d, at(0)), &items[0][0]);
	list_init(&out);
	assert_int_equal(dispatch_drain(d, STR("team1"), &out), 4);
	assert_int_equal(dispatch_drain(d, STR("nobody"), &out), 0);
	for (int i = 1; i < 5; i++) {
		assert_ptr_equal(list_take_first(&out), &items[0][i].link);
		assert_null(items[0][i].lane);
	}
	assert_ptr_equal(dispatch_next(d, at(0)), &items[1][0]);
	dispatch_look(d, &v);
	assert_int_equal(v.queued, 4);
	assert_int_equal(v.in_flight, 2);
	dispatch_report(d, &items[0][0], LANE_RESULT_OK, -1, at(0));
	dispatch_report(d, &items[1][0], LANE_RESULT_OK, -1, at(0));
	done(d);
}

static void
a_drain_by_prefix_takes_all_connections_under_it(void **state)
{
	static struct lane_item items[4];
	const struct str keys[] = {STR("acme/a"), STR("acme/b"), STR("acme2/a"), STR("acm/a")};
	struct dispatch *d = dispatch_new(&OPEN_WIDE, 100);
	mono_t retry_at;
	struct list out;

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_true(dispatch_offer(
		    d, (struct lane_name){keys[i], STR("C1")}, &items[i], at(0), 0, &retry_at));
	list_init(&out);
	assert_int_equal(dispatch_drain_under(d, STR("acme/"), &out), 2);
	assert_int_equal(dispatch_drain_under(d, STR("acme/"), &out), 0);
	for (int i = 0; i < 2; i++)
		assert_ptr_equal(list_take_first(&out), &items[i].link);
	assert_ptr_equal(dispatch_next(d, at(0)), &items[2]);
	assert_ptr_equal(dispatch_next(d, at(0)), &items[3]);
	dispatch_report(d, &items[2], LANE_RESULT_OK, -1, at(0));
	dispatch_report(d, &items[3], LANE_RESULT_OK, -1, at(0));
	done(d);
}

/* The first item of lane `i`, of a team of its own, leaves and fails. */
static void
fail_one(struct dispatch *d, int i, struct lane_item *item, mono_t now)
{
	offer(d, i, i, item, now);
	assert_ptr_equal(dispatch_next(d, now), item);
	dispatch_report(d, item, LANE_RESULT_FAULT, -1, now);
}

static void
down_means_every_lane_lately_used_and_by_faults(void **state)
{
	static struct lane_item items[4];
	struct dispatch *d = dispatch_new(&OPEN_WIDE, 100);

	(void)state;
	offer(d, 0, 0, &items[0], at(0));
	(void)dispatch_next(d, at(0));
	dispatch_report(d, &items[0], LANE_RESULT_OK, -1, at(0));
	for (int i = 1; i < 4; i++) {
		offer(d, i, i, &items[i], at(40000));
		assert_ptr_equal(dispatch_next(d, at(40000)), &items[i]);
	}
	dispatch_report(d, &items[1], LANE_RESULT_FAULT, -1, at(40000));
	dispatch_report(d, &items[2], LANE_RESULT_FAULT, -1, at(40000));
	assert_false(dispatch_is_down(d, 2)); /* one is in flight, one was well lately */
	dispatch_report(d, &items[3], LANE_RESULT_FAULT, -1, at(41000));
	assert_false(dispatch_is_down(d, 2));
	(void)dispatch_next(d, at(60000)); /* now the well one has not been used for a minute */
	assert_false(dispatch_is_down(d, 4));
	assert_true(dispatch_is_down(d, 3));
	done(d);
}

static void
down_stays_down_until_a_request_is_answered(void **state)
{
	static struct lane_item items[3], late;
	struct dispatch *d = dispatch_new(&OPEN_WIDE, 100);

	(void)state;
	offer(d, 0, 0, &late, at(0));
	assert_ptr_equal(dispatch_next(d, at(0)), &late);
	fail_one(d, 0, &items[0], at(0));
	fail_one(d, 1, &items[1], at(0));
	assert_true(dispatch_is_down(d, 2));
	dispatch_report(d, &late, LANE_RESULT_OK, -1, at(1)); /* of before: no news */
	(void)dispatch_next(d, at(3600000));
	assert_true(dispatch_is_down(d, 2)); /* although nobody was used for an hour */
	fail_one(d, 0, &items[0], at(3600000));
	assert_true(dispatch_is_down(d, 2));
	offer(d, 2, 2, &items[2], at(3600000)); /* a lane that nobody knew */
	assert_true(dispatch_is_down(d, 2));
	assert_ptr_equal(dispatch_next(d, at(3600000)), &items[2]);
	dispatch_report(d, &items[2], LANE_RESULT_THROTTLED, 5000, at(3600000));
	assert_false(dispatch_is_down(d, 2)); /* whoever throttles is up */
	done(d);
}

static void
while_down_one_lane_at_a_time_probes_and_all_go_once_it_is_up(void **state)
{
	enum { LANES = 6 };
	static struct lane_item first[LANES], second[LANES], other;
	struct dispatch *d = dispatch_new(&OPEN_WIDE, 100);
	struct lane_item *probe;
	int n = 0;

	(void)state;
	for (int i = 0; i < LANES; i++)
		fail_one(d, i, &first[i], at(0));
	assert_true(dispatch_is_down(d, LANES));
	for (int i = 0; i < LANES; i++)
		offer(d, i, i, &second[i], at(0));
	probe = dispatch_next(d, at(60000));
	assert_non_null(probe);
	assert_null(dispatch_next(d, at(60000)));
	dispatch_return(d, probe, LANE_RESULT_FAULT, -1, at(60100));
	assert_null(dispatch_next(d, at(60900)));
	assert_int_equal(dispatch_wake(d, at(60900)).ms, 61000);
	offer(d, 9, 9, &other, at(60900)); /* has not failed: need not wait */
	assert_ptr_equal(dispatch_next(d, at(60900)), &other);
	dispatch_report(d, &other, LANE_RESULT_NEUTRAL, -1, at(60900));
	assert_true(dispatch_is_down(d, LANES));
	probe = dispatch_next(d, at(120000));
	assert_non_null(probe);
	dispatch_report(d, probe, LANE_RESULT_OK, -1, at(120000));
	assert_false(dispatch_is_down(d, LANES));
	while (dispatch_next(d, at(120000)) != NULL)
		n++;
	assert_int_equal(n, LANES - 1);
	for (int i = 0; i < LANES; i++)
		if (&second[i] != probe)
			dispatch_report(d, &second[i], LANE_RESULT_OK, -1, at(120000));
	done(d);
}

static void
one_connection_alone_does_not_mean_down(void **state)
{
	static struct lane_item items[9];
	struct dispatch *d = dispatch_new(&OPEN_WIDE, 100);

	(void)state;
	for (int i = 0; i < 8; i++) {
		offer(d, 1, i, &items[i], at(0));
		assert_ptr_equal(dispatch_next(d, at(0)), &items[i]);
		dispatch_report(d, &items[i], LANE_RESULT_FAULT, -1, at(0));
	}
	assert_false(dispatch_is_down(d, 8));
	fail_one(d, 2, &items[8], at(0));
	assert_true(dispatch_is_down(d, 8));
	done(d);
}

static void
connections_that_were_well_before_do_not_fail_with_a_few_others(void **state)
{
	enum { WELL = 5 };
	static struct lane_item well[WELL], items[8];
	struct dispatch *d = dispatch_new(&OPEN_WIDE, 100);

	(void)state;
	for (int i = 0; i < WELL; i++) {
		offer(d, 10 + i, 0, &well[i], at(0));
		assert_ptr_equal(dispatch_next(d, at(0)), &well[i]);
		dispatch_report(d, &well[i], LANE_RESULT_OK, -1, at(0));
	}
	for (int i = 0; i < 4; i++)
		fail_one(d, i, &items[i], at(120000));
	assert_false(dispatch_is_down(d, 4)); /* four of nine */
	fail_one(d, 4, &items[4], at(120000));
	assert_true(dispatch_is_down(d, 4));
	done(d);
}

static void
lanes_that_hold_items_have_a_say_however_long_they_wait(void **state)
{
	static struct lane_item items[2][2];
	struct dispatch *d = dispatch_new(&OPEN_WIDE, 100);

	(void)state;
	for (int i = 0; i < 2; i++) {
		offer(d, i, i, &items[i][0], at(0));
		assert_ptr_equal(dispatch_next(d, at(0)), &items[i][0]);
		offer(d, i, i, &items[i][1], at(0));
		dispatch_report(d, &items[i][0], LANE_RESULT_FAULT, -1, at(0));
	}
	assert_ptr_equal(dispatch_next(d, at(400000)), &items[0][1]);
	assert_true(dispatch_is_down(d, 2)); /* probing is not up */
	dispatch_report(d, &items[0][1], LANE_RESULT_OK, -1, at(400001));
	assert_false(dispatch_is_down(d, 2));
	done(d);
}

static void
a_sweep_forgets_what_nobody_needs(void **state)
{
	static struct lane_item items[3];
	struct dispatch *d = dispatch_new(&OPEN_WIDE, 100);
	struct dispatch_view v;
	struct lane_view lane;

	(void)state;
	for (int i = 0; i < 3; i++)
		offer(d, i, i, &items[i], at(0));
	(void)dispatch_next(d, at(0));
	(void)dispatch_next(d, at(0));
	dispatch_report(d, &items[0], LANE_RESULT_OK, -1, at(0));
	dispatch_report(d, &items[1], LANE_RESULT_THROTTLED, 3600000, at(0));
	dispatch_sweep(d, at(9999), 10000);
	dispatch_look(d, &v);
	assert_int_equal(v.lanes, 3);
	dispatch_sweep(d, at(10000), 10000);
	assert_false(dispatch_look_lane(d, (struct lane_name){STR("team0"), STR("C0")}, &lane));
	assert_true(dispatch_look_lane(d, (struct lane_name){STR("team1"), STR("C1")}, &lane));
	assert_int_equal(lane.opens_at.ms, 3600000);
	assert_true(dispatch_look_lane(d, (struct lane_name){STR("team2"), STR("C2")}, &lane));
	dispatch_sweep(d, at(3600000), 10000);
	dispatch_look(d, &v);
	assert_int_equal(v.lanes, 1);
	assert_int_equal(v.shut, 0);
	done(d);
}

static void
a_sweep_does_not_give_spent_tokens_back(void **state)
{
	struct lane_policy p = OPEN_WIDE;
	static struct lane_item items[2];
	struct dispatch *d;

	(void)state;
	p.rate_milli = 10; /* one each 100 s */
	p.burst = 1;
	d = dispatch_new(&p, 100);
	offer(d, 0, 0, &items[0], at(0));
	assert_non_null(dispatch_next(d, at(0)));
	dispatch_report(d, &items[0], LANE_RESULT_OK, -1, at(0));
	dispatch_sweep(d, at(50000), 1000);
	offer(d, 0, 0, &items[1], at(50000));
	assert_null(dispatch_next(d, at(50000)));
	assert_int_equal(dispatch_wake(d, at(50000)).ms, 100000);
	done(d);
}

static void
ten_thousand_waiting_lanes_cost_a_step_nothing(void **state)
{
	enum { LANES = 10000 };
	struct lane_policy p = OPEN_WIDE;
	static struct lane_item items[LANES][2], busy;
	struct dispatch *d;

	(void)state;
	p.rate_milli = 1;
	p.burst = 1;
	d = dispatch_new(&p, LANES * 3);
	for (int l = 0; l < LANES; l++) {
		offer(d, l, l, &items[l][0], at(0));
		offer(d, l, l, &items[l][1], at(0));
	}
	for (int l = 0; l < LANES; l++)
		assert_ptr_equal(dispatch_next(d, at(l)), &items[l][0]);
	/* A scan of all lanes for each of these would be two billion steps and time out. */
	for (int i = 0; i < 200000; i++) {
		assert_null(dispatch_next(d, at(LANES)));
		assert_int_equal(dispatch_wake(d, at(LANES)).ms, 1000000);
	}
	offer(d, LANES, 0, &busy, at(LANES));
	assert_ptr_equal(dispatch_next(d, at(LANES)), &busy);
	dispatch_report(d, &busy, LANE_RESULT_OK, -1, at(LANES));
	for (int l = 0; l < LANES; l++)
		dispatch_report(d, &items[l][0], LANE_RESULT_OK, -1, at(LANES));
	done(d);
}

static void
a_lane_keeps_to_a_pause_of_an_earlier_life(void **state)
{
	struct lane_item one = {0}, other = {0};
	struct dispatch *d = dispatch_new(&OPEN_WIDE, 100);
	const struct lane_name shut = {STR("team1"), STR("C1")};

	(void)state;
	dispatch_shut(d, shut, &OPEN_WIDE, at(5000), at(0));
	dispatch_shut(d, shut, &OPEN_WIDE, at(3000), at(0)); /* the longest counts */
	offer(d, 1, 1, &one, at(0));
	offer(d, 1, 2, &other, at(0));
	assert_ptr_equal(dispatch_next(d, at(0)), &other);
	assert_null(dispatch_next(d, at(4999)));
	assert_ptr_equal(dispatch_next(d, at(5000)), &one);
	dispatch_report(d, &one, LANE_RESULT_OK, -1, at(5001));
	dispatch_report(d, &other, LANE_RESULT_OK, -1, at(5001));
	done(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(connections_are_served_in_turn_and_the_lanes_of_each),
	    cmocka_unit_test(one_lane_waits_for_one_of_a_connection_with_many),
	    cmocka_unit_test(an_offer_does_not_cost_a_lane_its_turn),
	    cmocka_unit_test(lanes_of_a_team_share_its_tokens_in_turn),
	    cmocka_unit_test(a_team_without_tokens_does_not_hold_up_another),
	    cmocka_unit_test(a_full_lane_refuses_and_is_open_all_the_same),
	    cmocka_unit_test(a_shut_lane_refuses_whoever_has_less_patience),
	    cmocka_unit_test(keys_that_look_alike_are_different_lanes),
	    cmocka_unit_test(no_more_than_the_limit_is_in_flight),
	    cmocka_unit_test(a_drain_takes_one_connections_queue_in_order),
	    cmocka_unit_test(a_drain_by_prefix_takes_all_connections_under_it),
	    cmocka_unit_test(down_means_every_lane_lately_used_and_by_faults),
	    cmocka_unit_test(down_stays_down_until_a_request_is_answered),
	    cmocka_unit_test(while_down_one_lane_at_a_time_probes_and_all_go_once_it_is_up),
	    cmocka_unit_test(one_connection_alone_does_not_mean_down),
	    cmocka_unit_test(connections_that_were_well_before_do_not_fail_with_a_few_others),
	    cmocka_unit_test(lanes_that_hold_items_have_a_say_however_long_they_wait),
	    cmocka_unit_test(a_lane_keeps_to_a_pause_of_an_earlier_life),
	    cmocka_unit_test(a_sweep_forgets_what_nobody_needs),
	    cmocka_unit_test(a_sweep_does_not_give_spent_tokens_back),
	    cmocka_unit_test(ten_thousand_waiting_lanes_cost_a_step_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
