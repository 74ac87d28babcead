#include "carillon/rules/event_decode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "carillon/base/id.h"
#include "carillon/base/records.h"

#include <cmocka.h>

static struct str
event_bytes(struct arena *a, const char *id, const char *type, const char *payload)
{
	event_message ev;

	carillon__v1__event__init(&ev);
	ev.id = arena_cstr(a, str_of(id));
	ev.type = arena_cstr(a, str_of(type));
	if (payload != NULL) {
		ev.data_case = CARILLON__V1__EVENT__DATA_TEXT_DATA;
		ev.text_data = arena_cstr(a, str_of(payload));
	}
	return record_pack(a, &ev);
}

struct decoded {
	struct arena *arena, *body;
	struct event event;
	struct str failure;
};

static struct decoded *
decoded_with(struct str bytes, const struct header *headers, size_t n_headers)
{
	struct arena *a = arena_new(0);
	struct decoded *m = ARENA_NEW(a, struct decoded);
	const struct event_source from = {
	    .workspace = STR("acme"),
	    .type = STR("alert.triggered"),
	    .bytes = bytes,
	    .headers = headers,
	    .n_headers = n_headers,
	    .seq = 42,
	    .received_at = {1700000000000},
	};

	*m = (struct decoded){.arena = a, .body = arena_new(EVENT_MEMORY_MAX)};
	(void)event_decode(&m->event, &from, a, m->body, &m->failure);
	return m;
}

static struct decoded *
decoded(struct str bytes)
{
	return decoded_with(bytes, NULL, 0);
}

static void
release(struct decoded *m)
{
	arena_free(m->body);
	arena_free(m->arena);
}

static void
refused_with(struct str bytes, const char *words)
{
	struct decoded *m = decoded(bytes);

	assert_true(m->failure.len > 0);
	if (strstr(m->failure.ptr, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", m->failure.ptr, words);
	assert_true(m->event.id.len > 0);
	release(m);
}

static void
an_event_is_read(void **state)
{
	struct arena *a = arena_new(0);
	struct decoded *m =
	    decoded(event_bytes(a, "e1", "alert.triggered", "{\"value\":1.10}"));

	(void)state;
	assert_int_equal(m->failure.len, 0);
	assert_true(str_eq(m->event.id, STR("e1")));
	assert_true(str_eq(m->event.workspace, STR("acme")));
	assert_true(str_eq(m->event.resource, STR("global")));
	assert_true(str_eq(json_get(m->event.payload, STR("value"))->text, STR("1.10")));
	assert_int_equal(m->event.time.ms, 1700000000000);
	release(m);
	arena_free(a);
}

static void
an_event_without_an_id_gets_the_same_one_each_time(void **state)
{
	struct arena *a = arena_new(0);
	struct str bytes = event_bytes(a, "", "", "{}");
	struct decoded *m = decoded(bytes), *again = decoded(bytes);

	(void)state;
	assert_true(m->event.id.len > 4);
	assert_true(str_eq(m->event.id, again->event.id));
	release(m);
	release(again);
	arena_free(a);
}

static void
what_cannot_be_understood_says_why(void **state)
{
	struct arena *a = arena_new(0);
	char deep[201], *large = malloc(EVENT_BYTES_MAX + 64);

	(void)state;
	memset(deep, '[', 100);
	memset(deep + 100, ']', 100);
	deep[200] = '\0';
	memset(large, 'x', EVENT_BYTES_MAX + 63);
	large[EVENT_BYTES_MAX + 63] = '\0';
	refused_with(STR("\xff\xff\xff"), "not a carillon.v1.Event");
	refused_with(event_bytes(a, "e1", "alert.resolved", "{}"),
	    "was published as \"alert.triggered\"");
	refused_with(event_bytes(a, "e1", "", NULL), "no payload");
	refused_with(event_bytes(a, "e1", "", "[1]"), "must be a JSON object");
	refused_with(event_bytes(a, "e1", "", "{\"a\":}"), "not JSON");
	refused_with(event_bytes(a, "e1", "", deep), "not JSON");
	refused_with(event_bytes(a, "e\x01", "", "{}"), "printable");
	refused_with((struct str){large, EVENT_BYTES_MAX + 63}, "the limit is");
	free(large);
	arena_free(a);
}

/* --- CloudEvents in JSON --- */

#define HEADER(name, value)                      \
	{                                        \
		{name, sizeof(name) - 1},        \
		{                                \
			value, sizeof(value) - 1 \
		}                                \
	}

static struct decoded *
accepted(struct str bytes, const struct header *headers, size_t n)
{
	struct decoded *m = decoded_with(bytes, headers, n);

	if (m->failure.len > 0)
		fail_msg("%.*s", STR_ARG(m->failure));
	return m;
}

static void
not_accepted(struct str bytes, const struct header *headers, size_t n, const char *words)
{
	struct decoded *m = decoded_with(bytes, headers, n);

	assert_true(m->failure.len > 0);
	if (strstr(m->failure.ptr, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", m->failure.ptr, words);
	release(m);
}

static void
binary_mode_takes_attributes_from_headers(void **state)
{
	const struct header headers[] = {
	    HEADER("ce-specversion", "1.0"),
	    HEADER("CE-Id", "order%2F1"),
	    HEADER("ce-type", "alert.triggered"),
	    HEADER("ce-source", "\"/a \\\"b\\\"\""),
	    HEADER("ce-time", "2026-04-17T16:02:00Z"),
	    HEADER("ce-subject", "alrt_1"),
	    HEADER("ce-resource", "alert"),
	    HEADER("ce-threadkey", "Euro%20%E2%82%AC"),
	    HEADER("ce-datacontenttype", "application/json; charset=utf-8"),
	    HEADER("Content-Type", "application/json"),
	    HEADER("ce-somethingelse", "100%"),
	};
	struct decoded *m = accepted(STR("{\"value\":1.10}"), headers, COUNT_OF(headers));

	(void)state;
	assert_true(str_eq(m->event.id, STR("order/1")));
	assert_true(str_eq(m->event.source, STR("/a \"b\"")));
	assert_true(str_eq(m->event.resource, STR("alert")));
	assert_true(str_eq(m->event.resource_id, STR("alrt_1")));
	assert_true(str_eq(m->event.thread_key, STR("Euro \xe2\x82\xac")));
	assert_int_equal(m->event.time.ms, 1776441720000);
	assert_true(str_eq(m->event.payload_text, STR("{\"value\":1.10}")));
	release(m);
}

static const struct header structured[] = {
    HEADER("content-type", "Application/CloudEvents+JSON; charset=UTF-8")};

static void
structured_mode_is_one_json_object(void **state)
{
	struct decoded *m = accepted(
	    STR("{\"specversion\":\"1.0\",\"id\":\"e1\",\"source\":\"/shop\",\"type\":"
		"\"alert.triggered\",\"subject\":\"s\",\"resourceid\":\"r\",\"sequence\":7,"
		"\"time\":\"2026-04-17T16:02:00Z\",\"data\":{\"value\":1.10,\"n\":"
		"12345678901234567890}}"),
	    structured, 1);

	(void)state;
	assert_true(str_eq(m->event.id, STR("e1")));
	assert_true(str_eq(m->event.resource_id, STR("s"))); /* the first that is set */
	assert_true(str_eq(json_get(m->event.payload, STR("value"))->text, STR("1.10")));
	assert_true(
	    str_eq(json_get(m->event.payload, STR("n"))->text, STR("12345678901234567890")));
	assert_int_equal(m->event.time.ms, 1776441720000);
	release(m);
	m = accepted(STR("{\"type\":\"alert.triggered\",\"data_base64\":\"eyJhIjoxfQ==\"}"),
	    structured, 1);
	assert_true(str_eq(m->event.payload_text, STR("{\"a\":1}")));
	release(m);
}

static void
cloud_events_pass_the_same_checks(void **state)
{
	const struct header other_type[] = {HEADER("ce-id", "e1"), HEADER("ce-type", "a.b")};
	const struct header bad_time[] = {HEADER("ce-time", "yesterday")};
	const struct header bad_text[] = {HEADER("ce-id", "%C0%A0")};
	const struct header bad_id[] = {HEADER("ce-id", "a%01")};
	const struct header no_json[] = {HEADER("ce-datacontenttype", "text/xml")};
	const struct header version[] = {HEADER("ce-specversion", "0.3")};
	const struct header batch[] = {
	    HEADER("content-type", "application/cloudevents-batch+json")};

	(void)state;
	not_accepted(STR("{}"), other_type, 2, "was published as \"alert.triggered\"");
	not_accepted(STR("{}"), bad_time, 1, "its time is not one such as");
	not_accepted(STR("{}"), bad_text, 1, "not UTF-8");
	not_accepted(STR("{}"), bad_id, 1, "printable");
	not_accepted(STR("{}"), no_json, 1, "its datacontenttype is text/xml");
	not_accepted(STR("{}"), version, 1, "version is 0.3");
	not_accepted(STR("[]"), batch, 1, "publish each event by itself");
	not_accepted(STR("[1]"), other_type, 1, "must be a JSON object");
	not_accepted(STR(""), other_type, 1, "no payload");
	not_accepted(STR("{\"data\":7}"), structured, 1, "must be a JSON object");
	not_accepted(STR("{\"id\":\"e\"}"), structured, 1, "no payload");
	not_accepted(STR("[]"), structured, 1, "a CloudEvent is a JSON object");
	not_accepted(STR("{\"a\""), structured, 1, "the event is not JSON");
	not_accepted(STR("{\"data_base64\":\"?\"}"), structured, 1, "is not base64");
}

static void
json_alone_says_what_to_set(void **state)
{
	const struct header json[] = {HEADER("Content-Type", "application/json")};

	(void)state;
	refused_with(STR("{\"severity\":\"high\"}"), "set the headers ce-specversion, ce-id");
	refused_with(
	    STR(" \n{\"severity\":\"high\"}"), "content-type: application/cloudevents+json");
	refused_with(STR("\xef\xbb\xbf{}"), "or publish a carillon.v1.Event");
	not_accepted(STR("{}"), json, 1, "set the headers ce-specversion");
}

static void
an_events_own_bytes_are_kept_and_a_cloud_event_becomes_one(void **state)
{
	struct arena *a = arena_new(0);
	struct str own = event_bytes(a, "e1", "alert.triggered", "{}");
	const struct header headers[] = {
	    HEADER("ce-id", "e2"), HEADER("ce-type", "alert.triggered")};
	struct event_source from = {.bytes = own};

	(void)state;
	assert_true(str_eq(event_as_protobuf(&from, a), own));
	from = (struct event_source){
	    .bytes = STR("{\"a\":1}"), .headers = headers, .n_headers = 2};
	struct decoded *m = accepted(event_as_protobuf(&from, a), NULL, 0);
	assert_true(str_eq(m->event.id, STR("e2")));
	assert_true(str_eq(m->event.payload_text, STR("{\"a\":1}")));
	release(m);
	arena_free(a);
}

/* What an SDK puts among the attributes, because CloudEvents has no fields for it. */
static void
attributes_count_where_a_field_is_empty(void **state)
{
	struct arena *a = arena_new(0);
	event_message ev;
	Carillon__V1__Event__AttributesEntry subject, *entries[] = {&subject};
	Carillon__V1__AttributeValue value;

	(void)state;
	carillon__v1__event__init(&ev);
	carillon__v1__event__attributes_entry__init(&subject);
	carillon__v1__attribute_value__init(&value);
	value.attr_case = CARILLON__V1__ATTRIBUTE_VALUE__ATTR_CE_STRING;
	value.ce_string = "alrt_1";
	subject.key = "subject";
	subject.value = &value;
	ev.attributes = entries;
	ev.n_attributes = 1;
	ev.data_case = CARILLON__V1__EVENT__DATA_TEXT_DATA;
	ev.text_data = "{}";
	struct decoded *m = accepted(record_pack(a, &ev), NULL, 0);
	assert_true(str_eq(m->event.resource_id, STR("alrt_1")));
	release(m);
	ev.resource_id = "own";
	m = accepted(record_pack(a, &ev), NULL, 0);
	assert_true(str_eq(m->event.resource_id, STR("own")));
	release(m);
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_event_is_read),
	    cmocka_unit_test(an_event_without_an_id_gets_the_same_one_each_time),
	    cmocka_unit_test(what_cannot_be_understood_says_why),
	    cmocka_unit_test(binary_mode_takes_attributes_from_headers),
	    cmocka_unit_test(structured_mode_is_one_json_object),
	    cmocka_unit_test(cloud_events_pass_the_same_checks),
	    cmocka_unit_test(json_alone_says_what_to_set),
	    cmocka_unit_test(an_events_own_bytes_are_kept_and_a_cloud_event_becomes_one),
	    cmocka_unit_test(attributes_count_where_a_field_is_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
