#include "cloud_event.h"

#include <sodium.h>
#include <strings.h>

#include "carillon/base/clock.h"

#define CLOUD_TYPE "application/cloudevents"

/* --- which form --- */

static bool
is_named(struct str name, const char *wanted)
{
	return name.len == strlen(wanted) && strncasecmp(name.ptr, wanted, name.len) == 0;
}

static bool
begins(struct str s, const char *prefix)
{
	size_t len = strlen(prefix);

	return s.len >= len && strncasecmp(s.ptr, prefix, len) == 0;
}

/* "application/json; charset=utf-8" without what comes after the type. */
static struct str
media_type(struct str value)
{
	const char *semicolon = value.len ? memchr(value.ptr, ';', value.len) : NULL;

	if (semicolon != NULL)
		value.len = (size_t)(semicolon - value.ptr);
	return str_trimmed(value);
}

static enum event_form
form_of_type(struct str type)
{
	if (is_named(type, CLOUD_TYPE) || is_named(type, CLOUD_TYPE "+json"))
		return FORM_STRUCTURED;
	if (is_named(type, CLOUD_TYPE "+protobuf"))
		return FORM_PROTOBUF;
	if (begins(type, CLOUD_TYPE))
		return FORM_UNKNOWN;
	return is_named(type, "application/json") ? FORM_JSON_ALONE : FORM_PROTOBUF;
}

enum event_form
event_form(const struct event_source *from)
{
	enum event_form form = FORM_PROTOBUF;
	bool is_binary = false;

	for (size_t i = 0; i < from->n_headers; i++) {
		const struct header *h = &from->headers[i];

		if (is_named(h->name, "content-type"))
			form = form_of_type(media_type(h->value));
		is_binary = is_binary || begins(h->name, "ce-");
	}
	if (form == FORM_STRUCTURED || form == FORM_UNKNOWN)
		return form;
	return is_binary ? FORM_BINARY : form;
}

struct str
event_form_advice(enum event_form form)
{
	if (form == FORM_UNKNOWN)
		return STR(
		    "this form of CloudEvents is not taken: publish each event by itself, "
		    "as " CLOUD_TYPE "+json, in binary mode, or as a carillon.v1.Event");
	return STR(
	    "the event is JSON, and nothing says which event: set the headers "
	    "ce-specversion, ce-id, ce-source and ce-type beside a payload, or "
	    "content-type: " CLOUD_TYPE "+json if it is a CloudEvent as a whole; or publish "
	    "a carillon.v1.Event");
}

bool
looks_like_json(struct str bytes)
{
	bytes = str_trimmed(bytes);
	if (str_starts_with(bytes, STR("\xef\xbb\xbf"))) /* a byte order mark */
		bytes = (struct str){bytes.ptr + 3, bytes.len - 3};
	return bytes.len > 0 && (bytes.ptr[0] == '{' || bytes.ptr[0] == '[');
}

/* --- attributes --- */

static bool
refuse(struct str *failure, struct str sentence)
{
	*failure = sentence;
	return false;
}

static bool
set_time(struct arena *a, event_message *out, struct str value, struct str *failure)
{
	wall_t time;

	if (out->time != NULL)
		return true;
	if (!clock_parse(value, &time) || time.ms < 0)
		return refuse(failure, STR("its time is not one such as 2026-04-17T16:02:00Z"));
	out->time = ARENA_NEW(a, Google__Protobuf__Timestamp);
	google__protobuf__timestamp__init(out->time);
	out->time->seconds = time.ms / 1000;
	out->time->nanos = (int32_t)(time.ms % 1000 * 1000000);
	return true;
}

static bool
check_content(struct arena *a, struct str value, struct str *failure)
{
	struct str type = media_type(value);

	if (is_named(type, "application/json") || begins(type, "text/json") ||
	    (type.len > 5 && is_named((struct str){type.ptr + type.len - 5, 5}, "+json")))
		return true;
	return refuse(
	    failure, arena_printf(a, "its datacontenttype is %.*s; a payload is a JSON object",
			 (int)(type.len < 100 ? type.len : 100), type.ptr));
}

/* Of an unknown name nothing is taken: extensions are for others. */
static bool
set_attribute(
    struct arena *a, event_message *out, struct str name, struct str value, struct str *failure)
{
	const struct {
		const char *name;
		char **field;
	} fields[] = {
#define CLOUD_ATTRIBUTE(name, field) {#name, &out->field},
#include "cloud_attributes.def"
#undef CLOUD_ATTRIBUTE
	};

	if (!str_is_text(value))
		return refuse(failure, arena_printf(a, "its %.*s is not UTF-8", STR_ARG(name)));
	if (is_named(name, "time"))
		return set_time(a, out, value, failure);
	if (is_named(name, "datacontenttype"))
		return check_content(a, value, failure);
	for (size_t i = 0; i < COUNT_OF(fields); i++) {
		if (!is_named(name, fields[i].name))
			continue;
		if ((*fields[i].field)[0] == '\0')
			*fields[i].field = arena_cstr(a, value);
		return true;
	}
	return true;
}

static bool
check_version(struct arena *a, const event_message *out, struct str *failure)
{
	if (out->spec_version[0] == '\0' || strncmp(out->spec_version, "1.", 2) == 0)
		return true;
	return refuse(
	    failure, arena_printf(a, "its CloudEvents version is %.20s; 1.0 is understood",
			 out->spec_version));
}

/* --- a whole event --- */

static bool
take_base64(struct arena *a, event_message *out, struct str text, struct str *failure)
{
	uint8_t *bytes = arena_alloc(a, text.len + 1);
	size_t len = 0;
	const char *end = NULL;

	if (bytes == NULL ||
	    sodium_base642bin(bytes, text.len, text.ptr, text.len, NULL, &len, &end,
		sodium_base64_VARIANT_ORIGINAL) != 0 ||
	    end != text.ptr + text.len)
		return refuse(failure, STR("its data_base64 is not base64"));
	out->data_case = CARILLON__V1__EVENT__DATA_BINARY_DATA;
	out->binary_data = (ProtobufCBinaryData){len, bytes};
	return true;
}

/* The payload's own text, numbers as they were written. */
static void
take_data(struct arena *a, event_message *out, const struct json *data)
{
	struct str kept = json_text(a, data);

	out->data_case = CARILLON__V1__EVENT__DATA_BINARY_DATA;
	out->binary_data = (ProtobufCBinaryData){kept.len, (uint8_t *)(uintptr_t)kept.ptr};
}

static bool
take_member(struct arena *a, event_message *out, const struct json *member, struct str *failure)
{
	if (str_eq(member->key, STR("data"))) {
		take_data(a, out, member);
		return true;
	}
	if (member->kind != JSON_STRING)
		return true;
	if (str_eq(member->key, STR("data_base64")))
		return take_base64(a, out, member->text, failure);
	return set_attribute(a, out, member->key, member->text, failure);
}

/* Two ids that were cut at different characters would be one once they are mended. */
static bool
check_mended_id(const struct json *root, struct str *failure)
{
	struct str id = json_string(root, STR("id"));

	if (id.len == 0 || !memmem(id.ptr, id.len, "\xef\xbf\xbd", 3))
		return true;
	return refuse(failure, STR("its id has a character that is no text"));
}

/* The payload is one level down. */
static bool
parse_whole(struct arena *a, struct str text, const struct json **root,
    const struct json_flaws **flaws, struct str *failure)
{
	struct json_flaws *mended;
	struct err e;

	if (json_parse(a, text, JSON_DEPTH_MAX + 1, root, &e))
		return true;
	mended = arena_alloc(a, sizeof(*mended));
	if (mended == NULL ||
	    !json_parse_mending(a, text, JSON_DEPTH_MAX + 1, root, mended, &e))
		return refuse(failure, arena_printf(a, "the event is not JSON: %s", e.text));
	*flaws = mended;
	return check_mended_id(*root, failure);
}

bool
cloud_event_structured(const struct event_source *from, struct arena *a, event_message *out,
    const struct json_flaws **flaws, struct str *failure)
{
	const struct json *root;

	if (!parse_whole(a, from->bytes, &root, flaws, failure))
		return false;
	if (root->kind != JSON_OBJECT)
		return refuse(
		    failure, arena_printf(a, "the event is %s; a CloudEvent is a JSON object",
				 json_kind_name(root->kind)));
	JSON_EACH (member, root) {
		if (!take_member(a, out, member, failure))
			return false;
	}
	return check_version(a, out, failure);
}

/* --- a payload and headers --- */

/* Quotes off and one round of percent-decoding, as the binding has it. What is no escape stays.
 */
static struct str
header_value(struct arena *a, struct str value)
{
	char *out = arena_must(a, value.len + 1);
	bool is_quoted;
	size_t len = 0;

	value = str_trimmed(value);
	is_quoted = value.len >= 2 && value.ptr[0] == '"' && value.ptr[value.len - 1] == '"';
	if (is_quoted)
		value = (struct str){value.ptr + 1, value.len - 2};
	for (size_t i = 0; i < value.len; i++) {
		bool has_two = i + 2 < value.len;
		int high = has_two ? hex_digit(value.ptr[i + 1]) : -1;
		int low = has_two ? hex_digit(value.ptr[i + 2]) : -1;

		if (is_quoted && value.ptr[i] == '\\' && i + 1 < value.len) {
			out[len++] = value.ptr[++i];
		} else if (value.ptr[i] == '%' && high >= 0 && low >= 0) {
			out[len++] = (char)(high << 4 | low);
			i += 2;
		} else {
			out[len++] = value.ptr[i];
		}
	}
	return (struct str){out, len};
}

bool
cloud_event_binary(
    const struct event_source *from, struct arena *a, event_message *out, struct str *failure)
{
	for (size_t i = 0; i < from->n_headers; i++) {
		struct str name = from->headers[i].name;

		if (!begins(name, "ce-"))
			continue;
		name = (struct str){name.ptr + 3, name.len - 3};
		if (!set_attribute(
			a, out, name, header_value(a, from->headers[i].value), failure))
			return false;
	}
	out->data_case = CARILLON__V1__EVENT__DATA_BINARY_DATA;
	out->binary_data =
	    (ProtobufCBinaryData){from->bytes.len, (uint8_t *)(uintptr_t)from->bytes.ptr};
	return check_version(a, out, failure);
}

/* --- an Event that an SDK has made --- */

bool
cloud_event_attributes(struct arena *a, event_message *msg, struct str *failure)
{
	for (size_t i = 0; i < msg->n_attributes; i++) {
		const Carillon__V1__Event__AttributesEntry *entry = msg->attributes[i];
		const Carillon__V1__AttributeValue *v = entry->value;

		if (v == NULL)
			continue;
		if (v->attr_case == CARILLON__V1__ATTRIBUTE_VALUE__ATTR_CE_STRING &&
		    !set_attribute(a, msg, str_of(entry->key), str_of(v->ce_string), failure))
			return false;
		if (v->attr_case == CARILLON__V1__ATTRIBUTE_VALUE__ATTR_CE_TIMESTAMP &&
		    msg->time == NULL && strcmp(entry->key, "time") == 0)
			msg->time = v->ce_timestamp;
	}
	return true;
}
