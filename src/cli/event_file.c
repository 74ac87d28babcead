#include "event_file.h"

#include "carillon/base/clock.h"
#include "carillon/rules/event.h"
#include "carillon/base/id.h"
#include "carillon/base/json.h"
#include "carillon/base/suggest.h"

static const struct str known_keys[] = {
    {"type", 4},
    {"resource", 8},
    {"resource_id", 11},
    {"payload", 7},
    {"id", 2},
    {"source", 6},
    {"time", 4},
    {"thread_key", 10},
};

static bool
check_keys(const struct json *object, const char *path, struct err *e)
{
	JSON_EACH (member, object) {
		bool known = false;
		struct str nearest;

		for (size_t i = 0; i < COUNT_OF(known_keys); i++)
			known = known || str_eq(member->key, known_keys[i]);
		if (known)
			continue;
		nearest = str_nearest(member->key, known_keys, COUNT_OF(known_keys));
		if (nearest.len > 0)
			return fail(e, ERR_INPUT,
			    "%s: an event has no \"%.*s\"; did you mean \"%.*s\"?", path,
			    STR_ARG(member->key), STR_ARG(nearest));
		return fail(e, ERR_INPUT,
		    "%s: an event has no \"%.*s\"; put it into \"payload\", or give "
		    "--type if the file is a payload alone",
		    path, STR_ARG(member->key));
	}
	return true;
}

static bool
take_text(struct command *c, const struct json *object, const char *path, const char *key,
    char **out, struct err *e)
{
	const struct json *v = json_get(object, str_of(key));

	if (v == NULL)
		return true;
	if (v->kind != JSON_STRING)
		return fail(e, ERR_INPUT, "%s: \"%s\" is %s; it must be a string", path, key,
		    json_kind_name(v->kind));
	*out = arena_cstr(c->arena, v->text);
	return true;
}

static bool
take_time(struct command *c, const struct json *object, const char *path, event_message *msg,
    struct err *e)
{
	char *text = NULL;
	wall_t time;

	if (!take_text(c, object, path, "time", &text, e) || text == NULL)
		return text == NULL && json_get(object, STR("time")) == NULL;
	if (!clock_parse(str_of(text), &time) || time.ms < 0)
		return fail(e, ERR_INPUT,
		    "%s: \"time\" is not a time such as 2026-04-17T16:02:00Z", path);
	msg->time = ARENA_NEW(c->arena, Google__Protobuf__Timestamp);
	google__protobuf__timestamp__init(msg->time);
	msg->time->seconds = time.ms / 1000;
	msg->time->nanos = (int32_t)(time.ms % 1000 * 1000000);
	return true;
}

/* The payload's own text, numbers as they were written. */
static bool
take_payload(struct command *c, const struct json *payload, const char *path,
    event_message *msg, struct err *e)
{
	struct buf text = {0};
	struct json_writer w;

	if (payload == NULL)
		return fail(e, ERR_INPUT,
		    "%s: there is no \"payload\"; give --type if the file is a payload "
		    "alone",
		    path);
	if (payload->kind != JSON_OBJECT)
		return fail(e, ERR_INPUT, "%s: \"payload\" is %s; it must be a JSON object",
		    path, json_kind_name(payload->kind));
	jw_init(&w, &text);
	jw_value(&w, payload);
	msg->data_case = CARILLON__V1__EVENT__DATA_TEXT_DATA;
	msg->text_data = arena_cstr(c->arena, buf_view(&text));
	buf_fini(&text);
	return true;
}

static bool
check_event(const event_message *msg, const char *path, struct err *e)
{
	if (!id_is_event(str_of(msg->id)))
		return fail(e, ERR_INPUT, "%s: the id is not 1 to %d bytes of printable text",
		    path, EVENT_ID_MAX);
	if (msg->type[0] == '\0')
		return fail(e, ERR_INPUT,
		    "%s: there is no \"type\"; write it into the file or give --type", path);
	if (strlen(msg->type) > EVENT_TYPE_MAX || !id_is_event_type(str_of(msg->type)))
		return fail(e, ERR_INPUT,
		    "%s: event type \"%s\": use dot-separated words of letters, "
		    "digits, \"_\" and \"-\", at most %d bytes",
		    path, msg->type, EVENT_TYPE_MAX);
	if (strlen(msg->resource) > EVENT_ID_MAX || strlen(msg->resource_id) > EVENT_ID_MAX)
		return fail(e, ERR_INPUT, "%s: resource and resource_id have at most %d bytes",
		    path, EVENT_ID_MAX);
	if (protobuf_c_message_get_packed_size(&msg->base) > EVENT_BYTES_MAX)
		return fail(e, ERR_INPUT, "%s: the event is %zu bytes; the limit is %d", path,
		    protobuf_c_message_get_packed_size(&msg->base), EVENT_BYTES_MAX);
	return true;
}

static bool
take_members(struct command *c, const struct json *object, const char *path, event_message *msg,
    struct err *e)
{
	return check_keys(object, path, e) &&
	       take_text(c, object, path, "type", &msg->type, e) &&
	       take_text(c, object, path, "id", &msg->id, e) &&
	       take_text(c, object, path, "resource", &msg->resource, e) &&
	       take_text(c, object, path, "resource_id", &msg->resource_id, e) &&
	       take_text(c, object, path, "source", &msg->source, e) &&
	       take_text(c, object, path, "thread_key", &msg->thread_key, e) &&
	       take_time(c, object, path, msg, e) &&
	       take_payload(c, json_get(object, STR("payload")), path, msg, e);
}

static void
override(struct command *c, enum option o, char **field)
{
	if (command_has(c, o))
		*field = arena_cstr(c->arena, command_option(c, o));
}

bool
event_file_read(
    struct command *c, const char *path, const char *type, event_message *msg, struct err *e)
{
	const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
	const struct json *object;
	char id[NEW_ID_SIZE];

	id_new(id, "evt");
	carillon__v1__event__init(msg);
	msg->id = arena_cstr(c->arena, str_of(id));
	if (!read_object(c, path, &object, e))
		return false;
	if (type == NULL) {
		if (!take_members(c, object, name, msg, e))
			return false;
	} else {
		msg->type = arena_cstr(c->arena, str_of(type));
		if (!take_payload(c, object, name, msg, e))
			return false;
	}
	override(c, OPTION_ID, &msg->id);
	override(c, OPTION_RESOURCE, &msg->resource);
	override(c, OPTION_RESOURCE_ID, &msg->resource_id);
	return check_event(msg, name, e);
}
