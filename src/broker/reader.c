/*
 * Reading a stream in order. The server numbers what it sends to a consumer, so a hole in those
 * numbers is a lost message (the stream's own sequence has holes by right). Then, and after
 * every reconnect, a new consumer starts at the next sequence.
 */
#include "broker/private.h"

#include "carillon/base/clock.h"
#include "carillon/base/log.h"

enum { FIRST_GUESS_BYTES = 1024, KEEP_S = 30, AGAIN_MS = 100 };

struct reader {
	struct pull pull;
	enum stream stream;
	uint64_t next;         /* sequence: everything below was given out */
	uint64_t consumer_seq; /* of the last message of the present consumer */
	int64_t pending;       /* after it, when it was sent */
	size_t size;           /* sliding mean of a message, bytes */
	bool is_live, has_read;
	uint64_t epoch;
};

bool
reader_open(struct reader **out, struct broker *b, enum stream s, uint64_t from, struct err *e)
{
	struct reader *r = calloc(1, sizeof *r);

	must(r != NULL);
	if (!pull_init(&r->pull, b, b->streams[s], "", e)) {
		free(r);
		return false;
	}
	r->stream = s;
	r->next = from ? from : 1;
	r->size = FIRST_GUESS_BYTES;
	*out = r;
	return true;
}

static void
reader_forget_consumer(struct reader *r)
{
	char subject[API_SUBJECT_MAX];

	if (r->pull.consumer[0] && r->pull.b->connected) { /* or it goes after KEEP_S */
		snprintf(subject, sizeof subject, "$JS.API.CONSUMER.DELETE.%s.%s",
		    r->pull.stream, r->pull.consumer);
		(void)natsConnection_PublishString(r->pull.b->nc, subject, "");
	}
	r->pull.consumer[0] = '\0';
	r->is_live = false;
}

void
reader_close(struct reader *r)
{
	if (!r)
		return;
	reader_forget_consumer(r);
	pull_fini(&r->pull);
	free(r);
}

static void
reader_compose(const struct reader *r, struct buf *out)
{
	struct json_writer w;

	jw_init(&w, out);
	jw_object(&w);
	jw_kv_cstr(&w, "stream_name", r->pull.stream);
	jw_key(&w, "config");
	jw_object(&w);
	jw_kv_cstr(&w, "deliver_policy", "by_start_sequence");
	jw_key(&w, "opt_start_seq");
	jw_uint(&w, r->next);
	jw_kv_cstr(&w, "ack_policy", "none");
	jw_kv_cstr(&w, "replay_policy", "instant");
	jw_kv_int(&w, "max_deliver", -1);
	jw_kv_int(&w, "inactive_threshold", (int64_t)KEEP_S * 1000000000);
	jw_kv_int(&w, "num_replicas", 1);
	jw_kv_bool(&w, "mem_storage", true);
	jw_object_end(&w);
	jw_object_end(&w);
}

static bool
reader_create_consumer(struct reader *r, struct err *e)
{
	char subject[API_SUBJECT_MAX];
	struct buf body = {0};
	struct api_reply reply = {0};

	snprintf(subject, sizeof subject, "CONSUMER.CREATE.%s", r->pull.stream);
	reader_compose(r, &body);
	bool ok = api_call(r->pull.b, subject, buf_view(&body), &reply, e);
	buf_fini(&body);
	if (ok && !str_copy(r->pull.consumer, sizeof r->pull.consumer,
		      json_string(reply.root, STR("name"))))
		ok = fail(e, ERR_TEMP, "nats named a consumer too long");
	if (!ok || !json_int64(json_get(reply.root, STR("num_pending")), &r->pending))
		r->pending = -1; /* not told: not known to be the end */
	if (reply.code == API_STREAM_NOT_FOUND)
		fail(e, ERR_SETUP, "stream %s is gone; carillon check says what to do",
		    r->pull.stream);
	api_reply_free(&reply);
	return ok;
}

/* A server that lost its newest seconds would give their sequences to other messages. */
static bool
reader_check_tail(struct reader *r, struct err *e)
{
	struct stream_info info;

	if (!r->has_read)
		return true;
	if (!broker_stream_info(r->pull.b, r->stream, &info, e))
		return false;
	if (info.last_seq + 1 >= r->next)
		return true;
	return fail(e, ERR_CORRUPT,
	    "stream %s ends at %llu, but %llu was read from it: the server lost its tail",
	    r->pull.stream, (unsigned long long)info.last_seq, (unsigned long long)r->next - 1);
}

static bool
reader_start(struct reader *r, struct err *e)
{
	uint64_t epoch = r->pull.b->epoch;

	reader_forget_consumer(r);
	if (!reader_check_tail(r, e) || !reader_create_consumer(r, e))
		return false;
	pull_reset(&r->pull);
	r->epoch = epoch;
	r->consumer_seq = 0;
	r->is_live = true;
	return true;
}

/* Whether `m` is the next one; if not it is freed. */
static bool
reader_accept(struct reader *r, struct broker_message *m, const struct ack_info *ack)
{
	if (!str_eq(ack->consumer, str_of(r->pull.consumer))) {
		broker_message_free(m); /* of a consumer before this one */
		return false;
	}
	if (ack->consumer_seq != r->consumer_seq + 1) {
		log_info("broker.reader_gap", L_STR("stream", r->pull.stream),
		    L_INT("next", r->next));
		broker_message_free(m);
		r->is_live = false;
		return false;
	}
	r->consumer_seq = ack->consumer_seq;
	if (m->seq < r->next) {
		broker_message_free(m); /* `from` was past the end of the stream */
		return false;
	}
	r->next = m->seq + 1;
	r->pending = (int64_t)m->pending;
	r->has_read = true;
	r->size = (r->size * 15 + m->data.len + m->subject.len) / 16;
	m->reply = (struct str){NULL, 0};
	return true;
}

/* Starts again what can be; false for what the caller must hear. */
static bool
reader_recover(struct reader *r, mono_t deadline, struct err *e)
{
	if (reader_start(r, e))
		return true;
	if (e->kind != ERR_TEMP || r->pull.b->closing)
		return false;
	if (mono_reached(clock_mono(), deadline))
		return fail(e, ERR_NONE, "no message in time");
	broker_pause(r->pull.b, AGAIN_MS);
	return true;
}

bool
reader_next(struct reader *r, int64_t wait_ms, struct broker_message *out, struct err *e)
{
	mono_t deadline = mono_after(clock_mono(), wait_ms);
	struct ack_info ack;
	struct err why = {0};

	for (;;) {
		if (!r->is_live || r->epoch != r->pull.b->epoch) {
			if (!reader_recover(r, deadline, &why))
				return fail(e, why.kind, "%s", why.text);
			if (!r->is_live)
				continue;
		}
		int64_t left = deadline.ms - clock_mono().ms;
		if (pull_next(&r->pull, reader_window(r->size), left > 0 ? left : 0, out, &ack,
			&why)) {
			if (reader_accept(r, out, &ack))
				return true;
			continue;
		}
		if (why.kind != ERR_SETUP)
			return fail(e, why.kind, "%s", why.text);
		r->is_live = false; /* the consumer is gone; the stream may be, too */
	}
}

bool
reader_is_at_end(const struct reader *r)
{
	return r->is_live && r->epoch == r->pull.b->epoch && r->pending == 0;
}
