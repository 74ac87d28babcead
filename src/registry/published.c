#include "carillon/registry/published.h"

#include "carillon/index/event_bytes.h"
#include "carillon/index/lost_tail.h"
#include "registry_private.h"

bool
published_get(struct registry *r, struct arena *a, const event_record *rec, struct str *out,
    struct err *e)
{
	struct broker_message m;
	bool is_same;

	if (!broker_get(r->broker, STREAM_EVENTS, rec->seq, &m, e))
		return false;
	is_same = tail_is_same_event(r->broker, rec, str_of(rec->workspace), &m);
	if (is_same)
		*out = event_bytes(&m, a);
	broker_message_free(&m);
	return is_same ||
	       fail(e, ERR_NOT_FOUND, "the stream has another event under that sequence");
}

static struct str
payload_text(const event_message *msg)
{
	const ProtobufCBinaryData *bytes = &msg->binary_data;

	if (msg->data_case == CARILLON__V1__EVENT__DATA_TEXT_DATA)
		return str_of(msg->text_data);
	if (msg->data_case == CARILLON__V1__EVENT__DATA_BINARY_DATA)
		return (struct str){(const char *)bytes->data, bytes->len};
	return (struct str){0};
}

static const struct json *
read_payload(struct registry *r, struct arena *a, const event_record *rec, struct err *e)
{
	const struct json *payload = NULL;
	event_message *msg;
	struct str bytes, text;
	struct json_flaws unused;

	if (!published_get(r, a, rec, &bytes, e) ||
	    !record_unpack(&carillon__v1__event__descriptor, a, bytes, &msg, e))
		return NULL;
	text = payload_text(msg);
	if (text.len == 0 ||
	    (!json_parse(a, text, JSON_DEPTH_MAX, &payload, e) &&
		!json_parse_mending(a, text, JSON_DEPTH_MAX, &payload, &unused, e)))
		return NULL;
	e->text[0] = '\0';
	return payload;
}

void
published_write_payload(
    struct json_writer *w, struct registry *r, struct arena *a, const event_record *rec)
{
	struct err e = {0};
	const struct json *payload = read_payload(r, a, rec, &e);

	jw_key(w, "payload");
	if (payload != NULL)
		jw_value(w, payload);
	else
		jw_null(w);
	jw_kv_cstr(w, "payload_missing", e.text);
}
