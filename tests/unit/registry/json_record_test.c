/* How records read as JSON, letter for letter: programs of others hold on to these names. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "carillon/registry/json_write.h"
#include "carillon/registry/replays.h"

#include <cmocka.h>

#define TEXT(s) ((char *)(uintptr_t)(s))

static const int64_t AT = 1776441720000;

struct written {
	struct buf out;
	struct json_writer w;
};

static void
begin(struct written *x)
{
	*x = (struct written){0};
	jw_init(&x->w, &x->out);
}

static void
reads(struct written *x, const char *expected)
{
	assert_string_equal(x->out.ptr, expected);
	buf_fini(&x->out);
}

static void
a_workspace(void **state)
{
	workspace_record r = CARILLON__V1__WORKSPACE__INIT;
	struct held held = {.count = 2, .oldest_ms = AT};
	struct written x;

	(void)state;
	r.id = r.name = TEXT("acme");
	r.created_ms = AT;
	begin(&x);
	json_write_workspace(&x.w, &r, 3, &held);
	reads(&x, "{\"id\":\"acme\",\"name\":\"acme\",\"paused\":false,\"created_at\":"
		  "\"2026-04-17T16:02:00.000Z\",\"held\":{\"count\":2,\"oldest_at\":"
		  "\"2026-04-17T16:02:00.000Z\"},\"revision\":3}");
	held = (struct held){.count = 2,
	    .is_released = true,
	    .dropped = 1,
	    .still_held = 3,
	    .why = STR("paused")};
	begin(&x);
	json_write_workspace(&x.w, &r, 3, &held);
	reads(&x, "{\"id\":\"acme\",\"name\":\"acme\",\"paused\":false,\"created_at\":"
		  "\"2026-04-17T16:02:00.000Z\",\"released\":{\"count\":2,\"oldest_at\":null,"
		  "\"dropped\":1,\"still_held\":3,"
		  "\"still_held_because\":\"paused\"},\"revision\":3}");
}

static void
a_connection_without_its_credential(void **state)
{
	static uint8_t sealed[] = "anything";
	Carillon__V1__Channel channel = CARILLON__V1__CHANNEL__INIT, *channels[] = {&channel};
	connection_record r = CARILLON__V1__CONNECTION__INIT;
	uint32_t retry[] = {0, 5};
	struct written x;

	(void)state;
	r.id = TEXT("c1");
	r.dest = TEXT("slack");
	r.status = CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_NEEDS_RECONNECT;
	r.status_code = TEXT("token_revoked");
	r.repair = CARILLON__V1__REPAIR__REPAIR_RECONNECT;
	r.sealed = (ProtobufCBinaryData){sizeof(sealed), sealed};
	channel.id = TEXT("C1");
	r.channels = channels;
	r.n_channels = 1;
	r.retry_s = retry;
	r.n_retry_s = 2;
	begin(&x);
	json_write_connection(&x.w, &r, 7, NULL);
	reads(&x,
	    "{\"id\":\"c1\",\"destination\":\"slack\",\"name\":\"\",\"url\":\"\",\"status\":"
	    "\"needs_reconnect\",\"status_reason\":\"\",\"status_code\":\"token_revoked\","
	    "\"repair\":\"reconnect\",\"team_id\":\"\",\"team_name\":\"\",\"bot_user_id\":\"\","
	    "\"scopes\":\"\",\"granted_channel\":null,\"expires_at\":null,"
	    "\"channels\":[{"
	    "\"id\":\"C1\",\"name\":\"\"}],\"retry\":[0,5],\"key_version\":0,"
	    "\"created_at\":null,\"updated_at\":null,\"revision\":7}");
}

static void
a_rule(void **state)
{
	Carillon__V1__QuietHours quiet = CARILLON__V1__QUIET_HOURS__INIT;
	rule_record r = CARILLON__V1__RULE__INIT;
	struct written x;

	(void)state;
	r.id = TEXT("r1");
	r.filter = TEXT("{\"n\": 1.10}");
	r.template_ = TEXT("{not json");
	r.on_burst = CARILLON__V1__ON_BURST__ON_BURST_DROP_OLDEST;
	r.on_unknown = CARILLON__V1__ON_UNKNOWN__ON_UNKNOWN_PREFER_SILENCE;
	r.quiet_hours = &quiet;
	quiet.from = TEXT("22:00");
	begin(&x);
	json_write_rule(&x.w, &r, 0, NULL);
	reads(&x, "{\"id\":\"r1\",\"name\":\"\",\"event_type\":\"\",\"connection\":\"\","
		  "\"channel\":\"\",\"active\":false,\"hold_reason\":\"\",\"hold_code\":\"\","
		  "\"repair\":\"\",\"on_unknown\":\"prefer_silence\",\"on_message_error\":"
		  "\"plain_text\","
		  "\"thread_key\":\"\",\"thread_hours\":0,\"update_key\":\"\",\"dedupe_key\":"
		  "\"\",\"dedupe_minutes\":0,\"on_burst\":\"drop-oldest\",\"quiet_hours\":{"
		  "\"from\":\"22:00\",\"to\":\"\",\"time_zone\":\"\",\"unless_severity\":\"\"},"
		  "\"retry\":[],\"filter\":{\"n\":1.10},\"template\":\"{not json\","
		  "\"created_at\":null,\"updated_at\":null,\"revision\":0}");
}

static void
a_type(void **state)
{
	Carillon__V1__SeverityLevel level = CARILLON__V1__SEVERITY_LEVEL__INIT,
				    *levels[] = {&level};
	type_record t = CARILLON__V1__EVENT_TYPE__INIT;
	char *aliases[] = {TEXT("high")};
	struct written x;

	(void)state;
	t.name = TEXT("a.b");
	level.name = TEXT("sev1");
	level.aliases = aliases;
	level.n_aliases = 1;
	t.severity_order = levels;
	t.n_severity_order = 1;
	begin(&x);
	json_write_type(&x.w, &t, 4);
	reads(&x, "{\"name\":\"a.b\",\"description\":\"\",\"schema\":null,\"sample\":null,"
		  "\"severity_order\":[{\"name\":\"sev1\",\"aliases\":[\"high\"]}],"
		  "\"default_template\":null,\"default_rules\":[],\"revision\":4}");
}

static void
a_replay(void **state)
{
	replay_record r = CARILLON__V1__REPLAY__INIT;
	struct replay_outcome outcome = {.of[DELIVERY_DELIVERED] = 2, .of[DELIVERY_FAILED] = 1};
	char *states[] = {TEXT("failed")};
	struct written x;

	(void)state;
	r.id = TEXT("rep_1");
	r.status = (Carillon__V1__ReplayStatus)99; /* of a newer version */
	r.states = states;
	r.n_states = 1;
	r.to_seq = UINT64_MAX;
	r.by = TEXT("cli:tyrion");
	begin(&x);
	replay_write(&x.w, &r, 5, &outcome);
	reads(&x,
	    "{\"id\":\"rep_1\",\"action\":\"send\",\"status\":\"unknown\",\"event_id\":\"\","
	    "\"rule\":\"\",\"connection\":\"\",\"states\":[\"failed\"],\"from\":null,"
	    "\"to\":null,\"again\":false,\"todays_rules\":false,\"rate\":0,\"position\":0,"
	    "\"last_sequence\":18446744073709551615,\"selected\":0,\"sent\":0,"
	    "\"skipped\":0,\"gone\":0,\"created_at\":null,\"updated_at\":null,\"by\":\"cli:"
	    "tyrion\","
	    "\"revision\":5,\"outcome\":{\"delivered\":2,\"failed\":1}}");
}

static void
an_event(void **state)
{
	event_record r = CARILLON__V1__EVENT_RECORD__INIT;
	struct written x;

	(void)state;
	r.event_id = TEXT("evt_1");
	r.type = TEXT("a.b");
	r.status = CARILLON__V1__EVENT_STATUS__EVENT_STATUS_FAILED;
	r.matched = 2;
	r.received_ms = AT;
	r.seq = 11;
	begin(&x);
	json_write_event_open(&x.w, &r);
	jw_object_end(&x.w);
	reads(&x, "{\"id\":\"evt_1\",\"type\":\"a.b\",\"resource\":\"\",\"resource_id\":\"\","
		  "\"severity\":\"\",\"status\":\"failed\",\"reason\":\"\",\"matched\":2,"
		  "\"time\":null,\"received_at\":\"2026-04-17T16:02:00.000Z\",\"sequence\":11,"
		  "\"warnings\":[]}");
}

static void
a_delivery_and_its_attempts(void **state)
{
	static uint8_t body[] = "a\"b\xff";
	attempt_record attempt = CARILLON__V1__ATTEMPT__INIT, *attempts[] = {&attempt};
	delivery_record r = CARILLON__V1__DELIVERY_RECORD__INIT;
	static const char known[] =
	    "{\"event_id\":\"evt_1\",\"rule\":\"r1\",\"connection\":\"\",\"channel\":\"\","
	    "\"state\":\"held\",\"reason\":\"\",\"action\":\"\",\"repair\":\"reconnect\","
	    "\"degraded\":true,"
	    "\"created_at\":null,\"updated_at\":null,\"due_at\":null,\"message_id\":\"\","
	    "\"message_channel\":\"\",\"replay\":\"\",\"failures_counted\":1,\"sequence\":11,"
	    "\"shown_by\":0,\"repeats\":0,"
	    "\"attempt_count\":1";
	struct buf expected = {0};
	struct written x;

	(void)state;
	r.event_id = TEXT("evt_1");
	r.rule = TEXT("r1");
	r.state = CARILLON__V1__DELIVERY_STATE__DELIVERY_STATE_HELD;
	r.repair = CARILLON__V1__REPAIR__REPAIR_RECONNECT;
	r.degraded = true;
	r.spent = 1;
	r.seq = 11;
	r.attempts = attempts;
	r.n_attempts = 1;
	attempt.number = 1;
	attempt.outcome = CARILLON__V1__OUTCOME_CODE__OUTCOME_CODE_AUTH_FAILED;
	attempt.http_status = 200;
	attempt.error_code = TEXT("token_revoked");
	attempt.repair = CARILLON__V1__REPAIR__REPAIR_EDIT_MESSAGE;
	attempt.pointer = TEXT("/blocks/0");
	attempt.slot = TEXT("header");
	attempt.request = (ProtobufCBinaryData){4, body};
	begin(&x);
	json_write_delivery(&x.w, &r, false);
	buf_printf(&expected, "%s}", known);
	reads(&x, expected.ptr);
	buf_clear(&expected);
	begin(&x);
	json_write_delivery(&x.w, &r, true);
	buf_printf(&expected,
	    "%s,\"attempts\":[{\"number\":1,\"started_at\":null,\"duration_ms\":0,\"outcome\":"
	    "\"auth_failed\",\"possible_duplicate\":false,\"ambiguous\":false,\"http_status\":"
	    "200,\"error_code\":\"token_revoked\",\"repair\":\"edit_message\",\"pointer\":\"/"
	    "blocks/0\",\"slot\":\"header\",\"reason\":\"\",\"request_id\":\"\","
	    "\"request\":\"a\\\"b\\ufffd\",\"response\":\"\"}]}",
	    known);
	reads(&x, expected.ptr);
	buf_fini(&expected);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_workspace),
	    cmocka_unit_test(a_connection_without_its_credential),
	    cmocka_unit_test(a_rule),
	    cmocka_unit_test(a_type),
	    cmocka_unit_test(a_replay),
	    cmocka_unit_test(an_event),
	    cmocka_unit_test(a_delivery_and_its_attempts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
