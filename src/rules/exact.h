/*
 * Decimal numbers of any length, exactly: for what a double would lose digits of. The owner
 * ends each with exact_fini; {0} is zero. Time and memory grow with the digits, products and
 * quotients with both factors': who computes with strangers' numbers counts them before. Pure.
 */
#pragma once

#include "carillon/base/base.h"
#include "carillon/base/buf.h"

struct exact {
	bool is_negative;  /* never of zero */
	struct buf digits; /* '0' to '9', the first no zero; empty: zero */
	int64_t places;    /* how many digits stand behind the point, not below 0 */
};

void exact_fini(struct exact *x);
/*
 * Reads "-12.50e3"; also "+1", ".5" and "5.", as JavaScript does. False if it is no decimal
 * number, or its exponent is too far from 0 to write the number out.
 */
MUST_USE bool exact_read(struct exact *out, struct str text);
/* Each fills `out`, which must be {0}. */
void exact_add(struct exact *out, const struct exact *a, const struct exact *b);
void exact_subtract(struct exact *out, const struct exact *a, const struct exact *b);
void exact_multiply(struct exact *out, const struct exact *a, const struct exact *b);
/* The quotient of whole numbers, rounded down; false if they are not, or `b` is 0. Whether
 * nothing was left over goes to `*is_even`. */
MUST_USE bool exact_divide(
    struct exact *out, const struct exact *a, const struct exact *b, bool *is_even);
/* Half is rounded away from zero. Negative `places` round before the point. */
void exact_round(struct exact *x, int64_t places);
/* Moves the point `places` to the right. */
void exact_shift(struct exact *x, int64_t places);
bool exact_is_zero(const struct exact *x);
bool exact_is_whole(const struct exact *x);
/* Digits before the point; of 0.00123 it is -2, the zeros behind the point. */
int64_t exact_magnitude(const struct exact *x);
/* Appends it without an exponent. */
void exact_put(const struct exact *x, struct buf *out);
/* The same with commas between thousands and at least so many places. */
void exact_put_grouped(const struct exact *x, int64_t places, struct buf *out);
