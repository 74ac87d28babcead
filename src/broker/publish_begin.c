/*
 * Publishing without waiting.
 *
 *     who begins:    message, reply <inbox>.<slot>.<use> ---> the stream
 *     the server:    PubAck ---> <inbox>.*.*, put into its slot by the library's thread
 *     the publisher: tells, sends again, gives up
 *
 * The library's own (js_PublishMsgAsync) tells nobody when a PubAck is lost with a connection
 * or a server, and is bound to one connection. Here every message stays in a slot until it is
 * told, and is sent again with its id after a reconnect, or when no PubAck has come for a
 * while.
 *
 * A slot is held by a thread that sends its message, without the lock since that may block.
 * Told meanwhile, it is freed by who holds it.
 */
#include "broker/private.h"

#include <errno.h>

#include "carillon/base/clock.h"
#include "carillon/base/deadline.h"
#include "carillon/base/id.h"
#include "carillon/base/list.h"

enum {
	LOOK_MS = 50,   /* how often slots are looked at */
	AGAIN_MS = 250, /* before asking again what may have another answer later */
};

struct begun {
	struct list link;          /* in `free` or `waiting` */
	struct list answered_link; /* in `answered` while it has an answer */
	natsMsg *msg, *answer;
	broker_published_fn *done;
	void *arg;
	size_t bytes;
	unsigned use; /* which of the slot; a PubAck of an earlier one is not for this */
	uint64_t denials;
	mono_t deadline, again_at;
	bool is_held, is_told;
	struct err why; /* it is not stored yet */
};

struct publisher {
	struct broker *b;
	pthread_t thread;
	char inbox[80];
	pthread_mutex_t lock;
	pthread_cond_t changed; /* a first one waits or is answered, it ends, a sub has ended */
	/* Under the lock: */
	bool is_ending;
	int subs; /* whose callback may still be called */
	size_t bytes;
	struct list free, waiting; /* these in the order they began */
	struct list answered;
	struct begun slots[PUBLISH_BEGUN_MAX];
	/* The thread's: */
	natsSubscription *sub;
	natsConnection *sub_nc;
	uint64_t epoch;
	mono_t look_at;
};

static struct begun *
begun_of(struct list *node)
{
	return CONTAINER_OF(node, struct begun, link);
}

/* --- slots: under the lock --- */

static struct begun *
slot_take(struct publisher *p, size_t bytes)
{
	if (p->is_ending || bytes > PUBLISH_BEGUN_BYTES_MAX - p->bytes ||
	    list_is_empty(&p->free))
		return NULL;
	struct begun *s = begun_of(list_take_first(&p->free));
	p->bytes += bytes;
	s->bytes = bytes;
	s->use++;
	s->is_held = true;
	s->is_told = false;
	return s;
}

static void
slot_free(struct publisher *p, struct begun *s)
{
	natsMsg_Destroy(s->msg);
	s->msg = NULL;
	if (s->answer) { /* a second one, of another try */
		natsMsg_Destroy(s->answer);
		s->answer = NULL;
		list_remove(&s->answered_link);
	}
	p->bytes -= s->bytes;
	list_append(&p->free, &s->link);
}

static void
slot_let_go(struct publisher *p, struct begun *s)
{
	s->is_held = false;
	if (s->is_told)
		slot_free(p, s);
}

/* The one that waits for this answer, or NULL: it was told already. */
static struct begun *
slot_of_answer(struct publisher *p, natsMsg *answer)
{
	const char *at = natsMsg_GetSubject(answer) + strlen(p->inbox) + 1;
	char *end;
	unsigned long n = strtoul(at, &end, 10);

	if (n >= PUBLISH_BEGUN_MAX || *end != '.')
		return NULL;
	struct begun *s = &p->slots[n];
	bool is_it = s->msg && !s->is_told && strtoul(end + 1, NULL, 10) == s->use;
	return is_it ? s : NULL;
}

/* --- answers: the library's thread --- */

static void
on_answer(natsConnection *nc, natsSubscription *sub, natsMsg *answer, void *closure)
{
	struct publisher *p = closure;

	(void)nc, (void)sub;
	pthread_mutex_lock(&p->lock);
	struct begun *s = slot_of_answer(p, answer);
	if (s && !s->answer) {
		s->answer = answer;
		answer = NULL;
		if (list_is_empty(&p->answered))
			pthread_cond_signal(&p->changed);
		list_append(&p->answered, &s->answered_link);
	}
	pthread_mutex_unlock(&p->lock);
	natsMsg_Destroy(answer);
}

static void
on_no_more_answers(void *closure)
{
	struct publisher *p = closure;

	pthread_mutex_lock(&p->lock);
	p->subs--;
	pthread_cond_signal(&p->changed);
	pthread_mutex_unlock(&p->lock);
}

/* --- telling: the publisher's thread alone --- */

static void
begun_tell(
    struct publisher *p, struct begun *s, const struct pub_ack *stored, const struct err *e)
{
	broker_published_fn *done = s->done;
	void *arg = s->arg;
	struct err why;

	if (e)
		fail(&why, e->kind, "publish to %s: %s", natsMsg_GetSubject(s->msg), e->text);
	pthread_mutex_lock(&p->lock);
	s->is_told = true;
	list_remove(&s->link);
	if (!s->is_held)
		slot_free(p, s);
	pthread_mutex_unlock(&p->lock);
	done(stored, e ? &why : NULL, arg);
}

/* It may be otherwise later: again soon, until its time is over. */
static void
begun_retry(struct publisher *p, struct begun *s, const struct err *why)
{
	int64_t ms = AGAIN_MS / 2 + broker_jitter(p->b, AGAIN_MS / 2);

	pthread_mutex_lock(&p->lock);
	s->why = *why;
	s->again_at = mono_after(clock_mono(), ms);
	pthread_mutex_unlock(&p->lock);
}

static void
begun_take_answer(struct publisher *p, struct begun *s, natsMsg *answer)
{
	struct pub_ack stored = {0};
	struct err e = {0};
	bool ok;

	if (str_eq(message_header(answer, "Status"), STR("503"))) {
		natsMsg_Destroy(answer);
		ok = fail(
		    &e, ERR_SETUP, "no stream takes it; carillon check says what is missing");
	} else {
		ok = publish_acked(answer, &stored, &e);
	}
	if (ok)
		begun_tell(p, s, &stored, NULL);
	else if (publish_may_retry(&e))
		begun_retry(p, s, &e);
	else
		begun_tell(p, s, NULL, &e);
}

/* The slot that was answered first, and its answer; NULL: none is. */
static struct begun *
publisher_take_answered(struct publisher *p, natsMsg **answer)
{
	struct begun *s = NULL;

	pthread_mutex_lock(&p->lock);
	struct list *first = list_take_first(&p->answered);
	if (first) {
		s = CONTAINER_OF(first, struct begun, answered_link);
		*answer = s->answer;
		s->answer = NULL;
	}
	pthread_mutex_unlock(&p->lock);
	return s;
}

/* --- sending --- */

/* The slot is held. */
static void
begun_send(struct publisher *p, struct begun *s)
{
	natsStatus sent = NATS_CONNECTION_DISCONNECTED;

	if (p->b->connected) /* else the library would keep it, and we again */
		sent = natsConnection_PublishMsg(p->b->nc, s->msg);
	pthread_mutex_lock(&p->lock);
	s->again_at = mono_after(clock_mono(), sent == NATS_OK ? PUBLISH_TRY_MS : 0);
	if (sent == NATS_MAX_PAYLOAD || sent == NATS_INVALID_SUBJECT) {
		fail(&s->why, ERR_INPUT, "%s", natsStatus_GetText(sent));
		s->deadline = clock_mono();
	}
	slot_let_go(p, s);
	pthread_mutex_unlock(&p->lock);
}

/* The next one whose time is over or which is to be sent again, held; NULL: none is. */
static struct begun *
publisher_take_due(struct publisher *p, mono_t now)
{
	const bool may_send = p->b->connected;
	struct begun *due = NULL;

	pthread_mutex_lock(&p->lock);
	LIST_EACH (n, &p->waiting) {
		struct begun *s = begun_of(n);

		if (!s->is_held && (mono_reached(now, s->deadline) ||
				       (may_send && mono_reached(now, s->again_at)))) {
			s->is_held = true;
			due = s;
			break;
		}
	}
	pthread_mutex_unlock(&p->lock);
	return due;
}

static void
begun_give_up(struct publisher *p, struct begun *s, const struct err *why)
{
	struct err e = *why;

	(void)broker_denied_since(p->b, s->denials, &e);
	begun_tell(p, s, NULL, &e);
	pthread_mutex_lock(&p->lock);
	slot_let_go(p, s);
	pthread_mutex_unlock(&p->lock);
}

static void
publisher_look(struct publisher *p)
{
	const mono_t now = clock_mono();
	struct begun *s;

	if (!mono_reached(now, p->look_at))
		return;
	p->look_at = mono_after(now, LOOK_MS);
	while ((s = publisher_take_due(p, now)) != NULL) {
		if (mono_reached(now, s->deadline))
			begun_give_up(p, s, &s->why);
		else
			begun_send(p, s);
	}
}

/* --- the thread --- */

static bool
publisher_subscribe(struct publisher *p)
{
	char subject[sizeof p->inbox + 4];

	natsSubscription_Destroy(p->sub);
	p->sub = NULL;
	p->sub_nc = p->b->nc;
	snprintf(subject, sizeof subject, "%s.*.*", p->inbox);
	natsStatus s = natsConnection_Subscribe(&p->sub, p->sub_nc, subject, on_answer, p);
	if (s == NATS_OK) /* there are no more answers than slots and tries */
		s = natsSubscription_SetPendingLimits(p->sub, -1, -1);
	if (s == NATS_OK) {
		pthread_mutex_lock(&p->lock);
		p->subs++;
		pthread_mutex_unlock(&p->lock);
		s = natsSubscription_SetOnCompleteCB(p->sub, on_no_more_answers, p);
		if (s != NATS_OK) /* it was closed before there was any answer */
			on_no_more_answers(p);
	}
	if (s == NATS_OK)
		return true;
	natsSubscription_Destroy(p->sub);
	p->sub = NULL;
	return false;
}

/* What was under way when a connection ended may have been lost, or its PubAck. */
static void
publisher_refresh(struct publisher *p)
{
	const uint64_t epoch = p->b->epoch;
	const bool is_other = !p->sub || p->sub_nc != p->b->nc;

	if (is_other && !publisher_subscribe(p))
		return; /* it was closed again: another one is being dialled */
	if (!is_other && p->epoch == epoch)
		return;
	p->epoch = epoch;
	p->look_at = clock_mono();
	pthread_mutex_lock(&p->lock);
	LIST_EACH (n, &p->waiting)
		begun_of(n)->again_at = p->look_at;
	pthread_mutex_unlock(&p->lock);
}

/* Until there is an answer, or it is time to look; false when it ends. */
static bool
publisher_wait(struct publisher *p)
{
	int rc = 0;

	pthread_mutex_lock(&p->lock);
	while (!p->is_ending && list_is_empty(&p->waiting))
		pthread_cond_wait(&p->changed, &p->lock);
	const struct timespec until = deadline_after(LOOK_MS);
	while (!p->is_ending && list_is_empty(&p->answered) && rc != ETIMEDOUT)
		rc = pthread_cond_timedwait(&p->changed, &p->lock, &until);
	bool goes_on = !p->is_ending;
	pthread_mutex_unlock(&p->lock);
	return goes_on;
}

static void
publisher_end(struct publisher *p)
{
	struct err e;
	struct begun *s;

	fail(&e, ERR_TEMP, "the connection to nats is being closed");
	while ((s = publisher_take_due(p, MONO_NEVER)) != NULL)
		begun_give_up(p, s, &e);
	natsSubscription_Destroy(p->sub);
	pthread_mutex_lock(&p->lock);
	while (p->subs > 0)
		pthread_cond_wait(&p->changed, &p->lock);
	pthread_mutex_unlock(&p->lock);
	nats_ReleaseThreadMemory();
}

static void *
publisher_main(void *arg)
{
	struct publisher *p = arg;
	natsMsg *answer;
	struct begun *s;

	while (publisher_wait(p)) {
		publisher_refresh(p);
		while ((s = publisher_take_answered(p, &answer)) != NULL)
			begun_take_answer(p, s, answer);
		publisher_look(p);
	}
	publisher_end(p);
	return NULL;
}

static struct publisher *
publisher_new(struct broker *b)
{
	struct publisher *p = calloc(1, sizeof *p);
	natsInbox *inbox = NULL;

	must(p != NULL);
	p->b = b;
	p->epoch = b->epoch;
	list_init(&p->free);
	list_init(&p->waiting);
	list_init(&p->answered);
	for (size_t i = 0; i < PUBLISH_BEGUN_MAX; i++)
		list_append(&p->free, &p->slots[i].link);
	must(natsInbox_Create(&inbox) == NATS_OK);
	snprintf(p->inbox, sizeof p->inbox, "%s", inbox);
	natsInbox_Destroy(inbox);
	pthread_mutex_init(&p->lock, NULL);
	deadline_cond_init(&p->changed);
	(void)publisher_subscribe(p); /* or the thread does */
	must(pthread_create(&p->thread, NULL, publisher_main, p) == 0);
	return p;
}

void
publisher_close(struct publisher *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->is_ending = true;
	pthread_cond_signal(&p->changed);
	pthread_mutex_unlock(&p->lock);
	pthread_join(p->thread, NULL);
	pthread_cond_destroy(&p->changed);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

/* --- beginning: any thread --- */

/* NULL when the broker is being closed. */
static struct publisher *
publisher_of(struct broker *b)
{
	pthread_mutex_lock(&b->lock);
	if (!b->publisher && !b->closing)
		b->publisher = publisher_new(b);
	struct publisher *p = b->closing ? NULL : b->publisher;
	pthread_mutex_unlock(&b->lock);
	return p;
}

static void
begun_compose(struct publisher *p, struct begun *s, const struct publish_request *what)
{
	struct publish_request r = *what;
	char reply[sizeof p->inbox + 32];

	snprintf(reply, sizeof reply, "%s.%zu.%u", p->inbox, (size_t)(s - p->slots), s->use);
	r.reply = reply;
	natsMsg *msg = publish_compose(&r);
	pthread_mutex_lock(&p->lock);
	s->msg = msg;
	s->deadline = mono_after(clock_mono(), PUBLISH_BEGUN_MS);
	fail(&s->why, ERR_TEMP, "nats gave no answer in time");
	if (list_is_empty(&p->waiting))
		pthread_cond_signal(&p->changed);
	list_append(&p->waiting, &s->link);
	pthread_mutex_unlock(&p->lock);
}

bool
publish_begin(
    struct broker *b, const struct publish_request *what, broker_published_fn *done, void *arg)
{
	struct publisher *p = publisher_of(b);
	struct begun *s;

	if (!p)
		return false;
	pthread_mutex_lock(&p->lock);
	s = slot_take(p, what->bytes.len);
	pthread_mutex_unlock(&p->lock);
	if (!s)
		return false;
	s->done = done;
	s->arg = arg;
	s->denials = broker_denials(b);
	begun_compose(p, s, what);
	begun_send(p, s);
	return true;
}

bool
broker_publish_begin(struct broker *b, const char *subject, struct str bytes,
    const char *msg_id, broker_published_fn *done, void *arg)
{
	char own_id[NEW_ID_SIZE];

	if (!msg_id)
		id_new(own_id, "pub");
	return publish_begin(b,
	    &(struct publish_request){
		.subject = subject, .msg_id = msg_id ? msg_id : own_id, .bytes = bytes},
	    done, arg);
}
