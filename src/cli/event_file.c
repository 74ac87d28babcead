#include "event_file.h"

#include <stdio.h>

#include "carillon/base/id.h"
#include "carillon/registry/check.h"
#include "carillon/registry/json_read.h"

static void
override(struct command *c, enum option o, char **field)
{
	if (command_has(c, o))
		*field = arena_cstr(c->arena, command_option(c, o));
}

/* What a file can hold that was meant otherwise. */
static void
give_hint(const char *name, const struct json *object, const char *type)
{
	if (type != NULL)
		return;
	if (json_get(object, STR("payload")) == NULL)
		fprintf(stderr, "carillon: note: if %s is a payload alone, give its --type\n",
		    name);
}

/* Of an event, or with `type` of a payload alone. */
static bool
take_object(struct command *c, const struct json *object, const char *type, event_message *msg)
{
	char id[NEW_ID_SIZE];
	bool ok;

	id_new(id, "evt");
	carillon__v1__event__init(msg);
	msg->id = arena_cstr(c->arena, str_of(id));
	if (type != NULL) {
		msg->type = arena_cstr(c->arena, str_of(type));
		ok = json_read_payload(c->arena, object, msg, &c->findings);
	} else {
		ok = json_read_event(c->arena, object, msg, &c->findings);
	}
	override(c, OPTION_ID, &msg->id);
	override(c, OPTION_RESOURCE, &msg->resource);
	override(c, OPTION_RESOURCE_ID, &msg->resource_id);
	return check_event(msg, &c->findings) && ok;
}

bool
event_file_read(
    struct command *c, const char *path, const char *type, event_message *msg, struct err *e)
{
	const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
	const struct json *object;
	struct finding_part part;
	bool ok;

	if (!read_object(c, path, &object, e))
		return false;
	findings_enter_named(&c->findings, &part, str_of(name));
	ok = take_object(c, object, type, msg);
	findings_leave(&c->findings);
	if (!ok)
		give_hint(name, object, type);
	return ok || findings_none(&c->findings, e);
}
