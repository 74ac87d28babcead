#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "carillon/registry/check.h"
#include "carillon/registry/json_read.h"
#include "carillon/registry/registry.h"
#include "unit/base/found.h"
#include "unit/rules/arena_fixture.h"

#include <cmocka.h>

static const struct json *
parsed(const char *text)
{
	const struct json *v;
	struct err e;

	if (!json_parse(arena, str_of(text), JSON_DEPTH_MAX, &v, &e))
		fail_msg("%s: %s", text, e.text);
	return v;
}

/* What is said of an object as a record; "" is nothing. */
static const char *
said(enum state_kind kind, void *record, const char *object)
{
	struct findings *f = found_new(arena, "");
	bool ok = json_read_record(arena, kind, parsed(object), record, f);

	assert_int_equal(ok, f->n == 0);
	return found_text(f);
}

static void
a_rule_takes_what_is_given_and_leaves_the_rest(void **state)
{
	rule_record r = CARILLON__V1__RULE__INIT;

	(void)state;
	assert_string_equal(said(STATE_RULE, &r,
				"{\"name\": \"Loud\", \"thread_key\": \"{{ payload.id }}\","
				"\"on_burst\": \"digest\", \"retry\": [0, 5],"
				"\"filter\": {\"all\": []}, \"quiet_hours\": {\"from\": "
				"\"22:00\"}}"),
	    "");
	assert_string_equal(r.name, "Loud");
	assert_int_equal(r.thread_hours, THREAD_HOURS_USUAL);
	assert_int_equal(r.dedupe_minutes, 0);
	assert_int_equal(r.on_burst, CARILLON__V1__ON_BURST__ON_BURST_DIGEST);
	assert_int_equal(r.n_retry_s, 2);
	assert_string_equal(r.filter, "{\"all\":[]}");
	assert_string_equal(r.quiet_hours->from, "22:00");
	assert_string_equal(said(STATE_RULE, &r,
				"{\"channel\": \"C1\", \"retry\": null, \"filter\": null,"
				"\"quiet_hours\": {\"to\": \"07:00\"}, \"thread_key\": null,"
				"\"dedupe_key\": \"x\", \"on_burst\": null}"),
	    "");
	assert_string_equal(r.name, "Loud");
	assert_string_equal(r.channel, "C1");
	assert_int_equal(r.n_retry_s, 0);
	assert_string_equal(r.filter, "");
	assert_string_equal(r.quiet_hours->from, "22:00");
	assert_string_equal(r.quiet_hours->to, "07:00");
	assert_int_equal(r.thread_hours, 0);
	assert_int_equal(r.dedupe_minutes, DEDUPE_MINUTES_USUAL);
	assert_int_equal(r.on_burst, CARILLON__V1__ON_BURST__ON_BURST_QUEUE);
	assert_string_equal(said(STATE_RULE, &r, "{\"quiet_hours\": null}"), "");
	assert_null(r.quiet_hours);
}

static void
an_unknown_member_is_told_with_the_one_that_was_meant(void **state)
{
	rule_record r = CARILLON__V1__RULE__INIT;
	struct findings *f = found_new(arena, "");

	(void)state;
	assert_false(json_read_record(arena, STATE_RULE,
	    parsed("{\"chanel\": \"C1\", \"quiet_hours\": {\"till\": \"1\", \"form\": 1},"
		   "\"xyzzy\": 1, \"name\": \"kept\"}"),
	    &r, f));
	assert_string_equal(found_text(f),
	    "a rule has no \"chanel\"; did you mean \"channel\"?\n"
	    "\"quiet_hours\" has no \"till\"\n"
	    "\"quiet_hours\" has no \"form\"; did you mean \"from\"?\n"
	    "a rule has no \"xyzzy\"");
	assert_string_equal(f->items[0].pointer.ptr, "/chanel");
	assert_string_equal(f->items[0].suggestion.ptr, "channel");
	assert_int_equal(f->items[0].code, FINDING_UNKNOWN_MEMBER);
	assert_string_equal(f->items[2].pointer.ptr, "/quiet_hours/form");
	assert_string_equal(r.name, "kept");
}

static void
what_the_service_keeps_is_passed_over(void **state)
{
	rule_record r = CARILLON__V1__RULE__INIT;

	(void)state;
	r.created_ms = 5;
	assert_string_equal(
	    said(STATE_RULE, &r,
		"{\"created_at\": \"2026-04-17T16:02:00Z\", \"hold_reason\": \"mine\", "
		"\"revision\": 7, \"held\": {\"count\": 1}, \"hold_code\": 12}"),
	    "");
	assert_int_equal(r.created_ms, 5);
	assert_string_equal(r.hold_reason, "");
}

static void
every_value_of_a_wrong_kind_is_told(void **state)
{
	rule_record r = CARILLON__V1__RULE__INIT;

	(void)state;
	assert_string_equal(
	    said(STATE_RULE, &r,
		"{\"name\": 7, \"active\": \"yes\", \"thread_hours\": \"48\","
		"\"dedupe_minutes\": 1.5, \"retry\": [5, \"soon\"], \"on_unknown\": \"maybe\","
		"\"on_burst\": \"digets\", \"quiet_hours\": []}"),
	    "\"name\" is a number; it must be a string\n"
	    "\"active\" is a string; it must be true or false\n"
	    "\"thread_hours\" is a string; it must be a number\n"
	    "\"dedupe_minutes\" must be a whole number from 0\n"
	    "\"retry\" must be a list of numbers, whole ones from 0\n"
	    "\"on_unknown\" must be prefer_duplicate or prefer_silence\n"
	    "\"on_burst\" must be queue, digest or drop-oldest; did you mean \"digest\"?\n"
	    "\"quiet_hours\" is an array; it must be an object");
	assert_string_equal(
	    said(STATE_RULE, &r, "[]"), "a rule is an array; it must be an object");
	assert_string_equal(
	    said(STATE_RULE, &r, "{\"dedupe_minutes\": -1, \"thread_hours\": 4294967296}"),
	    "\"dedupe_minutes\" must be a whole number from 0\n"
	    "\"thread_hours\" must be a whole number from 0");
}

static void
a_type_says_which_default_rule_is_wrong(void **state)
{
	type_record t = CARILLON__V1__EVENT_TYPE__INIT;
	struct findings *f = found_new(arena, "");

	(void)state;
	assert_false(json_read_record(arena, STATE_TYPE,
	    parsed("{\"name\": \"a.b\", \"severity_order\": [\"low\", {\"name\": \"high\","
		   "\"aliases\": [\"loud\", 1]}, 7], \"default_rules\": [{\"name\": \"one\"},"
		   "{\"quite_hours\": {}, \"event_type\": \"c.d\"}, 1]}"),
	    &t, f));
	assert_string_equal(found_text(f),
	    "\"aliases\" must be a list of strings\n"
	    "a step of \"severity_order\" is a number; it must be an object\n"
	    "default rule 2: a default rule has no \"quite_hours\"; did you mean "
	    "\"quiet_hours\"?\n"
	    "default rule 3: a default rule is a number; it must be an object");
	assert_string_equal(f->items[0].pointer.ptr, "/severity_order/1/aliases");
	assert_string_equal(f->items[2].pointer.ptr, "/default_rules/1/quite_hours");
	assert_int_equal(t.n_severity_order, 3);
	assert_string_equal(t.severity_order[0]->name, "low");
	assert_int_equal(t.n_default_rules, 3);
	assert_string_equal(t.default_rules[0]->event_type, "a.b");
	assert_string_equal(t.default_rules[1]->event_type, "c.d");
}

static void
a_replay_has_times_and_states(void **state)
{
	replay_record r = CARILLON__V1__REPLAY__INIT;

	(void)state;
	assert_string_equal(
	    said(STATE_REPLAY, &r,
		"{\"action\": \"cancel\", \"states\": [\"held\", \"failed\"], \"from\": "
		"\"1970-01-01T00:00:01Z\", \"rate\": 50, \"sent\": 9, \"id\": \"x\"}"),
	    "");
	assert_int_equal(r.action, CARILLON__V1__REPLAY_ACTION__REPLAY_ACTION_CANCEL);
	assert_int_equal(r.n_states, 2);
	assert_int_equal(r.from_ms, 1000);
	assert_int_equal(r.rate, 50);
	assert_int_equal(r.sent, 0);
	assert_string_equal(r.id, "");
	assert_string_equal(said(STATE_REPLAY, &r, "{\"from\": \"yesterday\", \"to\": 5}"),
	    "\"from\" is not a time such as 2026-04-17T16:02:00Z\n"
	    "\"to\" is a number; it must be a string");
}

/* --- events --- */

static const char *
said_of_event(event_message *msg, const char *object)
{
	struct findings *f = found_new(arena, "");
	bool ok;

	carillon__v1__event__init(msg);
	msg->id = (char *)(uintptr_t) "evt_1";
	ok = json_read_event(arena, parsed(object), msg, f);
	ok = check_event(msg, f) && ok;
	assert_int_equal(ok, f->n == 0);
	return found_text(f);
}

static void
an_event_is_as_a_producer_writes_it(void **state)
{
	event_message msg;

	(void)state;
	assert_string_equal(
	    said_of_event(&msg, "{\"type\": \"a.b\", \"resource\": \"alert\", \"id\": \"e1\","
				"\"time\": \"1970-01-01T00:00:01.250Z\","
				"\"payload\": {\"n\": 1.10}}"),
	    "");
	assert_string_equal(msg.type, "a.b");
	assert_string_equal(msg.id, "e1");
	assert_int_equal(msg.time->seconds, 1);
	assert_int_equal(msg.time->nanos, 250000000);
	assert_string_equal(msg.text_data, "{\"n\":1.10}");
	assert_string_equal(said_of_event(&msg, "{\"type\": \"a.b\", \"payload\": {}}"), "");
	assert_string_equal(msg.id, "evt_1");
	assert_null(msg.time);
}

static void
all_that_is_wrong_with_an_event_is_told(void **state)
{
	event_message msg;
	struct buf long_id = {0};

	(void)state;
	assert_string_equal(
	    said_of_event(&msg, "{\"type\": \"a b\", \"paylod\": {}, \"time\": \"now\"}"),
	    "an event has no \"paylod\"; did you mean \"payload\"?\n"
	    "\"time\" is not a time such as 2026-04-17T16:02:00Z\n"
	    "there is no \"payload\"\n"
	    "event type \"a b\": use dot-separated words of letters, digits, \"_\" and \"-\", "
	    "at "
	    "most 128 bytes");
	assert_string_equal(said_of_event(&msg, "{\"payload\": [1], \"severity\": \"high\"}"),
	    "an event has no \"severity\"; put it into \"payload\"\n"
	    "\"payload\" is an array; it must be a JSON object\n"
	    "there is no \"type\"");
	buf_printf(&long_id,
	    "{\"type\": \"a.b\", \"payload\": {}, \"id\": \"\", \"resource_id\": \"%0129d\"}",
	    1);
	assert_string_equal(said_of_event(&msg, long_id.ptr),
	    "the id is not 1 to 128 bytes of printable text\n"
	    "resource and resource_id have at most 128 bytes");
	buf_fini(&long_id);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, finish)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_rule_takes_what_is_given_and_leaves_the_rest),
	    TEST(an_unknown_member_is_told_with_the_one_that_was_meant),
	    TEST(what_the_service_keeps_is_passed_over),
	    TEST(every_value_of_a_wrong_kind_is_told),
	    TEST(a_type_says_which_default_rule_is_wrong),
	    TEST(a_replay_has_times_and_states),
	    TEST(an_event_is_as_a_producer_writes_it),
	    TEST(all_that_is_wrong_with_an_event_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
