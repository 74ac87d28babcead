#include "rules/event_attribute.h"

struct str
event_attribute_name(int attribute)
{
	const struct str names[] = {
#define ATTRIBUTE(name) STR(#name),
#include "rules/event_attributes.def"
#undef ATTRIBUTE
	};

	must(attribute >= 0 && attribute < EVENT_ATTRIBUTES);
	return names[attribute];
}

int
event_attribute_of(struct str name)
{
	for (int i = 0; i < EVENT_ATTRIBUTES; i++) {
		if (str_eq(event_attribute_name(i), name))
			return i;
	}
	return EVENT_ATTRIBUTE_NONE;
}

/* Without a fraction that says nothing. */
static struct str
time_text(wall_t at, char text[static CLOCK_TEXT_MAX])
{
	char *fraction;

	clock_text(at, text);
	fraction = strchr(text, '.');
	if (fraction && strcmp(fraction, ".000Z") == 0)
		memcpy(fraction, "Z", 2);
	return str_of(text);
}

struct str
event_attribute_text(const struct event *ev, enum event_attribute attribute,
    struct str severity, char time[static CLOCK_TEXT_MAX])
{
	switch (attribute) {
	case EVENT_ATTRIBUTE_type: return ev->type;
	case EVENT_ATTRIBUTE_resource: return ev->resource;
	case EVENT_ATTRIBUTE_resource_id: return ev->resource_id;
	case EVENT_ATTRIBUTE_id: return ev->id;
	case EVENT_ATTRIBUTE_source: return ev->source;
	case EVENT_ATTRIBUTE_time: return time_text(ev->time, time);
	case EVENT_ATTRIBUTE_workspace: return ev->workspace;
	case EVENT_ATTRIBUTE_severity: return severity;
	case EVENT_ATTRIBUTES:
	case EVENT_ATTRIBUTE_NONE: break;
	}
	return (struct str){0};
}
