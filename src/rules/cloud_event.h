/*
 * CloudEvents in JSON, as a carillon.v1.Event: a whole event ("structured"), or a payload with
 * the attributes in headers ("binary"). Private to src/rules; pure.
 */
#pragma once

#include "carillon/base/records.h"
#include "carillon/rules/event_decode.h"

enum event_form {
	FORM_PROTOBUF,
	FORM_STRUCTURED,
	FORM_BINARY,
	FORM_JSON_ALONE, /* no headers that say whose it is */
	FORM_UNKNOWN,    /* a form of CloudEvents that is not taken */
};
enum event_form event_form(const struct event_source *from);

/* What to set where a payload came alone, or in a form that is not taken. */
struct str event_form_advice(enum event_form form);
/* Whether the bytes look like JSON, which no Event does. */
bool looks_like_json(struct str bytes);

/* Fill `out`, in `a`, and `flaws` if something was mended; false with a sentence for the
 * producer, in `failure`, of the same arena.
 */
bool cloud_event_structured(const struct event_source *from, struct arena *a,
    event_message *out, const struct json_flaws **flaws, struct str *failure);
bool cloud_event_binary(
    const struct event_source *from, struct arena *a, event_message *out, struct str *failure);
/* Takes what an SDK of CloudEvents puts among the attributes, where the Event's own field is
 * empty. */
bool cloud_event_attributes(struct arena *a, event_message *msg, struct str *failure);
