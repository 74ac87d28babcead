#include "broker/private.h"

#include "carillon/base/clock.h"
#include "carillon/base/id.h"

enum {
	AGAIN_MIN_MS = 20,
	AGAIN_MAX_MS = 500,
};

natsMsg *
publish_compose(const struct publish_request *p)
{
	natsMsg *msg;
	char number[24];

	must(natsMsg_Create(&msg, p->subject, p->reply, p->bytes.ptr, (int)p->bytes.len) ==
	     NATS_OK);
	must(natsMsgHeader_Set(msg, "Nats-Msg-Id", p->msg_id) == NATS_OK);
	if (p->operation)
		must(natsMsgHeader_Set(msg, "KV-Operation", p->operation) == NATS_OK);
	if (p->by)
		must(natsMsgHeader_Set(msg, AUTHOR_HEADER, p->by) == NATS_OK);
	if (p->has_expected) {
		snprintf(number, sizeof number, "%llu", (unsigned long long)p->expected);
		must(natsMsgHeader_Set(msg,
			 p->is_stream_expected ? "Nats-Expected-Last-Sequence"
					       : "Nats-Expected-Last-Subject-Sequence",
			 number) == NATS_OK);
	}
	return msg;
}

bool
publish_acked(natsMsg *answer, struct pub_ack *out, struct err *e)
{
	struct api_reply r = {0};
	const struct json *duplicate;
	int64_t n = 0;

	bool ok = api_read(answer, &r, e);
	if (ok && !json_int64(json_get(r.root, STR("seq")), &n))
		ok = fail(e, ERR_TEMP, "nats acknowledged without a sequence");
	if (ok) {
		duplicate = json_get(r.root, STR("duplicate"));
		out->seq = (uint64_t)n;
		out->is_repeat = duplicate && duplicate->kind == JSON_TRUE;
	}
	api_reply_free(&r);
	return ok;
}

static bool
publish_once(struct broker *b, natsMsg *msg, mono_t deadline, uint64_t *seq, struct err *e)
{
	struct pub_ack p;
	natsMsg *answer;
	int64_t left = deadline.ms - clock_mono().ms;

	if (!broker_wait_connected(b, deadline, e))
		return false;
	left = left < 1 ? 1 : left < PUBLISH_TRY_MS ? left : PUBLISH_TRY_MS;
	if (!api_request(b, msg, left, &answer, e) || !publish_acked(answer, &p, e))
		return false;
	if (seq)
		*seq = p.seq; /* of a repeat, the one of the try that was stored */
	return true;
}

/*
 * A server may compare the expected sequence before it looks for repeats (2.12 does), or have
 * forgotten the id: then a write whose PubAck was lost conflicts with itself when it is sent
 * again. It was stored if the message behind the expected one is it. ERR_CONFLICT: that one is
 * somebody else's.
 */
static bool
publish_was_stored(
    struct broker *b, const struct publish_request *p, uint64_t *seq, struct err *e)
{
	struct err conflict = *e;
	struct broker_message m;

	if (!get_next(b, p->stream, p->subject, p->expected + 1, &m, e)) {
		if (e->kind == ERR_NOT_FOUND) /* what is expected lies behind the end */
			*e = conflict;
		return false;
	}
	bool is_ours = str_eq(m.msg_id, str_of(p->msg_id));
	if (is_ours && seq)
		*seq = m.seq;
	broker_message_free(&m);
	if (!is_ours)
		*e = conflict;
	return is_ours;
}

bool
publish_may_retry(const struct err *e)
{
	return e->kind == ERR_TEMP || e->kind == ERR_SETUP;
}

static bool
publish_until(struct broker *b, const struct publish_request *p, natsMsg *msg, uint64_t *seq,
    struct err *e)
{
	const mono_t deadline = mono_after(clock_mono(), p->wait_ms);
	int64_t again_ms = AGAIN_MIN_MS;

	for (;;) {
		if (publish_once(b, msg, deadline, seq, e))
			return true;
		if (e->kind == ERR_CONFLICT && publish_was_stored(b, p, seq, e))
			return true;
		if (!publish_may_retry(e) || b->closing ||
		    mono_reached(mono_after(clock_mono(), again_ms), deadline))
			return false;
		broker_pause(b, again_ms + broker_jitter(b, again_ms));
		again_ms = again_ms * 2 < AGAIN_MAX_MS ? again_ms * 2 : AGAIN_MAX_MS;
	}
}

bool
publish_and_wait(
    struct broker *b, const struct publish_request *p, uint64_t *seq, struct err *e)
{
	struct err why = {0};
	natsMsg *msg = publish_compose(p);

	broker_hold(b);
	bool ok = publish_until(b, p, msg, seq, &why);
	broker_drop(b);
	natsMsg_Destroy(msg);
	if (ok)
		return true;
	if (why.kind == ERR_SETUP)
		return fail(e, ERR_SETUP,
		    "no stream takes what is published to %s: it is missing (carillon check "
		    "says so), or its servers are away",
		    p->subject);
	return fail(e, why.kind, "publish to %s: %s", p->subject, why.text);
}

bool
broker_publish(struct broker *b, const struct publication *p, uint64_t *seq, struct err *e)
{
	char own_id[NEW_ID_SIZE];

	if (!p->msg_id)
		id_new(own_id, "pub"); /* so that sending again cannot store it twice */
	return publish_and_wait(b,
	    &(struct publish_request){
		.subject = p->subject,
		.msg_id = p->msg_id ? p->msg_id : own_id,
		.bytes = p->bytes,
		.wait_ms = p->wait_ms,
	    },
	    seq, e);
}

bool
broker_publish_after(
    struct broker *b, const struct publication *p, uint64_t last, uint64_t *seq, struct err *e)
{
	char id[NEW_ID_SIZE];

	id_new(id, "pub");
	return publish_and_wait(b,
	    &(struct publish_request){
		.subject = p->subject,
		.msg_id = id,
		.bytes = p->bytes,
		.has_expected = true,
		.is_stream_expected = true,
		.stream = STREAM_HISTORY,
		.expected = last,
		.wait_ms = p->wait_ms,
	    },
	    seq, e);
}
