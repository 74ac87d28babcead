#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "carillon/rules/filter.h"

#include <cmocka.h>

static void
the_default_order_goes_from_info_to_critical(void **state)
{
	const char *names[] = {"info", "low", "medium", "high", "critical"};
	const struct severity_order *o = severity_default();

	(void)state;
	assert_int_equal(severity_count(o), 5);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(severity_rank(o, str_of(names[i])), i);
		assert_true(str_eq(severity_name(o, i), str_of(names[i])));
	}
	assert_int_equal(severity_name(o, 5).len, 0);
}

static void
aliases_have_the_rank_of_their_level_in_any_case(void **state)
{
	const struct severity_order *o = severity_default();

	(void)state;
	assert_int_equal(severity_rank(o, STR("Warning")), 2);
	assert_int_equal(severity_rank(o, STR("WARN")), 2);
	assert_int_equal(severity_rank(o, STR("error")), 3);
	assert_int_equal(severity_rank(o, STR("FaTaL")), 4);
	assert_int_equal(severity_rank(o, STR("debug")), 0);
	assert_int_equal(severity_rank(o, STR("minor")), 1);
}

static void
what_is_no_severity_has_no_rank(void **state)
{
	const struct severity_order *o = severity_default();

	(void)state;
	assert_int_equal(severity_rank(o, STR("")), -1);
	assert_int_equal(severity_rank(o, STR("hig")), -1);
	assert_int_equal(severity_rank(o, STR("very high")), -1);
	assert_int_equal(severity_rank(o, STR("4")), -1);
}

static void
blanks_around_a_severity_do_not_count(void **state)
{
	const struct severity_order *o = severity_default();

	(void)state;
	assert_int_equal(severity_rank(o, STR("high ")), 3);
	assert_int_equal(severity_rank(o, STR("\tHIGH\r\n")), 3);
	assert_int_equal(severity_rank(o, STR("  ")), -1);
}

static void
the_names_of_pagers_and_syslog_are_known(void **state)
{
	static const struct {
		const char *name;
		int rank;
	} cases[] = {{"P1", 4}, {"p2", 3}, {"P3", 2}, {"P4", 1}, {"P5", 0}, {"sev1", 4},
	    {"SEV2", 3}, {"sev3", 2}, {"Sev4", 1}, {"sev5", 0}, {"err", 3}, {"emerg", 4},
	    {"alert", 4}, {"panic", 4}, {"P6", -1}, {"sev", -1}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_int_equal(
		    severity_rank(severity_default(), str_of(cases[i].name)), cases[i].rank);
}

/* As a payload writes it, text or number. */
static void
a_number_is_looked_up_like_text(void **state)
{
	static const struct {
		const char *payload;
		int rank;
	} cases[] = {{"{\"severity\":1}", 1}, {"{\"severity\":\"1\"}", 1},
	    {"{\"severity\":1.0}", 1}, {"{\"severity\":2}", 0}, {"{\"severity\":\" 2 \"}", 0},
	    {"{\"severity\":12}", -1}, {"{\"severity\":true}", -1}, {"{\"severity\":[1]}", -1},
	    {"{\"severity\":null}", -1}, {"{}", -1}};
	char *ones[] = {(char *)"1"}, *twos[] = {(char *)"2"};
	Carillon__V1__SeverityLevel calm = CARILLON__V1__SEVERITY_LEVEL__INIT, loud = calm;
	Carillon__V1__SeverityLevel *levels[] = {&calm, &loud};
	type_record type = CARILLON__V1__EVENT_TYPE__INIT;
	struct arena *a = arena_new(0);

	(void)state;
	calm.name = (char *)"calm";
	calm.aliases = twos;
	loud.name = (char *)"loud";
	loud.aliases = ones;
	calm.n_aliases = loud.n_aliases = 1;
	type.severity_order = levels;
	type.n_severity_order = 2;
	const struct severity_order *o = severity_new(a, &type);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct json *payload;
		struct err e;

		assert_true(
		    json_parse(a, str_of(cases[i].payload), JSON_DEPTH_MAX, &payload, &e));
		assert_int_equal(severity_rank_of(o, payload), cases[i].rank);
	}
	assert_int_equal(severity_rank_of(o, NULL), -1);
	arena_free(a);
}

static void
an_event_type_brings_its_own_order(void **state)
{
	char *aliases[] = {(char *)"Sev-1", (char *)"page"};
	Carillon__V1__SeverityLevel calm = CARILLON__V1__SEVERITY_LEVEL__INIT, loud = calm;
	Carillon__V1__SeverityLevel *levels[] = {&calm, &loud};
	type_record type = CARILLON__V1__EVENT_TYPE__INIT;
	struct arena *a = arena_new(0);

	(void)state;
	calm.name = (char *)"calm";
	loud.name = (char *)"loud";
	loud.aliases = aliases;
	loud.n_aliases = 2;
	type.severity_order = levels;
	type.n_severity_order = 2;
	const struct severity_order *o = severity_new(a, &type);
	assert_int_equal(severity_count(o), 2);
	assert_int_equal(severity_rank(o, STR("CALM")), 0);
	assert_int_equal(severity_rank(o, STR("sev-1")), 1);
	assert_int_equal(severity_rank(o, STR("page")), 1);
	assert_int_equal(severity_rank(o, STR("critical")), -1);
	assert_true(str_eq(severity_name(o, 1), STR("loud")));
	arena_free(a);
}

static void
a_type_without_an_order_means_the_default(void **state)
{
	type_record type = CARILLON__V1__EVENT_TYPE__INIT;
	struct arena *a = arena_new(0);

	(void)state;
	assert_ptr_equal(severity_new(a, &type), severity_default());
	assert_ptr_equal(severity_new(a, NULL), severity_default());
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_default_order_goes_from_info_to_critical),
	    cmocka_unit_test(aliases_have_the_rank_of_their_level_in_any_case),
	    cmocka_unit_test(what_is_no_severity_has_no_rank),
	    cmocka_unit_test(blanks_around_a_severity_do_not_count),
	    cmocka_unit_test(the_names_of_pagers_and_syslog_are_known),
	    cmocka_unit_test(a_number_is_looked_up_like_text),
	    cmocka_unit_test(an_event_type_brings_its_own_order),
	    cmocka_unit_test(a_type_without_an_order_means_the_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
