/*
 * The two filters that write Slack's own markup, `date` and `link`: each makes the markup and
 * the plain text that says the same. Pure; any thread.
 */
#pragma once

#include "carillon/base/buf.h"
#include "template_ast.h"

/* Whether every {word} in a date's form is one that Slack knows, and at least one is there. */
bool date_form_is_known(struct str form);
/* Seconds since 1970 of RFC 3339 text, a date, or a number of seconds or milliseconds. */
MUST_USE bool date_of_value(const struct value *v, int64_t *unix_s);
/*
 * <!date^UNIX^form|plain>, the plain text being UTC; `*plain` is the part that says so. An
 * empty form is the usual one.
 */
void date_put_markup(int64_t unix_s, struct str form, struct buf *out, struct str *plain);

/* Whether `url` is http or https with a host, and short enough for a link. */
bool link_is_safe(struct str url);
/* <url|label>, both made harmless. An empty label is the URL's own text. */
void link_put_markup(struct str url, struct str label, struct buf *out);
