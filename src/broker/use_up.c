/*
 * Using up sequences. A stream counts on from its last message, so after it lost some it would
 * give their sequences to new ones. Numbers cannot be set, but used: an empty stream is purged
 * "up to" one, any other is filled with empty messages. These stay until they expire: a purge
 * by subject would take them, but nats-server 2.9 then moves every consumer to the stream's
 * end.
 */
#include "private.h"

enum {
	CHUNK = 10000, /* messages on their way before one is waited for */
	FILL_WAIT_MS = 30000,
};

/* Inside the events stream, and no event's: it has one token too few. */
static void
filler_subject(char out[static SUBJECT_MAX], const struct broker *b)
{
	snprintf(out, SUBJECT_MAX, "%s.events._", b->prefix);
}

bool
subject_is_filler(const struct broker *b, struct str subject)
{
	char filler[SUBJECT_MAX];

	filler_subject(filler, b);
	return str_eq(subject, str_of(filler));
}

static bool
purge_empty(struct broker *b, uint64_t seq, struct err *e)
{
	char subject[SUBJECT_MAX], body[48];
	struct api_reply r = {0};

	snprintf(subject, sizeof subject, "STREAM.PURGE.%s", b->streams[STREAM_EVENTS]);
	snprintf(body, sizeof body, "{\"seq\":%llu}", (unsigned long long)seq + 1);
	bool ok = api_call(b, subject, str_of(body), &r, e);
	api_reply_free(&r);
	return ok || fail_within(e, "purge of stream %s", b->streams[STREAM_EVENTS]);
}

/* Those before the last are not waited for: whether they came, the stream's count tells. */
static bool
fill(struct broker *b, uint64_t n, struct err *e)
{
	char subject[SUBJECT_MAX];

	filler_subject(subject, b);
	broker_hold(b);
	for (uint64_t i = 1; i < n && i < CHUNK; i++)
		if (natsConnection_PublishString(b->nc, subject, "") != NATS_OK)
			break;
	broker_drop(b);
	return broker_publish(b, subject, (struct str){"", 0}, NULL, FILL_WAIT_MS, NULL, e);
}

bool
broker_use_up_events(struct broker *b, uint64_t seq, struct err *e)
{
	struct stream_info info;
	bool may_purge = true;

	for (;;) {
		if (!broker_stream_info(b, STREAM_EVENTS, &info, e))
			return false;
		if (info.last_seq >= seq)
			return true;
		const bool by_purge = info.messages == 0 && may_purge;
		may_purge = may_purge && !by_purge;
		if (by_purge ? !purge_empty(b, seq, e) : !fill(b, seq - info.last_seq, e))
			return false;
	}
}
