/*
 * The rule at the end of a TZif file, "CET-1CEST,M3.5.0,M10.5.0/3": a POSIX TZ string with the
 * extensions of RFC 8536, section 3.3.1. Plain values; pure; any thread.
 */
#pragma once

#include "carillon/base/base.h"

enum zone_day_kind {
	ZONE_DAY_JULIAN, /* J60: 1 March in any year */
	ZONE_DAY_COUNT,  /* 59: the 60th day of the year */
	ZONE_DAY_WEEKDAY /* M3.5.0: the last Sunday of March */
};

/* A moment of every year, by the clock that is in force just before it. */
struct zone_moment {
	enum zone_day_kind kind;
	int month, week,
	    day;        /* week 5 is the last; day of the year or of the week, 0 = Sunday */
	int32_t time_s; /* from midnight: may be negative, or days later */
};

struct zone_posix {
	int32_t standard_s, summer_s; /* offsets from UTC, east positive */
	bool has_summer;
	struct zone_moment starts, ends; /* of summer time */
};

/* An offset and the second at which it ends. */
struct zone_span {
	int32_t offset_s;
	int64_t until_s;
};
#define ZONE_NEVER_S INT64_MAX

MUST_USE bool zone_posix_parse(struct str text, struct zone_posix *out);
/* What is in force at `at_s` seconds since 1970. */
struct zone_span zone_posix_span(const struct zone_posix *p, int64_t at_s);
