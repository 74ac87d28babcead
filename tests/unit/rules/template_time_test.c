#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>

#include "carillon/base/clock.h"
#include "rules/template_time.h"
#include "rules/template_value.h"

#include <cmocka.h> /* after ours: it defines fail() */

static bool
reads(const char *text, struct template_time *out)
{
	struct value v = value_of_string(str_of(text));
	return time_of_value(&v, out);
}

static void
assert_reads(const char *text, int64_t unix_s)
{
	struct template_time t;
	if (!reads(text, &t))
		fail_msg("%s is not read", text);
	if (t.unix_s != unix_s || t.is_day)
		fail_msg("%s is %lld", text, (long long)t.unix_s);
}

static void
what_programs_write_is_read(void **state)
{
	static const char *const same[] = {"2022-06-28T14:08:11Z",
	    "2022-06-28T14:08:11.987654321z", "2022-06-28 16:08:11 +0200",
	    "2022-06-28 14:08:11 UTC", "2022-06-28 14:08:11", "2022-06-28T14:08:11",
	    "2022-06-28T16:08:11+02", "20220628T140811Z", "20220628T160811+0200",
	    "2022/06/28 14:08:11", "2022-06-28T14:08:11,5Z", "Tue, 28 Jun 2022 14:08:11 GMT",
	    "Tue, 28 Jun 2022 16:08:11 +0200", "28 Jun 2022 14:08:11",
	    "Tue Jun 28 14:08:11 UTC 2022", "Tue Jun 28 14:08:11 2022",
	    "28/Jun/2022:16:08:11 +0200", "June 28, 2022 2:08:11 PM",
	    "June 28th, 2022 at 2:08:11 pm", "2022-06-28 16:08:11.123 +0200 CEST m=+0.012",
	    "2022-06-28T16:08:11+02:00[Europe/Berlin]", "2022-06-28T07:08:11-07:00",
	    " 2022-06-28T14:08:11Z\n", "2022-06-28T19:53:11+0545",
	    "Tuesday, 28-Jun-2022 14:08:11 UTC", "2022-06-28T14:08:11.123+0000"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(same); i++)
		assert_reads(same[i], 1656425291);
	assert_reads("2022-06-28T16:02Z", 1656432120);
	assert_reads("9999-12-31T23:59:59Z", 253402300799);
	assert_reads("9999-12-31T23:59:59+00:00", 253402300799);
	assert_reads("1969-07-20T20:17:40Z", -14182940);
	assert_reads("2016-12-31T23:59:60Z", 1483228800);
	assert_reads("2022-06-28T24:00:00Z", 1656460800);
	assert_reads("2022-06-28 12:30 AM", 1656376200);
	assert_reads("2022-06-28 12:30 PM", 1656419400);
}

static void
a_bare_number_is_guessed_by_its_size_and_text_never(void **state)
{
	(void)state;
	assert_reads("1656425291", 1656425291);
	assert_reads("1656425291.75", 1656425291);
	assert_reads("1656425291000", 1656425291);
	assert_reads("1656425291000000", 1656425291);
	assert_reads("1656425291000000000", 1656425291);
	assert_reads("0", 0);
	assert_reads("99999999999", 99999999999);
	assert_reads("20260417160200", 1776441720);
	assert_reads("19991231235959", 946684799);
	assert_reads("20261317", 20261317); /* there is no such month */
	assert_reads("18991231", 18991231);
	assert_reads("20260417.5", 20260417);
}

static void
a_day_is_a_day(void **state)
{
	static const char *const days[] = {"2026-04-17", "2026/04/17", "17 Apr 2026",
	    "April 17, 2026", "Fri, 17 April 2026", "April 17th, 2026", "20260417"};
	struct template_time t;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(days); i++) {
		assert_true(reads(days[i], &t));
		assert_true(t.is_day);
		assert_int_equal(t.unix_s, 1776384000);
	}
}

static void
what_is_no_time_is_not_read(void **state)
{
	static const char *const others[] = {"", " ", "soon", "2022-06", "2022-13-01",
	    "2022-02-30", "2022-06-28T25:00:00Z", "2022-06-28T16:60Z", "16:02", "June 2022",
	    "2022-06-28 16:08 pm pm", "2022-06-28T16:08:11+99:00", "1.2.3", "-5", "1e9",
	    "v1.2026", "2022-06-28T16:08:11Z and more", "12/31/99", "2022-06-28T16",
	    "28 Jun 2022 29 Jun 2023", "2022-06-28 16:08:11 Mars/Olympus", "\xe6\x97\xa5",
	    "99999999999999999999999999999999999"};
	struct template_time t;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(others); i++)
		if (reads(others[i], &t))
			fail_msg("%s is read as %lld", others[i], (long long)t.unix_s);
}

static const char *const month_names[] = {
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/* The civil time in one of the forms, without its zone. */
static void
put_form(int form, const struct civil *t, char out[static 64])
{
	const int day[] = {(int)t->year, (int)t->month, (int)t->day};
	const int at[] = {(int)t->hour, (int)t->minute, (int)t->second};
	const char *month = month_names[t->month - 1];

	switch (form) {
	case 0:
	case 1:
		snprintf(out, 64, "%04d-%02d-%02d%c%02d:%02d:%02d", day[0], day[1], day[2],
		    form ? ' ' : 'T', at[0], at[1], at[2]);
		break;
	case 2:
		snprintf(out, 64, "%04d/%02d/%02d %02d:%02d:%02d.5", day[0], day[1], day[2],
		    at[0], at[1], at[2]);
		break;
	case 3:
		snprintf(out, 64, "%04d%02d%02dT%02d%02d%02d", day[0], day[1], day[2], at[0],
		    at[1], at[2]);
		break;
	case 4:
		snprintf(out, 64, "%d %s %04d %02d:%02d:%02d", day[2], month, day[0], at[0],
		    at[1], at[2]);
		break;
	default:
		snprintf(out, 64, "%02d/%s/%04d:%02d:%02d:%02d", day[2], month, day[0], at[0],
		    at[1], at[2]);
	}
}

static void
put_zone(int zone, int offset_min, char out[static 16])
{
	static const char *const utc[] = {"Z", " UTC", " GMT", ""};
	int minutes = offset_min < 0 ? -offset_min : offset_min;
	char sign = offset_min < 0 ? '-' : '+';

	if (offset_min == 0 && zone < 4)
		snprintf(out, 16, "%s", utc[zone]);
	else if (zone % 2)
		snprintf(out, 16, " %c%02d%02d", sign, minutes / 60, minutes % 60);
	else
		snprintf(out, 16, "%c%02d:%02d", sign, minutes / 60, minutes % 60);
}

static void
every_form_in_every_zone_is_the_same_moment(void **state)
{
	static const int offsets[] = {0, 60, 120, 330, 345, 840, -60, -210, -300, -720};
	static const int64_t moments[] = {0, 951782399, 951782400, 1656425291, 1709164800,
	    1776441720, 4102444799, 253402214400};
	char text[64], zone_text[16];

	(void)state;
	for (size_t m = 0; m < COUNT_OF(moments); m++)
		for (size_t o = 0; o < COUNT_OF(offsets); o++)
			for (int form = 0; form < 6; form++)
				for (int zone = 0; zone < 4; zone++) {
					struct civil t = civil_from_wall(
					    (wall_t){(moments[m] + offsets[o] * 60) * 1000});
					char both[80];

					put_form(form, &t, text);
					put_zone(zone, offsets[o], zone_text);
					snprintf(both, sizeof(both), "%s%s", text, zone_text);
					assert_reads(both, moments[m]);
				}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_programs_write_is_read),
	    cmocka_unit_test(a_bare_number_is_guessed_by_its_size_and_text_never),
	    cmocka_unit_test(a_day_is_a_day),
	    cmocka_unit_test(what_is_no_time_is_not_read),
	    cmocka_unit_test(every_form_in_every_zone_is_the_same_moment),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
