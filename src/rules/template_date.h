/*
 * The filter `date`: the forms that it knows. Pure; any thread.
 */
#pragma once

#include "carillon/base/buf.h"
#include "template_ast.h"

#define DATE_USUAL_FORM "{date_short_pretty} at {time}"

/* Whether every {word} in a date's form is a known one, and at least one is there. */
bool date_form_is_known(struct str form);
/* Appends a day of the calendar in plain text: the form without its time. */
void template_put_day(int64_t unix_s, struct str form, struct buf *out);
