#include "json_members.h"

#include "carillon/registry/json_read.h"

#define FIELD(record, field) .at = offsetof(record, field)
#define LIST(record, field)  .at = offsetof(record, field), .n_at = offsetof(record, n_##field)
#define COUNT(record, field) .n_at = offsetof(record, n_##field)
#define MEMBERS(list_of)     .list = list_of, .n = COUNT_OF(list_of)

static const struct member workspace_list[] = {
    {"id", MEMBER_TEXT, GIVEN, FIELD(workspace_record, id)},
    {"name", MEMBER_TEXT, GIVEN, FIELD(workspace_record, name)},
    {"paused", MEMBER_FLAG, GIVEN, FIELD(workspace_record, paused)},
    {"created_at", MEMBER_TIME, KEPT, FIELD(workspace_record, created_ms)},
    {"held", MEMBER_BESIDE},
    {"revision", MEMBER_BESIDE},
};
const struct members workspace_members = {
    "a workspace", &carillon__v1__workspace__descriptor, MEMBERS(workspace_list)};

static const struct member channel_list[] = {
    {"id", MEMBER_TEXT, GIVEN, FIELD(Carillon__V1__Channel, id)},
    {"name", MEMBER_TEXT, GIVEN, FIELD(Carillon__V1__Channel, name)},
};
static const struct members channel_members = {
    "a channel", &carillon__v1__channel__descriptor, MEMBERS(channel_list), .short_form = "id"};

static const struct member connection_list[] = {
    {"id", MEMBER_TEXT, GIVEN, FIELD(connection_record, id)},
    {"destination", MEMBER_TEXT, GIVEN, FIELD(connection_record, dest)},
    {"name", MEMBER_TEXT, GIVEN, FIELD(connection_record, name)},
    {"url", MEMBER_TEXT, GIVEN, FIELD(connection_record, url)},
    {"status", MEMBER_WORD, KEPT, FIELD(connection_record, status),
	.words = &connection_status_words},
    {"status_reason", MEMBER_TEXT, KEPT, FIELD(connection_record, status_reason)},
    {"status_code", MEMBER_TEXT, KEPT, FIELD(connection_record, status_code)},
    {"repair", MEMBER_WORD, KEPT, FIELD(connection_record, repair), .words = &repair_words},
    {"team_id", MEMBER_TEXT, KEPT, FIELD(connection_record, team_id)},
    {"team_name", MEMBER_TEXT, KEPT, FIELD(connection_record, team_name)},
    {"bot_user_id", MEMBER_TEXT, KEPT, FIELD(connection_record, bot_user_id)},
    {"scopes", MEMBER_TEXT, KEPT, FIELD(connection_record, scopes)},
    {"granted_channel", MEMBER_OBJECT, KEPT, FIELD(connection_record, granted_channel),
	.of = &channel_members},
    {"expires_at", MEMBER_TIME, KEPT, FIELD(connection_record, expires_ms)},
    {"channels", MEMBER_OBJECTS, GIVEN, LIST(connection_record, channels),
	.of = &channel_members},
    {"retry", MEMBER_NUMBERS, GIVEN, LIST(connection_record, retry_s)},
    {"key_version", MEMBER_KEY_VERSION, KEPT, FIELD(connection_record, sealed)},
    {"created_at", MEMBER_TIME, KEPT, FIELD(connection_record, created_ms)},
    {"updated_at", MEMBER_TIME, KEPT, FIELD(connection_record, updated_ms)},
    {"held", MEMBER_BESIDE},
    {"released", MEMBER_BESIDE},
    {"revision", MEMBER_BESIDE},
};
const struct members connection_members = {
    "a connection", &carillon__v1__connection__descriptor, MEMBERS(connection_list)};

/* --- rules and event types --- */

static const struct member quiet_list[] = {
    {"from", MEMBER_TEXT, GIVEN, FIELD(Carillon__V1__QuietHours, from)},
    {"to", MEMBER_TEXT, GIVEN, FIELD(Carillon__V1__QuietHours, to)},
    {"time_zone", MEMBER_TEXT, GIVEN, FIELD(Carillon__V1__QuietHours, time_zone)},
    {"unless_severity", MEMBER_TEXT, GIVEN, FIELD(Carillon__V1__QuietHours, unless_severity)},
};
static const struct members quiet_members = {
    "\"quiet_hours\"", &carillon__v1__quiet_hours__descriptor, MEMBERS(quiet_list)};

static const struct member rule_list[] = {
    {"id", MEMBER_TEXT, GIVEN, FIELD(rule_record, id)},
    {"name", MEMBER_TEXT, GIVEN, FIELD(rule_record, name)},
    {"event_type", MEMBER_TEXT, GIVEN, FIELD(rule_record, event_type)},
    {"connection", MEMBER_TEXT, GIVEN, FIELD(rule_record, connection)},
    {"channel", MEMBER_TEXT, GIVEN, FIELD(rule_record, channel)},
    {"active", MEMBER_FLAG, GIVEN, FIELD(rule_record, active)},
    {"hold_reason", MEMBER_TEXT, KEPT, FIELD(rule_record, hold_reason)},
    {"hold_code", MEMBER_TEXT, KEPT, FIELD(rule_record, hold_code)},
    {"repair", MEMBER_WORD, KEPT, FIELD(rule_record, repair), .words = &repair_words},
    {"on_unknown", MEMBER_WORD, GIVEN, FIELD(rule_record, on_unknown),
	.words = &on_unknown_words},
    {"on_message_error", MEMBER_WORD, GIVEN, FIELD(rule_record, on_message_error),
	.words = &on_message_error_words},
    {"thread_key", MEMBER_TEXT, GIVEN, FIELD(rule_record, thread_key)},
    {"thread_hours", MEMBER_NUMBER, GIVEN, FIELD(rule_record, thread_hours)},
    {"update_key", MEMBER_TEXT, GIVEN, FIELD(rule_record, update_key)},
    {"dedupe_key", MEMBER_TEXT, GIVEN, FIELD(rule_record, dedupe_key)},
    {"dedupe_minutes", MEMBER_NUMBER, GIVEN, FIELD(rule_record, dedupe_minutes)},
    {"on_burst", MEMBER_WORD, GIVEN, FIELD(rule_record, on_burst), .words = &on_burst_words},
    {"quiet_hours", MEMBER_OBJECT, GIVEN, FIELD(rule_record, quiet_hours),
	.of = &quiet_members},
    {"retry", MEMBER_NUMBERS, GIVEN, LIST(rule_record, retry_s)},
    {"filter", MEMBER_DOCUMENT, GIVEN, FIELD(rule_record, filter)},
    {"template", MEMBER_DOCUMENT, GIVEN, FIELD(rule_record, template_)},
    {"created_at", MEMBER_TIME, KEPT, FIELD(rule_record, created_ms)},
    {"updated_at", MEMBER_TIME, KEPT, FIELD(rule_record, updated_ms)},
    {"held", MEMBER_BESIDE},
    {"released", MEMBER_BESIDE},
    {"revision", MEMBER_BESIDE},
};
const struct members rule_members = {
    "a rule", &carillon__v1__rule__descriptor, MEMBERS(rule_list)};
static const struct members default_rule_members = {"a default rule",
    &carillon__v1__rule__descriptor, MEMBERS(rule_list), .label = "default rule"};

static const struct member severity_list[] = {
    {"name", MEMBER_TEXT, GIVEN, FIELD(Carillon__V1__SeverityLevel, name)},
    {"aliases", MEMBER_TEXTS, GIVEN, LIST(Carillon__V1__SeverityLevel, aliases)},
};
static const struct members severity_members = {"a step of \"severity_order\"",
    &carillon__v1__severity_level__descriptor, MEMBERS(severity_list), .short_form = "name"};

static const struct member type_list[] = {
    {"name", MEMBER_TEXT, GIVEN, FIELD(type_record, name)},
    {"description", MEMBER_TEXT, GIVEN, FIELD(type_record, description)},
    {"schema", MEMBER_DOCUMENT, GIVEN, FIELD(type_record, schema)},
    {"sample", MEMBER_DOCUMENT, GIVEN, FIELD(type_record, sample)},
    {"severity_order", MEMBER_OBJECTS, GIVEN, LIST(type_record, severity_order),
	.of = &severity_members},
    {"default_template", MEMBER_DOCUMENT, GIVEN, FIELD(type_record, default_template)},
    {"default_rules", MEMBER_OBJECTS, GIVEN, LIST(type_record, default_rules),
	.of = &default_rule_members},
    {"revision", MEMBER_BESIDE},
};
const struct members type_members = {
    "an event type", &carillon__v1__event_type__descriptor, MEMBERS(type_list)};

/* --- replays --- */

static const struct member replay_list[] = {
    {"id", MEMBER_TEXT, KEPT, FIELD(replay_record, id)},
    {"action", MEMBER_WORD, GIVEN, FIELD(replay_record, action), .words = &replay_action_words},
    {"status", MEMBER_WORD, KEPT, FIELD(replay_record, status), .words = &replay_status_words},
    {"event_id", MEMBER_TEXT, GIVEN, FIELD(replay_record, event_id)},
    {"rule", MEMBER_TEXT, GIVEN, FIELD(replay_record, rule)},
    {"connection", MEMBER_TEXT, GIVEN, FIELD(replay_record, connection)},
    {"states", MEMBER_TEXTS, GIVEN, LIST(replay_record, states)},
    {"from", MEMBER_TIME, GIVEN, FIELD(replay_record, from_ms)},
    {"to", MEMBER_TIME, GIVEN, FIELD(replay_record, to_ms)},
    {"again", MEMBER_FLAG, GIVEN, FIELD(replay_record, again)},
    {"todays_rules", MEMBER_FLAG, GIVEN, FIELD(replay_record, todays_rules)},
    {"rate", MEMBER_NUMBER, GIVEN, FIELD(replay_record, rate)},
    {"position", MEMBER_SEQUENCE, KEPT, FIELD(replay_record, position)},
    {"last_sequence", MEMBER_SEQUENCE, KEPT, FIELD(replay_record, to_seq)},
    {"selected", MEMBER_SEQUENCE, KEPT, FIELD(replay_record, selected)},
    {"sent", MEMBER_SEQUENCE, KEPT, FIELD(replay_record, sent)},
    {"skipped", MEMBER_SEQUENCE, KEPT, FIELD(replay_record, skipped)},
    {"gone", MEMBER_SEQUENCE, KEPT, FIELD(replay_record, gone)},
    {"created_at", MEMBER_TIME, KEPT, FIELD(replay_record, created_ms)},
    {"updated_at", MEMBER_TIME, KEPT, FIELD(replay_record, updated_ms)},
    {"by", MEMBER_TEXT, KEPT, FIELD(replay_record, by)},
    {"revision", MEMBER_BESIDE},
    {"outcome", MEMBER_BESIDE},
};
const struct members replay_members = {
    "a replay", &carillon__v1__replay__descriptor, MEMBERS(replay_list)};

/* --- keys --- */

static const struct member key_list[] = {
    {"id", MEMBER_TEXT, KEPT, FIELD(key_record, id)},
    {"kind", MEMBER_WORD, GIVEN, FIELD(key_record, kind), .words = &key_kind_words},
    {"name", MEMBER_TEXT, GIVEN, FIELD(key_record, name)},
    {"scopes", MEMBER_TEXTS, GIVEN, LIST(key_record, scopes)},
    {"workspaces", MEMBER_TEXTS, GIVEN, LIST(key_record, workspaces)},
    {"allowed_origins", MEMBER_TEXTS, GIVEN, LIST(key_record, allowed_origins)},
    {"last4", MEMBER_TEXT, KEPT, FIELD(key_record, last4)},
    {"created_at", MEMBER_TIME, KEPT, FIELD(key_record, created_ms)},
    {"expires_at", MEMBER_TIME, GIVEN, FIELD(key_record, expires_ms)},
    {"replaced_by", MEMBER_TEXT, KEPT, FIELD(key_record, replaced_by)},
    {"revision", MEMBER_BESIDE},
};
const struct members key_members = {"a key", &carillon__v1__key__descriptor, MEMBERS(key_list)};

/* --- history: nobody writes it but the service --- */

static const struct member warning_list[] = {
    {"code", MEMBER_WORD, KEPT, FIELD(event_warning, flaw), .words = &flaw_words},
    {"count", MEMBER_NUMBER, KEPT, FIELD(event_warning, count)},
    {"line", MEMBER_NUMBER, KEPT, FIELD(event_warning, line)},
    {"column", MEMBER_NUMBER, KEPT, FIELD(event_warning, column)},
    {"sentence", MEMBER_WORD, KEPT, FIELD(event_warning, flaw), .words = &flaw_sentences},
};
const struct members event_warning_members = {
    "a warning", &carillon__v1__event_warning__descriptor, MEMBERS(warning_list)};

static const struct member event_record_list[] = {
    {"id", MEMBER_TEXT, KEPT, FIELD(event_record, event_id)},
    {"type", MEMBER_TEXT, KEPT, FIELD(event_record, type)},
    {"resource", MEMBER_TEXT, KEPT, FIELD(event_record, resource)},
    {"resource_id", MEMBER_TEXT, KEPT, FIELD(event_record, resource_id)},
    {"severity", MEMBER_TEXT, KEPT, FIELD(event_record, severity)},
    {"status", MEMBER_WORD, KEPT, FIELD(event_record, status), .words = &event_status_words},
    {"reason", MEMBER_TEXT, KEPT, FIELD(event_record, reason)},
    {"matched", MEMBER_NUMBER, KEPT, FIELD(event_record, matched)},
    {"time", MEMBER_TIME, KEPT, FIELD(event_record, time_ms)},
    {"received_at", MEMBER_TIME, KEPT, FIELD(event_record, received_ms)},
    {"sequence", MEMBER_SEQUENCE, KEPT, FIELD(event_record, seq)},
    {"warnings", MEMBER_OBJECTS, KEPT, LIST(event_record, warnings),
	.of = &event_warning_members},
};
const struct members event_record_members = {
    "an event", &carillon__v1__event_record__descriptor, MEMBERS(event_record_list)};

static const struct member attempt_list[] = {
    {"number", MEMBER_NUMBER, KEPT, FIELD(attempt_record, number)},
    {"started_at", MEMBER_TIME, KEPT, FIELD(attempt_record, started_ms)},
    {"duration_ms", MEMBER_NUMBER, KEPT, FIELD(attempt_record, duration_ms)},
    {"outcome", MEMBER_WORD, KEPT, FIELD(attempt_record, outcome), .words = &outcome_words},
    {"possible_duplicate", MEMBER_FLAG, KEPT, FIELD(attempt_record, possible_duplicate)},
    {"ambiguous", MEMBER_FLAG, KEPT, FIELD(attempt_record, ambiguous)},
    {"http_status", MEMBER_NUMBER, KEPT, FIELD(attempt_record, http_status)},
    {"error_code", MEMBER_TEXT, KEPT, FIELD(attempt_record, error_code)},
    {"repair", MEMBER_WORD, KEPT, FIELD(attempt_record, repair), .words = &repair_words},
    {"pointer", MEMBER_TEXT, KEPT, FIELD(attempt_record, pointer)},
    {"slot", MEMBER_TEXT, KEPT, FIELD(attempt_record, slot)},
    {"reason", MEMBER_TEXT, KEPT, FIELD(attempt_record, reason)},
    {"request_id", MEMBER_TEXT, KEPT, FIELD(attempt_record, request_id)},
    {"request", MEMBER_BYTES, KEPT, FIELD(attempt_record, request)},
    {"response", MEMBER_BYTES, KEPT, FIELD(attempt_record, response)},
};
const struct members attempt_members = {
    "an attempt", &carillon__v1__attempt__descriptor, MEMBERS(attempt_list)};

static const struct member delivery_list[] = {
    {"event_id", MEMBER_TEXT, KEPT, FIELD(delivery_record, event_id)},
    {"rule", MEMBER_TEXT, KEPT, FIELD(delivery_record, rule)},
    {"connection", MEMBER_TEXT, KEPT, FIELD(delivery_record, connection)},
    {"channel", MEMBER_TEXT, KEPT, FIELD(delivery_record, channel)},
    {"state", MEMBER_WORD, KEPT, FIELD(delivery_record, state), .words = &delivery_state_words},
    {"reason", MEMBER_TEXT, KEPT, FIELD(delivery_record, reason)},
    {"action", MEMBER_TEXT, KEPT, FIELD(delivery_record, action)},
    {"repair", MEMBER_WORD, KEPT, FIELD(delivery_record, repair), .words = &repair_words},
    {"degraded", MEMBER_FLAG, KEPT, FIELD(delivery_record, degraded)},
    {"created_at", MEMBER_TIME, KEPT, FIELD(delivery_record, created_ms)},
    {"updated_at", MEMBER_TIME, KEPT, FIELD(delivery_record, updated_ms)},
    {"due_at", MEMBER_TIME, KEPT, FIELD(delivery_record, due_ms)},
    {"message_id", MEMBER_TEXT, KEPT, FIELD(delivery_record, message_id)},
    {"message_channel", MEMBER_TEXT, KEPT, FIELD(delivery_record, message_channel)},
    {"replay", MEMBER_TEXT, KEPT, FIELD(delivery_record, replay)},
    /* by the retry schedule */
    {"failures_counted", MEMBER_NUMBER, KEPT, FIELD(delivery_record, spent)},
    {"sequence", MEMBER_SEQUENCE, KEPT, FIELD(delivery_record, seq)},
    /* of one skipped for its key: the sequence of what is shown instead; its number */
    {"shown_by", MEMBER_SEQUENCE, KEPT, FIELD(delivery_record, shown_by)},
    {"repeats", MEMBER_NUMBER, KEPT, FIELD(delivery_record, suppressed)},
    {"attempt_count", MEMBER_COUNT, KEPT, COUNT(delivery_record, attempts)},
};
const struct members delivery_members = {
    "a delivery", &carillon__v1__delivery_record__descriptor, MEMBERS(delivery_list)};

/* --- an event as a producer writes it --- */

static const struct member event_list[] = {
    {"type", MEMBER_TEXT, GIVEN, FIELD(event_message, type)},
    {"resource", MEMBER_TEXT, GIVEN, FIELD(event_message, resource)},
    {"resource_id", MEMBER_TEXT, GIVEN, FIELD(event_message, resource_id)},
    {"payload", MEMBER_BESIDE},
    {"id", MEMBER_TEXT, GIVEN, FIELD(event_message, id)},
    {"source", MEMBER_TEXT, GIVEN, FIELD(event_message, source)},
    {"time", MEMBER_BESIDE},
    {"thread_key", MEMBER_TEXT, GIVEN, FIELD(event_message, thread_key)},
};
const struct members event_members = {"an event", &carillon__v1__event__descriptor,
    MEMBERS(event_list), .advice = "put it into \"payload\""};
