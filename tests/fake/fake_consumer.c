/* The dispatch consumer of the fake broker: what is handed out, again, and settled. */
#include <stdio.h>
#include <stdlib.h>

#include "carillon/base/clock.h"
#include "fake.h"
#include "fake_broker_private.h"

enum {
	BATCH_MAX = 256,
	APART_MS = 1000,  /* consumers made one after the other: see consumer_is_same */
	RESTART_MS = 100, /* by so much a restarted server tells another creation time */
};

struct sent {
	uint64_t seq, deliveries;
};

struct puller {
	struct broker *broker;
	struct sent *sent; /* by the server, and not looked at yet */
	size_t n, at, cap;
	bool is_stopped;
};

/* --- the server's side --- */

static void
put_again(struct broker *b, struct handed *h)
{
	if (h->is_due)
		return;
	if (b->n_again == b->cap_again) {
		b->cap_again = b->cap_again ? 2 * b->cap_again : 64;
		b->again = realloc(b->again, b->cap_again * sizeof(struct handed *));
		must(b->again != NULL);
	}
	h->is_due = true;
	b->again[b->n_again++] = h;
}

static int
by_seq(const void *a, const void *b)
{
	const struct handed *x = *(struct handed *const *)a, *y = *(struct handed *const *)b;

	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* Those whose time is over go behind what waits already, in order of sequence. */
static void
collect_due(struct broker *b)
{
	struct heap_node *n;
	size_t first = b->n_again;

	while ((n = heap_take_due(&b->waiting, clock_mono())) != NULL)
		put_again(b, CONTAINER_OF(n, struct handed, due));
	if (b->n_again > first)
		qsort(b->again + first, b->n_again - first, sizeof(struct handed *), by_seq);
}

static struct handed *
take_again(struct broker *b)
{
	while (b->n_again > 0) {
		struct handed *h = b->again[0];

		memmove(b->again, b->again + 1, --b->n_again * sizeof(struct handed *));
		h->is_due = false;
		if (h->state == HANDED_PENDING)
			return h;
	}
	return NULL;
}

static struct handed *
take_new(struct broker *b)
{
	if (b->next_new > b->n_handed || (int64_t)b->pending >= b->options.ack_pending_max)
		return NULL;
	b->pending++;
	if (b->pending > b->pending_most)
		b->pending_most = b->pending;
	return b->handed[b->next_new++ - 1];
}

/* The next message the server would send, now pending; NULL if it would send none. */
static struct handed *
hand_out(struct broker *b)
{
	struct handed *h;

	collect_due(b);
	h = take_again(b);
	if (h == NULL)
		h = take_new(b);
	if (h == NULL)
		return NULL;
	h->state = HANDED_PENDING;
	h->deliveries++;
	b->is_restored = false;
	heap_set(&b->waiting, &h->due, mono_after(clock_mono(), b->options.ack_wait_ms));
	if (h->seq > b->delivered_seq)
		b->delivered_seq = h->seq;
	return h;
}

static void
settle_pending(struct broker *b, struct handed *h)
{
	h->state = HANDED_DONE;
	heap_remove(&b->waiting, &h->due);
	b->pending--;
	b->acked++;
}

static void
hear(struct broker *b, const struct word *w)
{
	uint64_t seq = strtoull(w->reply, NULL, 10);
	struct handed *h = seq > 0 && seq <= b->n_handed ? b->handed[seq - 1] : NULL;

	fake_activity++;
	if (!b->has_consumer || h == NULL || h->state != HANDED_PENDING)
		return;
	switch (w->kind) {
	case WORD_ACK:
	case WORD_TERM: settle_pending(b, h); break;
	case WORD_NAK:
		heap_set(&b->waiting, &h->due, mono_after(clock_mono(), w->delay_ms));
		break;
	case WORD_PROGRESS:
		if (!h->is_due)
			heap_set(&b->waiting, &h->due,
			    mono_after(clock_mono(), b->options.ack_wait_ms));
		break;
	}
}

void
consumer_sees(struct broker *b, uint64_t seq)
{
	struct handed *h = calloc(1, sizeof(*h));

	must(h != NULL && seq == b->n_handed + 1);
	h->seq = seq;
	if (b->n_handed == b->cap_handed) {
		b->cap_handed = b->cap_handed ? 2 * b->cap_handed : 256;
		b->handed = realloc(b->handed, b->cap_handed * sizeof(struct handed *));
		must(b->handed != NULL);
	}
	b->handed[b->n_handed++] = h;
}

/* From the beginning, knowing nothing. Two made at one virtual moment are still two. */
void
consumer_init(struct broker *b)
{
	uint64_t now = (uint64_t)clock_wall().ms;

	b->has_consumer = true;
	b->consumer_id += APART_MS;
	b->consumer_id = now > b->consumer_id ? now : b->consumer_id;
	b->next_new = 1;
	b->delivered_seq = b->pending = 0;
	b->n_again = 0;
	for (size_t i = 0; i < b->n_handed; i++) {
		heap_remove(&b->waiting, &b->handed[i]->due);
		*b->handed[i] = (struct handed){.seq = i + 1};
	}
}

void
consumer_flush(struct broker *b)
{
	for (size_t i = 0; i < b->n_unsent; i++)
		hear(b, &b->unsent[i]);
	b->n_unsent = 0;
}

/* --- the story's side --- */

void
fake_broker_cut(struct broker *b)
{
	b->n_unsent = 0;
	b->reconnects = 0;
}

void
fake_broker_forget(struct broker *b)
{
	for (uint64_t i = 1; i < b->next_new; i++)
		if (b->handed[i - 1]->deliveries > 1)
			b->handed[i - 1]->deliveries--;
	b->consumer_id += RESTART_MS;
	b->is_restored = true;
}

/* As nats-server 2.9 does to every consumer when a subject is purged of which nothing is left.
 */
void
fake_broker_pass_over(struct broker *b)
{
	for (uint64_t i = 1; i <= b->n_handed; i++) {
		heap_remove(&b->waiting, &b->handed[i - 1]->due);
		b->handed[i - 1]->state = HANDED_DONE;
		b->handed[i - 1]->is_due = false;
	}
	b->n_again = 0;
	b->pending = 0;
	b->next_new = b->n_handed + 1;
	b->delivered_seq = b->n_handed;
	fake_activity++;
}

void
fake_broker_redeliver(struct broker *b, uint64_t seq)
{
	for (uint64_t i = 1; i < b->next_new; i++) {
		struct handed *h = b->handed[i - 1];

		if (h->state != HANDED_DONE || (seq != 0 && seq != i))
			continue;
		h->state = HANDED_PENDING;
		b->pending++;
		b->acked--;
		put_again(b, h);
	}
	fake_activity++;
}

void
fake_broker_delete_consumer(struct broker *b)
{
	b->has_consumer = false;
}

mono_t
fake_broker_next(const struct broker *b)
{
	const struct heap_node *first = heap_first(&b->waiting);

	return b->is_down || first == NULL ? MONO_NEVER : first->due;
}

uint64_t
fake_broker_ack_pending(const struct broker *b)
{
	return b->pending;
}

uint64_t
fake_broker_ack_pending_most(const struct broker *b)
{
	return b->pending_most;
}

uint64_t
fake_broker_acked(const struct broker *b)
{
	return b->acked;
}

/* --- the client's side --- */

static uint64_t
ack_floor(const struct broker *b)
{
	uint64_t at = 0;

	while (at + 1 < b->next_new && b->handed[at]->state == HANDED_DONE)
		at++;
	return at;
}

bool
broker_consumer_info(struct broker *b, struct consumer_info *out, struct err *e)
{
	*out = (struct consumer_info){
	    .id = b->consumer_id,
	    .delivered_seq = b->delivered_seq,
	    .ack_floor_seq = ack_floor(b),
	    .ack_pending = b->pending,
	    .pending = b->n_handed + 1 - b->next_new,
	    .is_restored = b->is_restored,
	};
	if (!broker_is_there(b, e))
		return false;
	return b->has_consumer || fail(e, ERR_NOT_FOUND, "consumer dispatch-0: not found");
}

bool
puller_open(struct puller **out, struct broker *b, struct err *e)
{
	struct puller *p;

	if (!broker_is_there(b, e))
		return false;
	p = calloc(1, sizeof(*p));
	must(p != NULL);
	p->broker = b;
	*out = p;
	return true;
}

void
puller_close(struct puller *p)
{
	if (p == NULL)
		return;
	free(p->sent);
	free(p);
}

void
puller_stop(struct puller *p)
{
	p->is_stopped = true;
}

/* The server sends what was asked for, whether or not the client looks at it now. */
static void
receive(struct puller *p, size_t room)
{
	size_t most = room < BATCH_MAX ? room : BATCH_MAX;
	struct handed *h;

	if (p->at == p->n)
		p->at = p->n = 0;
	while (p->n - p->at < most && (h = hand_out(p->broker)) != NULL) {
		if (p->n == p->cap) {
			p->cap = p->cap ? 2 * p->cap : BATCH_MAX;
			p->sent = realloc(p->sent, p->cap * sizeof(*p->sent));
			must(p->sent != NULL);
		}
		p->sent[p->n++] = (struct sent){h->seq, h->deliveries};
	}
}

/* No: then every message is handed on at once, as stories expect. */
bool
puller_has_next(struct puller *p)
{
	(void)p;
	return false;
}

bool
puller_next(
    struct puller *p, size_t room, int64_t wait_ms, struct broker_message *out, struct err *e)
{
	struct broker *b = p->broker;
	struct word *w;

	(void)wait_ms;
	if (room == 0)
		return fail(e, ERR_NONE, "no room");
	if (!b->is_down && !p->is_stopped && b->has_consumer)
		receive(p, room);
	/* That it is gone is said after what it had sent. */
	if (p->at == p->n && !b->is_down && !b->has_consumer)
		return fail(e, ERR_SETUP, "consumer dispatch-0 was deleted");
	if (p->at == p->n)
		return fail(e, ERR_NONE, "no message in time");
	message_of_stored(b, STREAM_EVENTS, p->sent[p->at].seq, out);
	out->deliveries = p->sent[p->at++].deliveries;
	w = calloc(1, sizeof(*w));
	must(w != NULL);
	snprintf(w->reply, sizeof(w->reply), "%llu.%llu", (unsigned long long)out->seq,
	    (unsigned long long)out->deliveries);
	out->handle = w;
	out->reply = str_of(w->reply);
	fake_activity++;
	return true;
}

/* While the server is gone the library keeps the words. */
static bool
say(struct broker *b, struct str reply, enum word_kind kind, int64_t delay_ms)
{
	struct word w = {.kind = kind, .delay_ms = delay_ms};

	str_copy(w.reply, sizeof(w.reply), reply);
	if (b->loses_settles)
		return true;
	if (!b->is_down) {
		hear(b, &w);
		return true;
	}
	if (b->n_unsent == b->cap_unsent) {
		b->cap_unsent = b->cap_unsent ? 2 * b->cap_unsent : 64;
		b->unsent = realloc(b->unsent, b->cap_unsent * sizeof(*b->unsent));
		must(b->unsent != NULL);
	}
	b->unsent[b->n_unsent++] = w;
	return true;
}

bool
broker_ack(struct broker *b, struct str reply, struct err *e)
{
	(void)e;
	fake_point_reached(FAKE_BEFORE_ACK);
	return say(b, reply, WORD_ACK, 0);
}

bool
broker_nak(struct broker *b, struct str reply, int64_t delay_ms, struct err *e)
{
	(void)e;
	fake_point_reached(FAKE_BEFORE_ACK);
	return say(b, reply, WORD_NAK, delay_ms);
}

bool
broker_in_progress(struct broker *b, struct str reply, struct err *e)
{
	(void)e;
	return say(b, reply, WORD_PROGRESS, 0);
}

bool
broker_term(struct broker *b, struct str reply, struct err *e)
{
	(void)e;
	return say(b, reply, WORD_TERM, 0);
}
