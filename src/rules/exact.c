#include "exact.h"

enum { ZEROS_MAX = 400 }; /* an exponent may ask for so many */

void
exact_fini(struct exact *x)
{
	buf_fini(&x->digits);
}

bool
exact_is_zero(const struct exact *x)
{
	return x->digits.len == 0;
}

bool
exact_is_whole(const struct exact *x)
{
	return x->places == 0;
}

int64_t
exact_magnitude(const struct exact *x)
{
	return (int64_t)x->digits.len - x->places;
}

static void
drop_front(struct buf *b, size_t n)
{
	if (n == 0)
		return;
	b->len -= n;
	memmove(b->ptr, b->ptr + n, b->len);
}

/* Without zeros in front or at the end of the fraction, so that every number has one form. */
static void
normalize(struct exact *x)
{
	struct buf *d = &x->digits;
	size_t zeros = 0;

	while (x->places > 0 && d->len > 0 && d->ptr[d->len - 1] == '0') {
		d->len--;
		x->places--;
	}
	while (zeros < d->len && d->ptr[zeros] == '0')
		zeros++;
	drop_front(d, zeros);
	if (d->len == 0)
		*x = (struct exact){.digits = *d};
}

static void
append_zeros(struct buf *b, int64_t n)
{
	for (; n > 0; n--)
		buf_putc(b, '0');
}

/* --- reading --- */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static size_t
take_digits(struct buf *to, struct str text, size_t at)
{
	size_t n = 0;

	while (at + n < text.len && is_digit(text.ptr[at + n]))
		n++;
	if (n > 0)
		buf_put(to, text.ptr + at, n);
	return n;
}

/* Of "e-12" at `at`; empty text is 0. False if it is none, or too far. */
static bool
read_exponent(struct str text, size_t at, int64_t *out)
{
	bool is_negative = false;
	int64_t n = 0;

	*out = 0;
	if (at == text.len)
		return true;
	if (text.ptr[at] != 'e' && text.ptr[at] != 'E')
		return false;
	at++;
	if (at < text.len && (text.ptr[at] == '-' || text.ptr[at] == '+'))
		is_negative = text.ptr[at++] == '-';
	if (at == text.len)
		return false;
	for (; at < text.len; at++) {
		if (!is_digit(text.ptr[at]))
			return false;
		n = n <= ZEROS_MAX ? n * 10 + (text.ptr[at] - '0') : n;
	}
	*out = is_negative ? -n : n;
	return n <= ZEROS_MAX;
}

bool
exact_read(struct exact *out, struct str text)
{
	size_t at = text.len > 0 && (text.ptr[0] == '-' || text.ptr[0] == '+');
	int64_t exponent;
	size_t n;

	*out = (struct exact){.is_negative = at > 0 && text.ptr[0] == '-'};
	n = take_digits(&out->digits, text, at);
	at += n;
	if (at < text.len && text.ptr[at] == '.') {
		size_t fraction = take_digits(&out->digits, text, at + 1);

		out->places = (int64_t)fraction;
		at += 1 + fraction;
		n += fraction;
	}
	if (n == 0 || !read_exponent(text, at, &exponent))
		return false;
	exact_shift(out, exponent);
	return true;
}

void
exact_shift(struct exact *x, int64_t places)
{
	x->places -= places;
	if (x->places < 0) {
		append_zeros(&x->digits, -x->places);
		x->places = 0;
	}
	normalize(x);
}

/* --- computing --- */

/* The digit that counts 10^power. */
static int
digit_at(const struct exact *x, int64_t power)
{
	int64_t from_end = power + x->places;

	if (from_end < 0 || from_end >= (int64_t)x->digits.len)
		return 0;
	return x->digits.ptr[(int64_t)x->digits.len - 1 - from_end] - '0';
}

static int64_t
larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int
compare_magnitudes(const struct exact *a, const struct exact *b)
{
	int64_t high = larger(exact_magnitude(a), exact_magnitude(b));

	for (int64_t p = high - 1; p >= -larger(a->places, b->places); p--) {
		int difference = digit_at(a, p) - digit_at(b, p);

		if (difference != 0)
			return difference;
	}
	return 0;
}

static void
reverse(struct buf *b)
{
	for (size_t i = 0; i < b->len / 2; i++) {
		char c = b->ptr[i];

		b->ptr[i] = b->ptr[b->len - 1 - i];
		b->ptr[b->len - 1 - i] = c;
	}
}

/* |a| + |b|, or |a| - |b| of which `a` is the larger, by `sign`. */
static void
combine(struct exact *out, const struct exact *a, const struct exact *b, int sign)
{
	int64_t high = larger(larger(exact_magnitude(a), exact_magnitude(b)), 0);
	int carry = 0;

	out->places = larger(a->places, b->places);
	for (int64_t p = -out->places; p <= high; p++) {
		int digit = digit_at(a, p) + sign * digit_at(b, p) + carry;

		carry = digit < 0 ? -1 : digit / 10;
		buf_putc(&out->digits, (char)('0' + (digit + 10) % 10));
	}
	reverse(&out->digits);
}

static void
add_signed(struct exact *out, const struct exact *a, const struct exact *b, bool is_b_negative)
{
	if (a->is_negative == is_b_negative) {
		out->is_negative = a->is_negative;
		combine(out, a, b, 1);
	} else if (compare_magnitudes(a, b) >= 0) {
		out->is_negative = a->is_negative;
		combine(out, a, b, -1);
	} else {
		out->is_negative = is_b_negative;
		combine(out, b, a, -1);
	}
	normalize(out);
}

void
exact_add(struct exact *out, const struct exact *a, const struct exact *b)
{
	add_signed(out, a, b, b->is_negative);
}

void
exact_subtract(struct exact *out, const struct exact *a, const struct exact *b)
{
	add_signed(out, a, b, !b->is_negative);
}

void
exact_multiply(struct exact *out, const struct exact *a, const struct exact *b)
{
	size_t n = a->digits.len, m = b->digits.len;

	out->places = a->places + b->places;
	out->is_negative = a->is_negative != b->is_negative;
	append_zeros(&out->digits, (int64_t)(n + m));
	for (size_t i = n; i-- > 0;) {
		int factor = a->digits.ptr[i] - '0', carry = 0;

		for (size_t j = m; j-- > 0;) {
			char *at = &out->digits.ptr[i + j + 1];
			int digit = (*at - '0') + factor * (b->digits.ptr[j] - '0') + carry;

			*at = (char)('0' + digit % 10);
			carry = digit / 10;
		}
		if (m > 0)
			out->digits.ptr[i] = (char)(out->digits.ptr[i] + carry);
	}
	normalize(out);
}

/* Adds one to the last digit. */
static void
increment(struct exact *x)
{
	struct buf *d = &x->digits;
	size_t i = d->len;

	while (i > 0 && d->ptr[i - 1] == '9')
		d->ptr[--i] = '0';
	if (i > 0) {
		d->ptr[i - 1]++;
		return;
	}
	buf_putc(d, '0');
	memmove(d->ptr + 1, d->ptr, d->len - 1);
	d->ptr[0] = '1';
}

/* One digit of a quotient: how often |b| goes into `rest`, which keeps what is left. */
static char
divide_digit(struct exact *rest, const struct exact *b)
{
	char digit = '0';

	while (compare_magnitudes(rest, b) >= 0) {
		struct exact less = {0};

		combine(&less, rest, b, -1);
		normalize(&less);
		exact_fini(rest);
		*rest = less;
		digit++;
	}
	return digit;
}

bool
exact_divide(struct exact *out, const struct exact *a, const struct exact *b, bool *is_even)
{
	struct exact rest = {0};

	if (!exact_is_whole(a) || !exact_is_whole(b) || exact_is_zero(b))
		return false;
	for (size_t i = 0; i < a->digits.len; i++) {
		buf_putc(&rest.digits, a->digits.ptr[i]);
		normalize(&rest);
		buf_putc(&out->digits, divide_digit(&rest, b));
	}
	*is_even = exact_is_zero(&rest);
	exact_fini(&rest);
	out->is_negative = a->is_negative != b->is_negative;
	if (out->is_negative && !*is_even)
		increment(out); /* down, not towards zero */
	normalize(out);
	return true;
}

/* --- rounding and printing --- */

void
exact_round(struct exact *x, int64_t places)
{
	int64_t dropped = x->places - places, len = (int64_t)x->digits.len;
	bool goes_up;

	if (dropped <= 0)
		return;
	goes_up = dropped <= len && x->digits.ptr[len - dropped] >= '5';
	x->digits.len = dropped < len ? (size_t)(len - dropped) : 0;
	if (goes_up)
		increment(x);
	x->places = places;
	exact_shift(x, 0);
}

static void
put_fraction(const struct exact *x, int64_t places, struct buf *out)
{
	int64_t wanted = larger(x->places, places);

	if (wanted > 0)
		buf_putc(out, '.');
	for (int64_t i = 1; i <= wanted; i++)
		buf_putc(out, (char)('0' + digit_at(x, -i)));
}

static void
put_whole(const struct exact *x, bool is_grouped, struct buf *out)
{
	if (x->is_negative)
		buf_putc(out, '-');
	if (exact_magnitude(x) <= 0)
		buf_putc(out, '0');
	for (int64_t p = exact_magnitude(x) - 1; p >= 0; p--) {
		buf_putc(out, (char)('0' + digit_at(x, p)));
		if (is_grouped && p > 0 && p % 3 == 0)
			buf_putc(out, ',');
	}
}

void
exact_put(const struct exact *x, struct buf *out)
{
	put_whole(x, false, out);
	put_fraction(x, 0, out);
}

void
exact_put_grouped(const struct exact *x, int64_t places, struct buf *out)
{
	put_whole(x, true, out);
	put_fraction(x, places, out);
}
