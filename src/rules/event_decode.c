#include "carillon/rules/event_decode.h"

#include <sodium.h>

#include "carillon/base/id.h"
#include "carillon/base/records.h"
#include "cloud_event.h"
#include "wire.h"

struct decoding {
	const struct event_source *from;
	struct arena *arena, *body;
	struct event *event;
	struct str *failure;
};

static bool
refuse(struct decoding *d, struct str sentence)
{
	*d->failure = sentence;
	return false;
}

/*
 * An id for an event that brought none: the same for every redelivery, and telling nobody how
 * many events the stream holds.
 */
static struct str
derived_id(struct decoding *d)
{
	uint8_t hash[crypto_generichash_BYTES_MIN];
	char hex[2 * sizeof(hash) + 1];
	struct str in = arena_printf(d->arena, "%.*s\n%llu", STR_ARG(d->event->workspace),
	    (unsigned long long)d->from->seq);

	crypto_generichash(hash, sizeof(hash), (const uint8_t *)in.ptr, in.len, NULL, 0);
	sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	return arena_printf(d->arena, "evt_%.24s", hex);
}

static bool
decode_id(struct decoding *d, const event_message *msg)
{
	struct str id = str_of(msg->id);

	if (id.len == 0)
		return true;
	if (!id_is_event(id))
		return refuse(d,
		    arena_printf(d->arena,
			"the event's id is not 1 to %d bytes of printable text", EVENT_ID_MAX));
	d->event->id = id;
	return true;
}

static bool
decode_type(struct decoding *d, const event_message *msg)
{
	struct str type = str_of(msg->type);

	if (type.len == 0 || str_eq(type, d->event->type))
		return true;
	if (!str_is_text(type) || type.len > EVENT_TYPE_MAX)
		type = STR("(unreadable)");
	return refuse(d,
	    arena_printf(d->arena,
		"the event says its type is \"%.*s\" but was published as \"%.*s\": publish it "
		"to the subject of its type",
		STR_ARG(type), STR_ARG(d->event->type)));
}

/* The words of the subject after the workspace, which anybody may write as he likes. */
static bool
decode_subject(struct decoding *d)
{
	struct str type = d->from->type;

	if (id_is_event_type(type))
		return true;
	if (type.len == 0)
		return refuse(d, STR("the subject names no event type: publish to "
				     "<prefix>.events.<workspace>.<event type>"));
	if (type.len > EVENT_TYPE_MAX)
		return refuse(
		    d, arena_printf(d->arena,
			   "the event type in the subject is %zu bytes; the limit is %d",
			   type.len, EVENT_TYPE_MAX));
	return refuse(
	    d, arena_printf(d->arena,
		   "the event type in the subject, \"%.*s\", is not words of letters, digits, "
		   "\"_\" and \"-\" with points between them",
		   STR_ARG(d->event->type)));
}

/* As far as it is text, so that history can show it. */
static struct str
subject_type(struct arena *a, struct str type)
{
	size_t len = str_utf8_cut(type, EVENT_TYPE_MAX);

	if (!str_is_text((struct str){type.ptr, len}))
		return STR("(unreadable)");
	return arena_str(a, (struct str){type.ptr, len});
}

static bool
decode_attribute(struct decoding *d, const char *name, const char *value, struct str *out)
{
	struct str s = str_of(value);

	if (s.len > EVENT_ID_MAX || !str_is_text(s))
		return refuse(
		    d, arena_printf(d->arena, "%s is longer than %d bytes or not UTF-8", name,
			   EVENT_ID_MAX));
	*out = s;
	return true;
}

static wall_t
decode_time(const struct decoding *d, const event_message *msg)
{
	const int64_t latest_s =
	    253402300799; /* the end of year 9999, the last RFC 3339 can write */

	if (msg->time == NULL || msg->time->seconds < 0 || msg->time->seconds > latest_s)
		return d->from->received_at;
	return (wall_t){msg->time->seconds * 1000 + msg->time->nanos / 1000000};
}

/* Strictly, or else with what can be mended. */
static bool
parse_payload(struct decoding *d, struct str text)
{
	struct json_flaws *flaws;
	struct err e = {0};

	if (memchr(text.ptr, '\0', text.len))
		return refuse(d, STR("the payload has a NUL byte: it was cut, or is no text"));
	if (json_parse(d->body, text, JSON_DEPTH_MAX, &d->event->payload, &e))
		return true;
	flaws = ARENA_NEW(d->arena, struct json_flaws);
	if (!json_parse_mending(d->body, text, JSON_DEPTH_MAX, &d->event->payload, flaws, &e))
		return refuse(d, arena_printf(d->arena, "the payload is not JSON: %s", e.text));
	d->event->flaws = flaws;
	return true;
}

static bool
decode_payload(struct decoding *d, const event_message *msg)
{
	struct str text = {0};

	if (msg->data_case == CARILLON__V1__EVENT__DATA_TEXT_DATA)
		text = str_of(msg->text_data);
	else if (msg->data_case == CARILLON__V1__EVENT__DATA_BINARY_DATA)
		text = (struct str){(const char *)msg->binary_data.data, msg->binary_data.len};
	if (text.len == 0)
		return refuse(
		    d, STR("the event has no payload: set text_data to a JSON object"));
	if (!parse_payload(d, text))
		return false;
	if (d->event->payload->kind != JSON_OBJECT)
		return refuse(
		    d, arena_printf(d->arena, "the payload is %s; it must be a JSON object",
			   json_kind_name(d->event->payload->kind)));
	d->event->payload_text = text;
	return true;
}

static bool
decode_fields(struct decoding *d, const event_message *msg)
{
	struct event *ev = d->event;

	ev->time = decode_time(d, msg);
	return decode_id(d, msg) && decode_subject(d) && decode_type(d, msg) &&
	       decode_attribute(d, "resource", msg->resource, &ev->resource) &&
	       decode_attribute(d, "resource_id", msg->resource_id, &ev->resource_id) &&
	       decode_attribute(d, "source", msg->source, &ev->source) &&
	       decode_attribute(d, "thread_key", msg->thread_key, &ev->thread_key) &&
	       decode_attribute(d, "test_rule", msg->test_rule, &ev->test_rule) &&
	       decode_payload(d, msg);
}

/* As the producer's bytes are, or as CloudEvents' JSON says. */
static bool
read_message(struct decoding *d, event_message **msg)
{
	const struct event_source *from = d->from;
	enum event_form form = event_form(from);
	struct err e = {0};

	if (form == FORM_JSON_ALONE || form == FORM_UNKNOWN)
		return refuse(d, event_form_advice(form));
	if (form == FORM_PROTOBUF) {
		if (record_unpack(
			&carillon__v1__event__descriptor, d->body, from->bytes, msg, &e))
			return cloud_event_attributes(d->arena, *msg, d->failure);
		return refuse(d, looks_like_json(from->bytes)
				     ? event_form_advice(FORM_JSON_ALONE)
				     : arena_printf(d->arena,
					   "the event is not a carillon.v1.Event: %s", e.text));
	}
	*msg = ARENA_NEW(d->arena, event_message);
	carillon__v1__event__init(*msg);
	return form == FORM_STRUCTURED
	           ? cloud_event_structured(from, d->body, *msg, &d->event->flaws, d->failure)
	           : cloud_event_binary(from, d->body, *msg, d->failure);
}

/* In protobuf a string may hold a NUL, and what comes after would be lost unnoticed. */
static bool
decode_lengths(struct decoding *d, const event_message *msg)
{
	const char *field =
	    wire_string_with_nul(&carillon__v1__event__descriptor, d->from->bytes, "id");

	if (event_form(d->from) != FORM_PROTOBUF || field == NULL)
		return true;
	if (strcmp(field, "id") != 0 && !decode_id(d, msg))
		return false;
	return refuse(
	    d, arena_printf(d->arena, "the event's %s has the character NUL in it", field));
}

static bool
decode(struct decoding *d)
{
	struct str bytes = d->from->bytes;
	event_message *msg;

	if (bytes.len > EVENT_BYTES_MAX)
		return refuse(
		    d, arena_printf(d->arena, "the event is %zu bytes; the limit is %d",
			   bytes.len, EVENT_BYTES_MAX));
	return read_message(d, &msg) && decode_lengths(d, msg) && decode_fields(d, msg);
}

bool
event_decode(struct event *out, const struct event_source *from, struct arena *a,
    struct arena *body, struct str *failure)
{
	struct decoding d = {from, a, body, out, failure};
	bool ok;

	*failure = (struct str){0};
	*out = (struct event){
	    .workspace = arena_str(a, from->workspace),
	    .type = subject_type(a, from->type),
	    .time = from->received_at,
	};
	ok = decode(&d);
	if (out->id.len == 0)
		out->id = derived_id(&d);
	if (ok && out->resource.len == 0)
		out->resource = STR("global");
	return ok;
}

struct str
event_as_protobuf(const struct event_source *from, struct arena *a)
{
	struct event unused;
	struct str failure;
	struct decoding d = {from, a, a, &unused, &failure};
	event_message *msg;

	if (from->n_headers == 0 || event_form(from) == FORM_PROTOBUF ||
	    !read_message(&d, &msg))
		return from->bytes;
	return record_pack(a, msg);
}
