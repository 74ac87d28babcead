#include "print.h"

#include "carillon/base/clock.h"

void
write_time(struct json_writer *w, const char *key, int64_t ms)
{
	char text[CLOCK_TEXT_MAX];

	jw_key(w, key);
	if (ms == 0)
		jw_null(w);
	else
		jw_cstr(w, clock_text((wall_t){ms}, text));
}

struct str
time_cell(struct command *c, int64_t ms)
{
	char text[CLOCK_TEXT_MAX];

	return ms == 0 ? (struct str){0}
	               : arena_str(c->arena, str_of(clock_text((wall_t){ms}, text)));
}

/* JSON stored as text: itself if it parses, null if there is none. */
static void
write_stored(struct json_writer *w, const char *key, const char *text)
{
	struct arena *a = arena_new(0);
	const struct json *v;

	jw_key(w, key);
	if (text[0] == '\0')
		jw_null(w);
	else if (json_parse(a, str_of(text), JSON_DEPTH_MAX, &v, NULL))
		jw_value(w, v);
	else
		jw_cstr(w, text);
	arena_free(a);
}

static void
write_bytes(struct json_writer *w, const char *key, ProtobufCBinaryData bytes)
{
	jw_kv_string(w, key, (struct str){(const char *)bytes.data, bytes.len});
}

static void
write_revision(struct json_writer *w, uint64_t revision)
{
	jw_key(w, "revision");
	jw_uint(w, revision);
}

void
write_workspace(struct json_writer *w, const workspace_record *r, uint64_t revision,
    const struct held *held)
{
	jw_object(w);
	jw_kv_cstr(w, "id", r->id);
	jw_kv_cstr(w, "name", r->name);
	jw_kv_bool(w, "paused", r->paused);
	write_time(w, "created_at", r->created_ms);
	write_held(w, held);
	write_revision(w, revision);
	jw_object_end(w);
}

const char *
connection_status_name(Carillon__V1__ConnectionStatus s)
{
	switch (s) {
	case CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_ACTIVE: return "active";
	case CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_NEEDS_RECONNECT:
		return "needs_reconnect";
	case CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_DISABLED: return "disabled";
	default: return "unknown";
	}
}

static void
write_channels(struct json_writer *w, const connection_record *r)
{
	jw_key(w, "channels");
	jw_array(w);
	for (size_t i = 0; i < r->n_channels; i++) {
		jw_object(w);
		jw_kv_cstr(w, "id", r->channels[i]->id);
		jw_kv_cstr(w, "name", r->channels[i]->name);
		jw_object_end(w);
	}
	jw_array_end(w);
}

/* Empty: there is none of its own. */
static void
write_schedule(struct json_writer *w, const uint32_t *retry_s, size_t n)
{
	jw_key(w, "retry");
	jw_array(w);
	for (size_t i = 0; i < n; i++)
		jw_uint(w, retry_s[i]);
	jw_array_end(w);
}

void
write_connection(struct json_writer *w, const connection_record *r, uint64_t revision,
    const struct held *held)
{
	jw_object(w);
	jw_kv_cstr(w, "id", r->id);
	jw_kv_cstr(w, "destination", r->dest);
	jw_kv_cstr(w, "name", r->name);
	jw_kv_cstr(w, "status", connection_status_name(r->status));
	jw_kv_cstr(w, "status_reason", r->status_reason);
	jw_kv_cstr(w, "status_code", r->status_code);
	jw_kv_cstr(w, "repair", repair_name((enum repair)r->repair));
	jw_kv_cstr(w, "team_id", r->team_id);
	jw_kv_cstr(w, "team_name", r->team_name);
	jw_kv_cstr(w, "bot_user_id", r->bot_user_id);
	write_channels(w, r);
	write_schedule(w, r->retry_s, r->n_retry_s);
	jw_kv_int(w, "key_version", vault_sealed_version(r->sealed.data, r->sealed.len));
	write_time(w, "created_at", r->created_ms);
	write_time(w, "updated_at", r->updated_ms);
	write_held(w, held);
	write_revision(w, revision);
	jw_object_end(w);
}

const char *const on_burst_names[3] = {"queue", "digest", "drop-oldest"};

static void
write_quiet_hours(struct json_writer *w, const Carillon__V1__QuietHours *q)
{
	jw_key(w, "quiet_hours");
	if (q == NULL) {
		jw_null(w);
		return;
	}
	jw_object(w);
	jw_kv_cstr(w, "from", q->from);
	jw_kv_cstr(w, "to", q->to);
	jw_kv_cstr(w, "time_zone", q->time_zone);
	jw_kv_cstr(w, "unless_severity", q->unless_severity);
	jw_object_end(w);
}

void
write_rule(
    struct json_writer *w, const rule_record *r, uint64_t revision, const struct held *held)
{
	jw_object(w);
	jw_kv_cstr(w, "id", r->id);
	jw_kv_cstr(w, "name", r->name);
	jw_kv_cstr(w, "event_type", r->event_type);
	jw_kv_cstr(w, "connection", r->connection);
	jw_kv_cstr(w, "channel", r->channel);
	jw_kv_bool(w, "active", r->active);
	jw_kv_cstr(w, "hold_reason", r->hold_reason);
	jw_kv_cstr(w, "hold_code", r->hold_code);
	jw_kv_cstr(w, "repair", repair_name((enum repair)r->repair));
	jw_kv_cstr(w, "on_unknown", r->on_unknown ? "prefer_silence" : "prefer_duplicate");
	jw_kv_cstr(w, "on_message_error", r->on_message_error ? "fail" : "plain_text");
	jw_kv_cstr(w, "thread_key", r->thread_key);
	jw_kv_int(w, "thread_hours", r->thread_hours);
	jw_kv_cstr(w, "update_key", r->update_key);
	jw_kv_cstr(w, "dedupe_key", r->dedupe_key);
	jw_kv_int(w, "dedupe_minutes", r->dedupe_minutes);
	jw_kv_cstr(w, "on_burst",
	    on_burst_names[(size_t)r->on_burst < COUNT_OF(on_burst_names) ? r->on_burst : 0]);
	write_quiet_hours(w, r->quiet_hours);
	write_schedule(w, r->retry_s, r->n_retry_s);
	write_stored(w, "filter", r->filter);
	write_stored(w, "template", r->template_);
	write_time(w, "created_at", r->created_ms);
	write_time(w, "updated_at", r->updated_ms);
	write_held(w, held);
	write_revision(w, revision);
	jw_object_end(w);
}

static void
write_severities(struct json_writer *w, const type_record *r)
{
	jw_key(w, "severity_order");
	jw_array(w);
	for (size_t i = 0; i < r->n_severity_order; i++) {
		const Carillon__V1__SeverityLevel *level = r->severity_order[i];

		jw_object(w);
		jw_kv_cstr(w, "name", level->name);
		jw_key(w, "aliases");
		jw_array(w);
		for (size_t k = 0; k < level->n_aliases; k++)
			jw_cstr(w, level->aliases[k]);
		jw_array_end(w);
		jw_object_end(w);
	}
	jw_array_end(w);
}

void
write_type(struct json_writer *w, const type_record *r, uint64_t revision)
{
	jw_object(w);
	jw_kv_cstr(w, "name", r->name);
	jw_kv_cstr(w, "description", r->description);
	write_stored(w, "schema", r->schema);
	write_stored(w, "sample", r->sample);
	write_severities(w, r);
	write_stored(w, "default_template", r->default_template);
	jw_key(w, "default_rules");
	jw_array(w);
	for (size_t i = 0; i < r->n_default_rules; i++)
		write_rule(w, r->default_rules[i], 0, NULL);
	jw_array_end(w);
	write_revision(w, revision);
	jw_object_end(w);
}

/* --- history --- */

const char *
event_status_name(Carillon__V1__EventStatus s)
{
	switch (s) {
	case CARILLON__V1__EVENT_STATUS__EVENT_STATUS_RECEIVED: return "received";
	case CARILLON__V1__EVENT_STATUS__EVENT_STATUS_FAILED: return "failed";
	default: return "unknown";
	}
}

void
write_event_open(struct json_writer *w, const event_record *r)
{
	jw_object(w);
	jw_kv_cstr(w, "id", r->event_id);
	jw_kv_cstr(w, "type", r->type);
	jw_kv_cstr(w, "resource", r->resource);
	jw_kv_cstr(w, "resource_id", r->resource_id);
	jw_kv_cstr(w, "severity", r->severity);
	jw_kv_cstr(w, "status", event_status_name(r->status));
	jw_kv_cstr(w, "reason", r->reason);
	jw_kv_int(w, "matched", r->matched);
	write_time(w, "time", r->time_ms);
	write_time(w, "received_at", r->received_ms);
	jw_key(w, "sequence");
	jw_uint(w, r->seq);
}

void
write_event(struct json_writer *w, const event_record *r)
{
	write_event_open(w, r);
	jw_object_end(w);
}

enum delivery_state
state_of(const delivery_record *r)
{
	return (enum delivery_state)r->state;
}

static void
write_attempt(struct json_writer *w, const attempt_record *a)
{
	jw_object(w);
	jw_kv_int(w, "number", a->number);
	write_time(w, "started_at", a->started_ms);
	jw_kv_int(w, "duration_ms", a->duration_ms);
	jw_kv_cstr(w, "outcome", outcome_name((enum outcome_code)a->outcome));
	jw_kv_bool(w, "possible_duplicate", a->possible_duplicate);
	jw_kv_bool(w, "ambiguous", a->ambiguous);
	jw_kv_int(w, "http_status", a->http_status);
	jw_kv_cstr(w, "error_code", a->error_code);
	jw_kv_cstr(w, "repair", repair_name((enum repair)a->repair));
	jw_kv_cstr(w, "pointer", a->pointer);
	jw_kv_cstr(w, "slot", a->slot);
	jw_kv_cstr(w, "reason", a->reason);
	jw_kv_cstr(w, "request_id", a->request_id);
	write_bytes(w, "request", a->request);
	write_bytes(w, "response", a->response);
	jw_object_end(w);
}

static void
write_attempts(struct json_writer *w, const delivery_record *r, bool with_attempts)
{
	jw_kv_int(w, "attempt_count", (int64_t)r->n_attempts);
	if (!with_attempts)
		return;
	jw_key(w, "attempts");
	jw_array(w);
	for (size_t i = 0; i < r->n_attempts; i++)
		write_attempt(w, r->attempts[i]);
	jw_array_end(w);
}

void
write_delivery(struct json_writer *w, const delivery_record *r, bool with_attempts)
{
	jw_object(w);
	jw_kv_cstr(w, "event_id", r->event_id);
	jw_kv_cstr(w, "rule", r->rule);
	jw_kv_cstr(w, "connection", r->connection);
	jw_kv_cstr(w, "channel", r->channel);
	jw_kv_cstr(w, "state", delivery_state_name(state_of(r)));
	jw_kv_cstr(w, "reason", r->reason);
	jw_kv_cstr(w, "action", r->action);
	jw_kv_cstr(w, "repair", repair_name((enum repair)r->repair));
	jw_kv_bool(w, "degraded", r->degraded);
	write_time(w, "created_at", r->created_ms);
	write_time(w, "updated_at", r->updated_ms);
	write_time(w, "due_at", r->due_ms);
	jw_kv_cstr(w, "message_id", r->message_id);
	jw_kv_cstr(w, "message_channel", r->message_channel);
	jw_kv_cstr(w, "replay", r->replay);
	jw_kv_int(w, "failures_counted", r->spent); /* by the retry schedule */
	jw_key(w, "sequence");
	jw_uint(w, r->seq);
	write_attempts(w, r, with_attempts);
	jw_object_end(w);
}
