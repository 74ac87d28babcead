#include "broker/intruder.h"

#include <stdio.h>

#include "broker/private.h"
#include "carillon/base/clock.h"

enum {
	FLUSH_MS = 3000,
	DENIED_WAIT_MS =
	    400, /* the refusal comes before the flush's answer; its callback later */
	ANSWER_MS = 2000,
	REFUSED_MAX =
	    3, /* libnats leaves out one signature in 256: another has another nonce */
};

static void
on_denied(natsConnection *nc, natsSubscription *sub, natsStatus s, void *closure)
{
	struct intruder *i = closure;

	(void)nc;
	(void)sub;
	if (s == NATS_NOT_PERMITTED)
		atomic_fetch_add(&i->denials, 1);
}

static natsStatus
on_token(char **token, char **error, void *closure)
{
	const struct intruder *i = closure;

	(void)error;
	*token = strdup(i->who->token);
	return *token ? NATS_OK : NATS_NO_MEMORY;
}

static natsStatus
on_sign(char **error, unsigned char **signature, int *len, const char *nonce, void *closure)
{
	const struct intruder *i = closure;

	(void)error;
	*signature = malloc(SIGNATURE_SIZE);
	must(*signature != NULL);
	/* A server that asks nobody who they are has no nonce. */
	i->who->sign(i->who->arg, nonce ? nonce : "", nonce ? strlen(nonce) : 0, *signature);
	*len = SIGNATURE_SIZE;
	return NATS_OK;
}

static natsStatus
options_fill(struct intruder *i)
{
	const struct attacker *who = i->who;
	bool is_tls = strncmp(who->url, "tls://", 6) == 0 || who->ca[0];
	natsStatus s = natsOptions_SetURL(i->options, who->url);

	if (s == NATS_OK)
		s = natsOptions_SetName(i->options, "carillon-check");
	if (s == NATS_OK)
		s = natsOptions_SetAllowReconnect(i->options, false);
	if (s == NATS_OK)
		s = natsOptions_SetErrorHandler(i->options, on_denied, i);
	if (s == NATS_OK && is_tls)
		s = natsOptions_SetSecure(i->options, true);
	if (s == NATS_OK && who->ca[0])
		s = natsOptions_LoadCATrustedCertificates(i->options, who->ca);
	if (s == NATS_OK)
		s = who->token[0] ? natsOptions_SetUserCredentialsCallbacks(
					i->options, on_token, i, on_sign, i)
		                  : natsOptions_SetNKey(i->options, who->key, on_sign, i);
	return s;
}

bool
intruder_open(struct intruder *i, const struct attacker *who, struct err *e)
{
	natsStatus s = natsOptions_Create(&i->options);

	i->who = who;
	snprintf(i->inbox, sizeof(i->inbox), "_INBOX.%s.answer", who->workspace);
	if (s == NATS_OK)
		s = options_fill(i);
	for (int tries = 0; s == NATS_OK && i->nc == NULL; tries++) {
		s = natsConnection_Connect(&i->nc, i->options);
		if (s == NATS_CONNECTION_AUTH_FAILED && tries + 1 < REFUSED_MAX)
			s = NATS_OK;
	}
	if (s == NATS_OK)
		return true;
	return fail(e, s == NATS_CONNECTION_AUTH_FAILED ? ERR_DENIED : ERR_TEMP,
	    "a producer of workspace \"%s\" cannot connect: %s", who->workspace,
	    natsStatus_GetText(s));
}

void
intruder_close(struct intruder *i)
{
	natsConnection_Destroy(i->nc);
	natsOptions_Destroy(i->options);
	*i = (struct intruder){0};
}

bool
intruder_was_denied(struct intruder *i, int before)
{
	mono_t until = mono_after(clock_mono(), DENIED_WAIT_MS);

	if (natsConnection_FlushTimeout(i->nc, FLUSH_MS) != NATS_OK)
		return true; /* dropped: it went no further */
	while (i->denials == before && !mono_reached(clock_mono(), until))
		clock_sleep(5);
	return i->denials != before;
}

static natsMsg *
compose(const char *subject, const char *reply, const char *header)
{
	const char *colon = strstr(header, ": ");
	natsMsg *m;
	char name[64];

	must(natsMsg_Create(&m, subject, reply, "{}", 2) == NATS_OK);
	if (colon == NULL)
		return m;
	snprintf(name, sizeof(name), "%.*s", (int)(colon - header), header);
	must(natsMsgHeader_Set(m, name, colon + 2) == NATS_OK);
	return m;
}

bool
intruder_request(struct intruder *i, const char *subject, const char *header, natsMsg **answer)
{
	natsSubscription *sub = NULL;
	natsMsg *m = compose(subject, i->inbox, header);
	natsStatus s = natsConnection_SubscribeSync(&sub, i->nc, i->inbox);

	if (s == NATS_OK)
		s = natsConnection_PublishMsg(i->nc, m);
	if (s == NATS_OK)
		s = natsSubscription_NextMsg(answer, sub, ANSWER_MS);
	natsSubscription_Destroy(sub);
	natsMsg_Destroy(m);
	return s == NATS_OK;
}
