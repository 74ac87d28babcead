#include "flow/budget.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static mono_t
at(int64_t ms)
{
	return (mono_t){1000000 + ms};
}

/* An event of so many steps. */
static void
charge(struct budget *b, const char *workspace, uint64_t steps, int64_t ms)
{
	budget_charge(b, str_of(workspace), steps, steps, at(ms));
}

static bool
allows(struct budget *b, const char *workspace, int64_t ms)
{
	return budget_allows(b, str_of(workspace), at(ms));
}

static void
store(struct budget *b, const char *workspace, uint64_t seq)
{
	budget_set_aside(b, str_of(workspace));
	budget_stored(b, str_of(workspace), seq);
}

static void
who_spends_what_he_saved_waits_until_it_is_earned(void **state)
{
	struct budget *b = budget_new();

	(void)state;
	assert_true(allows(b, "acme", 0));
	for (int i = 0; i < 100; i++)
		charge(b, "acme", BUDGET_STEPS_SAVED / 100, 0);
	assert_true(allows(b, "acme", 0)); /* nothing is owed */
	charge(b, "acme", 2 * BUDGET_STEPS_A_MS, 0);
	assert_false(allows(b, "acme", 1));
	assert_true(allows(b, "zed", 1)); /* others are not touched */
	assert_true(allows(b, "acme", 2));
	charge(b, "acme", 1, 1000000); /* no more is saved than may be */
	for (int i = 0; i < 100; i++)
		charge(b, "acme", BUDGET_STEPS_SAVED / 100, 1000000);
	assert_false(allows(b, "acme", 1000000));
	budget_free(b);
}

static void
a_costly_event_sends_the_next_one_aside_until_one_is_cheap(void **state)
{
	struct budget *b = budget_new();

	(void)state;
	charge(b, "acme", EVENT_STEPS_MAX, 0);
	assert_true(allows(b, "acme", 0));
	budget_charge(b, STR("acme"), 1, EVENT_STEPS_MAX + 1, at(0));
	assert_false(allows(b, "acme", 5000));
	charge(b, "acme", 0, 5000);
	assert_true(allows(b, "acme", 5000));
	budget_free(b);
}

static void
no_debt_lasts_longer_than_seconds(void **state)
{
	struct budget *b = budget_new();

	(void)state;
	for (int i = 0; i < 1000; i++)
		budget_charge(b, STR("acme"), UINT64_MAX, 0, at(0));
	assert_false(allows(b, "acme", BUDGET_STEPS_SAVED / BUDGET_STEPS_A_MS - 1));
	assert_true(allows(b, "acme", BUDGET_STEPS_SAVED / BUDGET_STEPS_A_MS));
	budget_free(b);
}

static void
what_is_newer_waits_behind_what_was_set_aside(void **state)
{
	struct budget *b = budget_new();
	struct budget_turn turn;

	(void)state;
	assert_false(budget_next(b, &turn));
	budget_set_aside(b, STR("acme"));
	assert_false(allows(b, "acme", 0));
	assert_false(budget_next(b, &turn)); /* it is not stored yet */
	budget_stored(b, STR("acme"), 7);
	assert_true(budget_next(b, &turn));
	assert_string_equal(turn.workspace, "acme");
	assert_int_equal(turn.after, 0);
	budget_passed(b, &turn, 7);
	assert_false(allows(b, "acme", 0));
	assert_true(budget_next(b, &turn));
	assert_int_equal(turn.after, 7);
	budget_exhausted(b, &turn);
	assert_true(allows(b, "acme", 0));
	assert_false(budget_next(b, &turn));
	budget_free(b);
}

static void
what_is_stored_meanwhile_is_not_forgotten(void **state)
{
	struct budget *b = budget_new();
	struct budget_turn turn;

	(void)state;
	store(b, "acme", 7);
	assert_true(budget_next(b, &turn));
	store(b, "acme", 9);
	budget_exhausted(b, &turn); /* as it looked before */
	assert_false(allows(b, "acme", 0));
	assert_true(budget_next(b, &turn));
	store(b, "acme", 5); /* the broker brought it late, behind a look that found 7 */
	budget_passed(b, &turn, 7);
	assert_true(budget_next(b, &turn));
	assert_int_equal(turn.after, 4);
	budget_passed(b, &turn, 9);
	store(b, "acme", 8); /* or behind all */
	assert_true(budget_next(b, &turn));
	assert_int_equal(turn.after, 7);
	budget_set_aside(b, STR("acme"));
	budget_exhausted(b, &turn);
	assert_false(allows(b, "acme", 0)); /* one is on its way */
	assert_false(budget_next(b, &turn));
	budget_stored(b, STR("acme"), 10);
	assert_true(budget_next(b, &turn));
	budget_free(b);
}

static void
workspaces_take_turns(void **state)
{
	struct budget *b = budget_new();
	struct budget_turn turn;

	(void)state;
	budget_load(b, STR("a"));
	store(b, "b", 1);
	budget_load(b, STR("c"));
	for (int i = 0; i < 9; i++) {
		assert_true(budget_next(b, &turn));
		assert_int_equal(turn.workspace[0], 'a' + i % 3);
	}
	budget_free(b);
}

/* Against memory for each workspace that there ever was. */
static void
accounts_that_say_nothing_are_forgotten(void **state)
{
	struct budget *b = budget_new();
	struct budget_turn turn;
	char name[16];
	size_t used;

	(void)state;
	store(b, "waits", 1);
	used = mallinfo2().uordblks;
	for (int i = 0; i < 100000; i++) {
		snprintf(name, sizeof(name), "w%d", i);
		charge(b, name, 10, i * 100);
	}
	assert_in_range(
	    mallinfo2().uordblks, 0, used + 256 * 1024); /* of all it would be 10 MB */
	assert_false(allows(b, "waits", 1000000000));
	assert_true(budget_next(b, &turn));
	budget_free(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(who_spends_what_he_saved_waits_until_it_is_earned),
	    cmocka_unit_test(a_costly_event_sends_the_next_one_aside_until_one_is_cheap),
	    cmocka_unit_test(no_debt_lasts_longer_than_seconds),
	    cmocka_unit_test(what_is_newer_waits_behind_what_was_set_aside),
	    cmocka_unit_test(what_is_stored_meanwhile_is_not_forgotten),
	    cmocka_unit_test(workspaces_take_turns),
	    cmocka_unit_test(accounts_that_say_nothing_are_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
