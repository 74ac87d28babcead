#include "decode.h"

#include <sodium.h>

#include "carillon/base/records.h"

static bool
refuse(struct message *m, struct str sentence)
{
	m->failure = sentence;
	return false;
}

/*
 * An id for an event that brought none: the same for every redelivery, and telling nobody how
 * many events the stream holds.
 */
static struct str
derived_id(struct message *m)
{
	uint8_t hash[crypto_generichash_BYTES_MIN];
	char hex[2 * sizeof(hash) + 1];
	struct str in = arena_printf(
	    m->arena, "%.*s\n%llu", STR_ARG(m->event.workspace), (unsigned long long)m->seq);

	crypto_generichash(hash, sizeof(hash), (const uint8_t *)in.ptr, in.len, NULL, 0);
	sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	return arena_printf(m->arena, "evt_%.24s", hex);
}

static bool
decode_id(struct message *m, const event_message *msg)
{
	struct str id = str_of(msg->id);

	if (id.len == 0)
		return true;
	if (!id_is_event(id))
		return refuse(m,
		    arena_printf(m->arena,
			"the event's id is not 1 to %d bytes of printable text", EVENT_ID_MAX));
	m->event.id = id;
	return true;
}

static bool
decode_type(struct message *m, const event_message *msg)
{
	struct str type = str_of(msg->type);

	if (type.len == 0 || str_eq(type, m->event.type))
		return true;
	if (!str_is_text(type) || type.len > EVENT_TYPE_MAX)
		type = STR("(unreadable)");
	return refuse(m,
	    arena_printf(m->arena,
		"the event says its type is \"%.*s\" but was published as \"%.*s\": publish it "
		"to the subject of its type",
		STR_ARG(type), STR_ARG(m->event.type)));
}

static bool
decode_attribute(struct message *m, const char *name, const char *value, struct str *out)
{
	struct str s = str_of(value);

	if (s.len > EVENT_ID_MAX || !str_is_text(s))
		return refuse(
		    m, arena_printf(m->arena, "%s is longer than %d bytes or not UTF-8", name,
			   EVENT_ID_MAX));
	*out = s;
	return true;
}

static wall_t
decode_time(const struct message *m, const event_message *msg)
{
	const int64_t latest_s =
	    253402300799; /* the end of year 9999, the last RFC 3339 can write */

	if (msg->time == NULL || msg->time->seconds < 0 || msg->time->seconds > latest_s)
		return m->received_at;
	return (wall_t){msg->time->seconds * 1000 + msg->time->nanos / 1000000};
}

static bool
decode_payload(struct message *m, const event_message *msg)
{
	struct str text = {0};
	struct err e = {0};

	if (msg->data_case == CARILLON__V1__EVENT__DATA_TEXT_DATA)
		text = str_of(msg->text_data);
	else if (msg->data_case == CARILLON__V1__EVENT__DATA_BINARY_DATA)
		text = (struct str){(const char *)msg->binary_data.data, msg->binary_data.len};
	if (text.len == 0)
		return refuse(
		    m, STR("the event has no payload: set text_data to a JSON object"));
	if (!json_parse(m->body, text, JSON_DEPTH_MAX, &m->event.payload, &e))
		return refuse(m, arena_printf(m->arena, "the payload is not JSON: %s", e.text));
	if (m->event.payload->kind != JSON_OBJECT)
		return refuse(
		    m, arena_printf(m->arena, "the payload is %s; it must be a JSON object",
			   json_kind_name(m->event.payload->kind)));
	m->event.payload_text = text;
	return true;
}

static bool
decode_fields(struct message *m, const event_message *msg)
{
	struct event *ev = &m->event;

	ev->time = decode_time(m, msg);
	return decode_id(m, msg) && decode_type(m, msg) &&
	       decode_attribute(m, "resource", msg->resource, &ev->resource) &&
	       decode_attribute(m, "resource_id", msg->resource_id, &ev->resource_id) &&
	       decode_attribute(m, "source", msg->source, &ev->source) &&
	       decode_attribute(m, "thread_key", msg->thread_key, &ev->thread_key) &&
	       decode_payload(m, msg);
}

bool
decode(struct message *m, struct str workspace, struct str type, struct str bytes)
{
	void *msg;
	struct err e = {0};
	bool ok;

	m->event = (struct event){
	    .workspace = arena_str(m->arena, workspace),
	    .type = arena_str(m->arena, type),
	    .time = m->received_at,
	};
	if (bytes.len > EVENT_BYTES_MAX)
		ok = refuse(m, arena_printf(m->arena, "the event is %zu bytes; the limit is %d",
				   bytes.len, EVENT_BYTES_MAX));
	else if (!record_unpack(&carillon__v1__event__descriptor, m->body, bytes, &msg, &e))
		ok = refuse(m,
		    arena_printf(m->arena, "the event is not a carillon.v1.Event: %s", e.text));
	else
		ok = decode_fields(m, msg);
	if (m->event.id.len == 0)
		m->event.id = derived_id(m);
	if (ok && m->event.resource.len == 0)
		m->event.resource = STR("global");
	return ok;
}
