#include "admit.h"

#include "rule_keys.h"

/* --- handing on --- */

void
onward_init(struct onward *o)
{
	list_init(&o->to_courier);
	list_init(&o->to_scribe);
	o->n = 0;
}

/* What has a delivery decided already is recorded first, and goes on from there. */
static void
onward_add(struct onward *o, struct message *m)
{
	bool to_scribe = m->n_deliveries == 0;

	for (int i = 0; i < m->n_deliveries; i++)
		to_scribe = to_scribe || !delivery_is_open(&m->deliveries[i]);
	list_append(to_scribe ? &o->to_scribe : &o->to_courier, &m->handoff.link);
	o->n++;
}

void
onward_send(struct onward *o, struct flow *f)
{
	if (o->n == 0)
		return;
	if (!list_is_empty(&o->to_courier))
		must(queue_put_all(f->to_courier, &o->to_courier));
	if (!list_is_empty(&o->to_scribe))
		must(queue_put_all(f->to_scribe, &o->to_scribe));
	o->n = 0;
}

/* --- admission --- */

static enum admission
take_in_hand(struct flow *f, struct message *m)
{
	switch (active_take(f->active, m)) {
	case ACTIVE_TAKEN: return ADMITTED;
	case ACTIVE_SAME_MESSAGE: return REFUSED_SAME_MESSAGE;
	case ACTIVE_SAME_EVENT: return REFUSED_SAME_EVENT;
	case ACTIVE_OTHERWISE: break;
	}
	return REFUSED_BUSY;
}

/* Only now: of two messages of one key, the later one must find what became of the first. */
static bool
look_at_keys(struct flow *f, struct message *m, wall_t now, struct err *e)
{
	struct txn *history;
	bool ok;

	if (!rule_keys_has_any(m))
		return true;
	history = txn_read(f->parts.store, STORE_HISTORY);
	rule_keys_apply(m, history, now);
	ok = txn_error(history) == NULL;
	if (!ok)
		*e = *txn_error(history);
	txn_end(history);
	return ok;
}

/* How many of its kind are in hand; NULL: of the stream's, active.h knows. */
static atomic_int *
in_hand_of(struct flow *f, const struct message *m)
{
	if (m->origin == ORIGIN_STREAM)
		return NULL;
	return m->is_replay ? &f->replay_in_hand : &f->ledger_in_hand;
}

/* While all is held, one message at a time may go and try. */
static void
took_one(struct flow *f)
{
	int but_one = HOLD_BUT_ONE;

	(void)atomic_compare_exchange_strong(&f->hold, &but_one, HOLD_ALL);
}

enum admission
admit(struct flow *f, struct message *m, struct onward *o, wall_t now, struct err *e)
{
	atomic_int *in_hand = in_hand_of(f, m);
	enum admission admission;

	rule_keys_prepare(m);
	admission = take_in_hand(f, m);
	if (admission != ADMITTED)
		return admission;
	if (!look_at_keys(f, m, now, e)) {
		active_release(f->active, m);
		return REFUSED_UNREADABLE;
	}
	took_one(f);
	if (in_hand != NULL)
		atomic_fetch_add(in_hand, 1);
	onward_add(o, m);
	return ADMITTED;
}

void
admit_end(struct flow *f, struct message *m)
{
	atomic_int *in_hand = in_hand_of(f, m);

	if (in_hand != NULL)
		atomic_fetch_sub(in_hand, 1);
	active_release(f->active, m);
}
