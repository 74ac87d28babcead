#include "active.h"

#include <errno.h>
#include <pthread.h>

#include "carillon/broker/broker.h"
#include "carillon/base/buf.h"
#include "carillon/base/table.h"

struct active {
	pthread_mutex_t lock;
	pthread_cond_t room;
	/* Under the lock: */
	size_t limit;
	struct table *by_seq, *by_id;
	struct table
	    *by_key; /* of a rule's options (rule_keys.h); to the delivery that has it */
	struct list oldest_first; /* by taken_at */
	size_t weight;
};

static size_t
weight_of(const struct message *m)
{
	return m->n_deliveries > 1 ? (size_t)m->n_deliveries : 1;
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
	memcpy(k->bytes + ev->workspace.len + 1, ev->id.ptr, ev->id.len);
	return (struct str){k->bytes, ev->workspace.len + 1 + ev->id.len};
}

/* "rule NUL use workspace NUL key" of a delivery. Borrowed from `b`. */
static struct str
lock_key(struct buf *b, const struct delivery *d, enum key_use use)
{
	buf_clear(b);
	buf_str(b, d->rule_id);
	buf_putc(b, '\0');
	buf_putc(b, (char)use);
	buf_str(b, d->message->event.workspace);
	buf_putc(b, '\0');
	buf_str(b, d->key[use]);
	return buf_view(b);
}

/* Of each rule one digest at a time: its members are in nobody's hand themselves. */
enum { DIGEST_LOCK = KEY_USES };

static void
digest_lock_key(struct buf *b, struct str workspace, struct str rule)
{
	buf_clear(b);
	buf_str(b, rule);
	buf_putc(b, '\0');
	buf_putc(b, (char)DIGEST_LOCK);
	buf_str(b, workspace);
}

bool
active_has_digest(struct active *h, struct str workspace, struct str rule)
{
	struct buf b = {0};
	bool has;

	digest_lock_key(&b, workspace, rule);
	pthread_mutex_lock(&h->lock);
	has = table_get(h->by_key, buf_view(&b)) != NULL;
	pthread_mutex_unlock(&h->lock);
	buf_fini(&b);
	return has;
}

static void
take_keys(struct active *h, struct delivery *d, struct buf *b)
{
	if (d->digest != NULL) {
		digest_lock_key(b, d->message->event.workspace, d->rule_id);
		table_set(h->by_key, buf_view(b), d);
	}
	for (enum key_use use = 0; use < KEY_USES; use++) {
		if (d->key[use].len == 0)
			continue;
		if (table_get(h->by_key, lock_key(b, d, use)) != NULL)
			d->key_is_taken[use] = true;
		else
			table_set(h->by_key, lock_key(b, d, use), d);
	}
}

static void
release_keys(struct active *h, struct delivery *d, struct buf *b)
{
	if (d->digest != NULL) {
		digest_lock_key(b, d->message->event.workspace, d->rule_id);
		table_remove(h->by_key, buf_view(b));
	}
	for (enum key_use use = 0; use < KEY_USES; use++)
		if (d->key[use].len > 0 && table_get(h->by_key, lock_key(b, d, use)) == d)
			table_remove(h->by_key, lock_key(b, d, use));
}

/* For every delivery of a message. Under the lock. */
static void
for_keys(struct active *h, struct message *m,
    void (*what)(struct active *, struct delivery *, struct buf *))
{
	struct buf b = {0};

	for (int i = 0; i < m->n_deliveries; i++)
		what(h, &m->deliveries[i], &b);
	buf_fini(&b);
}

struct active *
active_new(size_t limit)
{
	struct active *h = calloc(1, sizeof(*h));
	pthread_condattr_t attr;

	must(h != NULL);
	h->limit = limit;
	h->by_seq = table_new();
	h->by_id = table_new();
	h->by_key = table_new();
	list_init(&h->oldest_first);
	pthread_mutex_init(&h->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&h->room, &attr);
	pthread_condattr_destroy(&attr);
	return h;
}

void
active_free(struct active *h)
{
	if (h == NULL)
		return;
	must(table_len(h->by_seq) == 0);
	table_free(h->by_seq);
	table_free(h->by_id);
	table_free(h->by_key);
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
	n = table_len(h->by_seq);
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
	struct timespec until;
	bool has_room;
	int rc = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += wait_ms / 1000;
	until.tv_nsec += wait_ms % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
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
	has = table_get(h->by_seq, seq_key(&seq)) != NULL;
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

	if (have == NULL || have->origin != ORIGIN_STREAM)
		return false;
	/* A consumer made anew counts from 1, and is the one that goes on counting. */
	if (!consumer_is_same(again.consumer, have->handout.consumer) ||
	    again.deliveries > have->handout.deliveries)
		have->handout = again;
	return true;
}

bool
active_has_of_stream(struct active *h, uint64_t seq)
{
	const struct message *m;
	bool has;

	pthread_mutex_lock(&h->lock);
	m = table_get(h->by_seq, seq_key(&seq));
	has = m != NULL && m->origin == ORIGIN_STREAM;
	pthread_mutex_unlock(&h->lock);
	return has;
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

enum active_take
active_take(struct active *h, struct message *m)
{
	enum active_take taken = ACTIVE_TAKEN;
	struct id_key space;
	struct str id = id_key(&space, &m->event);

	pthread_mutex_lock(&h->lock);
	if (m->origin == ORIGIN_STREAM && note_repeat(h, m->seq, m->handout)) {
		taken = ACTIVE_SAME_MESSAGE;
	} else if (table_get(h->by_seq, seq_key(&m->seq)) != NULL) {
		taken = ACTIVE_OTHERWISE;
	} else if (table_get(h->by_id, id) != NULL) {
		taken = ACTIVE_SAME_EVENT;
	} else {
		table_set(h->by_seq, seq_key(&m->seq), m);
		table_set(h->by_id, id, m);
		list_append(&h->oldest_first, &m->active_link);
		h->weight += weight_of(m);
		for_keys(h, m, take_keys);
	}
	pthread_mutex_unlock(&h->lock);
	return taken;
}

void
active_release(struct active *h, struct message *m)
{
	struct id_key space;

	pthread_mutex_lock(&h->lock);
	must(table_remove(h->by_seq, seq_key(&m->seq)) == m);
	must(table_remove(h->by_id, id_key(&space, &m->event)) == m);
	for_keys(h, m, release_keys);
	list_remove(&m->active_link);
	h->weight -= weight_of(m);
	if (h->weight <= low_water(h))
		pthread_cond_signal(&h->room);
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
