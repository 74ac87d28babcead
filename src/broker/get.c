#include "broker/private.h"

#include "carillon/base/clock.h"

static bool
get_fill(struct broker_message *out, natsMsg *msg)
{
	struct str operation = message_header(msg, "KV-Operation");
	struct str seq = message_header(msg, "Nats-Sequence");
	char *end = NULL;

	*out = (struct broker_message){
	    .handle = msg,
	    .subject = message_header(msg, "Nats-Subject"),
	    .data = {natsMsg_GetData(msg), (size_t)natsMsg_GetDataLength(msg)},
	    .msg_id = message_header(msg, "Nats-Msg-Id"),
	    .by = message_header(msg, AUTHOR_HEADER),
	    .seq = seq.ptr ? strtoull(seq.ptr, &end, 10) : 0,
	    .deliveries = 1,
	    .is_delete = str_eq(operation, STR("DEL")) || str_eq(operation, STR("PURGE")),
	};
	return out->seq > 0 && end && *end == '\0' && out->subject.len > 0 &&
	       clock_parse(message_header(msg, "Nats-Time-Stamp"), &out->stored_at);
}

bool
get_direct(struct broker *b, enum stream s, struct str request, struct broker_message *out,
    struct err *e)
{
	char subject[API_SUBJECT_MAX];
	natsMsg *ask, *answer;
	struct err why = {0};

	snprintf(subject, sizeof subject, "$JS.API.DIRECT.GET.%s", b->streams[s]);
	must(natsMsg_Create(&ask, subject, NULL, request.ptr, (int)request.len) == NATS_OK);
	bool ok = api_request(b, ask, API_WAIT_MS, &answer, &why);
	natsMsg_Destroy(ask);
	if (!ok && why.kind == ERR_SETUP)
		return fail(e, ERR_SETUP,
		    "stream %s is gone or has no allow_direct; carillon check says "
		    "what to do",
		    b->streams[s]);
	if (!ok)
		return fail(e, why.kind, "read of stream %s: %s", b->streams[s], why.text);
	if (get_fill(out, answer))
		return true;
	bool is_missing = str_eq(message_header(answer, "Status"), STR("404"));
	natsMsg_Destroy(answer);
	*out = (struct broker_message){0};
	return is_missing ? fail(e, ERR_NOT_FOUND, "stream %s no longer has that message",
				b->streams[s])
	                  : fail(e, ERR_TEMP, "stream %s gave an answer we do not understand",
				b->streams[s]);
}

bool
broker_get(
    struct broker *b, enum stream s, uint64_t seq, struct broker_message *out, struct err *e)
{
	char request[48];

	snprintf(request, sizeof request, "{\"seq\":%llu}", (unsigned long long)seq);
	if (seq == 0)
		return fail(e, ERR_NOT_FOUND, "sequences start at 1");
	return get_direct(b, s, str_of(request), out, e);
}

bool
get_next(struct broker *b, enum stream s, const char *subject, uint64_t from,
    struct broker_message *out, struct err *e)
{
	struct buf request = {0};
	struct json_writer w;

	jw_init(&w, &request);
	jw_object(&w);
	jw_key(&w, "seq");
	jw_uint(&w, from);
	jw_kv_cstr(&w, "next_by_subj", subject);
	jw_object_end(&w);
	bool ok = get_direct(b, s, buf_view(&request), out, e);
	buf_fini(&request);
	return ok;
}
