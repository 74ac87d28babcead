#include "broker/private.h"

#include <inttypes.h>

#include "carillon/base/clock.h"
#include "carillon/base/log.h"

enum { API_AGAIN_MS = 500 };

static bool
request_failed(struct broker *b, natsStatus s, const char *subject, struct err *e)
{
	switch (s) {
	case NATS_NO_RESPONDERS: return fail(e, ERR_SETUP, "nobody answers on %s", subject);
	case NATS_MAX_PAYLOAD:
		return fail(e, ERR_INPUT,
		    "message is larger than the %" PRId64 " bytes this nats server takes "
		    "(its max_payload)",
		    natsConnection_GetMaxPayload(b->nc));
	case NATS_TIMEOUT:
		return fail(e, ERR_TEMP, "nats gave no answer on %s in time", subject);
	default:
		return fail(e, ERR_TEMP, "nats gave no answer on %s: %s", subject,
		    natsStatus_GetText(s));
	}
}

bool
api_request(
    struct broker *b, natsMsg *request, int64_t wait_ms, natsMsg **answer, struct err *e)
{
	uint64_t denials = broker_denials(b);

	if (!broker_wait_connected(b, mono_after(clock_mono(), wait_ms), e))
		return false;
	broker_hold(b);
	natsStatus s = natsConnection_RequestMsg(answer, b->nc, request, wait_ms);
	bool denied = s == NATS_TIMEOUT && broker_denied_since(b, denials, e);
	bool ok = s == NATS_OK;
	if (!ok && !denied)
		request_failed(b, s, natsMsg_GetSubject(request), e);
	broker_drop(b);
	return ok;
}

static enum err_kind
api_error_kind(int code, int status)
{
	static const struct {
		int code;
		enum err_kind kind;
	} kinds[] = {
	    {10004, ERR_TEMP},  /* incomplete results within the cluster */
	    {10005, ERR_TEMP},  /* no suitable peers: they are not up yet, or too few */
	    {10007, ERR_TEMP},  /* no server has it yet */
	    {10008, ERR_TEMP},  /* no leader: an election */
	    {10009, ERR_TEMP},  /* the same */
	    {10118, ERR_TEMP},  /* the stream's servers are away */
	    {10119, ERR_TEMP},  /* the consumer's */
	    {10002, ERR_FULL},  /* account's limits */
	    {10023, ERR_FULL},  /* insufficient resources */
	    {10028, ERR_FULL},  /* memory */
	    {10047, ERR_FULL},  /* storage of the server or account */
	    {10077, ERR_FULL},  /* store failed: maximum messages or bytes, no space */
	    {10054, ERR_INPUT}, /* larger than the stream's max_msg_size */
	    {API_CONSUMER_NOT_FOUND, ERR_NOT_FOUND},
	    {API_STREAM_NOT_FOUND, ERR_NOT_FOUND},
	    {API_WRONG_LAST_SEQ, ERR_CONFLICT},
	    {API_NOT_ENABLED, ERR_SETUP},
	    {API_NOT_ENABLED_FOR_ACCOUNT, ERR_SETUP},
	};

	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (kinds[i].code == code)
			return kinds[i].kind;
	return status == 503 ? ERR_TEMP : status == 404 ? ERR_NOT_FOUND : ERR_SETUP;
}

static bool
api_refused(struct api_reply *r, const struct json *error, struct err *e)
{
	int64_t code = 0, status = 0;
	const char *todo = "";

	if (!json_int64(json_get(error, STR("err_code")), &code) ||
	    !json_int64(json_get(error, STR("code")), &status))
		status = 503;
	r->code = code > 0 && code < 100000 ? (int)code : -1;
	if (r->code == API_NOT_ENABLED || r->code == API_NOT_ENABLED_FOR_ACCOUNT)
		todo = ": start nats-server with -js, and enable jetstream for this account";
	struct str why = json_string(error, STR("description"));
	return fail(e, api_error_kind(r->code, (int)status), "nats says \"%.*s\"%s",
	    STR_ARG(why), todo);
}

bool
api_read(natsMsg *msg, struct api_reply *out, struct err *e)
{
	struct str text = {natsMsg_GetData(msg), (size_t)natsMsg_GetDataLength(msg)};

	out->msg = msg;
	out->arena = arena_new(0);
	if (!json_parse(out->arena, text, JSON_DEPTH_MAX, &out->root, e)) {
		fail_within(e, "answer of nats");
		e->kind = ERR_TEMP;
		return false;
	}
	const struct json *error = json_get(out->root, STR("error"));
	return error ? api_refused(out, error, e) : true;
}

void
api_reply_free(struct api_reply *r)
{
	arena_free(r->arena);
	natsMsg_Destroy(r->msg);
	*r = (struct api_reply){0};
}

static bool
api_try(struct broker *b, natsMsg *request, struct api_reply *out, struct err *e)
{
	natsMsg *answer;

	if (api_request(b, request, API_WAIT_MS, &answer, e))
		return api_read(answer, out, e);
	if (e->kind == ERR_SETUP)
		(void)fail(e, ERR_SETUP,
		    "nobody answers on %s: start nats-server with -js, enable jetstream "
		    "for this account and allow $JS.API.>",
		    natsMsg_GetSubject(request));
	return false;
}

/* Whether it may be another answer a moment later: a connection that is down is waited for
 * elsewhere. */
static bool
api_may_try_again(struct broker *b, const struct err *e, mono_t deadline)
{
	return e->kind == ERR_TEMP && b->connected && !b->closing &&
	       !mono_reached(mono_after(clock_mono(), API_AGAIN_MS), deadline);
}

bool
api_call(struct broker *b, const char *subject, struct str body, struct api_reply *out,
    struct err *e)
{
	const mono_t deadline = mono_after(clock_mono(), ELECTION_MS);
	char full[API_SUBJECT_MAX];
	struct err why = {0};
	natsMsg *request;

	snprintf(full, sizeof full, "$JS.API.%s", subject);
	must(natsMsg_Create(&request, full, NULL, body.ptr, (int)body.len) == NATS_OK);
	bool ok = api_try(b, request, out, &why);
	while (!ok && api_may_try_again(b, &why, deadline)) {
		log_info("broker.api_again", L_STR("subject", full), L_STR("why", why.text));
		broker_pause(b, API_AGAIN_MS);
		api_reply_free(out);
		ok = api_try(b, request, out, &why);
	}
	natsMsg_Destroy(request);
	return ok || fail(e, why.kind, "%s", why.text);
}
