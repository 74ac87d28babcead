/*
 * Comparing JSON values as filters and schemas do: by type, numbers exactly. Pure; any thread.
 */
#pragma once

#include "carillon/base/json.h"

/* Same type and same value, however a number is written and an object ordered. */
bool value_eq(const struct json *a, const struct json *b);
/* Whether `s` is a number as JSON writes one. */
bool value_is_number_text(struct str s);
/* Whether a number's text means a whole number: 3, 3.0 and 30e-1 do. */
bool value_is_integral(struct str number);
/* Without white space and control characters at both ends. */
struct str value_text_trimmed(struct str s);
