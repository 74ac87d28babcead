/*
 * Deliveries by hour and state. An hour's counts are big-endian numbers of four bytes, one a
 * state; those of zero at the end are left out, and an hour without any has no entry. They
 * follow from the records alone: a record that takes another's place moves one delivery, so
 * applying a batch again changes nothing.
 *
 * A batch has many deliveries of few hours: a transaction keeps the counts that it changes and
 * puts them when they make room for others, when somebody reads them, and before it commits.
 */
#include "carillon/base/log.h"
#include "store_private.h"

enum { HOUR_MS = 3600 * 1000, COUNT_SIZE = 4 };

static uint64_t
hour_of(wall_t at)
{
	return at.ms > 0 ? (uint64_t)at.ms / HOUR_MS : 0;
}

static struct key
key_of(const delivery_record *d)
{
	return key_hour(str_of(d->workspace), hour_of((wall_t){d->created_ms}));
}

/* Which of the counts it is in. */
static size_t
place_of(const delivery_record *d)
{
	return (size_t)d->state < DELIVERY_STATES ? (size_t)d->state : DELIVERY_NONE;
}

static void
counts_read(struct str value, uint32_t n[static DELIVERY_STATES])
{
	memset(n, 0, DELIVERY_STATES * sizeof(*n));
	for (size_t i = 0; i < DELIVERY_STATES && (i + 1) * COUNT_SIZE <= value.len; i++)
		for (size_t j = 0; j < COUNT_SIZE; j++)
			n[i] = n[i] << 8 | (unsigned char)value.ptr[i * COUNT_SIZE + j];
}

static void
counts_write(struct txn *t, const struct key *k, const uint32_t n[static DELIVERY_STATES])
{
	char value[DELIVERY_STATES * COUNT_SIZE];
	size_t used = 0;

	for (size_t i = 0; i < DELIVERY_STATES; i++) {
		for (size_t j = 0; j < COUNT_SIZE; j++)
			value[i * COUNT_SIZE + j] = (char)(n[i] >> (8 * (COUNT_SIZE - 1 - j)));
		if (n[i])
			used = i + 1;
	}
	if (used)
		txn_put(t, TABLE_HOURS, k, (struct str){value, used * COUNT_SIZE});
	else
		txn_delete(t, TABLE_HOURS, k);
}

/* --- what a transaction keeps --- */

enum { KEPT = 256 };

/* Large, and most of it is not touched by most transactions: only the marks begin as zeros. */
struct hours_kept {
	size_t n_used;
	uint16_t used[KEPT]; /* slots, n_used of them */
	bool is_used[KEPT];
	struct {
		struct key key;
		uint32_t n[DELIVERY_STATES];
	} hour[KEPT];
};

static struct hours_kept *
kept_new(void)
{
	struct hours_kept *h = malloc(sizeof(*h));

	must(h);
	h->n_used = 0;
	memset(h->is_used, 0, sizeof(h->is_used));
	return h;
}

static size_t
slot_of(const struct key *k)
{
	uint32_t hash = UINT32_C(2166136261); /* FNV-1a */

	for (size_t i = 0; i < k->len; i++)
		hash = (hash ^ (unsigned char)k->bytes[i]) * UINT32_C(16777619);
	return hash % KEPT;
}

/* The counts of an hour, to be changed. */
static uint32_t *
counts_keep(struct txn *t, const struct key *k)
{
	struct str value;

	if (!t->hours)
		t->hours = kept_new();
	struct hours_kept *h = t->hours;
	const size_t slot = slot_of(k);
	struct key *kept = &h->hour[slot].key;
	uint32_t *n = h->hour[slot].n;
	if (h->is_used[slot] && str_eq(key_view(kept), key_view(k)))
		return n;
	if (h->is_used[slot])
		counts_write(t, kept, n);
	else
		h->used[h->n_used++] = (uint16_t)slot;
	h->is_used[slot] = true;
	key_copy(kept, k);
	counts_read(txn_get(t, TABLE_HOURS, k, &value) ? value : STR(""), n);
	return n;
}

void
hours_flush(struct txn *t)
{
	for (size_t i = 0; t->hours && i < t->hours->n_used; i++) {
		const size_t slot = t->hours->used[i];

		counts_write(t, &t->hours->hour[slot].key, t->hours->hour[slot].n);
	}
	hours_drop(t);
}

void
hours_drop(struct txn *t)
{
	free(t->hours);
	t->hours = NULL;
}

/* --- counting --- */

/* Of one hour: one less at `from`, one more at `to`; either may be nowhere. */
enum { NOWHERE = DELIVERY_STATES };

static void
counts_change(struct txn *t, const struct key *k, size_t from, size_t to)
{
	if (k->bad || txn_error(t)) /* bad: of a record that is not one of ours */
		return;
	uint32_t *n = counts_keep(t, k);
	if (from != NOWHERE && n[from] > 0)
		n[from]--;
	if (to != NOWHERE && n[to] < UINT32_MAX)
		n[to]++;
}

static bool
is_same_hour(const delivery_record *a, const delivery_record *b)
{
	return hour_of((wall_t){a->created_ms}) == hour_of((wall_t){b->created_ms}) &&
	       strcmp(a->workspace, b->workspace) == 0;
}

void
hours_move(struct txn *t, const delivery_record *was, const delivery_record *is)
{
	const size_t from = was ? place_of(was) : NOWHERE, to = is ? place_of(is) : NOWHERE;

	if (was && is && is_same_hour(was, is)) {
		const struct key k = key_of(is);
		if (from != to)
			counts_change(t, &k, from, to);
		return;
	}
	if (was) {
		const struct key k = key_of(was);
		counts_change(t, &k, from, NOWHERE);
	}
	if (is) {
		const struct key k = key_of(is);
		counts_change(t, &k, NOWHERE, to);
	}
}

void
hours_recount(struct txn *t)
{
	const ProtobufCMessageDescriptor *type = &carillon__v1__delivery_record__descriptor;
	const struct key all = key_empty();
	struct scan s;
	uint64_t n = 0;

	log_info("store.counting", L_STR("why", "deliveries by hour are new in this version"));
	txn_empty(t, TABLE_HOURS);
	scan_forward(&s, t, TABLE_DELIVERY, &all, &all);
	while (scan_next(&s)) {
		delivery_record *d;

		if (!record_unpack(type, txn_scratch(t), s.value, &d, NULL))
			continue; /* who reads it says so */
		hours_move(t, NULL, d);
		n++;
	}
	scan_end(&s);
	log_info("store.counted", L_INT("deliveries", n));
}

void
hours_forget(struct txn *t, struct str workspace)
{
	const struct key prefix = key_of_workspace(workspace);
	struct scan s;

	hours_flush(t);
	scan_forward(&s, t, TABLE_HOURS, &prefix, &prefix);
	while (scan_next(&s)) {
		const struct key k = key_text(s.key);
		txn_delete(t, TABLE_HOURS, &k);
	}
	scan_end(&s);
}

void
history_each_hour(
    struct txn *t, struct str workspace, wall_t from, wall_t to, hour_each_fn *each, void *arg)
{
	const struct key prefix = key_of_workspace(workspace);
	const struct key start = key_hour(workspace, hour_of(from));
	uint32_t n[DELIVERY_STATES];
	uint64_t hour;
	struct str rest;
	struct scan s;

	hours_flush(t);
	scan_forward(&s, t, TABLE_HOURS, &prefix, &start);
	while (scan_next(&s) && key_read_delivery(s.key, prefix.len, &hour, &rest)) {
		const wall_t at = {(int64_t)hour * HOUR_MS};
		if (at.ms >= to.ms)
			break;
		counts_read(s.value, n);
		if (!each(at, n, arg))
			break;
	}
	scan_end(&s);
}
