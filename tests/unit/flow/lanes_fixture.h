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
