/* The lists of history: all of an event, and of a workspace, newest first. */
#include "store_private.h"

void
history_each_delivery(
    struct txn *t, struct arena *a, uint64_t seq, delivery_each_fn *each, void *arg)
{
	const struct key prefix = key_event(seq);
	bool more = true;
	struct scan s;

	scan_forward(&s, t, TABLE_DELIVERY, &prefix, &prefix);
	while (more && scan_next(&s)) {
		const delivery_record *d = delivery_unpack(t, a, seq, s.value);
		more = d ? each(d, arg) : !txn_error(t);
	}
	scan_end(&s);
}

/* Backward over by_workspace. */
static void
scan_workspace(struct scan *s, struct txn *t, struct str workspace, uint64_t before)
{
	const struct key prefix = key_of_workspace(workspace);
	const struct key start =
	    before ? key_by_workspace(workspace, before) : key_after(&prefix);

	scan_backward(s, t, TABLE_BY_WORKSPACE, &prefix, &start);
}

static bool
scan_next_seq(struct scan *s, uint64_t *seq)
{
	struct str rest;

	return scan_next(s) && key_read_delivery(s->key, s->prefix.len, seq, &rest);
}

uint64_t
ledger_newest_until(struct txn *t, uint64_t seq)
{
	const struct key all = key_empty(),
			 start = key_event(seq == UINT64_MAX ? seq : seq + 1);
	uint64_t found = 0;
	struct scan s;
	struct str rest;

	scan_backward(&s, t, TABLE_EVENT, &all, &start);
	if (scan_next(&s) && !key_read_delivery(s.key, 0, &found, &rest))
		found = 0;
	scan_end(&s);
	return found;
}

uint64_t
ledger_next_event(struct txn *t, uint64_t seq)
{
	const struct key all = key_empty(), start = key_event(seq);
	uint64_t found = 0;
	struct scan s;
	struct str rest;

	scan_forward(&s, t, TABLE_EVENT, &all, &start);
	if (scan_next(&s) && !key_read_delivery(s.key, 0, &found, &rest))
		found = 0;
	scan_end(&s);
	return found;
}

uint64_t
ledger_newest(struct txn *t)
{
	return ledger_newest_until(t, UINT64_MAX);
}

event_record *
history_event_before(struct txn *t, struct arena *a, uint64_t seq)
{
	const uint64_t found = ledger_newest_until(t, seq);

	return found ? history_event(t, a, found) : NULL;
}

static bool
is_received_by(struct txn *t, uint64_t seq, wall_t at)
{
	const event_record *ev = seq ? history_event(t, txn_scratch(t), seq) : NULL;

	return ev && ev->received_ms >= at.ms;
}

uint64_t
history_seq_at(struct txn *t, wall_t at)
{
	uint64_t low = 0, high = ledger_newest(t) + 1;

	/* What is at or below `low` is older, what is at `high` is not. */
	while (high > low + 1) {
		const uint64_t middle = low + (high - low) / 2;
		const uint64_t seq = ledger_newest_until(t, middle);

		if (is_received_by(t, seq, at))
			high = seq;
		else
			low = middle;
	}
	return high;
}

void
history_each_event_of(struct txn *t, struct arena *a, struct str workspace, uint64_t before,
    event_each_fn *each, void *arg)
{
	struct scan s;
	uint64_t seq;

	scan_workspace(&s, t, workspace, before);
	while (scan_next_seq(&s, &seq)) {
		const event_record *ev = history_event(t, a, seq);
		if (ev && !each(ev, arg))
			break;
	}
	scan_end(&s);
}

void
history_each_seq_of(
    struct txn *t, struct str workspace, uint64_t from, seq_each_fn *each, void *arg)
{
	const struct key prefix = key_of_workspace(workspace);
	const struct key start = key_by_workspace(workspace, from);
	struct scan s;
	uint64_t seq;

	scan_forward(&s, t, TABLE_BY_WORKSPACE, &prefix, &start);
	while (scan_next_seq(&s, &seq) && each(seq, arg))
		;
	scan_end(&s);
}

/*
 * Backward over the deliveries of one event, from behind the cursor; false when `each` stopped
 * it. A sequence that a stream has used twice may have another workspace's, too.
 */
static bool
each_of_event(struct txn *t, struct arena *a, const struct delivery_list *list, uint64_t seq,
    delivery_each_fn *each, void *arg)
{
	const struct delivery_cursor *after = &list->after;
	const bool is_begun = seq == after->seq && after->rule.len > 0;
	const struct key prefix = key_event(seq);
	const struct key start = is_begun ? key_delivery(seq, after->rule) : key_event(seq + 1);
	bool more = true;
	struct scan s;

	scan_backward(&s, t, TABLE_DELIVERY, &prefix, &start);
	while (more && scan_next(&s)) {
		const delivery_record *d = delivery_unpack(t, a, seq, s.value);
		more = d ? !str_eq(str_of(d->workspace), list->workspace) || each(d, arg)
		         : !txn_error(t);
	}
	scan_end(&s);
	return more;
}

static void
each_in_any_state(struct txn *t, struct arena *a, const struct delivery_list *list,
    delivery_each_fn *each, void *arg)
{
	const struct delivery_cursor *after = &list->after;
	const bool is_within = after->seq > 0 && after->rule.len > 0; /* that event has more */
	struct scan s;
	uint64_t seq;

	scan_workspace(&s, t, list->workspace, is_within ? after->seq + 1 : after->seq);
	while (scan_next_seq(&s, &seq) && each_of_event(t, a, list, seq, each, arg))
		;
	scan_end(&s);
}

static void
each_in_state(struct txn *t, struct arena *a, const struct delivery_list *list,
    delivery_each_fn *each, void *arg)
{
	const struct delivery_cursor *after = &list->after;
	const int state = (int)list->state;
	const struct key prefix = key_of_state(list->workspace, state);
	const struct key start =
	    after->seq ? key_by_state(list->workspace, state, after->seq, after->rule)
		       : key_after(&prefix);
	struct scan s;
	struct str rule;
	uint64_t seq;

	must(list->state != DELIVERY_DELIVERED);
	scan_backward(&s, t, TABLE_BY_STATE, &prefix, &start);
	while (scan_next(&s) && key_read_delivery(s.key, prefix.len, &seq, &rule)) {
		const delivery_record *d = history_delivery(t, a, seq, rule);
		if (d && !each(d, arg))
			break;
	}
	scan_end(&s);
}

void
history_each_delivery_of(struct txn *t, struct arena *a, const struct delivery_list *list,
    delivery_each_fn *each, void *arg)
{
	(list->state == DELIVERY_NONE ? each_in_any_state : each_in_state)(
	    t, a, list, each, arg);
}
