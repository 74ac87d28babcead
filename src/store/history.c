#include "carillon/base/id.h"
#include "carillon/base/log.h"
#include "store_private.h"

/* One that cannot be applied would stop the stream for ever if it were an error, so it is said
 * aloud and left out. */
static void
skip(struct str workspace, uint64_t seq, const char *why)
{
	const struct str shown = {workspace.ptr, str_utf8_cut(workspace, WORKSPACE_ID_MAX)};

	log_error("history.skipped", L_STRN("workspace", shown), L_INT("seq", seq),
	    L_STR("why", why));
}

/* --- reading records --- */

static void *
unpack(struct txn *t, struct arena *a, const ProtobufCMessageDescriptor *type, uint64_t seq,
    struct str bytes)
{
	struct err why;
	void *message = NULL;

	if (!record_unpack(type, a, bytes, &message, &why))
		txn_fail_record(t, seq, &why);
	return message;
}

event_record *
history_event(struct txn *t, struct arena *a, uint64_t seq)
{
	const struct key k = key_event(seq);
	history_entry entry = {.entry_case = CARILLON__V1__HISTORY_ENTRY__ENTRY_EVENT};
	const char *flaw;
	struct str bytes;

	if (!txn_get(t, TABLE_EVENT, &k, &bytes))
		return NULL;
	entry.event = unpack(t, a, &carillon__v1__event_record__descriptor, seq, bytes);
	flaw = entry.event ? history_flaw(&entry) : NULL;
	if (!flaw)
		return entry.event;
	skip(str_of(entry.event->workspace), seq, flaw);
	return NULL;
}

delivery_record *
delivery_unpack(struct txn *t, struct arena *a, uint64_t seq, struct str bytes)
{
	history_entry entry = {.entry_case = CARILLON__V1__HISTORY_ENTRY__ENTRY_DELIVERY};
	const char *flaw;

	entry.delivery = unpack(t, a, &carillon__v1__delivery_record__descriptor, seq, bytes);
	flaw = entry.delivery ? history_flaw(&entry) : NULL;
	if (!flaw)
		return entry.delivery;
	skip(str_of(entry.delivery->workspace), seq, flaw);
	return NULL;
}

delivery_record *
history_delivery(struct txn *t, struct arena *a, uint64_t seq, struct str rule)
{
	const struct key k = key_delivery(seq, rule);
	struct str bytes;

	return txn_get(t, TABLE_DELIVERY, &k, &bytes) ? delivery_unpack(t, a, seq, bytes)
	                                              : NULL;
}

uint64_t
ledger_seq(struct txn *t, struct str workspace, struct str event_id)
{
	const struct key k = key_by_id(workspace, event_id);
	struct str value;

	return txn_get(t, TABLE_BY_ID, &k, &value) && value.len == 8 ? number_get(value.ptr)
	                                                             : 0;
}

/* --- applying --- */

typedef void index_op(struct txn *t, enum table_id table, const struct key *k);

static void
index_put(struct txn *t, enum table_id table, const struct key *k)
{
	txn_put(t, table, k, STR(""));
}

/* One whose channel cannot be a key waits for its time like others. */
static bool
delivery_is_overflow(const delivery_record *d)
{
	return d->state == (int)DELIVERY_PARKED && d->overflow &&
	       str_of(d->channel).len <= CHANNEL_ID_MAX;
}

/* Whether it is to go out with others, or was on its way with them; one whose channel cannot be
 * a key goes alone. */
static bool
delivery_is_together(const delivery_record *d)
{
	const int state = (int)d->state;

	return d->digest && !d->overflow &&
	       (state == DELIVERY_PARKED || state == DELIVERY_HELD ||
		   state == DELIVERY_SENDING) &&
	       str_of(d->channel).len <= CHANNEL_ID_MAX;
}

/* Which index a delivery is in follows from its state alone: this is the only place that says
 * so, for putting and for deleting. */
static void
index_delivery(struct txn *t, const delivery_record *d, index_op *op)
{
	const struct str workspace = str_of(d->workspace), rule = str_of(d->rule);
	const int state = (int)d->state;

	if (state != DELIVERY_DELIVERED) {
		const struct key k = key_by_state(workspace, state, d->seq, rule);
		op(t, TABLE_BY_STATE, &k);
	}
	if (delivery_is_together(d)) {
		const struct key k = key_overflow(
		    workspace, str_of(d->connection), str_of(d->channel), d->seq, rule);
		op(t, TABLE_TOGETHER, &k);
	}
	if (delivery_is_overflow(d)) {
		const struct key k = key_overflow(
		    workspace, str_of(d->connection), str_of(d->channel), d->seq, rule);
		op(t, TABLE_OVERFLOW, &k);
	} else if (state == DELIVERY_PARKED) {
		const struct key k = key_due(d->due_ms, d->seq, rule);
		op(t, TABLE_DUE, &k);
	} else if (state == DELIVERY_HELD) {
		const struct key k = key_held(workspace, str_of(d->connection), d->seq, rule);
		op(t, TABLE_HELD, &k);
	} else if (state == DELIVERY_SENDING) {
		const struct key k = key_delivery(d->seq, rule);
		op(t, TABLE_CLAIMED, &k);
	}
}

static bool
has_id(const event_record *ev)
{
	const size_t len = str_of(ev->event_id).len;

	return len > 0 && len <= EVENT_ID_MAX;
}

static bool
is_waiting(const event_record *ev)
{
	return ev->status == CARILLON__V1__EVENT_STATUS__EVENT_STATUS_WAITING;
}

static void
unindex_event(struct txn *t, const event_record *ev)
{
	const struct str workspace = str_of(ev->workspace), id = str_of(ev->event_id);
	const struct key by_workspace = key_by_workspace(workspace, ev->seq);

	txn_delete(t, TABLE_BY_WORKSPACE, &by_workspace);
	if (is_waiting(ev))
		txn_delete(t, TABLE_WAITING, &by_workspace);
	if (has_id(ev) && ledger_seq(t, workspace, id) == ev->seq) {
		const struct key by_id = key_by_id(workspace, id);
		txn_delete(t, TABLE_BY_ID, &by_id);
	}
}

/* Whether the id was only of an event that nobody could understand. */
static bool
is_free(struct txn *t, const event_record *ev)
{
	uint64_t seq = ledger_seq(t, str_of(ev->workspace), str_of(ev->event_id));
	const event_record *old =
	    seq != 0 && seq != ev->seq ? history_event(t, txn_scratch(t), seq) : NULL;

	return old != NULL && old->status == CARILLON__V1__EVENT_STATUS__EVENT_STATUS_FAILED;
}

/* Who comes first keeps the id: a later event with the same one is a repeat. */
static void
index_event(struct txn *t, const event_record *ev)
{
	const struct str workspace = str_of(ev->workspace);
	const struct key by_workspace = key_by_workspace(workspace, ev->seq);
	char seq[8];

	txn_put_new(t, TABLE_BY_WORKSPACE, &by_workspace, STR(""));
	if (is_waiting(ev))
		txn_put(t, TABLE_WAITING, &by_workspace, STR(""));
	if (!has_id(ev))
		return;
	const struct key by_id = key_by_id(workspace, str_of(ev->event_id));
	number_put(seq, ev->seq);
	if (!txn_put_new(t, TABLE_BY_ID, &by_id, (struct str){seq, sizeof(seq)}) &&
	    is_free(t, ev))
		txn_put(t, TABLE_BY_ID, &by_id, (struct str){seq, sizeof(seq)});
}

static bool
is_same_event(const event_record *a, const event_record *b)
{
	return a->received_ms == b->received_ms &&
	       str_eq(str_of(a->workspace), str_of(b->workspace)) &&
	       str_eq(str_of(a->event_id), str_of(b->event_id));
}

/* Of two events under one sequence the stream has stored the later one last: a record of an
 * earlier one is an old one, or none of ours. Returns why it is not applied. Appending proves
 * that there was no record, which spares the common case a lookup. */
static const char *
apply_event(struct txn *t, const event_record *ev)
{
	const struct key k = key_event(ev->seq);

	if (!txn_append_message(t, TABLE_EVENT, &k, ev)) {
		const event_record *old = history_event(t, txn_scratch(t), ev->seq);
		const bool is_other = old && !is_same_event(old, ev);

		if (is_other && ev->received_ms <= old->received_ms)
			return "another event is known under its sequence";
		if (is_other || (old && is_waiting(old)))
			unindex_event(t, old);
		txn_put_message(t, TABLE_EVENT, &k, ev);
	}
	index_event(t, ev);
	return NULL;
}

/* Whether a delivery that would take the place of another workspace's may: only as that of the
 * event itself. */
static bool
may_replace(struct txn *t, const delivery_record *d, const delivery_record *old)
{
	struct arena *a;
	const event_record *ev;
	bool may = true;

	if (str_eq(str_of(d->workspace), str_of(old->workspace)))
		return true;
	a = arena_new(0);
	ev = history_event(t, a, d->seq);
	if (ev != NULL)
		may = str_eq(str_of(ev->workspace), str_of(d->workspace));
	arena_free(a);
	return may;
}

/* Takes the one that was there out of all indexes; of another workspace also out of its list.
 */
static void
replace_delivery(struct txn *t, const delivery_record *d, const delivery_record *old)
{
	const struct key by_workspace = key_by_workspace(str_of(old->workspace), old->seq);

	index_delivery(t, old, txn_delete);
	if (!str_eq(str_of(d->workspace), str_of(old->workspace))) {
		keyed_forget(t, old);
		txn_delete(t, TABLE_BY_WORKSPACE, &by_workspace);
	}
}

static const char *
apply_delivery(struct txn *t, const delivery_record *d)
{
	const struct key k = key_delivery(d->seq, str_of(d->rule));
	const struct key by_workspace = key_by_workspace(str_of(d->workspace), d->seq);
	const delivery_record *old = NULL;
	bool is_listed = false;

	if (!txn_append_message(t, TABLE_DELIVERY, &k, d)) {
		old = history_delivery(t, txn_scratch(t), d->seq, str_of(d->rule));
		if (old && !may_replace(t, d, old))
			return "another workspace's delivery is known under its sequence";
		is_listed = old && str_eq(str_of(d->workspace), str_of(old->workspace));
		if (old)
			replace_delivery(t, d, old);
		txn_put_message(t, TABLE_DELIVERY, &k, d);
	}
	index_delivery(t, d, index_put);
	hours_move(t, old, d);
	keyed_note(t, d);
	if (!is_listed) /* its event may be told later */
		txn_put_new(t, TABLE_BY_WORKSPACE, &by_workspace, STR(""));
	return NULL;
}

void
history_apply(struct txn *t, const history_entry *entry)
{
	const event_record *ev = entry->event;
	const delivery_record *d = entry->delivery;
	const char *flaw = history_flaw(entry);

	switch (entry->entry_case) {
	case CARILLON__V1__HISTORY_ENTRY__ENTRY_EVENT:
		if (!flaw)
			flaw = apply_event(t, ev);
		if (flaw)
			skip(str_of(ev->workspace), ev->seq, flaw);
		return;
	case CARILLON__V1__HISTORY_ENTRY__ENTRY_DELIVERY:
		if (!flaw)
			flaw = apply_delivery(t, d);
		if (flaw)
			skip(str_of(d->workspace), d->seq, flaw);
		return;
	default: return; /* of a newer version; it is kept in the stream */
	}
}

void
history_index_anew(struct txn *t)
{
	const ProtobufCMessageDescriptor *type = &carillon__v1__delivery_record__descriptor;
	const struct key all = key_empty();
	struct scan s;

	txn_empty(t, TABLE_TOGETHER);
	txn_empty(t, TABLE_BY_KEY);
	scan_forward(&s, t, TABLE_DELIVERY, &all, &all);
	while (scan_next(&s)) {
		delivery_record *d;

		if (!record_unpack(type, txn_scratch(t), s.value, &d, NULL))
			continue; /* who reads it says so */
		if (delivery_is_together(d))
			index_delivery(t, d, index_put);
		keyed_note(t, d);
	}
	scan_end(&s);
}

void
history_delete_delivery(struct txn *t, const delivery_record *d)
{
	const struct key k = key_delivery(d->seq, str_of(d->rule));

	index_delivery(t, d, txn_delete);
	hours_move(t, d, NULL);
	keyed_forget(t, d);
	txn_delete(t, TABLE_DELIVERY, &k);
}

void
history_delete_event(struct txn *t, const event_record *ev)
{
	const struct key k = key_event(ev->seq);

	unindex_event(t, ev);
	txn_delete(t, TABLE_EVENT, &k);
}
