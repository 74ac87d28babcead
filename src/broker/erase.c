/* Erasing: what a workspace has in the streams, found by subject and overwritten. */
#include "broker/private.h"

#include "carillon/base/id.h"

enum { BODY_MAX = 64 };

static bool
workspace_filter(const struct broker *b, enum stream s, struct str workspace,
    char out[static SUBJECT_MAX], struct err *e)
{
	must(s != STREAM_HISTORY);       /* its messages hold many workspaces */
	if (!id_is_workspace(workspace)) /* a "*" would mean everybody */
		return fail(e, ERR_INPUT, "\"%.*s\" is no workspace id",
		    (int)str_utf8_cut(workspace, 80), workspace.ptr);
	if (s == STREAM_STATE)
		snprintf(out, SUBJECT_MAX, "$KV.%s.%.*s.>", b->bucket, STR_ARG(workspace));
	else if (s == STREAM_OPS)
		subject_ops(out, b, workspace, ">");
	else
		subject_event(out, b, workspace, STR(">"));
	return true;
}

bool
broker_next_of_workspace(struct broker *b, enum stream s, struct str workspace, uint64_t seq,
    struct broker_message *out, struct err *e)
{
	char filter[SUBJECT_MAX];

	return workspace_filter(b, s, workspace, filter, e) &&
	       get_next(b, s, filter, seq ? seq : 1, out, e);
}

bool
broker_next_event(struct broker *b, uint64_t seq, struct broker_message *out, struct err *e)
{
	char filter[SUBJECT_MAX];

	snprintf(filter, sizeof filter, "%s.events.>", b->prefix);
	return get_next(b, STREAM_EVENTS, filter, seq ? seq : 1, out, e);
}

/* The server has one code for several reasons, and tells them apart in words. */
static bool
erase_failed(
    struct broker *b, enum stream s, uint64_t seq, int code, struct err *why, struct err *e)
{
	if (code == API_SEQUENCE_NOT_FOUND ||
	    (code == API_DELETE_FAILED && strstr(why->text, "no message found")))
		return true;
	if (code == API_DELETE_FAILED && strstr(why->text, "not permitted"))
		why->kind = ERR_DENIED;
	return fail(e, why->kind, "deleting message %llu of stream %s: %s",
	    (unsigned long long)seq, b->streams[s], why->text);
}

static void
erase_compose(const struct broker *b, enum stream s, uint64_t seq,
    char subject[static API_SUBJECT_MAX], char body[static BODY_MAX])
{
	snprintf(subject, API_SUBJECT_MAX, "STREAM.MSG.DELETE.%s", b->streams[s]);
	/* no_erase false: the server writes random bytes over the message. */
	snprintf(body, BODY_MAX, "{\"seq\":%llu,\"no_erase\":false}", (unsigned long long)seq);
}

bool
broker_erase(struct broker *b, enum stream s, uint64_t seq, struct err *e)
{
	char subject[API_SUBJECT_MAX], body[BODY_MAX];
	struct api_reply r = {0};
	struct err why = {0};

	erase_compose(b, s, seq, subject, body);
	bool ok = api_call(b, subject, str_of(body), &r, &why);
	int code = r.code;
	api_reply_free(&r);
	return ok || erase_failed(b, s, seq, code, &why, e);
}

bool
broker_erase_many(
    struct broker *b, enum stream s, const uint64_t *seqs, size_t n, struct err *e)
{
	char subject[API_SUBJECT_MAX], full[API_SUBJECT_MAX + 16], body[BODY_MAX];

	must(n > 0);
	broker_hold(b);
	for (size_t i = 0; i + 1 < n; i++) {
		erase_compose(b, s, seqs[i], subject, body);
		snprintf(full, sizeof full, "$JS.API.%s", subject);
		if (natsConnection_PublishString(b->nc, full, body) != NATS_OK)
			break;
	}
	broker_drop(b);
	return broker_erase(b, s, seqs[n - 1], e);
}
