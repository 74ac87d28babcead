/* An event with a payload of the test's choice, and its filter. */
#pragma once

#include "carillon/rules/filter.h"

static inline struct event
event_with(struct arena *a, const char *payload)
{
	struct event ev = {.workspace = STR("acme"),
	    .id = STR("evt_1"),
	    .type = STR("alert.triggered"),
	    .resource = STR("alert"),
	    .resource_id = STR("alrt_tyrion_42"),
	    .payload_text = str_of(payload)};
	struct err e;

	if (!json_parse(a, str_of(payload), JSON_DEPTH_MAX, &ev.payload, &e))
		must(ev.payload); /* a test's payload is JSON */
	return ev;
}
