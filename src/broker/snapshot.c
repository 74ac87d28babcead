#include "carillon/broker/snapshot.h"

#include "broker/private.h"

enum {
	CHUNK_BYTES = 128 * 1024,
	CHUNK_WAIT_MS = 30000, /* for the next piece: the server reads it from its disk */
	STATUS_DONE = 204,
};

const char *
broker_stream_name(const struct broker *b, enum stream s)
{
	return b->streams[s];
}

/* --- taking --- */

static bool
ask_for_it(struct broker *b, enum stream s, const char *inbox, struct snapshot *out,
    struct arena *a, struct err *e)
{
	struct api_reply r = {0};
	char subject[API_SUBJECT_MAX];
	struct str body = arena_printf(
	    a, "{\"deliver_subject\":\"%s\",\"chunk_size\":%d}", inbox, CHUNK_BYTES);
	bool ok;

	snprintf(subject, sizeof(subject), "STREAM.SNAPSHOT.%s", b->streams[s]);
	ok = api_call(b, subject, body, &r, e);
	if (ok &&
	    (json_get(r.root, STR("config")) == NULL || json_get(r.root, STR("state")) == NULL))
		ok = fail(e, ERR_TEMP, "nats does not say what is in its snapshot");
	if (ok)
		*out = (struct snapshot){
		    .config = json_text(a, json_get(r.root, STR("config"))),
		    .state = json_text(a, json_get(r.root, STR("state"))),
		    .messages = info_number(r.root, STR("state.messages")),
		    .bytes = info_number(r.root, STR("state.bytes")),
		};
	api_reply_free(&r);
	return ok;
}

/* A piece without bytes is the last one, or says why there will be no more. */
static bool
is_whole(natsMsg *msg, struct err *e)
{
	const char *status = NULL, *why = NULL;

	if (natsMsgHeader_Get(msg, "Status", &status) != NATS_OK || status[0] == '\0' ||
	    strtol(status, NULL, 10) == STATUS_DONE)
		return true;
	if (natsMsgHeader_Get(msg, "Description", &why) != NATS_OK)
		why = "";
	return fail(e, ERR_TEMP, "nats broke the snapshot off: %s %s", status, why);
}

static bool
take_pieces(
    struct broker *b, natsSubscription *sub, const struct snapshot_taker *taker, struct err *e)
{
	const uint64_t epoch = b->epoch;

	for (;;) {
		natsMsg *msg;
		bool ok, is_last;

		if (natsSubscription_NextMsg(&msg, sub, CHUNK_WAIT_MS) != NATS_OK)
			return fail(e, ERR_TEMP, "nats sent nothing more of the snapshot");
		is_last = natsMsg_GetDataLength(msg) == 0;
		ok = is_last ? is_whole(msg, e)
		             : taker->bytes((struct str){natsMsg_GetData(msg),
						(size_t)natsMsg_GetDataLength(msg)},
				   taker->arg, e);
		/* The server sends so many, and waits until it hears of them. */
		if (ok && natsMsg_GetReply(msg) != NULL)
			(void)natsConnection_PublishString(b->nc, natsMsg_GetReply(msg), "");
		natsMsg_Destroy(msg);
		if (ok && epoch != b->epoch)
			return fail(e, ERR_TEMP, "the connection to nats broke off");
		if (!ok || is_last)
			return ok;
	}
}

bool
broker_snapshot(struct broker *b, enum stream s, const struct snapshot_taker *taker,
    struct arena *a, struct err *e)
{
	natsSubscription *sub = NULL;
	natsInbox *inbox = NULL;
	struct snapshot about;
	bool ok;

	must(natsInbox_Create(&inbox) == NATS_OK);
	broker_hold(b);
	ok = natsConnection_SubscribeSync(&sub, b->nc, inbox) == NATS_OK &&
	     natsSubscription_SetPendingLimits(sub, -1, -1) == NATS_OK;
	if (!ok)
		(void)fail(e, ERR_TEMP, "nats takes no subscription");
	ok = ok && ask_for_it(b, s, inbox, &about, a, e) && taker->begin(&about, taker->arg) &&
	     take_pieces(b, sub, taker, e);
	natsSubscription_Destroy(sub);
	natsInbox_Destroy(inbox);
	broker_drop(b);
	return ok || fail_within(e, "stream %s", b->streams[s]);
}

/* --- giving back --- */

/* Each piece is answered: by nothing, or by an error. The empty one at the end by the stream as
 * it is made. */
static bool
give(struct broker *b, const char *to, struct str bytes, struct err *e)
{
	struct api_reply r = {0};
	natsMsg *request, *answer;
	bool ok;

	must(natsMsg_Create(&request, to, NULL, bytes.ptr, (int)bytes.len) == NATS_OK);
	ok = api_request(b, request, CHUNK_WAIT_MS, &answer, e);
	natsMsg_Destroy(request);
	if (!ok)
		return false;
	if (natsMsg_GetDataLength(answer) == 0 || natsMsg_GetData(answer)[0] != '{') {
		natsMsg_Destroy(answer);
		return true;
	}
	ok = api_read(answer, &r, e);
	api_reply_free(&r);
	return ok;
}

static bool
give_pieces(struct broker *b, const char *to, snapshot_next_fn *next, void *arg, struct err *e)
{
	char *piece = malloc(CHUNK_BYTES);
	size_t len = 0;
	bool ok;

	must(piece != NULL);
	do
		ok = next(piece, CHUNK_BYTES, &len, arg, e) &&
		     give(b, to, (struct str){piece, len}, e);
	while (ok && len > 0);
	free(piece);
	return ok;
}

bool
broker_restore(struct broker *b, enum stream s, const struct snapshot *from,
    snapshot_next_fn *next, void *arg, struct err *e)
{
	char subject[API_SUBJECT_MAX], to[API_SUBJECT_MAX];
	struct api_reply r = {0};
	struct buf body = {0};
	bool ok;

	snprintf(subject, sizeof(subject), "STREAM.RESTORE.%s", b->streams[s]);
	buf_printf(&body, "{\"config\":%.*s,\"state\":%.*s}", STR_ARG(from->config),
	    STR_ARG(from->state));
	ok = api_call(b, subject, buf_view(&body), &r, e);
	if (!ok && r.code == API_NAME_IN_USE)
		e->kind = ERR_CONFLICT;
	if (ok)
		str_copy(to, sizeof(to), json_string(r.root, STR("deliver_subject")));
	api_reply_free(&r);
	buf_fini(&body);
	ok = ok && give_pieces(b, to, next, arg, e);
	return ok || fail_within(e, "stream %s", b->streams[s]);
}

bool
broker_stream_delete(struct broker *b, enum stream s, struct err *e)
{
	char subject[API_SUBJECT_MAX];
	struct api_reply r = {0};
	bool ok;

	snprintf(subject, sizeof(subject), "STREAM.DELETE.%s", b->streams[s]);
	ok = api_call(b, subject, (struct str){0}, &r, e);
	api_reply_free(&r);
	return ok || fail_within(e, "stream %s", b->streams[s]);
}
