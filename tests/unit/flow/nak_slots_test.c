#include "flow/nak_slots.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const mono_t t0 = {1000};

static void
a_lane_gets_no_more_than_its_share(void **state)
{
	struct nak_slots *s = nak_slots_new(10, 2);

	(void)state;
	assert_true(nak_slots_take(s, STR("a"), t0, mono_after(t0, 100)));
	assert_true(nak_slots_take(s, STR("a"), t0, mono_after(t0, 100)));
	assert_false(nak_slots_take(s, STR("a"), t0, mono_after(t0, 100)));
	assert_true(nak_slots_take(s, STR("b"), t0, mono_after(t0, 100)));
	nak_slots_free(s);
}

static void
all_lanes_together_get_no_more_than_all(void **state)
{
	struct nak_slots *s = nak_slots_new(3, 2);

	(void)state;
	assert_true(nak_slots_take(s, STR("a"), t0, mono_after(t0, 100)));
	assert_true(nak_slots_take(s, STR("b"), t0, mono_after(t0, 100)));
	assert_true(nak_slots_take(s, STR("c"), t0, mono_after(t0, 100)));
	assert_false(nak_slots_take(s, STR("d"), t0, mono_after(t0, 100)));
	nak_slots_free(s);
}

static void
a_slot_comes_back_when_its_time_is_over(void **state)
{
	struct nak_slots *s = nak_slots_new(1, 1);

	(void)state;
	assert_true(nak_slots_take(s, STR("a"), t0, mono_after(t0, 100)));
	assert_false(nak_slots_take(s, STR("a"), mono_after(t0, 99), mono_after(t0, 200)));
	assert_true(nak_slots_take(s, STR("a"), mono_after(t0, 100), mono_after(t0, 200)));
	nak_slots_free(s);
}

static void
with_a_limit_of_none_everything_is_parked(void **state)
{
	struct nak_slots *s = nak_slots_new(0, 5), *t = nak_slots_new(5, 0);

	(void)state;
	assert_false(nak_slots_take(s, STR("a"), t0, t0));
	assert_false(nak_slots_take(t, STR("a"), t0, t0));
	nak_slots_free(s);
	nak_slots_free(t);
}

static void
other_limits_leave_what_is_taken(void **state)
{
	struct nak_slots *s = nak_slots_new(2, 2);

	(void)state;
	assert_true(nak_slots_take(s, STR("a"), t0, mono_after(t0, 100)));
	assert_true(nak_slots_take(s, STR("a"), t0, mono_after(t0, 100)));
	nak_slots_set_limits(s, 3, 1); /* two of the three are taken still */
	assert_false(nak_slots_take(s, STR("a"), t0, mono_after(t0, 100)));
	assert_true(nak_slots_take(s, STR("b"), t0, mono_after(t0, 100)));
	assert_false(nak_slots_take(s, STR("c"), t0, mono_after(t0, 100)));
	nak_slots_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_lane_gets_no_more_than_its_share),
	    cmocka_unit_test(all_lanes_together_get_no_more_than_all),
	    cmocka_unit_test(a_slot_comes_back_when_its_time_is_over),
	    cmocka_unit_test(other_limits_leave_what_is_taken),
	    cmocka_unit_test(with_a_limit_of_none_everything_is_parked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
