/*
 * Values as JavaScript compares, converts and reads them. Nothing here allocates but into the
 * buffers given. Pure; any thread.
 */
#pragma once

#include "template_ast.h"

enum { VALUE_TEXT_MAX = 1024 * 1024 }; /* a list written out; more is cut */

struct value value_of_json(const struct json *v);
struct value value_of_string(struct str s);
struct value value_of_number(double n);
/* Of a decimal number's text, which stays as it is until somebody computes with it. */
struct value value_of_number_text(struct str text);

/* LiquidJS's stringify: lists without separators, an object as [object Object]. The result is
 * the value's own text or stands in `tmp`. */
struct str value_text(const struct value *v, struct buf *tmp);
/* Array.prototype.join over a list's elements, or the value alone. Elements that are lists or
 * objects are JSON if `as_json`. */
void value_join(const struct value *v, struct str separator, bool as_json, struct buf *out);
/* Number(v): may be NaN. */
double value_number(const struct value *v);
/* All but nil and false. */
bool value_is_truthy(const struct value *v);
bool value_is_nil(const struct value *v);
/* Whether it is a number that is 0. */
bool value_is_zero(const struct value *v);
bool value_compare(enum operator_kind op, const struct value *a, const struct value *b);
/* The property at one step of a path. */
struct value value_step(const struct value *v, const struct path_step *step);
