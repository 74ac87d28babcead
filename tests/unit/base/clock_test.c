#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "carillon/base/clock.h"
#include "unit/base/testing.h"

#include <cmocka.h> /* last: it makes a macro of fail */

static void
the_clocks_go_forward_and_the_wall_is_past_2024(void **state)
{
	mono_t before = clock_mono();

	(void)state;
	assert_true(mono_reached(clock_mono(), before));
	assert_true(clock_wall().ms > INT64_C(1704067200000));
}

static void
known_times_are_written_and_read(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} known[] = {
	    {0, "1970-01-01T00:00:00.000Z"},
	    {-1, "1969-12-31T23:59:59.999Z"},
	    {951782400000, "2000-02-29T00:00:00.000Z"},
	    {951868800000, "2000-03-01T00:00:00.000Z"},
	    {1776441720123, "2026-04-17T16:02:00.123Z"},
	    {253402300799999, "9999-12-31T23:59:59.999Z"},
	    {-62167219200000, "0000-01-01T00:00:00.000Z"},
	    {-2203977600000, "1900-02-28T00:00:00.000Z"},
	    {-2203891200000, "1900-03-01T00:00:00.000Z"},
	};
	char text[CLOCK_TEXT_MAX];
	wall_t read;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(known); i++) {
		assert_string_equal(clock_text((wall_t){known[i].ms}, text), known[i].text);
		assert_true(clock_parse(str_of(known[i].text), &read));
		assert_int_equal(read.ms, known[i].ms);
	}
}

static void
the_ends_of_time_have_a_text(void **state)
{
	char text[CLOCK_TEXT_MAX];

	(void)state;
	assert_string_equal(
	    clock_text((wall_t){INT64_MAX}, text), "292278994-08-17T07:12:55.807Z");
	assert_string_equal(
	    clock_text((wall_t){INT64_MIN}, text), "-292275055-05-16T16:47:04.192Z");
}

static void
every_day_of_four_centuries_follows_the_one_before(void **state)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	struct civil expected = {.year = 1799, .month = 1, .day = 1, .weekday = 2};

	(void)state;
	for (int64_t ms = civil_to_wall(&expected).ms; expected.year < 2201; ms += 86400000) {
		struct civil c = civil_from_wall((wall_t){ms});
		bool leap = c.year % 4 == 0 && (c.year % 100 != 0 || c.year % 400 == 0);

		assert_int_equal(c.year, expected.year);
		assert_int_equal(c.month, expected.month);
		assert_int_equal(c.day, expected.day);
		assert_int_equal(c.weekday, expected.weekday);
		assert_int_equal(c.hour + c.minute + c.second + c.ms, 0);
		assert_int_equal(civil_to_wall(&c).ms, ms);
		expected.weekday = (expected.weekday + 1) % 7;
		if (expected.day++ < lengths[c.month - 1] + (leap && c.month == 2))
			continue;
		expected.day = 1;
		expected.month = c.month % 12 + 1;
		expected.year += c.month == 12;
	}
}

static void
random_times_survive_writing_and_reading(void **state)
{
	char text[CLOCK_TEXT_MAX];
	uint64_t seed = 42;
	wall_t read;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		int64_t ms = (int64_t)random_below(&seed, 315569520000000) - 62167219200000;

		assert_true(clock_parse(str_of(clock_text((wall_t){ms}, text)), &read));
		assert_int_equal(read.ms, ms);
	}
}

static void
all_forms_of_rfc_3339_are_read(void **state)
{
	static const char *const same[] = {"2026-04-17T16:02:00Z", "2026-04-17 16:02:00Z",
	    "2026-04-17t16:02:00z", "2026-04-17T16:02:00.0Z", "2026-04-17T16:02:00.00099999Z",
	    "2026-04-17T18:02:00+02:00", "2026-04-17T10:32:00-05:30",
	    "2026-04-18T15:59:00+23:57", "2026-04-17T16:02:00-00:00"};
	wall_t read;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(same); i++) {
		assert_true(clock_parse(str_of(same[i]), &read));
		assert_int_equal(read.ms, INT64_C(1776441720000));
	}
	assert_true(clock_parse(STR("2026-04-17T16:02:00.1239999999999999Z"), &read));
	assert_int_equal(read.ms, INT64_C(1776441720123));
	assert_true(clock_parse(STR("2024-02-29T00:00:00Z"), &read));
}

static void
a_leap_second_is_the_next_days_first(void **state)
{
	wall_t leap, next;

	(void)state;
	assert_true(clock_parse(STR("2017-01-01T00:00:00.5Z"), &next));
	assert_true(clock_parse(STR("2016-12-31T23:59:60.5Z"), &leap));
	assert_int_equal(leap.ms, next.ms);
	assert_true(clock_parse(STR("2016-12-31T15:59:60.5-08:00"), &leap));
	assert_int_equal(leap.ms, next.ms);
	assert_false(clock_parse(STR("2016-12-31T12:00:60Z"), &leap));
}

static void
what_is_no_time_is_refused(void **state)
{
	static const char *const bad[] = {"", "2026", "2026-04-17", "2026-04-17T16:02Z",
	    "2026-04-17T16:02:00", "2026-04-17T16:02:00.Z", "2026-04-17T16:02:00,1Z",
	    "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-04-31T00:00:00Z",
	    "2026-00-01T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-00T00:00:00Z",
	    "2026-01-32T00:00:00Z", "2026-04-17T24:00:00Z", "2026-04-17T16:60:00Z",
	    "2026-04-17T16:02:61Z", "2026-04-17T16:02:00+24:00", "2026-04-17T16:02:00+02:60",
	    "2026-04-17T16:02:00+0200", "2026-04-17T16:02:00+02", "2026-04-17T16:02:00Z ",
	    " 2026-04-17T16:02:00Z", "26-04-17T16:02:00Z", "+2026-04-17T16:02:00Z",
	    "2026-4-17T16:02:00Z", "2026/04/17T16:02:00Z", "2026-04-17_16:02:00Z",
	    "2026-04-17T16:02:00ZZ", "2026-04-17T-1:02:00Z", "2026-04-17T16:02:00.1+"};
	wall_t read;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_false(clock_parse(str_of(bad[i]), &read));
	assert_false(clock_parse((struct str){"2026-04-17\0"
					      "16:02:00Z",
				     20},
	    &read));
}

static void
time_arithmetic_keeps_never_as_the_latest(void **state)
{
	mono_t t = mono_after((mono_t){1000}, 500);

	(void)state;
	assert_int_equal(t.ms, 1500);
	assert_true(mono_reached((mono_t){1500}, t));
	assert_false(mono_reached((mono_t){1499}, t));
	assert_int_equal(mono_earlier(MONO_NEVER, t).ms, 1500);
	assert_int_equal(mono_earlier(t, (mono_t){3}).ms, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_clocks_go_forward_and_the_wall_is_past_2024),
	    cmocka_unit_test(known_times_are_written_and_read),
	    cmocka_unit_test(the_ends_of_time_have_a_text),
	    cmocka_unit_test(every_day_of_four_centuries_follows_the_one_before),
	    cmocka_unit_test(random_times_survive_writing_and_reading),
	    cmocka_unit_test(all_forms_of_rfc_3339_are_read),
	    cmocka_unit_test(a_leap_second_is_the_next_days_first),
	    cmocka_unit_test(what_is_no_time_is_refused),
	    cmocka_unit_test(time_arithmetic_keeps_never_as_the_latest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
