/*
 * Numbers as JavaScript has them, for LiquidJS computes in doubles: reading a number's text,
 * converting a string, rounding, and printing the shortest text that reads back as the same
 * double. Pure; any thread.
 */
#pragma once

#include "carillon/base/base.h"
#include "carillon/base/buf.h"

enum { NUMBER_TEXT_MAX = 32 };

/* A JSON number's text; correctly rounded, infinite when too large. */
double number_of_json(struct str text);
/* Number(s) of JavaScript: NaN when `s` is no number, 0 when it is blank. */
double number_of_string(struct str s);
/* Without what JavaScript takes for blanks at both ends. */
struct str number_trim(struct str s);
/* String(n) of JavaScript. Returns the length; `text` is NUL-terminated. */
size_t number_print(double n, char text[static NUMBER_TEXT_MAX]);
/* n * 10^power, moved in decimal: 0.145 by 2 is 14.5. */
double number_shift(double n, int power);
/* Filter `round` of LiquidJS. */
double number_round(double n, double digits);
/* Whether a double has room for all digits of a decimal number's text. */
bool number_is_held(struct str text);
/*
 * For people: "1,840.50", of a decimal number's text moved by `power` of ten. `digits` after
 * the point (0 to 20), or -1 for as many as there are, but at most 6 behind the point, or of a
 * number below 1 behind its zeros: 0.1 + 1.1 is 1.2 to people. What takes an exponent to write
 * stays as it is.
 */
void number_put_grouped(struct str text, int power, int digits, struct buf *out);
