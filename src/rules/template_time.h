/* What a template takes for a time. Pure; any thread. */
#pragma once

#include "template_ast.h"

struct template_time {
	int64_t unix_s;
	bool is_day; /* a day of the calendar, which is the same everywhere: its midnight in UTC
	              */
};

/*
 * Reads text as RFC 3339, as ISO 8601 with less or other signs, as mail and HTTP write it, or
 * as programs print it ("2022-06-28 16:08:11 +0200", "Tue Jun 28 16:08:11 UTC 2022", "June 28,
 * 2022 4:08 PM"); without a zone it is UTC. A number, or text that is one, counts from 1970:
 * seconds, milliseconds, microseconds or nanoseconds, by its size.
 */
MUST_USE bool time_of_value(const struct value *v, struct template_time *out);
