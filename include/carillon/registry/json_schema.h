/*
 * What the JSON of a record looks like, as JSON Schema (2020-12): made from the tables that
 * write it and read it, so that no second description can differ from them.
 */
#pragma once

#include "carillon/base/json.h"

/* The records that have a table. */
enum json_record {
	JSON_RECORD_NONE,
	JSON_RECORD_WORKSPACE,
	JSON_RECORD_CONNECTION,
	JSON_RECORD_RULE,
	JSON_RECORD_TYPE,
	JSON_RECORD_REPLAY,
	JSON_RECORD_KEY,
	JSON_RECORD_EVENT,
	JSON_RECORD_WARNING,
	JSON_RECORD_DELIVERY,
	JSON_RECORD_ATTEMPT,
	JSON_RECORD_PUBLISHED, /* an event as a producer writes it */
	JSON_RECORDS
};

/* The members that are always written, as "name": schema. */
void json_schema_answered(struct json_writer *w, enum json_record r);
/* The names of those. */
void json_schema_required(struct json_writer *w, enum json_record r);
/* The members that somebody may give, as "name": schema. */
void json_schema_given(struct json_writer *w, enum json_record r);
