/*
 * The event's own attributes by name, beside its payload. Pure; any thread.
 */
#pragma once

#include "carillon/base/clock.h"
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
/*
 * Its text; empty when the event has none. `severity` is what the caller takes the event's for.
 * A time is written to `time`, in RFC 3339.
 */
struct str event_attribute_text(const struct event *ev, enum event_attribute attribute,
    struct str severity, char time[static CLOCK_TEXT_MAX]);
