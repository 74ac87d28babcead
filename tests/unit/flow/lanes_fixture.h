/* What tests of lanes share: times and names in a word, and an end. */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>

#include "flow/lanes/lanes.h"

#include <cmocka.h>

static inline mono_t
at(int64_t ms)
{
	return (mono_t){ms};
}

/* "team3" */
static inline struct str
name(char buf[static 32], const char *prefix, int n)
{
	int len = snprintf(buf, 32, "%s%d", prefix, n);

	return (struct str){buf, (size_t)len};
}

enum { FAST = 1000 * 1000 * 1000 };

/* Holds nothing back. */
static const struct lane_policy OPEN_WIDE = {.queue_max = 100,
    .window_start = 100,
    .window_max = 100,
    .shut_min_ms = 1000,
    .shut_max_ms = 60000,
    .rate_milli = FAST,
    .burst = 1000,
    .team_rate_milli = FAST,
    .team_burst = 100000};

/* Queues it, however long its lane is shut. */
static inline void
offer(struct dispatch *d, int team, int channel, struct lane_item *item, mono_t now)
{
	char t[32], c[32];
	mono_t retry_at;

	assert_true(
	    dispatch_offer(d, (struct lane_name){name(t, "team", team), name(c, "C", channel)},
		item, now, INT64_MAX / 2, &retry_at));
}

/* Frees it, whatever is queued. */
static inline void
done(struct dispatch *d)
{
	struct list out;

	list_init(&out);
	(void)dispatch_drain(d, STR(""), &out);
	while (list_take_first(&out))
		continue;
	dispatch_free(d);
}
