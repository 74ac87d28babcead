#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include "rules/template_number.h"
#include <cmocka.h>

#include <math.h>

static const char *
print(double n)
{
	static char text[NUMBER_TEXT_MAX];
	size_t len = number_print(n, text);
	assert_int_equal(len, strlen(text));
	return text;
}

static void
a_number_prints_as_javascript_prints_it(void **state)
{
	(void)state;
	static const struct {
		double n;
		const char *text;
	} cases[] = {{0, "0"}, {-0.0, "0"}, {0.1 + 0.2, "0.30000000000000004"}, {1e21, "1e+21"},
	    {1e20, "100000000000000000000"}, {123456789012345680000.0, "123456789012345680000"},
	    {1e-6, "0.000001"}, {1e-7, "1e-7"}, {1.5e-9, "1.5e-9"},
	    {9007199254740993.0, "9007199254740992"}, {5e-324, "5e-324"},
	    {1.7976931348623157e308, "1.7976931348623157e+308"},
	    {5.6843418860808015e-14, "5.684341886080802e-14"}, /* 2^-44 */
	    {-1840.5, "-1840.5"}, {INFINITY, "Infinity"}, {-INFINITY, "-Infinity"},
	    {NAN, "NaN"}};
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_string_equal(print(cases[i].n), cases[i].text);
}

static void
what_is_printed_reads_back_as_the_same_number(void **state)
{
	(void)state;
	uint64_t bits = 1;
	for (int i = 0; i < 200000; i++) {
		bits = bits * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		double n;
		memcpy(&n, &bits, sizeof(n));
		if (!isfinite(n))
			continue;
		double back = strtod(print(n), NULL);
		assert_true(back == n);
		assert_true(number_of_json(str_of(print(n))) == n);
	}
}

static void
a_string_becomes_a_number_as_in_javascript(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		double n;
	} cases[] = {{"", 0}, {"  \n\xc2\xa0", 0}, {" 42 ", 42}, {".5", 0.5}, {"5.", 5},
	    {"1e3", 1000}, {"0x1F", 31}, {"0b11", 3}, {"0o17", 15}, {"-2.5", -2.5},
	    {"Infinity", INFINITY}, {"+7", 7}};
	static const char *const wrong[] = {
	    "abc", "1,000", "1e", "0x", "0xg", "--1", "1 2", ".", "-0x1", "inf", "nan", "1e+"};
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_true(number_of_string(str_of(cases[i].text)) == cases[i].n);
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		assert_true(isnan(number_of_string(str_of(wrong[i]))));
}

static void
rounding_is_done_in_decimal(void **state)
{
	(void)state;
	assert_string_equal(print(number_round(1.005, 2)), "1.01");
	assert_string_equal(print(number_round(-2.5, 0)), "-3");
	assert_string_equal(print(number_round(1849, -2)), "1800");
	assert_string_equal(print(number_round(0.49999999999999994, 0)), "0");
	assert_string_equal(print(number_round(1e300, 5)), "1e+300");
	assert_string_equal(print(number_round(1.5, 1e9)), "1.5");
	assert_string_equal(print(number_shift(0.145, 2)), "14.5");
}

static void
people_read_commas_and_at_most_six_digits(void **state)
{
	(void)state;
	static const struct {
		const char *number;
		int digits;
		const char *text;
	} cases[] = {{"0", -1, "0"}, {"-0.0", -1, "0"}, {"999", -1, "999"},
	    {"1000", -1, "1,000"}, {"-1234567.891", 1, "-1,234,567.9"}, {"1234.5", 0, "1,235"},
	    {"12", 2, "12.00"}, {"-0.001", 2, "0.00"}, {"1.2000000000000002", -1, "1.2"},
	    {"0.0000012", -1, "0.0000012"}, {"1e-7", -1, "0.0000001"},
	    {"-0.09999999999999432", -1, "-0.1"}, {"0.1234567", -1, "0.123457"},
	    {"1.23456789", -1, "1.234568"}, {"0.99999999", -1, "1"},
	    {"1.5e-9", -1, "0.0000000015"},
	    {"7134821077305984001", -1, "7,134,821,077,305,984,001"},
	    {"12345678901234567890.12", 1, "12,345,678,901,234,567,890.1"},
	    {"1E3", -1, "1,000"}, {"1e300", 2, "1e300"}, {"1e-300", -1, "1e-300"},
	    {"Infinity", 0, "Infinity"}};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct buf out = {0};
		number_put_grouped(str_of(cases[i].number), 0, cases[i].digits, &out);
		assert_string_equal(out.ptr, cases[i].text);
		buf_fini(&out);
	}
}

static void
a_double_holds_what_it_prints_again(void **state)
{
	static const char *const held[] = {"1", "0.1", "9007199254740992", "1e300",
	    "0.30000000000000004", "123456789012345680000", "0001"};
	static const char *const lost[] = {"9007199254740993", "7134821077305984001",
	    "12345678901234567890", "0.12345678901234567890"};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(held); i++)
		assert_true(number_is_held(str_of(held[i])));
	for (size_t i = 0; i < COUNT_OF(lost); i++)
		assert_false(number_is_held(str_of(lost[i])));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_number_prints_as_javascript_prints_it),
	    cmocka_unit_test(what_is_printed_reads_back_as_the_same_number),
	    cmocka_unit_test(a_string_becomes_a_number_as_in_javascript),
	    cmocka_unit_test(rounding_is_done_in_decimal),
	    cmocka_unit_test(people_read_commas_and_at_most_six_digits),
	    cmocka_unit_test(a_double_holds_what_it_prints_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
