/*
 * Pulling by the protocol itself.
 *
 *     us:     request {batch, expires, heartbeat} ---> $JS.API.CONSUMER.MSG.NEXT.<s>.<c>
 *     server: messages, a heartbeat a second, at last a status ---> <inbox>.<generation>
 *
 * `outstanding` is the sum of what was asked for and has not come. It is only a count, so a
 * lost status would make it too high for ever; then nothing is asked, the server falls silent,
 * and two heartbeats later everything is forgotten and asked anew. Too low only means that some
 * messages wait in our subscription instead of at the server.
 */
#include "broker/private.h"

#include <unistd.h>

#include "carillon/base/clock.h"
#include "carillon/base/log.h"

enum {
	SLICE_MS = 200, /* longest sleep that a stop or a reconnect does not end at once */
	BACKOFF_MIN_MS = 50,
	BACKOFF_MAX_MS = 1000,
	FLUSH_WAIT_MS = 50, /* for the PONG; the request has left before */
	SILENCE_MS = 2 * PULL_HEARTBEAT_MS,

	/* From 2,000 messages a second on, being woken for each one costs both processors more
	 * than its way through the service: then some are gathered first. */
	COUNT_MS = 20,
	BUSY_COUNT = 40,
	GATHER_US = 500,
};

static bool
pull_subscribe(struct pull *p, struct err *e)
{
	natsInbox *inbox = NULL;
	char subject[sizeof p->inbox + 2];

	natsSubscription_Destroy(p->sub);
	p->sub = NULL;
	p->sub_nc = p->b->nc;
	must(natsInbox_Create(&inbox) == NATS_OK);
	snprintf(p->inbox, sizeof p->inbox, "%s", inbox);
	natsInbox_Destroy(inbox);
	snprintf(subject, sizeof subject, "%s.*", p->inbox);
	natsStatus s = natsConnection_SubscribeSync(&p->sub, p->sub_nc, subject);
	if (s == NATS_OK)
		s = natsSubscription_SetPendingLimits(p->sub, -1, -1); /* we ask for few */
	if (s == NATS_OK)
		return true;
	return fail(e, ERR_TEMP, "cannot subscribe at nats: %s", natsStatus_GetText(s));
}

bool
pull_init(
    struct pull *p, struct broker *b, const char *stream, const char *consumer, struct err *e)
{
	*p = (struct pull){.b = b, .epoch = b->epoch, .backoff_ms = BACKOFF_MIN_MS};
	snprintf(p->stream, sizeof p->stream, "%s", stream);
	snprintf(p->consumer, sizeof p->consumer, "%s", consumer);
	broker_hold(b);
	if (pull_subscribe(p, e))
		return true;
	pull_fini(p);
	return false;
}

void
pull_fini(struct pull *p)
{
	natsSubscription_Destroy(p->sub);
	broker_drop(p->b);
}

void
pull_reset(struct pull *p)
{
	p->generation++;
	p->outstanding = 0;
	p->epoch = p->b->epoch;
}

static void
pull_back_off(struct pull *p, mono_t now)
{
	pull_reset(p);
	p->not_before = mono_after(now, p->backoff_ms + broker_jitter(p->b, p->backoff_ms));
	p->backoff_ms = p->backoff_ms * 2 < BACKOFF_MAX_MS ? p->backoff_ms * 2 : BACKOFF_MAX_MS;
}

static void
pull_ask(struct pull *p, size_t batch, mono_t now)
{
	char subject[API_SUBJECT_MAX], reply[sizeof p->inbox + 16], text[PULL_REQUEST_MAX];

	snprintf(
	    subject, sizeof subject, "$JS.API.CONSUMER.MSG.NEXT.%s.%s", p->stream, p->consumer);
	snprintf(reply, sizeof reply, "%s.%u", p->inbox, p->generation);
	pull_request_text(text, batch);
	if (natsConnection_PublishRequestString(p->sub_nc, subject, reply, text) != NATS_OK) {
		pull_back_off(p, now);
		return;
	}
	/* The library's own flush comes up to 1 ms late, which a small room cannot make up for.
	 */
	(void)natsConnection_FlushTimeout(p->sub_nc, FLUSH_WAIT_MS);
	p->outstanding += batch;
	p->heard = now;
}

/* Brings subscription and requests up to the connection there is now. */
static bool
pull_refresh(struct pull *p, size_t room, mono_t now, struct err *e)
{
	if (p->epoch != p->b->epoch) {
		pull_reset(p);
		p->not_before = now;
	}
	if ((!p->sub || p->sub_nc != p->b->nc) && !p->stopped && !pull_subscribe(p, e))
		return false;
	size_t batch = pull_batch(p->outstanding, room);
	if (batch > 0 && !p->stopped && p->b->connected && mono_reached(now, p->not_before))
		pull_ask(p, batch, now);
	return true;
}

/* Whether the consumer is there; any doubt counts as yes and is looked into again. */
static bool
pull_verify(struct pull *p, mono_t now, struct err *e)
{
	char subject[API_SUBJECT_MAX];
	struct api_reply r = {0};
	struct err why;

	pull_back_off(p, now);
	if (!p->b->connected)
		return true;
	snprintf(subject, sizeof subject, "CONSUMER.INFO.%s.%s", p->stream, p->consumer);
	bool is_there = api_call(p->b, subject, (struct str){NULL, 0}, &r, &why);
	int code = r.code;
	api_reply_free(&r);
	if (is_there)
		return true;
	log_warn("broker.consumer_in_doubt", L_STR("stream", p->stream),
	    L_STR("consumer", p->consumer), L_STR("why", why.text));
	if (code == API_STREAM_NOT_FOUND)
		return fail(e, ERR_SETUP,
		    "stream %s was deleted: it is made anew; what it held is gone, unless it "
		    "is "
		    "restored from a backup",
		    p->stream);
	if (code == API_CONSUMER_NOT_FOUND)
		return fail(e, ERR_SETUP,
		    "consumer %s of stream %s was deleted: it is made anew, reads the stream "
		    "from its start and skips what is done",
		    p->consumer, p->stream);
	return true;
}

/* The 408 says how many of its messages did not come. */
static void
pull_expired(struct pull *p, natsMsg *msg)
{
	struct str left = message_header(msg, "Nats-Pending-Messages");
	unsigned long long n = left.ptr ? strtoull(left.ptr, NULL, 10) : p->outstanding;

	p->outstanding -= n < p->outstanding ? (size_t)n : p->outstanding;
	p->backoff_ms = BACKOFF_MIN_MS;
}

static bool
pull_is_current(const struct pull *p, natsMsg *msg)
{
	char reply[sizeof p->inbox + 16];

	snprintf(reply, sizeof reply, "%s.%u", p->inbox, p->generation);
	return strcmp(natsMsg_GetSubject(msg), reply) == 0;
}

static bool
pull_take_status(struct pull *p, natsMsg *msg, mono_t now, struct err *e)
{
	struct str description = message_header(msg, "Description");

	if (!pull_is_current(p, msg))
		return true; /* an older request; it says nothing new */
	p->heard = now;
	switch (pull_judge(message_header(msg, "Status"), description)) {
	case PULL_ALIVE: return true;
	case PULL_EXPIRED: pull_expired(p, msg); return true;
	case PULL_VERIFY: return pull_verify(p, now, e);
	case PULL_RETRY: break;
	}
	log_info("broker.pull_again", L_STR("stream", p->stream), L_STRN("why", description));
	pull_back_off(p, now);
	return true;
}

static bool
pull_hear_nothing(struct pull *p, natsStatus s, mono_t now, struct err *e)
{
	if (p->stopped && s != NATS_TIMEOUT)
		return fail(e, ERR_NONE, "nothing more will come");
	if (p->b->closing)
		return fail(e, ERR_TEMP, "the connection to nats is being closed");
	if (s != NATS_TIMEOUT) {
		broker_pause(p->b, BACKOFF_MIN_MS); /* closed for good: being dialled anew */
		return true;
	}
	bool is_silent = mono_reached(now, mono_after(p->heard, SILENCE_MS));
	if (p->outstanding > 0 && is_silent && !p->stopped && p->b->connected)
		return pull_verify(p, now, e);
	return true;
}

/* How long to sleep at most: at least 1 ms, which the library insists on. */
static int64_t
pull_slice(const struct pull *p, mono_t now, mono_t deadline)
{
	int64_t ms = deadline.ms - now.ms;

	if (ms > SLICE_MS)
		ms = SLICE_MS;
	if (p->not_before.ms > now.ms && p->not_before.ms - now.ms < ms)
		ms = p->not_before.ms - now.ms;
	return ms > 0 ? ms : 1;
}

bool
pull_has_next(const struct pull *p)
{
	uint64_t n = 0;

	return p->sub && natsSubscription_QueuedMsgs(p->sub, &n) == NATS_OK && n > 0;
}

/* Only where what comes is live; a reader of the past reads as fast as it can. */
static void
pull_gather(struct pull *p, mono_t now)
{
	if (now.ms - p->counting_since.ms >= COUNT_MS) {
		p->is_busy = p->counted >= BUSY_COUNT;
		p->counting_since = now;
		p->counted = 0;
	}
	if (p->is_busy && !pull_has_next(p))
		usleep(GATHER_US);
}

static void
pull_count(struct pull *p, mono_t now)
{
	p->counted++;
	if (p->outstanding > 0)
		p->outstanding--;
	p->heard = now;
	p->backoff_ms = BACKOFF_MIN_MS;
}

bool
pull_next(struct pull *p, size_t room, int64_t wait_ms, struct broker_message *out,
    struct ack_info *ack, struct err *e)
{
	mono_t now = clock_mono();
	mono_t deadline = mono_after(now, wait_ms);

	for (;;) {
		if (!pull_refresh(p, room, now, e))
			return false;

		natsMsg *msg = NULL;
		natsStatus s =
		    natsSubscription_NextMsg(&msg, p->sub, pull_slice(p, now, deadline));
		if (s == NATS_OK && message_take(out, msg, ack)) {
			pull_count(p, now);
			return true;
		}

		now = clock_mono();
		bool go_on = s == NATS_OK ? pull_take_status(p, msg, now, e)
		                          : pull_hear_nothing(p, s, now, e);
		natsMsg_Destroy(msg);
		if (!go_on)
			return false;
		if (mono_reached(now, deadline))
			return fail(e, ERR_NONE, "no message in time");
	}
}

struct puller {
	struct pull pull;
};

bool
puller_open(struct puller **out, struct broker *b, struct err *e)
{
	struct puller *p = malloc(sizeof *p);

	must(p != NULL);
	if (!pull_init(&p->pull, b, b->streams[STREAM_EVENTS], b->partition.consumer, e)) {
		free(p);
		return false;
	}
	*out = p;
	return true;
}

void
puller_close(struct puller *p)
{
	if (!p)
		return;
	pull_fini(&p->pull);
	free(p);
}

bool
puller_has_next(struct puller *p)
{
	return pull_has_next(&p->pull);
}

bool
puller_next(
    struct puller *p, size_t room, int64_t wait_ms, struct broker_message *out, struct err *e)
{
	struct ack_info ack;

	if (room == 0) { /* what has come stays where it is */
		broker_pause(p->pull.b, wait_ms);
		return fail(e, ERR_NONE, "no room");
	}
	pull_gather(&p->pull, clock_mono());
	return pull_next(&p->pull, room, wait_ms, out, &ack, e);
}

/*
 * Unsubscribing takes the requests back: the server looks for interest before it hands out.
 * What it sent before then is still ours, and NextMsg gives it until it is used up.
 */
void
puller_stop(struct puller *p)
{
	if (!atomic_exchange(&p->pull.stopped, true))
		natsSubscription_Drain(p->pull.sub);
}
