/*
 * Using up sequences. A stream counts on from its last message, so after it lost some it would
 * give their sequences to new ones. Numbers cannot be set, but used: the stream is filled with
 * empty messages, which stay until they expire. A purge "up to" a sequence would do in one
 * step, but it takes along what a producer has published since we looked, and streams deny
 * purges. From nats-server 2.10 on a stream that is made anew begins past them (events_begin).
 */
#include "broker/private.h"

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
	return broker_publish(b,
	    &(struct publication){subject, (struct str){"", 0}, NULL, FILL_WAIT_MS}, NULL, e);
}

bool
broker_use_up_events(struct broker *b, uint64_t seq, struct err *e)
{
	struct stream_info info;

	for (;;) {
		if (!broker_stream_info(b, STREAM_EVENTS, &info, e))
			return false;
		if (info.last_seq >= seq)
			return true;
		if (!fill(b, seq - info.last_seq, e))
			return false;
	}
}
