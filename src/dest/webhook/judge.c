#include "webhook.h"

#include <stdio.h>

static const struct status {
	int first, last;
	enum outcome_code code;
	enum verdict verdict;
	enum repair repair;
	bool lane_fault;
	const char *sentence;
} statuses[] = {
#define WEBHOOK_STATUS(first, last, CODE, VERDICT, REPAIR, lane_fault, sentence) \
	{first, last, OUTCOME_##CODE, VERDICT_##VERDICT, REPAIR_##REPAIR, lane_fault, sentence},
#include "statuses.def"
#undef WEBHOOK_STATUS
};

static void
set(struct outcome *out, const struct status *s)
{
	out->code = s->code;
	out->verdict = s->verdict;
	out->lane_fault = s->lane_fault;
	out->repair = s->repair;
	str_copy(out->reason, sizeof(out->reason), str_of(s->sentence));
	str_copy(out->action, sizeof(out->action), remedy_of(s->repair).action);
}

/* What a person reads of a request that had no answer, with what the transport says. */
static void
set_unanswered(struct outcome *out, const struct status *s, const char *detail)
{
	set(out, s);
	snprintf(out->reason, sizeof(out->reason), "%s%s%s", s->sentence,
	    detail[0] != '\0' ? ": " : "", detail);
}

static void
judge_transport(const struct http_response *res, struct outcome *out)
{
	static const struct status timeout = {0, 0, OUTCOME_TIMEOUT, VERDICT_LATER, REPAIR_WAIT,
	    true, "the endpoint did not answer in time"};
	static const struct status broken = {0, 0, OUTCOME_NETWORK_ERROR, VERDICT_LATER,
	    REPAIR_WAIT, true, "the connection to the endpoint broke before it answered"};
	static const struct status not_sent = {0, 0, OUTCOME_NETWORK_ERROR, VERDICT_LATER,
	    REPAIR_WAIT, true, "the endpoint could not be reached"};
	static const struct status forbidden = {0, 0, OUTCOME_CHANNEL_PROBLEM,
	    VERDICT_HOLD_CONNECTION, REPAIR_RECONNECT, false,
	    "the endpoint's address may not be reached"};
	const struct status *s = res->transport == TRANSPORT_TIMEOUT     ? &timeout
	                         : res->transport == TRANSPORT_BROKEN    ? &broken
	                         : res->transport == TRANSPORT_FORBIDDEN ? &forbidden
	                                                                 : &not_sent;

	set_unanswered(out, s, res->detail);
	out->ambiguous =
	    res->transport == TRANSPORT_TIMEOUT || res->transport == TRANSPORT_BROKEN;
}

static void
judge_status(const struct http_response *res, struct outcome *out)
{
	size_t i = 0;

	while (i < COUNT_OF(statuses) - 1 &&
	       (res->status < statuses[i].first || res->status > statuses[i].last))
		i++;
	set(out, &statuses[i]);
	out->retry_after_ms = res->retry_after_ms;
	if (res->status == 503 && res->retry_after_ms >= 0) {
		out->verdict = VERDICT_THROTTLED;
		out->lane_fault = false;
	}
	if (out->verdict == VERDICT_DONE)
		return;
	snprintf(out->error_code, sizeof(out->error_code), "http_%d", res->status);
	snprintf(out->reason + strlen(out->reason), sizeof(out->reason) - strlen(out->reason),
	    " (HTTP status %d)", res->status);
}

static void
judge_any(const struct http_response *res, struct outcome *out)
{
	*out = (struct outcome){.retry_after_ms = -1};
	if (res->transport == TRANSPORT_ANSWERED && res->status > 0)
		judge_status(res, out);
	else
		judge_transport(res, out);
}

/* What a later message says that it replaces or answers: the first one of a chain. */
void
webhook_judge(
    const struct dest_message *m, const struct http_response *res, struct outcome *out)
{
	judge_any(res, out);
	if (out->verdict != VERDICT_DONE)
		return;
	if (m->update_id.len > 0)
		str_copy(out->message_id, sizeof(out->message_id), m->update_id);
	else
		webhook_id(m, out->message_id);
	str_copy(out->message_channel, sizeof(out->message_channel), m->channel);
}

bool
webhook_judge_test(
    const struct http_response *res, struct dest_account *account, struct outcome *out)
{
	judge_any(res, out);
	out->ambiguous = false;
	*account = (struct dest_account){0};
	if (out->verdict == VERDICT_DONE)
		str_copy(account->name, sizeof(account->name), STR("a webhook endpoint"));
	return out->verdict == VERDICT_DONE;
}
