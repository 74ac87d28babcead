#include "broker/private.h"

#include <inttypes.h>

/*
 * A word to the consumer. While the connection is down the library keeps it (8 MiB at most) and
 * sends it afterwards, when it is still good: a reply subject outlives the server.
 */
static bool
settle_say(struct broker *b, struct str reply, const char *word, struct err *e)
{
	char subject[SETTLE_REPLY_MAX];

	must(str_starts_with(reply, STR("$JS.ACK.")));
	if (!str_copy(subject, sizeof subject, reply))
		return fail(e, ERR_INPUT, "reply subject of %zu bytes is longer than %zu",
		    reply.len, sizeof subject - 1);

	natsStatus s = natsConnection_PublishString(b->nc, subject, word);
	if (s == NATS_OK)
		return true;
	return fail(e, ERR_TEMP, "nats took no \"%s\" (%s); the event will come again", word,
	    natsStatus_GetText(s));
}

bool
broker_ack(struct broker *b, struct str reply, struct err *e)
{
	return settle_say(b, reply, "+ACK", e);
}

bool
broker_nak(struct broker *b, struct str reply, int64_t delay_ms, struct err *e)
{
	char word[64];

	must(delay_ms >= 0);
	if (delay_ms == 0)
		return settle_say(b, reply, "-NAK", e);
	snprintf(word, sizeof word, "-NAK {\"delay\": %" PRId64 "}", delay_ms * 1000000);
	return settle_say(b, reply, word, e);
}

bool
broker_in_progress(struct broker *b, struct str reply, struct err *e)
{
	return settle_say(b, reply, "+WPI", e);
}

bool
broker_term(struct broker *b, struct str reply, struct err *e)
{
	return settle_say(b, reply, "+TERM", e);
}
