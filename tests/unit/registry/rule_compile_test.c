#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "carillon/registry/rulebook.h"
#include "unit/base/found.h"

#include <cmocka.h>

static struct rule
compiled(struct arena *a, const char *time_zone, const char *from, const char *to)
{
	Carillon__V1__QuietHours quiet = CARILLON__V1__QUIET_HOURS__INIT;
	rule_record rec = CARILLON__V1__RULE__INIT;
	struct rule out;

	quiet.time_zone = arena_cstr(a, str_of(time_zone));
	quiet.from = arena_cstr(a, str_of(from));
	quiet.to = arena_cstr(a, str_of(to));
	rec.quiet_hours = &quiet;
	rule_compile(a, &rec, NULL, dest_default(), &out, found_new(a, ""));
	return out;
}

static void
quiet_hours_are_compiled_with_their_rule(void **state)
{
	struct arena *a = arena_new(0);
	struct rule r = compiled(a, "UTC", "22:00", "07:00");
	wall_t evening = {INT64_C(22) * 3600000}, until = {0}; /* of 1 January 1970 */

	(void)state;
	assert_int_equal(r.problem.len, 0);
	assert_true(quiet_holds(r.quiet, 0, evening, &until));
	assert_int_equal(until.ms, INT64_C(31) * 3600000);
	arena_free(a);
}

static void
a_rule_without_quiet_hours_is_never_quiet(void **state)
{
	struct arena *a = arena_new(0);
	struct rule r = compiled(a, "", "", "");

	(void)state;
	assert_int_equal(r.problem.len, 0);
	assert_null(r.quiet);
	arena_free(a);
}

static void
wrong_quiet_hours_are_the_problem_of_their_rule(void **state)
{
	static const char says[] = "quiet hours: from: \"25:00\" is not a time of day";
	struct arena *a = arena_new(0);
	struct rule r = compiled(a, "UTC", "25:00", "07:00");

	(void)state;
	assert_null(r.quiet);
	assert_true(str_starts_with(r.problem, str_of(says)));
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(quiet_hours_are_compiled_with_their_rule),
	    cmocka_unit_test(a_rule_without_quiet_hours_is_never_quiet),
	    cmocka_unit_test(wrong_quiet_hours_are_the_problem_of_their_rule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
