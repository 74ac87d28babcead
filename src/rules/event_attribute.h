/*
 * The event's own attributes by name, beside its payload. Pure; any thread.
 */
#pragma once

#include "carillon/rules/event.h"

enum event_attribute {
#define ATTRIBUTE(name) EVENT_ATTRIBUTE_##name,
#include "rules/event_attributes.def"
#undef ATTRIBUTE
	EVENT_ATTRIBUTES,
	EVENT_ATTRIBUTE_NONE = -1,
};

#define EVENT_PREFIX "event."

/* From the name after "event."; EVENT_ATTRIBUTE_NONE if there is no such. */
int event_attribute_of(struct str name);
struct str event_attribute_name(int attribute);
/* As a string in `scratch`, or NULL when the event has none. */
const struct json *event_attribute_get(
    const struct event *ev, int attribute, struct json *scratch);
