#include "flow/follower.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MINUTE_MS = 60000, PLENTY = 5000 };

static mono_t
at(int64_t ms)
{
	return (mono_t){ms};
}

static struct trouble
trouble_of(enum trouble_kind kind, const char *workspace, const char *id)
{
	struct trouble t = {.kind = kind};

	str_copy(t.workspace, sizeof(t.workspace), str_of(workspace));
	str_copy(t.connection, sizeof(t.connection), str_of(id));
	str_copy(t.rule, sizeof(t.rule), str_of(id));
	return t;
}

static bool
put(struct troubles *t, enum trouble_kind kind, const char *workspace, const char *id,
    int64_t now)
{
	const struct trouble one = trouble_of(kind, workspace, id);

	return troubles_put(t, &one, at(now));
}

/* The connection or the count of the next work or news at `now`, as text; "" for none. */
static const char *
next_work(struct troubles *t, int64_t now)
{
	static char text[80];
	struct trouble *one = troubles_take_work(t, at(now));

	snprintf(text, sizeof(text), "%s", one ? one->connection : "");
	free(one);
	return text;
}

static long long
next_news(struct troubles *t, int64_t now)
{
	struct trouble *one = troubles_take_news(t, at(now));
	long long n = one == NULL ? -1 : (long long)one->count;

	free(one);
	return n;
}

static void
work_has_a_place_for_each_connection_and_rule(void **state)
{
	struct troubles *t = troubles_new();

	(void)state;
	for (int i = 0; i < 100; i++) {
		assert_true(put(t, TROUBLE_CONNECTION_BROKEN, "acme", "a", i));
		assert_true(put(t, TROUBLE_CONNECTION_BROKEN, "acme", "b", i));
		assert_true(put(t, TROUBLE_RULE_HELD, "acme", "b", i));
	}
	for (int i = 0; i < 3; i++)
		assert_string_not_equal(next_work(t, 100), "");
	assert_string_equal(next_work(t, 100), "");
	troubles_free(t);
}

static void
work_is_never_dropped_however_much_news_there_is(void **state)
{
	struct troubles *t = troubles_new();
	char id[16];
	int n = 0;

	(void)state;
	for (int i = 0; i < PLENTY; i++)
		(void)put(t, TROUBLE_UNDECODABLE, "noisy", "", 0);
	for (int i = 0; i < PLENTY; i++) {
		snprintf(id, sizeof(id), "c%d", i);
		assert_true(put(t, TROUBLE_CONNECTION_BROKEN, "acme", id, 0));
	}
	while (*next_work(t, 0) != '\0')
		n++;
	assert_int_equal(n, PLENTY);
	troubles_free(t);
}

static void
the_newest_word_of_a_place_counts(void **state)
{
	struct troubles *t = troubles_new();
	struct trouble one = trouble_of(TROUBLE_CONNECTION_BROKEN, "acme", "a"), *taken;

	(void)state;
	one.credential[0] = 1;
	(void)troubles_put(t, &one, at(0));
	one.credential[0] = 2;
	(void)troubles_put(t, &one, at(10));
	taken = troubles_take_work(t, at(0)); /* at the time of the first */
	assert_non_null(taken);
	assert_int_equal(taken->credential[0], 2);
	free(taken);
	assert_null(troubles_take_work(t, at(100)));
	troubles_free(t);
}

static void
what_could_not_be_written_comes_again_unless_there_is_newer(void **state)
{
	struct troubles *t = troubles_new();
	struct trouble *taken;

	(void)state;
	(void)put(t, TROUBLE_CONNECTION_BROKEN, "acme", "a", 0);
	taken = troubles_take_work(t, at(0));
	taken->is_told = true;
	troubles_try_later(t, taken, at(1000));
	assert_null(troubles_take_work(t, at(999)));
	taken = troubles_take_work(t, at(1000));
	assert_true(taken->is_told);
	(void)put(t, TROUBLE_CONNECTION_BROKEN, "acme", "a", 1001); /* meanwhile */
	troubles_try_later(t, taken, at(5000));
	taken = troubles_take_work(t, at(1001));
	assert_true(taken->is_told);
	free(taken);
	assert_null(troubles_take_work(t, at(9000)));
	troubles_free(t);
}

static void
some_news_is_told_one_by_one_and_the_rest_as_one_with_its_count(void **state)
{
	struct troubles *t = troubles_new();
	int singles = 0;

	(void)state;
	for (int i = 0; i < PLENTY; i++)
		assert_true(put(t, TROUBLE_UNDECODABLE, "noisy", "", 0));
	while (next_news(t, MINUTE_MS - 1) == 0)
		singles++;
	assert_true(singles > 0 && singles < 20);
	assert_int_equal(next_news(t, MINUTE_MS), PLENTY - singles);
	assert_int_equal(next_news(t, 10 * MINUTE_MS), -1);
	assert_true(put(t, TROUBLE_UNDECODABLE, "noisy", "", 10 * MINUTE_MS));
	assert_int_equal(next_news(t, 10 * MINUTE_MS), 0); /* a new beginning */
	troubles_free(t);
}

static void
a_noisy_workspace_costs_no_other_its_news(void **state)
{
	struct troubles *t = troubles_new();
	int n = 0;

	(void)state;
	for (int i = 0; i < PLENTY; i++)
		(void)put(t, TROUBLE_EXHAUSTED, "noisy", "", 0);
	(void)put(t, TROUBLE_EXHAUSTED, "quiet", "", 0);
	(void)put(t, TROUBLE_UNDECODABLE, "noisy", "", 0); /* nor another kind */
	for (struct trouble *one; (one = troubles_take_news(t, at(0))) != NULL; free(one))
		n += strcmp(one->workspace, "quiet") == 0 || one->kind == TROUBLE_UNDECODABLE;
	assert_int_equal(n, 2);
	troubles_free(t);
}

static void
what_goes_with_a_workspace_is_told_as_one(void **state)
{
	struct troubles *t = troubles_new();

	(void)state;
	for (int i = 0; i < 300; i++)
		(void)put(t, TROUBLE_CANCELED, "acme", "", i);
	assert_int_equal(next_news(t, 300), -1);
	assert_int_equal(next_news(t, MINUTE_MS), 300);
	troubles_free(t);
}

static void
workspaces_that_have_news_at_once_are_bounded(void **state)
{
	struct troubles *t = troubles_new();
	int refused = 0;

	(void)state;
	for (int i = 0; i < PLENTY; i++) {
		char workspace[16];

		snprintf(workspace, sizeof(workspace), "w%d", i);
		refused += !put(t, TROUBLE_EXHAUSTED, workspace, "", 0);
	}
	assert_int_equal(refused, PLENTY - 4096);
	while (next_news(t, 2 * MINUTE_MS) >= 0)
		continue;
	assert_true(put(t, TROUBLE_EXHAUSTED, "w4999", "", 2 * MINUTE_MS));
	troubles_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(work_has_a_place_for_each_connection_and_rule),
	    cmocka_unit_test(work_is_never_dropped_however_much_news_there_is),
	    cmocka_unit_test(the_newest_word_of_a_place_counts),
	    cmocka_unit_test(what_could_not_be_written_comes_again_unless_there_is_newer),
	    cmocka_unit_test(some_news_is_told_one_by_one_and_the_rest_as_one_with_its_count),
	    cmocka_unit_test(a_noisy_workspace_costs_no_other_its_news),
	    cmocka_unit_test(what_goes_with_a_workspace_is_told_as_one),
	    cmocka_unit_test(workspaces_that_have_news_at_once_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
