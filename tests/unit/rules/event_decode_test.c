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
decoded(struct str bytes)
{
	struct arena *a = arena_new(0);
	struct decoded *m = ARENA_NEW(a, struct decoded);
	const struct event_source from = {
	    .workspace = STR("acme"),
	    .type = STR("alert.triggered"),
	    .bytes = bytes,
	    .seq = 42,
	    .received_at = {1700000000000},
	};

	*m = (struct decoded){.arena = a, .body = arena_new(EVENT_MEMORY_MAX)};
	(void)event_decode(&m->event, &from, a, m->body, &m->failure);
	return m;
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_event_is_read),
	    cmocka_unit_test(an_event_without_an_id_gets_the_same_one_each_time),
	    cmocka_unit_test(what_cannot_be_understood_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
