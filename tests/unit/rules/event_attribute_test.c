#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "rules/event_attribute.h"
#include "unit/rules/filter_fixture.h"

#include <cmocka.h>

static const struct json *
attribute(const struct event *ev, const char *name, struct json *scratch)
{
	return event_attribute_get(ev, event_attribute_of(str_of(name)), scratch);
}

static void
attributes_of_the_event_read_as_text(void **state)
{
	struct arena *a = arena_new(0);
	struct event ev = event_with(a, "{\"event\":{\"id\":\"fooled\"},\"id\":\"p\"}");
	struct json scratch;
	const struct json *v = attribute(&ev, "id", &scratch);

	(void)state;
	assert_non_null(v);
	assert_int_equal(v->kind, JSON_STRING);
	assert_true(str_eq(v->text, STR("evt_1")));
	v = attribute(&ev, "type", &scratch);
	assert_true(v && str_eq(v->text, STR("alert.triggered")));
	v = attribute(&ev, "resource_id", &scratch);
	assert_true(v && str_eq(v->text, STR("alrt_tyrion_42")));
	arena_free(a);
}

static void
an_attribute_that_was_not_given_or_does_not_exist_is_missing(void **state)
{
	struct arena *a = arena_new(0);
	struct event ev = event_with(a, "{\"event\":{\"nope\":1}}");
	struct json scratch;

	(void)state;
	assert_null(attribute(&ev, "source", &scratch));
	assert_null(attribute(&ev, "nope", &scratch));
	assert_null(attribute(&ev, "", &scratch));
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(attributes_of_the_event_read_as_text),
	    cmocka_unit_test(an_attribute_that_was_not_given_or_does_not_exist_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
