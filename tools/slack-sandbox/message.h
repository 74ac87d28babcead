/* The message object of Slack's answers. Lives in an arena; pure. */
#pragma once

#include "carillon/base/json.h"
#include "slack_date.h"
#include "world.h"

struct message {
	const struct team *team;
	int64_t ts_us, thread_ts_us, edited_us;
	int64_t latest_reply_us;
	uint32_t replies;
	bool is_broadcast, is_person, is_deleted;
	bool has_payload; /* the metadata's payload is told too */
	struct str text;
	const struct json *blocks, *attachments, *metadata, *args; /* each may be NULL */
};

/* Who says what a person says. */
extern const struct str message_person;

/* Writes the object. `reader` is only for what Slack makes of dates. */
void message_write(struct json_writer *w, struct arena *a, const struct reader *reader,
    const struct message *m);
