/*
 * Numbers by their text. A number is 0.d1d2d3... times ten to a power; neither its digits nor
 * its exponent ever has to fit anywhere, so comparing is exact and takes time by the text's
 * length only.
 */
#include "carillon/base/json.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>

/*
 * Far above the length of any text, far below the ends of int64_t: a difference of exponents
 * that reaches this cannot be made up for by digits.
 */
#define FAR INT64_C(100000000000000000)

struct decimal {
	bool negative;
	struct str whole, fraction; /* digits */
	size_t first, end; /* the significant digits, counted through both; none: zero */
	bool exponent_negative;
	struct str exponent; /* digits, however many */
};

static struct str
take_digits(struct str *s)
{
	size_t n = 0;

	while (n < s->len && s->ptr[n] >= '0' && s->ptr[n] <= '9')
		n++;
	struct str digits = {s->ptr, n};
	*s = (struct str){n ? s->ptr + n : s->ptr, s->len - n};
	return digits;
}

static bool
take_char(struct str *s, char a, char b)
{
	if (s->len == 0 || (*s->ptr != a && *s->ptr != b))
		return false;
	*s = (struct str){s->ptr + 1, s->len - 1};
	return true;
}

static int
digit_at(const struct decimal *d, size_t i)
{
	char c = i < d->whole.len ? d->whole.ptr[i] : d->fraction.ptr[i - d->whole.len];

	return c - '0';
}

static struct decimal
decimal_of(struct str s)
{
	struct decimal d = {0};

	d.negative = take_char(&s, '-', '-');
	d.whole = take_digits(&s);
	if (take_char(&s, '.', '.'))
		d.fraction = take_digits(&s);
	if (take_char(&s, 'e', 'E')) {
		d.exponent_negative = s.len && *s.ptr == '-';
		(void)take_char(&s, '+', '-');
		d.exponent = take_digits(&s);
	}
	d.end = d.whole.len + d.fraction.len;
	while (d.first < d.end && digit_at(&d, d.first) == 0)
		d.first++;
	while (d.end > d.first && digit_at(&d, d.end - 1) == 0)
		d.end--;
	return d;
}

static int64_t
exponent_digit(const struct decimal *d, size_t place)
{
	if (place >= d->exponent.len)
		return 0;
	int digit = d->exponent.ptr[d->exponent.len - 1 - place] - '0';
	return d->exponent_negative ? -digit : digit;
}

/* How much further left `a` starts than `b`, in digits; beyond FAR only the sign is right. */
static int64_t
magnitude_difference(const struct decimal *a, const struct decimal *b)
{
	size_t places = a->exponent.len > b->exponent.len ? a->exponent.len : b->exponent.len;
	int64_t difference = 0;

	while (places-- > 0) {
		difference =
		    difference * 10 + exponent_digit(a, places) - exponent_digit(b, places);
		if (difference > FAR || difference < -FAR)
			return difference;
	}
	difference += (int64_t)a->whole.len - (int64_t)a->first;
	return difference - ((int64_t)b->whole.len - (int64_t)b->first);
}

static int
compare_magnitudes(const struct decimal *a, const struct decimal *b)
{
	int64_t further = magnitude_difference(a, b);
	size_t a_len = a->end - a->first, b_len = b->end - b->first;

	if (further)
		return further > 0 ? 1 : -1;
	for (size_t i = 0; i < a_len && i < b_len; i++) {
		int order = digit_at(a, a->first + i) - digit_at(b, b->first + i);

		if (order)
			return order > 0 ? 1 : -1;
	}
	return (a_len > b_len) - (a_len < b_len);
}

static int
sign_of(const struct decimal *d)
{
	if (d->first == d->end)
		return 0;
	return d->negative ? -1 : 1;
}

int
json_number_cmp(struct str a, struct str b)
{
	struct decimal left = decimal_of(a), right = decimal_of(b);
	int left_sign = sign_of(&left), right_sign = sign_of(&right);

	if (left_sign != right_sign)
		return left_sign > right_sign ? 1 : -1;
	return left_sign ? left_sign * compare_magnitudes(&left, &right) : 0;
}

bool
json_int64(const struct json *v, int64_t *out)
{
	static const struct decimal one_tenth = {0}; /* 0.1: starts just right of the point */

	if (!v || v->kind != JSON_NUMBER)
		return false;
	struct decimal d = decimal_of(v->text);
	if (sign_of(&d) == 0) {
		*out = 0;
		return true;
	}
	int64_t places = magnitude_difference(&d, &one_tenth), n = 0;
	if (places > 19 || places < (int64_t)(d.end - d.first))
		return false;
	for (size_t i = 0; i < (size_t)places; i++) {
		int digit = d.first + i < d.end ? digit_at(&d, d.first + i) : 0;

		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, d.negative ? -digit : digit, &n))
			return false;
	}
	*out = n;
	return true;
}

static pthread_once_t locale_once = PTHREAD_ONCE_INIT;
static locale_t c_locale;

static void
make_locale(void)
{
	c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	must(c_locale);
}

/* strtod by the C locale, of text that has an end only by its length. */
static double
read_double(struct str text)
{
	char few[64], *copy = text.len < sizeof few ? few : malloc(text.len + 1);

	must(copy); /* out of memory */
	pthread_once(&locale_once, make_locale);
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	double d = strtod_l(copy, NULL, c_locale);
	if (copy != few)
		free(copy);
	return d;
}

bool
json_double(const struct json *v, double *out)
{
	if (!v || v->kind != JSON_NUMBER)
		return false;
	double d = read_double(v->text);
	if (!isfinite(d))
		return false;
	*out = d;
	return true;
}
