#include "template_number.h"

#include <math.h>

#include "carillon/base/json.h"
#include "exact.h"

enum {
	EXACT_DIGITS = 15, /* so many decimal digits survive a double */
	EXACT_POWER = 22,  /* 10^22 is the last power of ten that is a double */
	DIGITS_MAX = 17,
	FIGURES_MAX = 6, /* digits that people are shown behind the point */
};

static const double powers[EXACT_POWER + 1] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9,
    1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The C library's reader, for what the short cuts do not cover. */
static double
number_read(struct str text)
{
	char small[128];
	if (str_copy(small, sizeof(small), text))
		return strtod(small, NULL);
	struct buf big = {0};
	buf_str(&big, text);
	double n = strtod(big.ptr, NULL);
	buf_fini(&big);
	return n;
}

/*
 * Clinger's fast path: up to 15 digits divided by an exact power of ten is one correctly
 * rounded operation.
 */
double
number_of_json(struct str text)
{
	size_t i = text.len > 0 && text.ptr[0] == '-';
	int64_t mantissa = 0;
	if (text.len <= EXACT_DIGITS && i == 0) {
		for (; i < text.len && is_digit(text.ptr[i]); i++)
			mantissa = mantissa * 10 + (text.ptr[i] - '0');
		if (i == text.len)
			return (double)mantissa;
		mantissa = 0;
		i = 0;
	}
	int digits = 0, after_point = 0;
	bool point = false;
	for (; i < text.len; i++) {
		char c = text.ptr[i];
		if (c == '.' && !point) {
			point = true;
			continue;
		}
		if (!is_digit(c) || ++digits > EXACT_DIGITS)
			return number_read(text);
		mantissa = mantissa * 10 + (c - '0');
		after_point += point;
	}
	double n = (double)mantissa / powers[after_point];
	return text.len > 0 && text.ptr[0] == '-' ? -n : n;
}

static size_t
blank_length(const char *p, size_t len)
{
	static const char *const wide[] = {"\xc2\xa0", "\xe1\x9a\x80", "\xe2\x80\x80",
	    "\xe2\x80\x81", "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85",
	    "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a",
	    "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80",
	    "\xef\xbb\xbf"};
	if (*p == ' ' || (*p >= '\t' && *p <= '\r'))
		return 1;
	for (size_t i = 0; i < COUNT_OF(wide); i++) {
		size_t n = strlen(wide[i]);
		if (len >= n && memcmp(p, wide[i], n) == 0)
			return n;
	}
	return 0;
}

struct str
number_trim(struct str s)
{
	for (size_t n; s.len > 0 && (n = blank_length(s.ptr, s.len)) > 0;)
		s = (struct str){s.ptr + n, s.len - n};
	while (s.len > 0) {
		size_t back = 1;
		while (back < s.len && back < 4 && (s.ptr[s.len - back] & 0xc0) == 0x80)
			back++;
		if (blank_length(s.ptr + s.len - back, back) != back)
			break;
		s.len -= back;
	}
	return s;
}

/* Whether `s` is StrUnsignedDecimalLiteral of ECMAScript: "1", ".5", "5.", "1e3". */
static bool
is_decimal(struct str s)
{
	size_t i = 0, digits = 0;
	for (; i < s.len && is_digit(s.ptr[i]); i++)
		digits++;
	if (i < s.len && s.ptr[i] == '.')
		for (i++; i < s.len && is_digit(s.ptr[i]); i++)
			digits++;
	if (digits == 0)
		return false;
	if (i == s.len)
		return true;
	if (s.ptr[i] != 'e' && s.ptr[i] != 'E')
		return false;
	i++;
	if (i < s.len && (s.ptr[i] == '+' || s.ptr[i] == '-'))
		i++;
	size_t first = i;
	while (i < s.len && is_digit(s.ptr[i]))
		i++;
	return i > first && i == s.len;
}

/* "0x1f", "0b101", "0o17". Beyond 2^53 the last digits are lost one rounding at a time. */
static double
number_of_radix(struct str s, int bits)
{
	double n = 0;
	for (size_t i = 2; i < s.len; i++) {
		int digit = hex_digit(s.ptr[i]);
		if (digit < 0 || digit >= 1 << bits)
			return NAN;
		n = n * (1 << bits) + digit;
	}
	return s.len > 2 ? n : NAN;
}

double
number_of_string(struct str s)
{
	s = number_trim(s);
	if (s.len == 0)
		return 0;
	if (s.len >= 2 && s.ptr[0] == '0') {
		char c = (char)(s.ptr[1] | 0x20);
		int bits = c == 'x' ? 4 : c == 'o' ? 3 : c == 'b' ? 1 : 0;
		if (bits != 0)
			return number_of_radix(s, bits);
	}
	bool negative = s.ptr[0] == '-';
	if (negative || s.ptr[0] == '+')
		s = (struct str){s.ptr + 1, s.len - 1};
	double n = NAN;
	if (str_eq(s, STR("Infinity")))
		n = INFINITY;
	else if (is_decimal(s))
		n = number_read(s);
	return negative ? -n : n;
}

/* The decimal digits of a positive number, without trailing zeros: 0.d1d2d3... * 10^point. */
struct decimal {
	char digits[DIGITS_MAX + 2];
	int n, point;
};

static void
decimal_of_integer(uint64_t m, int after_point, struct decimal *d)
{
	while (m % 10 == 0) {
		m /= 10;
		after_point--;
	}
	char back[24];
	int n = 0;
	for (; m > 0; m /= 10)
		back[n++] = (char)('0' + m % 10);
	for (int i = 0; i < n; i++)
		d->digits[i] = back[n - 1 - i];
	d->n = n;
	d->point = n - after_point;
}

/* `precision` correctly rounded digits, plus `ulp` in the last; whether they read back as n. */
static bool
decimal_try(double n, int precision, int ulp, struct decimal *d)
{
	char text[40];
	snprintf(text, sizeof(text), "%.*e", precision - 1, n);
	char *e = strchr(text, 'e');
	uint64_t m = 0;
	for (const char *p = text; p < e; p++)
		if (is_digit(*p))
			m = m * 10 + (uint64_t)(*p - '0');
	int power = (int)strtol(e + 1, NULL, 10);
	m += (uint64_t)ulp;
	snprintf(text, sizeof(text), "%llue%d", (unsigned long long)m, power - precision + 1);
	if (strtod(text, NULL) != n)
		return false;
	decimal_of_integer(m, precision - 1 - power, d);
	return true;
}

/*
 * The shortest digits that read back as `n`, the nearest of those. Up to 15 digits the
 * rounded ones are it; at a power of two the gap below is half the gap above, so that the
 * digits above may read back where the rounded ones do not.
 */
static void
decimal_shortest(double n, struct decimal *d)
{
	for (int after = 0; after <= 6 && n >= 1e-6; after++) {
		double scaled = nearbyint(n * powers[after]);
		if (scaled >= 1e15)
			break;
		if (scaled / powers[after] == n) {
			decimal_of_integer((uint64_t)scaled, after, d);
			return;
		}
	}
	int exponent;
	bool at_power = frexp(n, &exponent) == 0.5;
	int precision = isnormal(n) ? EXACT_DIGITS : 1;
	for (; precision < DIGITS_MAX; precision++)
		if (decimal_try(n, precision, 0, d) ||
		    (at_power && decimal_try(n, precision, 1, d)))
			return;
	must(decimal_try(n, DIGITS_MAX, 0, d));
}

static size_t
put_zeros(char *text, size_t len, int n)
{
	for (int i = 0; i < n; i++)
		text[len++] = '0';
	return len;
}

/* Number::toString of ECMAScript, for a positive finite number. */
static size_t
decimal_print(const struct decimal *d, char *text)
{
	size_t n = (size_t)d->n;
	if (d->point > 21 || d->point <= -6) {
		int power = d->point - 1;
		size_t len = 0;
		text[len++] = d->digits[0];
		if (n > 1) {
			text[len++] = '.';
			memcpy(text + len, d->digits + 1, n - 1);
			len += n - 1;
		}
		return len + (size_t)snprintf(text + len, 8, "e%+d", power);
	}
	if (d->point >= d->n) {
		memcpy(text, d->digits, n);
		return put_zeros(text, n, d->point - d->n);
	}
	if (d->point > 0) {
		size_t before = (size_t)d->point;
		memcpy(text, d->digits, before);
		text[before] = '.';
		memcpy(text + before + 1, d->digits + before, n - before);
		return n + 1;
	}
	size_t len = put_zeros(text, 0, 1);
	text[len++] = '.';
	len = put_zeros(text, len, -d->point);
	memcpy(text + len, d->digits, n);
	return len + n;
}

static bool
is_small_integer(double n)
{
	return n < 1e15 && n > -1e15 && n == (double)(int64_t)n;
}

static size_t
integer_print(int64_t n, char *text)
{
	char back[24];
	size_t len = 0, digits = 0;
	if (n < 0)
		text[len++] = '-';
	uint64_t m = n < 0 ? -(uint64_t)n : (uint64_t)n;
	do {
		back[digits++] = (char)('0' + m % 10);
		m /= 10;
	} while (m > 0);
	while (digits > 0)
		text[len++] = back[--digits];
	text[len] = '\0';
	return len;
}

size_t
number_print(double n, char text[static NUMBER_TEXT_MAX])
{
	if (is_small_integer(n))
		return integer_print((int64_t)n, text);
	size_t len = 0;
	if (isnan(n)) {
		memcpy(text, "NaN", 4);
		return 3;
	}
	if (n < 0) {
		text[len++] = '-';
		n = -n;
	}
	if (isinf(n)) {
		memcpy(text + len, "Infinity", 9);
		return len + 8;
	}
	struct decimal d;
	decimal_shortest(n, &d);
	len += decimal_print(&d, text + len);
	text[len] = '\0';
	return len;
}

/* digits * 10^power: exact when both fit (Clinger), else the C library's work. */
static double
decimal_value(const struct decimal *d, int power)
{
	int64_t mantissa = 0;
	for (int i = 0; i < d->n; i++)
		mantissa = mantissa * 10 + (d->digits[i] - '0');
	if (d->n <= EXACT_DIGITS && power >= 0 && power <= EXACT_POWER)
		return (double)mantissa * powers[power];
	if (d->n <= EXACT_DIGITS && power < 0 && -power <= EXACT_POWER)
		return (double)mantissa / powers[-power];
	char text[48];
	snprintf(text, sizeof(text), "%lldE%d", (long long)mantissa, power);
	return strtod(text, NULL);
}

/* As LiquidJS does it: by moving the exponent of the number's text. */
double
number_shift(double n, int power)
{
	if (n == 0 || !isfinite(n))
		return n;
	struct decimal d;
	decimal_shortest(fabs(n), &d);
	double shifted = decimal_value(&d, d.point - d.n + power);
	return n < 0 ? -shifted : shifted;
}

double
number_round(double n, double digits)
{
	/* 9007199254740991: beyond it there is nothing to round. 700: beyond 1e308 either way.
	 */
	if (!isfinite(n) || isnan(digits) || digits != floor(digits) || fabs(digits) >= 1e21)
		return n;
	if (digits >= 0 && n == floor(n))
		return n;
	int power = digits > 700 ? 700 : digits < -700 ? -700 : (int)digits;
	double scaled = number_shift(fabs(n), power);
	if (!(scaled <= 9007199254740991.0))
		return n;
	double whole = floor(scaled);
	double rounded = number_shift(scaled - whole >= 0.5 ? whole + 1 : whole, -power);
	return n < 0 ? -rounded : rounded;
}

bool
number_is_held(struct str text)
{
	char held[NUMBER_TEXT_MAX];
	double n;

	if (text.len <= EXACT_DIGITS)
		return true;
	n = number_of_json(text);
	return isfinite(n) &&
	       json_number_cmp((struct str){held, number_print(n, held)}, text) == 0;
}

/* Digits are shown behind the zeros of a number below 1, for there the zeros say how small. */
static int64_t
places_shown(const struct exact *x, int digits)
{
	int64_t magnitude = exact_magnitude(x);

	if (digits >= 0)
		return digits;
	return magnitude < 0 ? FIGURES_MAX - magnitude : FIGURES_MAX;
}

void
number_put_grouped(struct str text, int power, int digits, struct buf *out)
{
	struct exact x;
	bool is_readable = exact_read(&x, text);
	bool has_exponent = text.len > 0 && (memchr(text.ptr, 'e', text.len) ||
						memchr(text.ptr, 'E', text.len));
	int64_t magnitude = exact_magnitude(&x);

	if (!is_readable || (has_exponent && (magnitude > 21 || magnitude < -21))) {
		buf_str(out, text);
	} else {
		exact_shift(&x, power);
		exact_round(&x, places_shown(&x, digits));
		exact_put_grouped(&x, digits, out);
	}
	exact_fini(&x);
}
