#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "carillon/base/json.h"
#include "unit/base/testing.h"

#include <cmocka.h> /* last: it makes a macro of fail */

__extension__ typedef __int128 wide;

static struct json
number(const char *text)
{
	return (struct json){.kind = JSON_NUMBER, .text = str_of(text)};
}

static void
numbers_compare_by_value(void **state)
{
	static const struct {
		const char *a, *b;
		int order;
	} cases[] = {
	    {"0", "-0", 0},
	    {"0e5", "-0.000E-7", 0},
	    {"1.10", "1.1", 0},
	    {"1", "1.0000000000000000000000000000", 0},
	    {"100e-2", "1", 0},
	    {"0.1e1", "1", 0},
	    {"1e00000000000000000000000000000001", "10", 0},
	    {"12", "3", 1},
	    {"-12", "-3", -1},
	    {"-1", "0", -1},
	    {"1e-400", "0", 1},
	    {"-1e-400", "0", -1},
	    {"1e400", "1e401", -1},
	    {"-1e400", "-1e401", 1},
	    {"9007199254740993", "9007199254740992", 1},
	    {"0.1", "0.10000000000000000000000000000000001", -1},
	    {"123456789012345678901234567890", "123456789012345678901234567891", -1},
	    {"1e999999999999999999999999999999", "10e999999999999999999999999999998", 0},
	    {"1e1000000000000000000000000000000", "10e999999999999999999999999999999", 0},
	    {"11e999999999999999999999999999999", "1e1000000000000000000000000000000", 1},
	    {"1e-1000000000000000000000000000000", "0.1e-999999999999999999999999999999", 0},
	    {"1e100000000000000000000", "1e100000000000000000001", -1},
	    {"1e-100000000000000000000", "1e100000000000000000000", -1},
	    {"9e-99999999999999999999999", "1", -1},
	    {"0e99999999999999999999999", "1e-99999999999999999999999", -1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct str a = str_of(cases[i].a), b = str_of(cases[i].b);

		assert_int_equal(json_number_cmp(a, b), cases[i].order);
		assert_int_equal(json_number_cmp(b, a), -cases[i].order);
	}
}

/* A random number text, and its value times ten to the 12th. */
static wide
random_number(uint64_t *seed, char text[static 40])
{
	bool negative = random_below(seed, 2);
	uint64_t whole = random_below(seed, 3) ? random_below(seed, 100) : 0;
	int places = (int)random_below(seed, 5), exponent = (int)random_below(seed, 14) - 7;
	uint64_t fraction = 0;
	wide value;
	int len = snprintf(text, 40, "%s%d", negative ? "-" : "", (int)whole);

	for (int i = 0; i < places; i++) {
		fraction = fraction * 10 + random_below(seed, 2) * random_below(seed, 10);
		whole *= 10;
	}
	if (places)
		len += snprintf(text + len, 40 - (size_t)len, ".%0*d", places, (int)fraction);
	(void)snprintf(text + len, 40 - (size_t)len, "%c%+0*d",
	    random_below(seed, 2) ? 'e' : 'E', (int)random_below(seed, 5) + 2, exponent);
	value = (wide)(whole + fraction);
	for (int i = 0; i < 12 + exponent - places; i++)
		value *= 10;
	return negative ? -value : value;
}

static void
random_numbers_compare_as_wide_integers_do(void **state)
{
	char a[40], b[40];
	uint64_t seed = 11;
	int equal = 0;

	(void)state;
	for (int i = 0; i < 300000; i++) {
		wide left = random_number(&seed, a), right = random_number(&seed, b);
		int order = (left > right) - (left < right);

		assert_int_equal(json_number_cmp(str_of(a), str_of(b)), order);
		equal += order == 0;
	}
	assert_true(equal > 300);
}

static void
long_numbers_compare_to_their_last_digit(void **state)
{
	enum { DIGITS = 100000 };
	char *a = malloc(DIGITS + 1), *b = malloc(DIGITS + 1);

	(void)state;
	memset(a, '9', DIGITS);
	memset(b, '9', DIGITS);
	a[1] = b[1] = '.';
	a[DIGITS] = b[DIGITS] = '\0';
	assert_int_equal(json_number_cmp(str_of(a), str_of(b)), 0);
	b[DIGITS - 1] = '8';
	assert_int_equal(json_number_cmp(str_of(a), str_of(b)), 1);
	a[1] = '9';
	assert_int_equal(json_number_cmp(str_of(a), STR("1e99999")), 1);
	assert_int_equal(json_number_cmp(str_of(a), STR("1e100000")), -1);
	free(a);
	free(b);
}

static void
integers_are_read_by_value(void **state)
{
	static const struct {
		const char *text;
		int64_t value;
	} good[] = {{"0", 0}, {"-0", 0}, {"0e999999999999999999999999", 0}, {"17", 17},
	    {"-17", -17}, {"1.0", 1}, {"1e3", 1000}, {"1200e-2", 12}, {"0.5e1", 5},
	    {"9223372036854775807", INT64_MAX}, {"-9223372036854775808", INT64_MIN},
	    {"922337203685477580.7e1", INT64_MAX},
	    {"1000000000000000000", 1000000000000000000}};
	static const char *const bad[] = {"0.5", "1e-1", "1.01", "9223372036854775808",
	    "-9223372036854775809", "1e19", "1e99999999999999999999999",
	    "1e-99999999999999999999999", "99999999999999999999"};
	struct json text = {.kind = JSON_STRING, .text = STR("1")};
	int64_t value;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		struct json v = number(good[i].text);

		assert_true(json_int64(&v, &value));
		assert_int_equal(value, good[i].value);
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct json v = number(bad[i]);

		assert_false(json_int64(&v, &value));
	}
	assert_false(json_int64(&text, &value));
	assert_false(json_int64(NULL, &value));
}

static void
doubles_are_read_in_range(void **state)
{
	struct json v = number("1.5e3"), huge = number("1e309"), tiny = number("-1e-999");
	struct json text = {.kind = JSON_STRING, .text = STR("1")};
	char digits[201];
	double d;

	(void)state;
	assert_true(json_double(&v, &d));
	assert_true(d >= 1500 && d <= 1500);
	assert_true(json_double(&tiny, &d));
	assert_true(d <= 0 && d >= 0);
	assert_false(json_double(&huge, &d));
	assert_false(json_double(&text, &d));
	assert_false(json_double(NULL, &d));
	memset(digits, '0', 200);
	digits[0] = '1';
	digits[1] = '.';
	digits[200] = '\0';
	v = number(digits);
	assert_true(json_double(&v, &d));
	assert_true(d >= 1 && d <= 1);
}

static void
a_number_ends_where_its_length_says(void **state)
{
	struct json v = {.kind = JSON_NUMBER, .text = {"123456", 3}};
	int64_t n;
	double d;

	(void)state;
	assert_true(json_double(&v, &d));
	assert_true(d >= 123 && d <= 123);
	assert_true(json_int64(&v, &n));
	assert_int_equal(n, 123);
	assert_int_equal(json_number_cmp(v.text, STR("123")), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(numbers_compare_by_value),
	    cmocka_unit_test(random_numbers_compare_as_wide_integers_do),
	    cmocka_unit_test(long_numbers_compare_to_their_last_digit),
	    cmocka_unit_test(integers_are_read_by_value),
	    cmocka_unit_test(doubles_are_read_in_range),
	    cmocka_unit_test(a_number_ends_where_its_length_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
