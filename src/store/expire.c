/*
 * Forgetting: by age, and a whole workspace.
 *
 * An event stays, with all that belongs to it, while one of its deliveries is not final. Such
 * events gather at the old end, so a call remembers how far it came ("expire" in meta) and the
 * next one goes on there; a round ends at the first event that is young enough.
 */
#include "store_private.h"

enum {
	EXPIRE_MAX = 1024,
	EXPIRE_LOOKS = 8, /* events looked at for each that may go */
};

static bool
note_unfinished(const delivery_record *d, void *arg)
{
	bool *unfinished = arg;

	*unfinished = !delivery_state_is_final((enum delivery_state)d->state);
	return !*unfinished;
}

static bool
has_unfinished(struct txn *t, uint64_t seq)
{
	bool unfinished = false;

	history_each_delivery(t, txn_scratch(t), seq, note_unfinished, &unfinished);
	return unfinished;
}

static bool
is_older(struct txn *t, uint64_t seq, wall_t before)
{
	const event_record *ev = history_event(t, txn_scratch(t), seq);

	return ev && ev->received_ms < before.ms;
}

/* Collects up to `max` sequences that may go into `seqs`. */
static size_t
collect_expired(struct txn *t, wall_t before, size_t max, uint64_t *seqs)
{
	const struct key all = key_empty();
	const struct key start = key_event(meta_number(t, STR("expire")));
	size_t count = 0, looks = 0;
	uint64_t next = 0;
	struct scan s;

	scan_forward(&s, t, TABLE_EVENT, &all, &start);
	while (scan_next(&s) && s.key.len == 8) {
		const uint64_t seq = number_get(s.key.ptr);
		if (!is_older(t, seq, before))
			break;
		if (count == max || looks++ == max * EXPIRE_LOOKS) {
			next = seq;
			break;
		}
		if (!has_unfinished(t, seq))
			seqs[count++] = seq;
	}
	scan_end(&s);
	if (next != meta_number(t, STR("expire")))
		meta_set_number(t, STR("expire"), next);
	return count;
}

struct deletion {
	struct txn *txn;
	struct str workspace; /* only what belongs to it; empty: all */
	size_t left;          /* records that may still go */
};

static bool
is_of(const struct deletion *del, const char *workspace)
{
	return del->workspace.len == 0 || str_eq(del->workspace, str_of(workspace));
}

static bool
delete_one(const delivery_record *d, void *arg)
{
	struct deletion *del = arg;

	if (!is_of(del, d->workspace))
		return true;
	if (del->left == 0)
		return false;
	history_delete_delivery(del->txn, d);
	del->left--;
	return true;
}

/* Deletes deliveries, then the event; what is left when `del` is used up goes next time. */
static void
delete_seq(struct deletion *del, uint64_t seq)
{
	struct txn *t = del->txn;

	history_each_delivery(t, txn_scratch(t), seq, delete_one, del);
	if (del->left == 0)
		return;
	const event_record *ev = history_event(t, txn_scratch(t), seq);
	if (ev && is_of(del, ev->workspace))
		history_delete_event(t, ev);
	if (del->workspace.len) { /* also when only deliveries were told, and no event */
		const struct key k = key_by_workspace(del->workspace, seq);
		txn_delete(t, TABLE_BY_WORKSPACE, &k);
	}
	del->left--;
}

size_t
history_expire(struct txn *t, wall_t before, size_t max)
{
	struct deletion del = {t, STR(""), SIZE_MAX};
	uint64_t seqs[EXPIRE_MAX];

	const size_t count =
	    collect_expired(t, before, max < EXPIRE_MAX ? max : EXPIRE_MAX, seqs);
	for (size_t i = 0; i < count; i++)
		delete_seq(&del, seqs[i]);
	return count;
}

uint64_t
history_bytes(struct txn *t)
{
	uint64_t sum = 0;

	for (int table = TABLE_EVENT; table <= TABLE_HISTORY_META; table++)
		sum += txn_bytes(t, (enum table_id)table);
	return sum;
}

static bool
first_of_workspace(struct txn *t, struct str workspace, uint64_t *seq)
{
	const struct key prefix = key_of_workspace(workspace);
	struct str rest;
	struct scan s;

	scan_forward(&s, t, TABLE_BY_WORKSPACE, &prefix, &prefix);
	const bool found = scan_next(&s) && key_read_delivery(s.key, prefix.len, seq, &rest);
	scan_end(&s);
	return found;
}

size_t
history_erase(struct txn *t, struct str workspace, size_t max)
{
	struct deletion del = {t, workspace, max};
	uint64_t seq;

	while (del.left && first_of_workspace(t, workspace, &seq))
		delete_seq(&del, seq);
	if (del.left)
		hours_forget(t, workspace);
	return max - del.left;
}
