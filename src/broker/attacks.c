#include "carillon/broker/attacks.h"

#include <ctype.h>
#include <stdio.h>

#include "broker/intruder.h"
#include "broker/private.h"
#include "carillon/base/clock.h"

enum attack_kind { ATTACK_PUBLISH, ATTACK_SUBSCRIBE, ATTACK_REPLY, ATTACK_HEADER };

static const struct attack {
	enum attack_kind kind;
	const char *subject, *more, *sentence;
} attacks[] = {
#define ATTACK(kind, subject, more, sentence) {ATTACK_##kind, subject, more, sentence},
#include "attacks.def"
#undef ATTACK
};

enum {
	SEEN_WAIT_MS = 300,   /* until the service has seen what it should not */
	WINDOW_WAIT_MS = 400, /* longer than the events stream remembers a Nats-Msg-Id */
};

struct trial {
	struct broker *service;
	struct intruder bad, other;
};

/* Writes the pattern with its "{name}" replaced. */
static void
fill(char out[static SUBJECT_MAX], const struct trial *t, const char *pattern)
{
	char upper[PREFIX_MAX + 1] = {0};
	const struct {
		const char *name, *value;
	} words[] = {
	    {"{prefix}", t->service->prefix},
	    {"{PREFIX}", upper},
	    {"{own}", t->bad.who->workspace},
	    {"{other}", t->other.who->workspace},
	};
	struct buf text = {0};

	for (size_t i = 0; t->service->prefix[i]; i++)
		upper[i] = (char)toupper((unsigned char)t->service->prefix[i]);
	while (*pattern) {
		size_t i = 0;

		while (i < COUNT_OF(words) &&
		       !str_starts_with(str_of(pattern), str_of(words[i].name)))
			i++;
		if (i == COUNT_OF(words)) {
			buf_putc(&text, *pattern++);
			continue;
		}
		buf_cstr(&text, words[i].value);
		pattern += strlen(words[i].name);
	}
	must(str_copy(out, SUBJECT_MAX, text.len > 0 ? buf_view(&text) : STR("")));
	buf_fini(&text);
}

/* --- one attack; true: it got through --- */

static bool
try_publish(struct trial *t, const char *subject)
{
	int before = t->bad.denials;

	return natsConnection_PublishString(t->bad.nc, subject, "{}") == NATS_OK &&
	       !intruder_was_denied(&t->bad, before);
}

static bool
try_subscribe(struct trial *t, const char *subject)
{
	natsSubscription *sub = NULL;
	int before = t->bad.denials;
	bool ok = natsConnection_SubscribeSync(&sub, t->bad.nc, subject) == NATS_OK &&
	          !intruder_was_denied(&t->bad, before);

	natsSubscription_Destroy(sub);
	return ok;
}

/* The server sends its answer to the reply subject: where the service would see it, it would
 * also have been carried out. */
static bool
try_reply(struct trial *t, const char *subject, const char *reply)
{
	natsSubscription *seen = NULL;
	natsMsg *m = NULL;

	if (natsConnection_SubscribeSync(&seen, t->service->nc, reply) != NATS_OK)
		return false;
	(void)natsConnection_FlushTimeout(t->service->nc, WINDOW_WAIT_MS);
	(void)natsConnection_PublishRequestString(t->bad.nc, subject, reply, "{}");
	(void)natsConnection_Flush(t->bad.nc);
	bool got_through = natsSubscription_NextMsg(&m, seen, SEEN_WAIT_MS) == NATS_OK;
	natsMsg_Destroy(m);
	natsSubscription_Destroy(seen);
	return got_through;
}

/* Whether it was stored, and what the server says of it. */
static bool
publish_own(struct intruder *i, const char *subject, const char *header, bool *is_duplicate)
{
	struct api_reply r = {0};
	natsMsg *answer;
	bool ok = intruder_request(i, subject, header, &answer) && api_read(answer, &r, NULL);
	const struct json *duplicate = ok ? json_get(r.root, STR("duplicate")) : NULL;

	*is_duplicate = duplicate != NULL && duplicate->kind == JSON_TRUE;
	api_reply_free(&r);
	return ok;
}

static bool
try_attack(struct trial *t, const struct attack *a)
{
	char subject[SUBJECT_MAX], more[SUBJECT_MAX];
	bool is_duplicate;

	fill(subject, t, a->subject);
	fill(more, t, a->more);
	switch (a->kind) {
	case ATTACK_PUBLISH: return try_publish(t, subject);
	case ATTACK_SUBSCRIBE: return try_subscribe(t, subject);
	case ATTACK_REPLY: return try_reply(t, subject, more);
	case ATTACK_HEADER: return publish_own(&t->bad, subject, more, &is_duplicate);
	}
	return false;
}

/* The other's event is not stored, because the bad one has used its id before. */
static bool
try_shadow(struct trial *t)
{
	char bad[SUBJECT_MAX], other[SUBJECT_MAX], header[64];
	bool is_duplicate = false;

	snprintf(header, sizeof(header), "Nats-Msg-Id: check-%lld", (long long)clock_wall().ms);
	fill(bad, t, "{prefix}.events.{own}.attack");
	fill(other, t, "{prefix}.events.{other}.attack");
	(void)publish_own(&t->bad, bad, header, &is_duplicate);
	clock_sleep(WINDOW_WAIT_MS);
	return publish_own(&t->other, other, header, &is_duplicate) && is_duplicate;
}

/* --- all of them --- */

static bool
publishes_its_own(struct intruder *i, const struct broker *b, struct err *e)
{
	char subject[SUBJECT_MAX];
	bool is_duplicate;

	subject_event(subject, b, str_of(i->who->workspace), STR("attack"));
	return publish_own(i, subject, "", &is_duplicate) ||
	       fail(e, ERR_SETUP,
		   "a producer cannot publish its own event to %s: the server's accounts are "
		   "not those of this directory, or there is no stream yet (carillon serve "
		   "makes it)",
		   subject);
}

static void
try_all(struct trial *t, broker_attack_fn *each, void *arg)
{
	for (size_t i = 0; i < COUNT_OF(attacks); i++)
		each(try_attack(t, &attacks[i]), attacks[i].sentence, arg);
	each(try_shadow(t), "losing another's event by its Nats-Msg-Id", arg);
}

bool
broker_attacks(struct broker *service, const struct attacker *bad, const struct attacker *other,
    broker_attack_fn *each, void *arg, struct err *e)
{
	struct trial t = {.service = service};
	bool ok = intruder_open(&t.bad, bad, e) && intruder_open(&t.other, other, e) &&
	          publishes_its_own(&t.bad, service, e) &&
	          publishes_its_own(&t.other, service, e);

	if (ok)
		try_all(&t, each, arg);
	intruder_close(&t.bad);
	intruder_close(&t.other);
	return ok;
}
