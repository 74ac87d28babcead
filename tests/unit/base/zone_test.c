#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "carillon/base/buf.h"
#include "carillon/base/zone.h"
#include "unit/base/testing.h"

#include <cmocka.h> /* last: it makes a macro of fail */

static struct zone *
zone_of(const char *name)
{
	struct err e = {0};
	struct zone *z = zone_load(str_of(name), &e);

	if (!z)
		print_error("%s\n", e.text);
	assert_non_null(z);
	return z;
}

static wall_t
wall_of(const char *text)
{
	wall_t t;

	assert_true(clock_parse(str_of(text), &t));
	return t;
}

/* What a person there would say the time is: "2026-04-17 16:02:00". */
static const char *
shown(const struct zone *z, const char *utc)
{
	static char text[CLOCK_TEXT_MAX];
	struct civil c = zone_civil(z, wall_of(utc));

	clock_text(civil_to_wall(&c), text);
	text[10] = ' ';
	text[19] = '\0';
	return text;
}

/* Years that are over: what is to come changes with each release of the files. */
static void
known_instants_show_the_right_time(void **state)
{
	static const struct {
		const char *zone, *utc, *local;
	} known[] = {
	    {"UTC", "2015-07-01T12:00:00Z", "2015-07-01 12:00:00"},
	    {"Europe/Berlin", "2015-03-29T00:59:59Z", "2015-03-29 01:59:59"},
	    {"Europe/Berlin", "2015-03-29T01:00:00Z", "2015-03-29 03:00:00"},
	    {"Europe/Berlin", "2015-10-25T00:59:59Z", "2015-10-25 02:59:59"},
	    {"Europe/Berlin", "2015-10-25T01:00:00Z", "2015-10-25 02:00:00"},
	    {"Europe/Berlin", "1945-07-01T00:00:00Z", "1945-07-01 03:00:00"},
	    {"America/New_York", "2015-03-08T06:59:59Z", "2015-03-08 01:59:59"},
	    {"America/New_York", "2015-03-08T07:00:00Z", "2015-03-08 03:00:00"},
	    {"Asia/Kolkata", "2015-01-01T00:00:00Z", "2015-01-01 05:30:00"},
	    {"Australia/Lord_Howe", "2015-04-04T14:59:59Z", "2015-04-05 01:59:59"},
	    {"Australia/Lord_Howe", "2015-04-04T15:00:00Z", "2015-04-05 01:30:00"},
	    {"Pacific/Kiritimati", "2015-12-31T10:00:00Z", "2016-01-01 00:00:00"},
	    {"Europe/Dublin", "2015-07-01T00:00:00Z", "2015-07-01 01:00:00"},
	    {"Etc/GMT+5", "2015-07-01T00:00:00Z", "2015-06-30 19:00:00"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(known); i++) {
		struct zone *z = zone_of(known[i].zone);

		assert_string_equal(shown(z, known[i].utc), known[i].local);
		zone_free(z);
	}
}

/* Zones with whole, half and quarter hours, both hemispheres, odd laws and skipped days. */
static const char *const odd_zones[] = {
    "Europe/Berlin",
    "Europe/London",
    "Europe/Dublin",
    "Europe/Moscow",
    "Europe/Istanbul",
    "America/New_York",
    "America/Los_Angeles",
    "America/Sao_Paulo",
    "America/St_Johns",
    "America/Nuuk",
    "America/Caracas",
    "America/Argentina/Buenos_Aires",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Tehran",
    "Asia/Gaza",
    "Asia/Pyongyang",
    "Asia/Tokyo",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Antarctica/Troll",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "Pacific/Kwajalein",
    "Etc/GMT-14",
};

/* What the C library says; it reads the same files with code of its own. */
static int32_t
libc_offset_s(int64_t at_s)
{
	time_t t = at_s;
	struct tm tm;

	assert_non_null(localtime_r(&t, &tm));
	return (int32_t)tm.tm_gmtoff;
}

static void
compare_with_libc(const struct zone *z, const char *name, int64_t at_s)
{
	int32_t ours = zone_offset_s(z, (wall_t){at_s * 1000}), theirs = libc_offset_s(at_s);

	if (ours != theirs)
		print_error("%s at %lld: %d, not %d\n", name, (long long)at_s, ours, theirs);
	assert_int_equal(ours, theirs);
}

static void
offsets_are_those_of_the_c_library_at_thousands_of_instants(void **state)
{
	const int64_t from_s = -2208988800, to_s = 7258118400; /* 1900 to 2200 */
	uint64_t seed = 20260417;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(odd_zones); i++) {
		struct zone *z = zone_of(odd_zones[i]);

		setenv("TZ", odd_zones[i], 1);
		tzset();
		for (int n = 0; n < 4000; n++)
			compare_with_libc(z, odd_zones[i],
			    from_s + (int64_t)random_below(&seed, (uint64_t)(to_s - from_s)));
		for (int64_t hour_s = 1767225600; hour_s < 1767225600 + 731 * 86400;
		     hour_s += 1800) /* every half hour of two years, the changes with them */
			compare_with_libc(z, odd_zones[i], hour_s);
		zone_free(z);
	}
	unsetenv("TZ");
	tzset();
}

/* The slow way: a step at a time until the clock shows it. */
static wall_t
wall_by_walking(const struct zone *z, const struct civil *c)
{
	int64_t local_ms = civil_to_wall(c).ms;
	wall_t t = {local_ms - ZONE_OFFSET_MAX_S * INT64_C(1000)};

	for (;; t.ms += 60000) {
		struct civil now = zone_civil(z, t);

		if (civil_to_wall(&now).ms >= local_ms)
			return t;
	}
}

static void
a_local_time_is_the_first_instant_that_shows_it_or_later(void **state)
{
	uint64_t seed = 7;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(odd_zones); i++) {
		struct zone *z = zone_of(odd_zones[i]);

		for (int n = 0; n < 60; n++) {
			int64_t minute =
			    (int64_t)random_below(&seed, UINT64_C(80) * 366 * 1440);
			struct civil c = civil_from_wall(
			    (wall_t){minute * 60000 + INT64_C(315532800000)}); /* 1980 on */

			assert_int_equal(zone_wall(z, &c).ms, wall_by_walking(z, &c).ms);
		}
		zone_free(z);
	}
}

static void
local_times_near_every_change_are_the_first_that_show_them(void **state)
{
	static const char *const names[] = {"Europe/Berlin", "Australia/Lord_Howe",
	    "Africa/Casablanca", "Pacific/Apia", "America/St_Johns"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct zone *z = zone_of(names[i]);
		wall_t t = wall_of("2010-01-01T00:00:00Z"),
		       end = wall_of("2013-01-01T00:00:00Z");

		for (; t.ms < end.ms; t.ms += 900000) {
			struct civil c = civil_from_wall(t);
			wall_t near = {t.ms - 86400000}, far = {t.ms + 86400000};

			if (zone_offset_s(z, near) == zone_offset_s(z, far))
				continue;
			assert_int_equal(zone_wall(z, &c).ms, wall_by_walking(z, &c).ms);
		}
		zone_free(z);
	}
}

static void
assert_wall(const char *name, const char *local, const char *utc)
{
	struct zone *z = zone_of(name);
	struct civil c = civil_from_wall(wall_of(local));

	assert_int_equal(zone_wall(z, &c).ms, wall_of(utc).ms);
	zone_free(z);
}

static void
a_skipped_time_is_the_jump_and_a_doubled_one_the_first(void **state)
{
	(void)state;
	assert_wall("Europe/Berlin", "2015-03-29T02:30:00Z", "2015-03-29T01:00:00Z");
	assert_wall("Europe/Berlin", "2015-03-29T03:00:00Z", "2015-03-29T01:00:00Z");
	assert_wall("Europe/Berlin", "2015-10-25T02:30:00Z", "2015-10-25T00:30:00Z");
	assert_wall("Europe/Berlin", "2015-10-25T03:00:00Z", "2015-10-25T02:00:00Z");
	assert_wall("Australia/Lord_Howe", "2015-10-04T02:15:00Z", "2015-10-03T15:30:00Z");
	/* Samoa had no 30 December 2011. */
	assert_wall("Pacific/Apia", "2011-12-30T12:00:00Z", "2011-12-30T10:00:00Z");
}

static void
days_outside_their_month_and_milliseconds_count(void **state)
{
	struct zone *z = zone_of("Europe/Berlin");
	struct civil c = {.year = 2015, .month = 3, .day = 0, .hour = 22, .ms = 7};

	(void)state;
	assert_int_equal(zone_wall(z, &c).ms, wall_of("2015-02-28T21:00:00.007Z").ms);
	c.day = 32;
	assert_int_equal(zone_wall(z, &c).ms, wall_of("2015-04-01T20:00:00.007Z").ms);
	zone_free(z);
}

static void
the_ends_of_time_have_an_offset(void **state)
{
	struct zone *z = zone_of("Europe/Berlin");

	(void)state;
	assert_int_equal(zone_offset_s(z, (wall_t){INT64_MIN}), 53 * 60 + 28);
	assert_in_range(zone_offset_s(z, (wall_t){INT64_MAX}), 3600, 7200);
	assert_int_equal(zone_civil(z, (wall_t){INT64_MAX}).year, 292278994);
	assert_int_equal(zone_civil(z, (wall_t){INT64_MIN}).year, -292275055);
	zone_free(z);
}

static void
names_that_are_no_zones_are_refused_with_what_was_meant(void **state)
{
	static const struct {
		const char *name, *says;
	} refused[] = {
	    {"Europe/Brelin", "there is no time zone \"Europe/Brelin\"; did you mean "
			      "\"Europe/Berlin\"?"},
	    {"europe/berlin", "did you mean \"Europe/Berlin\"?"},
	    {"America/New-York", "did you mean \"America/New_York\"?"},
	    {"America/Argentina/Buenos_Aire",
		"did you mean \"America/Argentina/Buenos_Aires\"?"},
	    {"Middle/Earth", "names look like \"Europe/Berlin\""},
	    {"Europe", "there is no time zone \"Europe\""},
	    {"", "\"\" cannot be a time zone"},
	    {"../../../etc/passwd", "cannot be a time zone"},
	    {"/etc/localtime", "cannot be a time zone"},
	    {"Europe//Berlin", "cannot be a time zone"},
	    {"Europe/Berlin/", "cannot be a time zone"},
	    {"Europe/Berlin ", "cannot be a time zone"},
	    {"zone.tab", "cannot be a time zone"},
	    {"A2345678901234567890123456789012345678901234567890123456789012345",
		"cannot be a time zone"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		struct err e = {0};

		assert_null(zone_load(str_of(refused[i].name), &e));
		assert_int_equal(e.kind, ERR_INPUT);
		if (!strstr(e.text, refused[i].says))
			print_error("%s: %s\n", refused[i].name, e.text);
		assert_non_null(strstr(e.text, refused[i].says));
	}
}

static void
a_shared_zone_is_read_once(void **state)
{
	struct err e;
	const struct zone *berlin = zone_shared(STR("Europe/Berlin"), &e);

	(void)state;
	assert_non_null(berlin);
	assert_ptr_equal(zone_shared(STR("Europe/Berlin"), &e), berlin);
	assert_ptr_not_equal(zone_shared(STR("UTC"), &e), berlin);
	assert_null(zone_shared(STR("Europe/Brelin"), &e));
	assert_null(zone_shared(STR("Europe/Brelin"), &e));
	assert_non_null(strstr(e.text, "Europe/Berlin"));
}

static void
put_number(struct buf *b, uint64_t n, int bytes)
{
	while (bytes-- > 0)
		buf_putc(b, (char)(n >> (8 * bytes) & 0xff));
}

static void
put_header(struct buf *b, uint64_t leaps, uint64_t times, uint64_t types)
{
	buf_put(b, "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
	put_number(b, 0, 8);
	put_number(b, leaps, 4);
	put_number(b, times, 4);
	put_number(b, types, 4);
	put_number(b, 0, 4);
}

/* A file with two changes, to `kinds` of the offsets 0 and `offset_s`, and that footer. */
static struct buf
file_of(int64_t first_s, int64_t second_s, const char kinds[static 2], int32_t offset_s,
    const char *footer)
{
	struct buf b = {0};

	put_header(&b, 0, 0, 0);
	put_header(&b, 0, 2, 2);
	put_number(&b, (uint64_t)first_s, 8);
	put_number(&b, (uint64_t)second_s, 8);
	buf_put(&b, kinds, 2);
	put_number(&b, 0, 6);
	put_number(&b, (uint32_t)offset_s, 4);
	put_number(&b, 0, 2);
	buf_cstr(&b, footer);
	return b;
}

static void
a_file_is_read_as_it_is_written(void **state)
{
	struct buf b = file_of(-1000, 1000, "\1\0", -7200, "\n\n");
	struct err e;
	struct zone *z = zone_parse(buf_view(&b), &e);

	(void)state;
	assert_non_null(z);
	assert_int_equal(zone_offset_s(z, (wall_t){-1000001}), 0);
	assert_int_equal(zone_offset_s(z, (wall_t){-1000000}), -7200);
	assert_int_equal(zone_offset_s(z, (wall_t){999999}), -7200);
	assert_int_equal(zone_offset_s(z, (wall_t){1000000}), 0);
	zone_free(z);
	for (size_t len = 0; len < b.len; len++)
		assert_null(zone_parse((struct str){b.ptr, len}, &e));
	buf_fini(&b);
}

static void
damaged_files_are_refused(void **state)
{
	struct buf files[] = {
	    file_of(1000, 1000, "\1\0", 3600, "\n\n"),
	    file_of(1000, -1000, "\1\0", 3600, "\n\n"),
	    file_of(-1000, 1000, "\1\2", 3600, "\n\n"),
	    file_of(-1000, 1000, "\1\0", 93600, "\n\n"),
	    file_of(-1000, 1000, "\1\0", -90000, "\n\n"),
	    file_of(-1000, 1000, "\1\0", INT32_MIN, "\n\n"),
	    file_of(-1000, 1000, "\1\0", 3600, "\nCET"),
	    file_of(-1000, 1000, "\1\0", 3600, "CET-1\n"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		struct err e = {0};

		assert_null(zone_parse(buf_view(&files[i]), &e));
		assert_int_equal(e.kind, ERR_CORRUPT);
		buf_fini(&files[i]);
	}
}

static void
a_zone_that_counts_leap_seconds_is_refused(void **state)
{
	struct buf b = {0};
	struct err e = {0};

	(void)state;
	put_header(&b, 0, 0, 0);
	put_header(&b, 1, 0, 1);
	buf_put(&b, (char[6 + 12]){0}, 6 + 12);
	buf_cstr(&b, "\n\n");
	assert_null(zone_parse(buf_view(&b), &e));
	assert_non_null(strstr(e.text, "leap seconds"));
	buf_fini(&b);
}

static struct zone *
zone_with_footer(const char *rule)
{
	struct buf line = {0};
	struct err e;

	buf_printf(&line, "\n%s\n", rule);
	struct buf b = file_of(-2, -1, "\0\0", 0, line.ptr);
	struct zone *z = zone_parse(buf_view(&b), &e);
	buf_fini(&b);
	buf_fini(&line);
	return z;
}

static void
footers_give_the_years_after_the_last_change(void **state)
{
	static const struct {
		const char *rule, *utc, *local;
	} known[] = {
	    {"CET-1", "2026-07-01T00:00:00Z", "2026-07-01 01:00:00"},
	    {"<+0530>-5:30", "2026-07-01T00:00:00Z", "2026-07-01 05:30:00"},
	    {"<-001234>+0:12:34", "2026-07-01T00:00:00Z", "2026-06-30 23:47:26"},
	    {"AAA0BBB,J60/0,J61/0", "2028-02-29T12:00:00Z", "2028-02-29 12:00:00"},
	    {"AAA0BBB,J60/0,J61/0", "2028-03-01T12:00:00Z", "2028-03-01 13:00:00"},
	    {"AAA0BBB,59/0,60/0", "2028-02-29T12:00:00Z", "2028-02-29 13:00:00"},
	    {"AAA0BBB,59/0,60/0", "2027-03-01T12:00:00Z", "2027-03-01 13:00:00"},
	    {"AAA0BBB,M5.5.0,M5.5.3", "2026-05-31T02:00:00Z", "2026-05-31 03:00:00"},
	    {"EET-2EEST,M3.4.4/50,M10.4.4/50", "2026-03-28T00:00:00Z", "2026-03-28 03:00:00"},
	    {"EET-2EEST,M3.4.4/50,M10.4.4/50", "2026-03-27T23:59:59Z", "2026-03-28 01:59:59"},
	    {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T01:00:00Z", "2026-03-29 00:00:00"},
	    {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T00:59:59Z", "2026-03-28 22:59:59"},
	    {"CET-1CEST,M3.5.0,M10.5.0/3", "2050-07-01T00:00:00Z", "2050-07-01 02:00:00"},
	    {"CET-1CEST,M3.5.0,M10.5.0/3", "2050-12-31T23:30:00Z", "2051-01-01 00:30:00"},
	    {"CET-1CEST,M3.5.0,M10.5.0/3", "2450-07-01T00:00:00Z", "2450-07-01 02:00:00"},
	    {"EST5EDT,M3.2.0,M11.1.0", "2050-11-06T06:00:00Z", "2050-11-06 01:00:00"},
	    {"IST-5:30", "2050-07-01T00:00:00Z", "2050-07-01 05:30:00"},
	    {"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2050-01-01T00:00:00Z",
		"2050-01-01 11:00:00"},
	    {"IST-1GMT0,M10.5.0,M3.5.0/1", "2050-07-01T00:00:00Z", "2050-07-01 01:00:00"},
	    /* Summer time all the year, as RFC 8536 writes it. */
	    {"EST5EDT,0/0,J365/25", "2026-01-01T05:00:00Z", "2026-01-01 01:00:00"},
	    {"EST5EDT,0/0,J365/25", "2025-12-31T12:00:00Z", "2025-12-31 08:00:00"},
	    {"EST5EDT,0/0,J365/25", "2026-07-01T00:00:00Z", "2026-06-30 20:00:00"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(known); i++) {
		struct zone *z = zone_with_footer(known[i].rule);

		assert_non_null(z);
		assert_string_equal(shown(z, known[i].utc), known[i].local);
		zone_free(z);
	}
}

static void
a_footer_gives_the_jump_of_a_skipped_time_in_years_to_come(void **state)
{
	struct zone *z = zone_with_footer("CET-1CEST,M3.5.0,M10.5.0/3");
	struct civil c = civil_from_wall(wall_of("2050-03-27T02:30:00Z"));

	(void)state;
	assert_non_null(z);
	assert_int_equal(zone_wall(z, &c).ms, wall_of("2050-03-27T01:00:00Z").ms);
	zone_free(z);
}

static void
footers_that_are_no_rules_are_refused(void **state)
{
	static const char *const refused[] = {"C", "CET", "CE-1", "CET-25", "CET-1:60",
	    "CET-1:", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M3.5.0,M10.5.0/168",
	    "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.0.0,M10.5.0", "CET-1CEST,M3.6.0,M10.5.0",
	    "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,J0,J1", "CET-1CEST,J366,J1",
	    "CET-1CEST,366,1", "CET-1CEST,M3.5.0,M10.5.0/3x", "<+01-1", ":Europe/Berlin",
	    "CET-99999999999999999999"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(refused); i++)
		assert_null(zone_with_footer(refused[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(known_instants_show_the_right_time),
	    cmocka_unit_test(offsets_are_those_of_the_c_library_at_thousands_of_instants),
	    cmocka_unit_test(a_local_time_is_the_first_instant_that_shows_it_or_later),
	    cmocka_unit_test(local_times_near_every_change_are_the_first_that_show_them),
	    cmocka_unit_test(a_skipped_time_is_the_jump_and_a_doubled_one_the_first),
	    cmocka_unit_test(days_outside_their_month_and_milliseconds_count),
	    cmocka_unit_test(the_ends_of_time_have_an_offset),
	    cmocka_unit_test(names_that_are_no_zones_are_refused_with_what_was_meant),
	    cmocka_unit_test(a_shared_zone_is_read_once),
	    cmocka_unit_test(a_file_is_read_as_it_is_written),
	    cmocka_unit_test(damaged_files_are_refused),
	    cmocka_unit_test(a_zone_that_counts_leap_seconds_is_refused),
	    cmocka_unit_test(footers_give_the_years_after_the_last_change),
	    cmocka_unit_test(a_footer_gives_the_jump_of_a_skipped_time_in_years_to_come),
	    cmocka_unit_test(footers_that_are_no_rules_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
