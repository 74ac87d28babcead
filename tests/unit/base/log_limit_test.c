#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/log_limit.h"

#include <cmocka.h> /* last: it makes a macro of fail */

static const mono_t START = {1000000};

static mono_t
windows_later(int n)
{
	return mono_after(START, n * (int64_t)LOG_LIMIT_WINDOW_MS);
}

/* How many of `n` pass. */
static int
passing(const char *verb, const char *workspace, mono_t now, int n)
{
	uint64_t unwritten;
	int passed = 0;

	while (n-- > 0)
		passed += log_limit_pass(verb, str_of(workspace), now, &unwritten);
	return passed;
}

static uint64_t
unwritten_now(const char *verb, const char *workspace, mono_t now)
{
	uint64_t unwritten = 0;

	assert_true(log_limit_pass(verb, str_of(workspace), now, &unwritten));
	return unwritten;
}

/* The tests share one table: what an earlier one left is taken away. */
static int
take_all(void **state)
{
	struct log_unwritten u;

	(void)state;
	while (log_limit_take(START, true, &u))
		;
	return 0;
}

static void
a_line_that_repeats_is_written_so_often_a_window_and_counted(void **state)
{
	(void)state;
	assert_int_equal(passing("a.repeat", "", START, 500), LOG_LIMIT_LINES);
	assert_int_equal(
	    passing("a.repeat", "", mono_after(START, LOG_LIMIT_WINDOW_MS - 1), 10), 0);
	assert_int_equal(unwritten_now("a.repeat", "", windows_later(1)), 490);
	assert_int_equal(unwritten_now("a.repeat", "", windows_later(1)), 0);
	assert_int_equal(passing("a.repeat", "", windows_later(1), 500), LOG_LIMIT_LINES - 2);
}

static void
another_verb_or_workspace_is_not_kept_back(void **state)
{
	(void)state;
	assert_int_equal(passing("b.noisy", "acme", START, 100), LOG_LIMIT_LINES);
	assert_int_equal(passing("b.noisy", "zed", START, 5), 5);
	assert_int_equal(passing("b.noisy", "", START, 5), 5);
	assert_int_equal(passing("b.quiet", "acme", START, 5), 5);
}

static void
many_workspaces_together_are_limited_too(void **state)
{
	char workspace[16];
	int passed = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		snprintf(workspace, sizeof workspace, "w%d", i);
		passed += passing("c.all", workspace, START, 1);
	}
	assert_int_equal(passed, LOG_LIMIT_LINES_OF_ALL);
}

static void
what_is_not_repeated_any_more_is_told(void **state)
{
	struct log_unwritten u;

	(void)state;
	assert_int_equal(passing("d.silent", "acme", START, 25), LOG_LIMIT_LINES);
	assert_true(log_limit_take(windows_later(1), false, &u));
	assert_string_equal(u.verb, "d.silent");
	assert_string_equal(u.workspace, "acme");
	assert_int_equal(u.lines, 5);
	assert_false(log_limit_take(windows_later(2), false, &u));
	assert_int_equal(unwritten_now("d.silent", "acme", windows_later(3)), 0);
}

static void
a_count_is_not_told_before_its_window_is_over_but_at_the_end(void **state)
{
	struct log_unwritten u;

	(void)state;
	assert_int_equal(passing("e.end", "", windows_later(9), 21), LOG_LIMIT_LINES);
	assert_false(log_limit_take(mono_after(windows_later(9), 5000), false, &u));
	assert_true(log_limit_take(mono_after(windows_later(9), 5000), true, &u));
	assert_string_equal(u.verb, "e.end");
	assert_int_equal(u.lines, 1);
}

/* More keys than there are places: some limits are forgotten, no count is. */
static void
counts_survive_when_places_run_out(void **state)
{
	enum { KEYS = 400, EACH = LOG_LIMIT_LINES + 3 };
	static char verbs[KEYS][16];
	struct log_unwritten u;
	uint64_t told = 0, passed = 0;

	(void)state;
	for (int i = 0; i < KEYS; i++) {
		snprintf(verbs[i], sizeof verbs[i], "f.%d", i);
		passed += (uint64_t)passing(verbs[i], "", windows_later(20), EACH);
	}
	while (log_limit_take(windows_later(21), true, &u))
		told += u.lines;
	assert_int_equal(passed, KEYS * LOG_LIMIT_LINES);
	assert_int_equal(told, KEYS * EACH - passed);
}

/* A workspace id of a hostile subject. */
static void
a_long_workspace_is_cut(void **state)
{
	char longer[5000];

	(void)state;
	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	assert_int_equal(passing("g.long", longer, START, 100), LOG_LIMIT_LINES);
}

#define LIMIT_TEST(f) cmocka_unit_test_setup(f, take_all)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    LIMIT_TEST(a_line_that_repeats_is_written_so_often_a_window_and_counted),
	    LIMIT_TEST(another_verb_or_workspace_is_not_kept_back),
	    LIMIT_TEST(many_workspaces_together_are_limited_too),
	    LIMIT_TEST(what_is_not_repeated_any_more_is_told),
	    LIMIT_TEST(a_count_is_not_told_before_its_window_is_over_but_at_the_end),
	    LIMIT_TEST(counts_survive_when_places_run_out),
	    LIMIT_TEST(a_long_workspace_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
