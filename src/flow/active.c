#include "active.h"

#include <errno.h>
#include <pthread.h>

#include "carillon/broker/broker.h"
#include "carillon/base/buf.h"
#include "carillon/base/deadline.h"
#include "carillon/base/table.h"
#include "key_lines.h"

struct active {
	pthread_mutex_t lock;
	pthread_cond_t room;
	/* Under the lock: */
	size_t limit;
	struct table *by_seq, *by_id; /* messages of the stream */
	struct table *reread;         /* seq -> how many messages read again have it */
	struct table *by_delivery;    /* seq and rule: of deliveries not settled yet */
	struct key_lines *keys;       /* of rules' options */
	struct table *digests;        /* by lane: the delivery that goes for all of it */
	struct list oldest_first;     /* by taken_at */
	struct list unseen;           /* the same, by when they were taken in hand */
	size_t count, weight;
};

/* A message weighs as much as it has deliveries that are not settled, and at least one. */
static size_t
weight_of(size_t unsettled)
{
	return unsettled > 1 ? unsettled : 1;
}

/* "workspace NUL event id": ids are only unique within a workspace. */
struct id_key {
	char bytes[WORKSPACE_ID_MAX + 1 + EVENT_ID_MAX];
	size_t len;
};

static struct str
seq_key(const uint64_t *seq)
{
	return (struct str){(const char *)seq, sizeof(*seq)};
}

static struct str
id_key(struct id_key *k, const struct event *ev)
{
	must(ev->workspace.len <= WORKSPACE_ID_MAX && ev->id.len <= EVENT_ID_MAX);
	memcpy(k->bytes, ev->workspace.ptr, ev->workspace.len);
	k->bytes[ev->workspace.len] = '\0';
	if (ev->id.len > 0) /* the ledger may know a delivery whose event it does not */
		memcpy(k->bytes + ev->workspace.len + 1, ev->id.ptr, ev->id.len);
	return (struct str){k->bytes, ev->workspace.len + 1 + ev->id.len};
}

struct delivery_key {
	char bytes[sizeof(uint64_t) + RECORD_ID_MAX];
	size_t len;
};

static struct str
delivery_key(struct delivery_key *k, uint64_t seq, struct str rule)
{
	must(rule.len <= RECORD_ID_MAX);
	memcpy(k->bytes, &seq, sizeof(seq));
	if (rule.len > 0)
		memcpy(k->bytes + sizeof(seq), rule.ptr, rule.len);
	return (struct str){k->bytes, sizeof(seq) + rule.len};
}

/* Of each lane one digest at a time: its members are in nobody's hand themselves. */
static struct str
digest_key(struct buf *b, const struct lane_id *lane)
{
	buf_clear(b);
	buf_str(b, lane->workspace);
	buf_putc(b, '\0');
	buf_str(b, lane->connection);
	buf_putc(b, '\0');
	buf_str(b, lane->channel);
	return buf_view(b);
}

static struct str
digest_key_of(struct buf *b, const struct delivery *d)
{
	return digest_key(b,
	    &(struct lane_id){d->message->event.workspace, d->rule->connection_id, d->channel});
}

bool
active_has_digest(struct active *h, const struct lane_id *lane)
{
	struct buf b = {0};
	bool has;

	pthread_mutex_lock(&h->lock);
	has = table_get(h->digests, digest_key(&b, lane)) != NULL;
	pthread_mutex_unlock(&h->lock);
	buf_fini(&b);
	return has;
}

static void
take_digest(struct active *h, struct delivery *d)
{
	struct buf b = {0};

	if (d->digest != NULL)
		(void)table_set(h->digests, digest_key_of(&b, d), d);
	buf_fini(&b);
}

static void
release_digest(struct active *h, const struct delivery *d)
{
	struct buf b = {0};

	if (d->digest != NULL && table_get(h->digests, digest_key_of(&b, d)) == d)
		(void)table_remove(h->digests, digest_key_of(&b, d));
	buf_fini(&b);
}

/* The delivery itself, and the members of its digest. */
static bool
is_taken(struct active *h, const struct delivery *d)
{
	const struct digest *g = d->digest;
	struct delivery_key space;

	if (table_get(h->by_delivery, delivery_key(&space, d->message->seq, d->rule_id)))
		return true;
	for (int i = 0; g != NULL && i < g->n; i++)
		if (table_get(h->by_delivery,
			delivery_key(&space, g->members[i]->seq, str_of(g->members[i]->rule))))
			return true;
	return false;
}

static void
take_delivery(struct active *h, struct delivery *d)
{
	const struct digest *g = d->digest;
	struct delivery_key space;

	(void)table_set(h->by_delivery, delivery_key(&space, d->message->seq, d->rule_id), d);
	for (int i = 0; g != NULL && i < g->n; i++)
		(void)table_set(h->by_delivery,
		    delivery_key(&space, g->members[i]->seq, str_of(g->members[i]->rule)), d);
}

static void
release_delivery(struct active *h, struct delivery *d)
{
	const struct digest *g = d->digest;
	struct delivery_key space;
	struct str key = delivery_key(&space, d->message->seq, d->rule_id);

	if (table_get(h->by_delivery, key) != d)
		return; /* it was settled before its message */
	(void)table_remove(h->by_delivery, key);
	for (int i = 0; g != NULL && i < g->n; i++)
		(void)table_remove(h->by_delivery,
		    delivery_key(&space, g->members[i]->seq, str_of(g->members[i]->rule)));
}

static bool
any_is_taken(struct active *h, const struct message *m)
{
	for (int i = 0; i < m->n_deliveries; i++)
		if (is_taken(h, &m->deliveries[i]))
			return true;
	return false;
}

static void
take_deliveries(struct active *h, struct message *m)
{
	for (int i = 0; i < m->n_deliveries; i++) {
		take_delivery(h, &m->deliveries[i]);
		take_digest(h, &m->deliveries[i]);
		key_lines_take(h->keys, &m->deliveries[i]);
	}
}

static void
release_deliveries(struct active *h, struct message *m)
{
	for (int i = 0; i < m->n_deliveries; i++) {
		release_delivery(h, &m->deliveries[i]);
		release_digest(h, &m->deliveries[i]);
		key_lines_release(h->keys, &m->deliveries[i]);
	}
}

/* How many messages read again have the sequence: a number in the place of a pointer. */
static void
count_reread(struct active *h, uint64_t seq, int change)
{
	struct str key = seq_key(&seq);
	intptr_t n = (intptr_t)table_get(h->reread, key) + change;

	if (n == 0)
		(void)table_remove(h->reread, key);
	else
		(void)table_set(h->reread, key, (void *)n);
}

struct active *
active_new(size_t limit)
{
	struct active *h = calloc(1, sizeof(*h));

	must(h != NULL);
	h->limit = limit;
	h->by_seq = table_new();
	h->by_id = table_new();
	h->reread = table_new();
	h->by_delivery = table_new();
	h->keys = key_lines_new();
	h->digests = table_new();
	list_init(&h->oldest_first);
	list_init(&h->unseen);
	pthread_mutex_init(&h->lock, NULL);
	deadline_cond_init(&h->room);
	return h;
}

void
active_free(struct active *h)
{
	if (h == NULL)
		return;
	must(table_len(h->by_seq) == 0 && table_len(h->reread) == 0);
	table_free(h->by_seq);
	table_free(h->by_id);
	table_free(h->reread);
	table_free(h->by_delivery);
	key_lines_free(h->keys);
	table_free(h->digests);
	pthread_cond_destroy(&h->room);
	pthread_mutex_destroy(&h->lock);
	free(h);
}

void
active_set_limit(struct active *h, size_t limit)
{
	pthread_mutex_lock(&h->lock);
	h->limit = limit;
	pthread_cond_signal(&h->room);
	pthread_mutex_unlock(&h->lock);
}

size_t
active_limit(struct active *h)
{
	size_t limit;

	pthread_mutex_lock(&h->lock);
	limit = h->limit;
	pthread_mutex_unlock(&h->lock);
	return limit;
}

size_t
active_count(struct active *h)
{
	size_t n;

	pthread_mutex_lock(&h->lock);
	n = h->count;
	pthread_mutex_unlock(&h->lock);
	return n;
}

/*
 * Who found no room waits until an eighth is free: to be woken for one message at a time costs
 * more than the message.
 */
static size_t
low_water(const struct active *h)
{
	return h->limit - (h->limit + 7) / 8;
}

size_t
active_room(struct active *h)
{
	size_t room;

	pthread_mutex_lock(&h->lock);
	room = h->weight < h->limit ? h->limit - h->weight : 0;
	pthread_mutex_unlock(&h->lock);
	return room;
}

bool
active_wait_room(struct active *h, int64_t wait_ms)
{
	const struct timespec until = deadline_after(wait_ms);
	bool has_room;
	int rc = 0;

	pthread_mutex_lock(&h->lock);
	if (h->weight < h->limit)
		rc = ETIMEDOUT; /* there is room: nothing to wait for */
	while (h->weight > low_water(h) && rc == 0)
		rc = pthread_cond_timedwait(&h->room, &h->lock, &until);
	has_room = h->weight < h->limit;
	pthread_mutex_unlock(&h->lock);
	return has_room;
}

bool
active_has(struct active *h, uint64_t seq)
{
	bool has;

	pthread_mutex_lock(&h->lock);
	has = table_get(h->by_seq, seq_key(&seq)) != NULL ||
	      table_get(h->reread, seq_key(&seq)) != NULL;
	pthread_mutex_unlock(&h->lock);
	return has;
}

bool
active_has_delivery(struct active *h, uint64_t seq, struct str rule)
{
	struct delivery_key space;
	bool has;

	pthread_mutex_lock(&h->lock);
	has = table_get(h->by_delivery, delivery_key(&space, seq, rule)) != NULL;
	pthread_mutex_unlock(&h->lock);
	return has;
}

/*
 * Counts a repeat of what we have from the stream: settling that settles this. What the ledger
 * has of the same sequence does not. Under the lock.
 */
static bool
note_repeat(struct active *h, uint64_t seq, struct handout again)
{
	struct message *have = table_get(h->by_seq, seq_key(&seq));

	if (have == NULL)
		return false;
	/* A consumer made anew counts from 1, and is the one that goes on counting. */
	if (!consumer_is_same(again.consumer, have->handout.consumer) ||
	    again.deliveries > have->handout.deliveries)
		have->handout = again;
	return true;
}

bool
active_notes_repeat(struct active *h, uint64_t seq, struct handout again)
{
	bool is_repeat;

	pthread_mutex_lock(&h->lock);
	is_repeat = note_repeat(h, seq, again);
	pthread_mutex_unlock(&h->lock);
	return is_repeat;
}

static enum active_take
may_take(struct active *h, const struct message *m, struct str id)
{
	if (m->origin == ORIGIN_STREAM && note_repeat(h, m->seq, m->handout))
		return ACTIVE_SAME_MESSAGE;
	if (any_is_taken(h, m))
		return ACTIVE_OTHERWISE;
	if (m->origin == ORIGIN_STREAM && table_get(h->by_id, id) != NULL)
		return ACTIVE_SAME_EVENT;
	return ACTIVE_TAKEN;
}

enum active_take
active_take(struct active *h, struct message *m)
{
	enum active_take taken;
	struct id_key space;
	struct str id = id_key(&space, &m->event);

	pthread_mutex_lock(&h->lock);
	taken = may_take(h, m, id);
	if (taken == ACTIVE_TAKEN) {
		if (m->origin == ORIGIN_STREAM) {
			(void)table_set(h->by_seq, seq_key(&m->seq), m);
			(void)table_set(h->by_id, id, m);
		} else {
			count_reread(h, m->seq, 1);
		}
		list_append(&h->oldest_first, &m->active_link);
		if (!m->is_known)
			list_append(&h->unseen, &m->unseen_link);
		h->count++;
		m->unsettled = (size_t)m->n_deliveries;
		h->weight += weight_of(m->unsettled);
		take_deliveries(h, m);
	}
	pthread_mutex_unlock(&h->lock);
	return taken;
}

static void
lighten(struct active *h, size_t by)
{
	h->weight -= by;
	if (h->weight <= low_water(h))
		pthread_cond_signal(&h->room);
}

void
active_settled(struct active *h, struct delivery *d)
{
	struct message *m = d->message;

	pthread_mutex_lock(&h->lock);
	must(m->unsettled > 0);
	lighten(h, weight_of(m->unsettled) - weight_of(m->unsettled - 1));
	m->unsettled--;
	release_delivery(h, d);
	release_digest(h, d);
	key_lines_settle(h->keys, d);
	pthread_mutex_unlock(&h->lock);
}

bool
active_has_called(struct active *h)
{
	bool has;

	pthread_mutex_lock(&h->lock);
	has = key_lines_have_called(h->keys);
	pthread_mutex_unlock(&h->lock);
	return has;
}

size_t
active_take_called(struct active *h, struct key_waiter *out, size_t max)
{
	size_t n;

	pthread_mutex_lock(&h->lock);
	n = key_lines_take_called(h->keys, out, max);
	pthread_mutex_unlock(&h->lock);
	return n;
}

void
active_release(struct active *h, struct message *m)
{
	struct id_key space;

	pthread_mutex_lock(&h->lock);
	if (m->origin == ORIGIN_STREAM) {
		must(table_remove(h->by_seq, seq_key(&m->seq)) == m);
		must(table_remove(h->by_id, id_key(&space, &m->event)) == m);
	} else {
		count_reread(h, m->seq, -1);
	}
	release_deliveries(h, m);
	list_remove(&m->active_link);
	list_remove(&m->unseen_link);
	h->count--;
	lighten(h, weight_of(m->unsettled));
	pthread_mutex_unlock(&h->lock);
}

struct handout
active_handout(struct active *h, const struct message *m)
{
	struct handout last;

	pthread_mutex_lock(&h->lock);
	last = m->handout;
	pthread_mutex_unlock(&h->lock);
	return last;
}

size_t
active_overdue(struct active *h, mono_t now, int64_t after_ms, struct arena *a,
    struct str replies[static ACTIVE_OVERDUE_MAX])
{
	size_t n = 0;

	pthread_mutex_lock(&h->lock);
	/* Those reported go to the end, so the list stays in order of taken_at. */
	while (n < ACTIVE_OVERDUE_MAX && !list_is_empty(&h->oldest_first)) {
		struct message *m =
		    CONTAINER_OF(h->oldest_first.next, struct message, active_link);

		if (!mono_reached(now, mono_after(m->taken_at, after_ms)))
			break;
		if (m->origin == ORIGIN_STREAM)
			replies[n++] = arena_str(a, m->reply);
		m->taken_at = now;
		list_remove(&m->active_link);
		list_append(&h->oldest_first, &m->active_link);
	}
	pthread_mutex_unlock(&h->lock);
	return n;
}

size_t
active_unseen(struct active *h, mono_t now, int64_t after_ms,
    struct message *out[static ACTIVE_UNSEEN_MAX])
{
	size_t n = 0;

	pthread_mutex_lock(&h->lock);
	while (n < ACTIVE_UNSEEN_MAX && !list_is_empty(&h->unseen)) {
		struct message *m = CONTAINER_OF(h->unseen.next, struct message, unseen_link);

		if (!mono_reached(now, (mono_t){m->taken_us / 1000 + after_ms}))
			break;
		list_remove(&m->unseen_link);
		out[n++] = m;
	}
	pthread_mutex_unlock(&h->lock);
	return n;
}
