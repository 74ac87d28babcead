#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include "rules/exact.h"
#include <cmocka.h>

#include <stdio.h>

typedef void exact_fn(struct exact *out, const struct exact *a, const struct exact *b);

static const char *
printed(const struct exact *x)
{
	static char text[256];
	struct buf b = {0};

	exact_put(x, &b);
	assert_true(str_copy(text, sizeof(text), buf_view(&b)));
	buf_fini(&b);
	return text;
}

static struct exact
read(const char *text)
{
	struct exact x;

	if (!exact_read(&x, str_of(text)))
		fail_msg("%s", text);
	return x;
}

static void
assert_computes(exact_fn *how, const char *left, const char *right, const char *result)
{
	struct exact a = read(left), b = read(right), out = {0};

	how(&out, &a, &b);
	assert_string_equal(printed(&out), result);
	exact_fini(&a);
	exact_fini(&b);
	exact_fini(&out);
}

static void
a_number_has_one_form_however_it_is_written(void **state)
{
	static const struct {
		const char *text, *form;
	} cases[] = {{"0", "0"}, {"-0.000", "0"}, {"007", "7"}, {"1.50", "1.5"}, {".5", "0.5"},
	    {"5.", "5"}, {"+3", "3"}, {"12e3", "12000"}, {"12E-3", "0.012"}, {"0e400", "0"},
	    {"12345678901234567890123456789012345678901234567890",
		"12345678901234567890123456789012345678901234567890"},
	    {"-1.20e1", "-12"}, {"1e-7", "0.0000001"}};
	static const char *const wrong[] = {
	    "", "-", ".", "e1", "1e", "1e+", "0x1", "1,0", "1 ", "Infinity", "1e401", "--1"};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct exact x = read(cases[i].text);
		assert_string_equal(printed(&x), cases[i].form);
		exact_fini(&x);
	}
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		struct exact x;
		assert_false(exact_read(&x, str_of(wrong[i])));
		exact_fini(&x);
	}
}

static void
no_digit_is_lost(void **state)
{
	(void)state;
	assert_computes(exact_add, "7134821077305984001", "1", "7134821077305984002");
	assert_computes(exact_add, "99999999999999999999", "1", "100000000000000000000");
	assert_computes(
	    exact_subtract, "100000000000000000000", "0.1", "99999999999999999999.9");
	assert_computes(exact_subtract, "1", "9007199254740993", "-9007199254740992");
	assert_computes(exact_add, "-5", "5", "0");
	assert_computes(exact_multiply, "12345678901234567890", "-12345678901234567890",
	    "-152415787532388367501905199875019052100");
	assert_computes(exact_multiply, "0.5", "0", "0");
	assert_computes(exact_multiply, "-0.25", "-4", "1");
}

/* Against the machine's own 64 bits, of every sign. */
static void
small_numbers_are_computed_as_the_machine_does(void **state)
{
	uint64_t seed = 42;
	(void)state;
	for (int i = 0; i < 20000; i++) {
		char left[32], right[32], sum[32], difference[32], product[32];
		seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		int64_t a = (int64_t)(seed >> 36) - (1 << 27),
			b = (int64_t)(seed >> 8 & 0xfffff) - (1 << 19);
		snprintf(left, sizeof(left), "%lld", (long long)a);
		snprintf(right, sizeof(right), "%lld", (long long)b);
		snprintf(sum, sizeof(sum), "%lld", (long long)(a + b));
		snprintf(difference, sizeof(difference), "%lld", (long long)(a - b));
		snprintf(product, sizeof(product), "%lld", (long long)(a * b));
		assert_computes(exact_add, left, right, sum);
		assert_computes(exact_subtract, left, right, difference);
		assert_computes(exact_multiply, left, right, product);
	}
}

static void
a_quotient_is_rounded_down(void **state)
{
	static const struct {
		const char *a, *b, *quotient;
		bool is_even;
	} cases[] = {{"12345678901234567890", "10", "1234567890123456789", true},
	    {"7", "2", "3", false}, {"-7", "2", "-4", false}, {"7", "-2", "-4", false},
	    {"-8", "2", "-4", true}, {"-1", "3", "-1", false}, {"0", "5", "0", true},
	    {"100000000000000000000", "3", "33333333333333333333", false}};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct exact a = read(cases[i].a), b = read(cases[i].b), out = {0};
		bool is_even;
		assert_true(exact_divide(&out, &a, &b, &is_even));
		assert_string_equal(printed(&out), cases[i].quotient);
		assert_int_equal(is_even, cases[i].is_even);
		exact_fini(&a);
		exact_fini(&b);
		exact_fini(&out);
	}
	struct exact one = read("1"), zero = read("0"), half = read("0.5"), out = {0};
	bool is_even;
	assert_false(exact_divide(&out, &one, &zero, &is_even));
	assert_false(exact_divide(&out, &one, &half, &is_even));
	exact_fini(&one);
	exact_fini(&zero);
	exact_fini(&half);
	exact_fini(&out);
}

static void
half_is_rounded_away_from_zero(void **state)
{
	static const struct {
		const char *text;
		int places;
		const char *rounded;
	} cases[] = {{"1.005", 2, "1.01"}, {"-2.5", 0, "-3"}, {"2.4", 0, "2"},
	    {"9.99", 1, "10"}, {"0.4", 0, "0"}, {"0.5", 0, "1"}, {"0.05", 0, "0"},
	    {"1849", -2, "1800"}, {"1850", -2, "1900"}, {"50", -2, "100"}, {"49", -2, "0"},
	    {"1.5", 9, "1.5"}, {"-0.4", 0, "0"},
	    {"99999999999999999999.5", 0, "100000000000000000000"}};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct exact x = read(cases[i].text);
		exact_round(&x, cases[i].places);
		assert_string_equal(printed(&x), cases[i].rounded);
		exact_fini(&x);
	}
}

static void
commas_stand_before_the_point_only(void **state)
{
	static const struct {
		const char *text;
		int places;
		const char *grouped;
	} cases[] = {{"0", 0, "0"}, {"999", 0, "999"}, {"1000", 2, "1,000.00"},
	    {"-1234567.891", 1, "-1,234,567.891"}, {"0.0000001", 0, "0.0000001"},
	    {"12345678901234567890", 0, "12,345,678,901,234,567,890"}};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct exact x = read(cases[i].text);
		struct buf b = {0};
		exact_put_grouped(&x, cases[i].places, &b);
		assert_string_equal(b.ptr, cases[i].grouped);
		buf_fini(&b);
		exact_fini(&x);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_number_has_one_form_however_it_is_written),
	    cmocka_unit_test(no_digit_is_lost),
	    cmocka_unit_test(small_numbers_are_computed_as_the_machine_does),
	    cmocka_unit_test(a_quotient_is_rounded_down),
	    cmocka_unit_test(half_is_rounded_away_from_zero),
	    cmocka_unit_test(commas_stand_before_the_point_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
