#include "limits.h"

#include <stdlib.h>

#include "carillon/base/table.h"

enum {
	BUCKETS_MAX = 20000,
	SAVED_S = 2,
	TOKEN = 1000, /* a bucket counts thousandths: tokens a second are units a ms */
};

struct bucket {
	int64_t units, full;
	mono_t at;
};

struct limits {
	struct table *buckets;
};

struct limits *
limits_new(void)
{
	struct limits *l = calloc(1, sizeof(*l));

	must(l != NULL);
	l->buckets = table_new();
	return l;
}

static void
forget_all(struct limits *l)
{
	size_t at = 0;
	struct str name;
	struct bucket *b;

	while ((b = table_next(l->buckets, &at, &name)) != NULL)
		free(b);
	table_free(l->buckets);
}

void
limits_free(struct limits *l)
{
	if (l == NULL)
		return;
	forget_all(l);
	free(l);
}

static struct bucket *
bucket_of(struct limits *l, struct str name, int64_t rate, mono_t now)
{
	struct bucket *b = table_get(l->buckets, name);

	if (b != NULL)
		return b;
	/* Rare enough to begin anew: who has just asked loses nothing but what was taken. */
	if (table_len(l->buckets) >= BUCKETS_MAX) {
		forget_all(l);
		l->buckets = table_new();
	}
	b = calloc(1, sizeof(*b));
	must(b != NULL);
	*b = (struct bucket){rate * SAVED_S * TOKEN, rate * SAVED_S * TOKEN, now};
	(void)table_set(l->buckets, name, b);
	return b;
}

bool
limits_take(struct limits *l, struct str name, int64_t rate, mono_t now, int64_t *wait_ms)
{
	struct bucket *b = bucket_of(l, name, rate, now);

	b->units += (now.ms - b->at.ms) * rate;
	b->at = now;
	if (b->units > b->full)
		b->units = b->full;
	*wait_ms = 0;
	if (b->units >= TOKEN) {
		b->units -= TOKEN;
		return true;
	}
	*wait_ms = (TOKEN - b->units + rate - 1) / rate;
	return false;
}
