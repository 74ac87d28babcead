/* The records as JSON objects, with the names the API uses. Never a credential. */
#pragma once

#include "carillon/base/json.h"
#include "carillon/base/records.h"

#include "command.h"
#include "held.h"

/* "key": "2026-04-17T16:02:00.000Z", or null for 0. */
void write_time(struct json_writer *w, const char *key, int64_t ms);
/* The time as a table shows it, in the command's arena. */
struct str time_cell(struct command *c, int64_t ms);

/* With what they hold, unless that is NULL. */
void write_workspace(struct json_writer *w, const workspace_record *r, uint64_t revision,
    const struct held *held);
void write_connection(struct json_writer *w, const connection_record *r, uint64_t revision,
    const struct held *held);
/* By Carillon__V1__OnBurst: as the option and the JSON spell it. */
extern const char *const on_burst_names[3];
void write_rule(
    struct json_writer *w, const rule_record *r, uint64_t revision, const struct held *held);
void write_type(struct json_writer *w, const type_record *r, uint64_t revision);
/* Opens the object and leaves it open: event show adds to it. */
void write_event_open(struct json_writer *w, const event_record *r);
void write_event(struct json_writer *w, const event_record *r);
/* With its attempts, or only their number. */
void write_delivery(struct json_writer *w, const delivery_record *r, bool with_attempts);

const char *connection_status_name(Carillon__V1__ConnectionStatus s);
const char *event_status_name(Carillon__V1__EventStatus s);
enum delivery_state state_of(const delivery_record *r);
