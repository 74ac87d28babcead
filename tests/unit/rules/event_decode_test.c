#include "carillon/rules/event_decode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

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

/* --- what producers get wrong --- */

static struct str
bytes_with(struct arena *a, struct str payload)
{
	event_message ev;

	carillon__v1__event__init(&ev);
	ev.id = (char *)"e1";
	ev.data_case = CARILLON__V1__EVENT__DATA_BINARY_DATA;
	ev.binary_data = (ProtobufCBinaryData){payload.len, (uint8_t *)(uintptr_t)payload.ptr};
	return record_pack(a, &ev);
}

static void
one_wrong_character_in_a_payload_costs_no_event(void **state)
{
	const struct {
		struct str payload;
		enum json_flaw flaw;
	} cases[] = {
	    {STR("{\"severity\":\"critical\",\"title\":\"cut \\ud83d\"}"),
		JSON_FLAW_LONE_SURROGATE},
	    {STR("{\"severity\":\"critical\",\"title\":\"\\udc00\"}"),
		JSON_FLAW_LONE_SURROGATE},
	    {STR("\xef\xbb\xbf{\"severity\":\"critical\"}"), JSON_FLAW_BYTE_ORDER_MARK},
	    {STR("{\"severity\":\"critical\",\"title\":\"Z\xfcrich\"}"), JSON_FLAW_BAD_UTF8},
	    {STR("{\"severity\":\"low\",\"severity\":\"critical\"}"), JSON_FLAW_REPEATED_KEY},
	    {STR("{\"severity\":\"critical\",\"title\":\"a\\u0000\"}"), JSON_FLAW_NUL},
	    {STR("{\"severity\":\"critical\",\"title\":\"a\nb\"}"), JSON_FLAW_CONTROL},
	    {STR("{\"severity\":\"critical\",\"value\":NaN}"), JSON_FLAW_NOT_FINITE},
	};
	struct arena *a = arena_new(0);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct decoded *m = accepted(bytes_with(a, cases[i].payload), NULL, 0);

		assert_non_null(m->event.flaws);
		assert_int_equal(m->event.flaws->count[cases[i].flaw], 1);
		assert_true(
		    str_eq(json_string(m->event.payload, STR("severity")), STR("critical")));
		release(m);
	}
	struct decoded *m = accepted(bytes_with(a, STR("{}")), NULL, 0);
	assert_null(m->event.flaws);
	release(m);
	arena_free(a);
}

static void
a_cloud_event_is_mended_but_never_its_id(void **state)
{
	struct decoded *m =
	    accepted(STR("{\"id\":\"e1\",\"data\":{\"t\":\"cut \\ud83d\"}}"), structured, 1);

	(void)state;
	assert_non_null(m->event.flaws);
	assert_int_equal(m->event.flaws->count[JSON_FLAW_LONE_SURROGATE], 1);
	release(m);
	not_accepted(
	    STR("{\"id\":\"e\\ud83d\",\"data\":{}}"), structured, 1, "its id has a character");
	not_accepted(
	    STR("{\"id\":\"e\xfc\",\"data\":{}}"), structured, 1, "its id has a character");
	not_accepted(
	    STR("{\"id\":\"e\\u0000\",\"data\":{}}"), structured, 1, "its id has a character");
}

/* protobuf-c writes no NUL into a string, so it is put there afterwards. */
static struct str
with_nul(struct arena *a, struct str bytes)
{
	char *copy = ARENA_ARRAY(a, char, bytes.len);

	for (size_t i = 0; i < bytes.len; i++)
		copy[i] = bytes.ptr[i] == '~' ? '\0' : bytes.ptr[i];
	return (struct str){copy, bytes.len};
}

static void
a_nul_in_a_string_is_told_not_cut_at(void **state)
{
	struct arena *a = arena_new(0);
	event_message ev;
	char **const fields[] = {&ev.id, &ev.source, &ev.type, &ev.resource, &ev.resource_id,
	    &ev.thread_key, &ev.text_data};
	static const char *const names[] = {
	    "id", "source", "type", "resource", "resource_id", "thread_key", "text_data"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(fields); i++) {
		carillon__v1__event__init(&ev);
		ev.id = (char *)"e1";
		ev.data_case = CARILLON__V1__EVENT__DATA_TEXT_DATA;
		ev.text_data = (char *)"{}";
		*fields[i] = (char *)"acct~1";
		struct decoded *m = decoded(with_nul(a, record_pack(a, &ev)));
		char expected[80];

		snprintf(expected, sizeof(expected),
		    "the event's %s has the character NUL in it", names[i]);
		assert_true(str_eq(m->failure, str_of(expected)));
		/* Two that were cut must not become one. */
		assert_int_equal(str_eq(m->event.id, STR("e1")), i > 0);
		assert_false(str_eq(m->event.id, STR("acct")));
		release(m);
	}
	refused_with(bytes_with(a, STR("{\"a\":\"\0\"}")), "NUL byte");
	refused_with(bytes_with(a, STR("{}\0")), "NUL byte");
	arena_free(a);
}

static void
a_nul_in_an_attribute_is_told_too(void **state)
{
	/* attributes { key: "subject" value { ce_string: "a\0b" } } and text_data "{}" */
	static const char bytes[] = "\x2a\x10\x0a\x07subject\x12\x05\x1a\x03"
				    "a\0b\x3a\x02{}";

	(void)state;
	refused_with(
	    (struct str){bytes, sizeof(bytes) - 1}, "attributes has the character NUL");
}

static void
a_subject_that_is_no_type_is_told_with_the_events_id(void **state)
{
	struct arena *a = arena_new(0);
	char *longest = ARENA_ARRAY(a, char, 201);
	struct {
		const char *type, *words, *shown;
	} cases[] = {
	    {"com.example/alert", "\"com.example/alert\"", "com.example/alert"},
	    {"aws.s3:ObjectCreated", "letters, digits", "aws.s3:ObjectCreated"},
	    {"alert.\xc3\xbc", "letters, digits", "alert.\xc3\xbc"},
	    {"alert.\xff", "(unreadable)", "(unreadable)"},
	    {"", "names no event type", ""},
	    {"alert..x", "letters, digits", "alert..x"},
	    {longest, "200 bytes; the limit is 128", NULL},
	};

	(void)state;
	memset(longest, 'x', 200);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct event_source from = {.workspace = STR("acme"),
		    .type = str_of(cases[i].type),
		    .bytes = event_bytes(a, "e1", "", "{}")};
		struct arena *body = arena_new(EVENT_MEMORY_MAX);
		struct event ev;
		struct str failure;

		assert_false(event_decode(&ev, &from, a, body, &failure));
		if (!strstr(failure.ptr, cases[i].words))
			fail_msg("%s", failure.ptr);
		assert_true(str_eq(ev.id, STR("e1")));
		if (cases[i].shown)
			assert_true(str_eq(ev.type, str_of(cases[i].shown)));
		assert_true(str_is_text(ev.type) && ev.type.len <= EVENT_TYPE_MAX);
		arena_free(body);
	}
	arena_free(a);
}

/* Whatever bytes a payload is made of: an event, or a reason. Half are JSON that was spoilt. */
static void
any_bytes_are_an_event_or_have_a_reason(void **state)
{
	static const char whole[] =
	    "{\"severity\":\"high\",\"t\":\"caf\xc3\xa9 \\ud83d\\ude00\",\"l\":[1,2.50e3,null],"
	    "\"o\":{\"a\":true,\"b\":\"\\n\"}}";
	uint64_t seed = 7;
	int read = 0, mended = 0, refused = 0;

	(void)state;
	for (int i = 0; i < 40000; i++) {
		struct arena *a = arena_new(0);
		char bytes[sizeof(whole)];
		size_t len = i % 2 ? sizeof(whole) - 1 : (size_t)i % 40;

		memcpy(bytes, whole, sizeof(whole));
		for (size_t k = 0; k < (i % 2 ? 1 + (size_t)i % 3 : len); k++) {
			seed = seed * UINT64_C(6364136223846793005) +
			       UINT64_C(1442695040888963407);
			bytes[i % 2 ? (seed >> 40) % len : k] =
			    (char)(i % 4 == 1 ? ' ' + (seed >> 33) % 95 : seed >> 33);
		}
		struct decoded *m = decoded(bytes_with(a, (struct str){bytes, len}));
		bool is_read = m->failure.len == 0;

		assert_int_equal(is_read, m->event.payload &&
					      m->event.payload->kind == JSON_OBJECT &&
					      m->failure.len == 0);
		assert_true(is_read || str_is_text(m->failure));
		assert_true(id_is_event(m->event.id));
		read += is_read && !m->event.flaws;
		mended += is_read && m->event.flaws;
		refused += !is_read;
		release(m);
		arena_free(a);
	}
	assert_true(read > 1000 && mended > 1000 && refused > 1000);
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
	    cmocka_unit_test(one_wrong_character_in_a_payload_costs_no_event),
	    cmocka_unit_test(a_cloud_event_is_mended_but_never_its_id),
	    cmocka_unit_test(a_nul_in_a_string_is_told_not_cut_at),
	    cmocka_unit_test(a_nul_in_an_attribute_is_told_too),
	    cmocka_unit_test(a_subject_that_is_no_type_is_told_with_the_events_id),
	    cmocka_unit_test(any_bytes_are_an_event_or_have_a_reason),
	    cmocka_unit_test(attributes_count_where_a_field_is_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
