/* The lists of history: all of an event, and of a workspace, newest first. */
#include "store_private.h"

/* False when `each` has stopped it. */
static bool
each_delivery(struct txn *t, struct arena *a, uint64_t seq, delivery_each_fn *each, void *arg)
{
	const struct key prefix = key_event(seq);
	const ProtobufCMessageDescriptor *type = &carillon__v1__delivery_record__descriptor;
	bool more = true;
	struct err why;
	struct scan s;

	scan_forward(&s, t, TABLE_DELIVERY, &prefix, &prefix);
	while (more && scan_next(&s)) {
		delivery_record *d;
		more = record_unpack(type, a, s.value, &d, &why)
		           ? each(d, arg)
		           : txn_fail_record(t, seq, &why);
	}
	scan_end(&s);
	return more;
}

void
history_each_delivery(
    struct txn *t, struct arena *a, uint64_t seq, delivery_each_fn *each, void *arg)
{
	(void)each_delivery(t, a, seq, each, arg);
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
ledger_newest(struct txn *t)
{
	const struct key all = key_empty(), last = key_event(UINT64_MAX);
	struct scan s;
	struct str rest;
	uint64_t seq = 0;

	scan_backward(&s, t, TABLE_EVENT, &all, &last);
	if (scan_next(&s) && !key_read_delivery(s.key, 0, &seq, &rest))
		seq = 0;
	scan_end(&s);
	return seq;
}

event_record *
history_event_before(struct txn *t, struct arena *a, uint64_t seq)
{
	const struct key all = key_empty(),
			 start = key_event(seq == UINT64_MAX ? seq : seq + 1);
	uint64_t found = 0;
	struct str rest;
	struct scan s;

	scan_backward(&s, t, TABLE_EVENT, &all, &start);
	if (scan_next(&s) && !key_read_delivery(s.key, 0, &found, &rest))
		found = 0;
	scan_end(&s);
	return found ? history_event(t, a, found) : NULL;
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

void
history_each_delivery_of(struct txn *t, struct arena *a, struct str workspace, uint64_t before,
    delivery_each_fn *each, void *arg)
{
	struct scan s;
	uint64_t seq;

	scan_workspace(&s, t, workspace, before);
	while (scan_next_seq(&s, &seq) && each_delivery(t, a, seq, each, arg))
		;
	scan_end(&s);
}

void
history_each_delivery_in(struct txn *t, struct arena *a, struct str workspace,
    enum delivery_state state, uint64_t before, delivery_each_fn *each, void *arg)
{
	const struct key prefix = key_of_state(workspace, (int)state);
	const struct key start =
	    before ? key_by_state(workspace, (int)state, before, STR("")) : key_after(&prefix);
	struct scan s;
	struct str rule;
	uint64_t seq;

	must(state != DELIVERY_DELIVERED);
	scan_backward(&s, t, TABLE_BY_STATE, &prefix, &start);
	while (scan_next(&s) && key_read_delivery(s.key, prefix.len, &seq, &rule)) {
		const delivery_record *d = history_delivery(t, a, seq, rule);
		if (d && !each(d, arg))
			break;
	}
	scan_end(&s);
}
