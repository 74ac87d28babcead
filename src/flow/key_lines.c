#include "key_lines.h"

#include <stdlib.h>

#include "carillon/base/id.h"
#include "carillon/base/table.h"
#include "message.h"

enum {
	LINE_MAX_LEN = 1024, /* of one key; those behind come back when they are due */
	CALLED_MAX = 4096,   /* the same */
	CALLED_AT_ONCE = 16, /* of a line whose others most likely end at once */
	WAITERS_FIRST = 8,
};

struct line {
	struct delivery *holder; /* NULL: whoever was called takes it */
	enum key_use use;
	struct key_waiter *waiters; /* by sequence */
	size_t n, cap;
};

struct key_lines {
	struct table *by_key; /* rule, use, workspace, key -> struct line */
	struct key_waiter *called;
	size_t n_called;
	struct buf key; /* scratch */
};

struct key_lines *
key_lines_new(void)
{
	struct key_lines *l = calloc(1, sizeof(*l));

	must(l != NULL);
	l->by_key = table_new();
	l->called = calloc(CALLED_MAX, sizeof(*l->called));
	must(l->called != NULL);
	return l;
}

static void
line_free(struct line *line)
{
	free(line->waiters);
	free(line);
}

/* Who waits stands in the ledger, too. */
void
key_lines_free(struct key_lines *l)
{
	struct line *line;
	struct str key;
	size_t at = 0;

	while ((line = table_next(l->by_key, &at, &key)) != NULL)
		line_free(line);
	table_free(l->by_key);
	free(l->called);
	buf_fini(&l->key);
	free(l);
}

/* "rule NUL use workspace NUL key" of a delivery. */
static struct str
name_of(struct key_lines *l, const struct delivery *d, enum key_use use)
{
	buf_clear(&l->key);
	buf_str(&l->key, d->rule_id);
	buf_putc(&l->key, '\0');
	buf_putc(&l->key, (char)use);
	buf_str(&l->key, d->message->event.workspace);
	buf_putc(&l->key, '\0');
	buf_str(&l->key, d->key[use]);
	return buf_view(&l->key);
}

static struct line *
line_of(struct key_lines *l, const struct delivery *d, enum key_use use)
{
	return table_get(l->by_key, name_of(l, d, use));
}

static struct line *
line_new(struct key_lines *l, const struct delivery *d, enum key_use use)
{
	struct line *line = calloc(1, sizeof(*line));

	must(line != NULL);
	line->use = use;
	(void)table_set(l->by_key, name_of(l, d, use), line);
	return line;
}

void
key_lines_take(struct key_lines *l, struct delivery *d)
{
	d->has_keys = true;
	for (enum key_use use = 0; use < KEY_USES; use++) {
		struct line *line;

		if (d->key[use].len == 0)
			continue;
		line = line_of(l, d, use);
		if (line == NULL)
			line = line_new(l, d, use);
		d->key_is_taken[use] = line->holder != NULL;
		if (line->holder == NULL)
			line->holder = d;
	}
}

/* --- calling --- */

static void
call(struct key_lines *l, const struct key_waiter *w)
{
	if (l->n_called < CALLED_MAX)
		l->called[l->n_called++] = *w;
}

static void
forget_waiters(struct line *line, size_t from, size_t n)
{
	if (n == 0)
		return;
	memmove(line->waiters + from, line->waiters + from + n,
	    (line->n - from - n) * sizeof(*line->waiters));
	line->n -= n;
}

/* The next of a line is its oldest. Of changes of one message it is the newest, which makes all
 * before it needless; and a first message that appeared, all its repeats. */
static void
call_next(struct key_lines *l, struct line *line)
{
	size_t n = line->use == KEY_THREAD ? 1 : CALLED_AT_ONCE;
	size_t first;

	if (n > line->n)
		n = line->n;
	first = line->use == KEY_UPDATE ? line->n - n : 0;
	for (size_t i = 0; i < n; i++)
		call(l, &line->waiters[line->use == KEY_UPDATE ? line->n - 1 - i : i]);
	forget_waiters(line, first, n);
}

static void
go_on(struct key_lines *l, struct line *line, const struct delivery *d, enum key_use use)
{
	if (line->holder != NULL)
		return;
	call_next(l, line);
	if (line->n > 0)
		return; /* whoever was called calls the next */
	(void)table_remove(l->by_key, name_of(l, d, use));
	line_free(line);
}

/* --- giving back --- */

static void
join(struct line *line, const struct delivery *d)
{
	const uint64_t seq = d->message->seq;
	size_t at = line->n;

	while (at > 0 && line->waiters[at - 1].seq > seq)
		at--;
	if (line->n == LINE_MAX_LEN || (at > 0 && line->waiters[at - 1].seq == seq))
		return;
	if (line->n == line->cap) {
		line->cap = line->cap > 0 ? 2 * line->cap : WAITERS_FIRST;
		line->waiters = reallocarray(line->waiters, line->cap, sizeof(*line->waiters));
		must(line->waiters != NULL);
	}
	memmove(line->waiters + at + 1, line->waiters + at,
	    (line->n - at) * sizeof(*line->waiters));
	line->waiters[at].seq = seq;
	str_copy(line->waiters[at].rule, sizeof(line->waiters[at].rule), d->rule_id);
	line->n++;
}

static void
give_back(struct key_lines *l, struct delivery *d, bool may_join)
{
	if (!d->has_keys)
		return; /* given back before its message */
	d->has_keys = false;
	for (enum key_use use = 0; use < KEY_USES; use++) {
		struct line *line;

		if (d->key[use].len == 0)
			continue;
		line = line_of(l, d, use);
		/* A line whose holder has left, and that nobody joined meanwhile, is gone. */
		if (line == NULL && may_join && d->key_is_taken[use])
			line = line_new(l, d, use);
		if (line == NULL)
			continue;
		if (line->holder == d)
			line->holder = NULL;
		else if (may_join && d->key_is_taken[use])
			join(line, d);
		go_on(l, line, d, use);
	}
}

void
key_lines_release(struct key_lines *l, struct delivery *d)
{
	give_back(l, d, false);
}

void
key_lines_settle(struct key_lines *l, struct delivery *d)
{
	give_back(l, d, d->waits_for_key && d->state == DELIVERY_PARKED);
}

bool
key_lines_have_called(const struct key_lines *l)
{
	return l->n_called > 0;
}

size_t
key_lines_take_called(struct key_lines *l, struct key_waiter *out, size_t max)
{
	const size_t n = l->n_called < max ? l->n_called : max;

	memcpy(out, l->called, n * sizeof(*out));
	l->n_called -= n;
	memmove(l->called, l->called + n, l->n_called * sizeof(*l->called));
	return n;
}
