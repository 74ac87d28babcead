/*
 * Records as JSON, for everyone who shows them: the command line and the API. Never a
 * credential. Each writes one object; `held` and `outcome` may be NULL, and are left out then.
 */
#pragma once

#include "carillon/base/json.h"
#include "carillon/base/records.h"
#include "carillon/registry/held.h"

/* "key": "2026-04-17T16:02:00.000Z", or null for 0. */
void json_write_time(struct json_writer *w, const char *key, int64_t ms);

void json_write_workspace(struct json_writer *w, const workspace_record *r, uint64_t revision,
    const struct held *held);
void json_write_connection(struct json_writer *w, const connection_record *r, uint64_t revision,
    const struct held *held);
void json_write_rule(
    struct json_writer *w, const rule_record *r, uint64_t revision, const struct held *held);
/* Leaves the object open, for what else is known of it. */
void json_write_type_open(struct json_writer *w, const type_record *r, uint64_t revision);
void json_write_type(struct json_writer *w, const type_record *r, uint64_t revision);
/* Leaves the object open, for what else is known of it. */
void json_write_replay_open(struct json_writer *w, const replay_record *r, uint64_t revision);
void json_write_key_open(struct json_writer *w, const key_record *r, uint64_t revision);
void json_write_event_open(struct json_writer *w, const event_record *r);
/* The same for a delivery; "attempts" for it, with what was sent and received unless they were
 * taken out of the record before. */
void json_write_delivery_open(struct json_writer *w, const delivery_record *r);
void json_write_attempts(struct json_writer *w, const delivery_record *r);
/* With its attempts, or only their number. */
void json_write_delivery(struct json_writer *w, const delivery_record *r, bool with_attempts);
/* With its attempts, and with the warnings of its event. */
void json_write_delivery_of(
    struct json_writer *w, const delivery_record *r, const event_record *event);
