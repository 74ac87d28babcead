#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "carillon/base/clock.h"
#include "carillon/rules/quiet.h"
#include "carillon/base/zone.h"
#include "unit/base/found.h"

#include <cmocka.h>

static Carillon__V1__QuietHours
hours(const char *time_zone, const char *from, const char *to, const char *unless)
{
	Carillon__V1__QuietHours rec = CARILLON__V1__QUIET_HOURS__INIT;

	rec.time_zone = (char *)(uintptr_t)time_zone;
	rec.from = (char *)(uintptr_t)from;
	rec.to = (char *)(uintptr_t)to;
	rec.unless_severity = (char *)(uintptr_t)unless;
	return rec;
}

static struct quiet *
compiled(
    struct arena *a, const char *zone, const char *from, const char *to, const char *unless)
{
	Carillon__V1__QuietHours rec = hours(zone, from, to, unless);
	struct quiet *q;
	struct findings *found = found_new(a, "");
	bool ok = quiet_compile(a, &rec, severity_default(), &q, found);

	if (!ok)
		print_error("%s\n", found_text(found));
	assert_true(ok);
	assert_non_null(q);
	return q;
}

static wall_t
wall_of(const char *text)
{
	wall_t t;

	assert_true(clock_parse(str_of(text), &t));
	return t;
}

/* `until` NULL: it must not hold. */
struct moment {
	const char *now, *until;
};

static void
check_moments(
    const char *zone, const char *from, const char *to, const struct moment *moments, size_t n)
{
	struct arena *a = arena_new(0);
	struct quiet *q = compiled(a, zone, from, to, "");

	for (size_t i = 0; i < n; i++) {
		wall_t until = {0};
		char text[CLOCK_TEXT_MAX];
		bool held = quiet_holds(q, 0, wall_of(moments[i].now), &until);

		if (held != (moments[i].until != NULL))
			print_error("%s: held %d\n", moments[i].now, held);
		assert_int_equal(held, moments[i].until != NULL);
		if (held)
			assert_string_equal(clock_text(until, text), moments[i].until);
	}
	arena_free(a);
}

#define CHECK_MOMENTS(zone, from, to, ...)                                  \
	check_moments(zone, from, to, (const struct moment[]){__VA_ARGS__}, \
	    COUNT_OF(((const struct moment[]){__VA_ARGS__})))

static void
a_window_within_a_day_holds_until_its_end(void **state)
{
	(void)state;
	CHECK_MOMENTS("UTC", "12:00", "13:30", {"2026-04-17T11:59:59.999Z", NULL},
	    {"2026-04-17T12:00:00Z", "2026-04-17T13:30:00.000Z"},
	    {"2026-04-17T13:29:59.999Z", "2026-04-17T13:30:00.000Z"},
	    {"2026-04-17T13:30:00Z", NULL});
}

/*
 * Real zones are asked for years that are over, which all files of zones agree on: laws change,
 * and what is to come changes with each release of the files.
 */
static void
a_window_over_midnight_holds_on_both_sides_of_it(void **state)
{
	(void)state;
	CHECK_MOMENTS("Europe/Berlin", "22:00", "07:00", {"2015-07-01T19:59:59Z", NULL},
	    {"2015-07-01T20:00:00Z", "2015-07-02T05:00:00.000Z"},
	    {"2015-07-01T22:00:00Z", "2015-07-02T05:00:00.000Z"},
	    {"2015-07-02T04:59:59Z", "2015-07-02T05:00:00.000Z"},
	    {"2015-07-02T05:00:00Z", NULL},
	    /* Over the ends of a month and of a year. */
	    {"2015-12-31T22:30:00Z", "2016-01-01T06:00:00.000Z"},
	    {"2016-01-01T05:30:00Z", "2016-01-01T06:00:00.000Z"},
	    {"2016-02-29T05:30:00Z", "2016-02-29T06:00:00.000Z"},
	    {"2016-02-29T21:30:00Z", "2016-03-01T06:00:00.000Z"});
}

static void
the_end_is_right_in_the_nights_the_clocks_are_changed(void **state)
{
	(void)state;
	CHECK_MOMENTS("Europe/Berlin", "22:00", "07:00",
	    {"2015-03-28T21:00:00Z", "2015-03-29T05:00:00.000Z"}, /* 8 hours */
	    {"2015-03-29T05:00:00Z", NULL},
	    {"2015-10-24T20:00:00Z", "2015-10-25T06:00:00.000Z"}, /* 10 hours */
	    {"2015-10-25T05:59:59Z", "2015-10-25T06:00:00.000Z"},
	    {"2005-03-26T21:00:00Z", "2005-03-27T05:00:00.000Z"});
	CHECK_MOMENTS("America/New_York", "22:00", "07:00",
	    {"2015-03-08T03:00:00Z", "2015-03-08T11:00:00.000Z"},
	    {"2015-11-01T02:00:00Z", "2015-11-01T12:00:00.000Z"});
	CHECK_MOMENTS("Australia/Lord_Howe", "22:00", "07:00",
	    {"2015-04-04T11:00:00Z", "2015-04-04T20:30:00.000Z"},  /* 9 1/2 hours */
	    {"2015-10-03T11:30:00Z", "2015-10-03T20:00:00.000Z"}); /* 8 1/2 hours */
}

static void
an_edge_that_is_skipped_lies_at_the_jump_and_one_shown_twice_counts_once(void **state)
{
	(void)state;
	CHECK_MOMENTS("Europe/Berlin", "22:00", "02:30",
	    {"2015-03-29T00:59:59Z", "2015-03-29T01:00:00.000Z"},
	    {"2015-03-29T01:00:00Z", NULL},
	    {"2015-10-25T00:29:59Z", "2015-10-25T00:30:00.000Z"},
	    {"2015-10-25T00:30:00Z", NULL},  /* the first 02:30 */
	    {"2015-10-25T01:15:00Z", NULL}); /* the second 02:15 */
	CHECK_MOMENTS("Europe/Berlin", "02:15", "02:45", {"2015-03-29T00:59:59Z", NULL},
	    {"2015-03-29T01:00:00Z", NULL}, /* nothing is left of it */
	    {"2015-03-30T00:15:00Z", "2015-03-30T00:45:00.000Z"});
}

static void
a_zone_of_half_hours_and_the_first_one_of_the_day_hold_too(void **state)
{
	(void)state;
	CHECK_MOMENTS("Asia/Kolkata", "22:00", "07:00", {"2015-04-17T16:29:59Z", NULL},
	    {"2015-04-17T16:30:00Z", "2015-04-18T01:30:00.000Z"},
	    {"2015-04-18T01:30:00Z", NULL});
	CHECK_MOMENTS("Pacific/Kiritimati", "22:00", "07:00",
	    {"2015-04-17T08:00:00Z", "2015-04-17T17:00:00.000Z"},
	    {"2015-04-17T17:00:00Z", NULL});
}

static void
a_night_that_swallows_a_whole_day_is_one_window(void **state)
{
	(void)state;
	/* Samoa went from the end of 29 to 31 December 2011. */
	CHECK_MOMENTS("Pacific/Apia", "22:00", "07:00", {"2011-12-30T07:59:59Z", NULL},
	    {"2011-12-30T08:00:00Z", "2011-12-30T17:00:00.000Z"},
	    {"2011-12-30T17:00:00Z", NULL});
}

static void
clocks_put_back_over_midnight_do_not_open_a_hole(void **state)
{
	(void)state;
	/* Nuuk's 27 October 2024: at 00:00 it is 23:00 of the 26th again. */
	CHECK_MOMENTS("America/Nuuk", "23:30", "06:00",
	    {"2024-10-27T00:30:00Z", "2024-10-27T08:00:00.000Z"},
	    {"2024-10-27T01:10:00Z", "2024-10-27T08:00:00.000Z"});
	/* Havana's 1 November 2015: at 01:00 it is 00:00 again. */
	CHECK_MOMENTS("America/Havana", "00:30", "06:00", {"2015-11-01T04:29:59Z", NULL},
	    {"2015-11-01T04:30:00Z", "2015-11-01T11:00:00.000Z"},
	    {"2015-11-01T05:10:00Z", "2015-11-01T11:00:00.000Z"});
}

/* A minute after the other for two years: held is one stretch a night, and `until` its end. */
static void
walk(const char *zone, const char *from, const char *to, int expected_nights)
{
	struct arena *a = arena_new(0);
	struct quiet *q = compiled(a, zone, from, to, "");
	wall_t t = wall_of("2014-01-01T12:00:00Z"), end = wall_of("2016-01-01T12:00:00Z");
	wall_t promised = {0};
	int nights = 0;

	for (; t.ms < end.ms; t.ms += 60000) {
		wall_t until;
		bool held = quiet_holds(q, 0, t, &until);

		if (!held) {
			assert_true(t.ms >= promised.ms);
			continue;
		}
		if (t.ms >= promised.ms)
			nights++;
		else
			assert_int_equal(until.ms, promised.ms);
		promised = until;
	}
	assert_int_equal(nights, expected_nights);
	arena_free(a);
}

static void
over_two_years_every_night_is_one_stretch_that_ends_as_promised(void **state)
{
	(void)state;
	walk("Europe/Berlin", "22:00", "07:00", 730);
	walk("America/Havana", "23:30", "00:30", 730);
	walk("Australia/Lord_Howe", "01:45", "01:15", 731); /* it starts in one */
}

static void
who_is_severe_enough_does_not_wait(void **state)
{
	struct arena *a = arena_new(0);
	struct quiet *q = compiled(a, "UTC", "22:00", "07:00", "High");
	wall_t night = wall_of("2026-04-17T23:00:00Z"), until;

	(void)state;
	assert_true(quiet_holds(q, -1, night, &until));
	assert_true(
	    quiet_holds(q, severity_rank(severity_default(), STR("medium")), night, &until));
	assert_false(
	    quiet_holds(q, severity_rank(severity_default(), STR("error")), night, &until));
	assert_false(
	    quiet_holds(q, severity_rank(severity_default(), STR("critical")), night, &until));
	q = compiled(a, "UTC", "22:00", "07:00", "");
	assert_true(
	    quiet_holds(q, severity_rank(severity_default(), STR("critical")), night, &until));
	arena_free(a);
}

static void
no_quiet_hours_hold_nothing(void **state)
{
	struct arena *a = arena_new(0);
	Carillon__V1__QuietHours rec = hours("", "", "", "");
	struct findings *e = found_new(a, "");
	struct quiet *q;
	wall_t until;

	(void)state;
	assert_true(quiet_compile(a, NULL, severity_default(), &q, e));
	assert_null(q);
	assert_true(quiet_compile(a, &rec, severity_default(), &q, e));
	assert_null(q);
	assert_false(quiet_holds(q, 0, wall_of("2026-04-17T23:00:00Z"), &until));
	arena_free(a);
}

static void
what_is_wrong_is_said_with_the_name_of_the_field(void **state)
{
	static const struct {
		const char *zone, *from, *to, *unless, *says;
	} refused[] = {
	    {"UTC", "25:00", "07:00", "",
		"from: \"25:00\" is not a time of day (00:00 to 23:59)"},
	    {"UTC", "22:00", "24:00", "",
		"to: \"24:00\" is not a time of day (00:00 to 23:59)"},
	    {"UTC", "22:60", "07:00", "", "from: \"22:60\" is not a time of day"},
	    {"UTC", "22:00", "7:00", "", "to: \"7:00\" is not a time of day"},
	    {"UTC", "22:00 ", "07:00", "", "from: \"22:00 \" is not a time of day"},
	    {"UTC", "-1:00", "07:00", "", "from: \"-1:00\" is not a time of day"},
	    {"UTC", "", "07:00", "", "from: it is missing; quiet hours need a time of day"},
	    {"UTC", "22:00", "22:00", "", "to: it is \"22:00\", as \"from\" is"},
	    {"UTC", "22:00", "07:00", "hihg",
		"unless_severity: there is no severity \"hihg\"; did you mean \"high\"?"},
	    {"UTC", "22:00", "07:00", "purple",
		"unless_severity: there is no severity \"purple\"; use info, low, medium, high "
		"or "
		"critical"},
	    {"", "22:00", "07:00", "", "time_zone: it is missing"},
	    {"Europe/Brelin", "22:00", "07:00", "",
		"time_zone: there is no time zone \"Europe/Brelin\"; did you mean "
		"\"Europe/Berlin\"?"},
	};
	struct arena *a = arena_new(0);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		Carillon__V1__QuietHours rec =
		    hours(refused[i].zone, refused[i].from, refused[i].to, refused[i].unless);
		struct findings *found = found_new(a, "");
		struct quiet *q;

		assert_false(quiet_compile(a, &rec, severity_default(), &q, found));
		assert_null(q);
		assert_int_equal(found->n, 1);
		if (!str_starts_with(str_of(found_text(found)), str_of(refused[i].says)))
			fail_msg("%s", found_text(found));
	}
	arena_free(a);
}

static void
every_wrong_field_is_told(void **state)
{
	Carillon__V1__QuietHours rec = hours("Europe/Brelin", "25:00", "", "hihg");
	struct arena *a = arena_new(0);
	struct findings *found = found_new(a, "quiet hours");
	struct quiet *q;

	(void)state;
	assert_false(quiet_compile(a, &rec, severity_default(), &q, found));
	assert_string_equal(found_text(found),
	    "quiet hours: from: \"25:00\" is not a time of day (00:00 to 23:59)\n"
	    "quiet hours: to: it is missing; quiet hours need a time of day such as 22:00\n"
	    "quiet hours: unless_severity: there is no severity \"hihg\"; did you mean "
	    "\"high\"?\n"
	    "quiet hours: time_zone: there is no time zone \"Europe/Brelin\"; did you mean "
	    "\"Europe/Berlin\"?");
	assert_string_equal(found->items[3].pointer.ptr, "/quiet hours/time_zone");
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_window_within_a_day_holds_until_its_end),
	    cmocka_unit_test(a_window_over_midnight_holds_on_both_sides_of_it),
	    cmocka_unit_test(the_end_is_right_in_the_nights_the_clocks_are_changed),
	    cmocka_unit_test(
		an_edge_that_is_skipped_lies_at_the_jump_and_one_shown_twice_counts_once),
	    cmocka_unit_test(a_zone_of_half_hours_and_the_first_one_of_the_day_hold_too),
	    cmocka_unit_test(a_night_that_swallows_a_whole_day_is_one_window),
	    cmocka_unit_test(clocks_put_back_over_midnight_do_not_open_a_hole),
	    cmocka_unit_test(over_two_years_every_night_is_one_stretch_that_ends_as_promised),
	    cmocka_unit_test(who_is_severe_enough_does_not_wait),
	    cmocka_unit_test(no_quiet_hours_hold_nothing),
	    cmocka_unit_test(every_wrong_field_is_told),
	    cmocka_unit_test(what_is_wrong_is_said_with_the_name_of_the_field),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
