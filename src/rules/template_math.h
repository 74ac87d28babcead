/*
 * What filters compute: in doubles, as LiquidJS does, and exactly where an integer or the
 * digits of a number would not survive that. What is no number counts as 0. A result lives as
 * long as the renderer's buffers let it. Any thread, of its own renderer.
 */
#pragma once

#include "template_run.h"

/* toNumber of LiquidJS: what is no number is 0. */
double math_number(const struct value *v);
struct value math_plus(struct renderer *r, const struct value *a, const struct value *b);
struct value math_minus(struct renderer *r, const struct value *a, const struct value *b);
struct value math_times(struct renderer *r, const struct value *a, const struct value *b);
/* Rounded down if `is_whole`. */
struct value math_divided_by(
    struct renderer *r, const struct value *a, const struct value *b, bool is_whole);
struct value math_round(struct renderer *r, const struct value *v, double digits);
/* Whether it is a number, or a text that is one and nothing else. */
bool math_is_number(const struct value *v);
/* The text of what people would call a number, written or computed; false if it is none. */
bool math_figure(struct renderer *r, const struct value *v, struct str *text);
