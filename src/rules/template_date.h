/*
 * The filter `date`: what it takes for a time, and the forms that it knows. Pure; any thread.
 */
#pragma once

#include "carillon/base/buf.h"
#include "template_ast.h"

#define DATE_USUAL_FORM "{date_short_pretty} at {time}"

/* Whether every {word} in a date's form is a known one, and at least one is there. */
bool date_form_is_known(struct str form);
/* Seconds since 1970 of RFC 3339 text, a date, or a number of seconds or milliseconds. */
MUST_USE bool date_of_value(const struct value *v, int64_t *unix_s);
