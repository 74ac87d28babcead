#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "rules/event_attribute.h"
#include "unit/rules/filter_fixture.h"

#include <cmocka.h>

static void
assert_attribute(const struct event *ev, const char *name, const char *text)
{
	char time[CLOCK_TEXT_MAX];
	struct str got = event_attribute_text(
	    ev, (enum event_attribute)event_attribute_of(str_of(name)), STR("high"), time);

	if (!str_eq(got, str_of(text)))
		fail_msg("%s is \"%.*s\"", name, STR_ARG(got));
}

static void
attributes_of_the_event_read_as_text(void **state)
{
	struct arena *a = arena_new(0);
	struct event ev = event_with(a, "{\"event\":{\"id\":\"fooled\"},\"id\":\"p\"}");

	(void)state;
	ev.time = (wall_t){1776441720000};
	assert_attribute(&ev, "id", "evt_1");
	assert_attribute(&ev, "type", "alert.triggered");
	assert_attribute(&ev, "resource_id", "alrt_tyrion_42");
	assert_attribute(&ev, "workspace", "acme");
	assert_attribute(&ev, "severity", "high");
	assert_attribute(&ev, "time", "2026-04-17T16:02:00Z");
	ev.time.ms += 5;
	assert_attribute(&ev, "time", "2026-04-17T16:02:00.005Z");
	arena_free(a);
}

static void
an_attribute_that_was_not_given_or_does_not_exist_is_missing(void **state)
{
	struct arena *a = arena_new(0);
	struct event ev = event_with(a, "{\"event\":{\"nope\":1}}");

	(void)state;
	assert_attribute(&ev, "source", "");
	assert_attribute(&ev, "nope", "");
	assert_attribute(&ev, "", "");
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
