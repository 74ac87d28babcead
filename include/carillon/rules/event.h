/*
 * The decoded, read-only view of an event. Strings borrow from the message's arena; any thread
 * may read it once decoding is done.
 */
#pragma once

#include "carillon/base/base.h"
#include "carillon/base/json.h"

struct event {
	struct str workspace; /* from the subject */
	struct str id, type, resource, resource_id, source, thread_key;
	struct str test_rule; /* not empty: a test message, for this rule alone */
	wall_t time; /* when it happened; the stored time if the producer did not say */
	struct str payload_text;
	const struct json *payload;     /* an object */
	const struct json_flaws *flaws; /* what was mended to read it; NULL: nothing */
	/* Steps of work that rules have done on it, counted by who does it: a condition of a
	 * filter or an instruction of a template is one, and one more for each 64 bytes that it
	 * reads. Of the thread that has the event in hand; NULL: nobody counts. */
	uint64_t *steps;
};

enum {
	EVENT_BYTES_MAX = 256 * 1024, /* of an event as it was published */
};
