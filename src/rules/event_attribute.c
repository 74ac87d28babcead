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

static struct str
text_of(const struct event *ev, int attribute)
{
	switch (attribute) {
#define ATTRIBUTE(name)              \
	case EVENT_ATTRIBUTE_##name: \
		return ev->name;
#include "rules/event_attributes.def"
#undef ATTRIBUTE
	}
	return (struct str){0};
}

const struct json *
event_attribute_get(const struct event *ev, int attribute, struct json *scratch)
{
	struct str text = text_of(ev, attribute);

	if (text.len == 0) /* the producer did not say */
		return NULL;
	*scratch = (struct json){.kind = JSON_STRING, .text = text};
	return scratch;
}
