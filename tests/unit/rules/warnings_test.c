#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "carillon/rules/warnings.h"

#include "unit/rules/arena_fixture.h"

#include <cmocka.h>

static void
add(struct warnings *ws, struct warning w)
{
	warnings_add(ws, arena, &w);
}

static void
the_same_is_warned_of_once_and_no_more_than_are_kept(void **state)
{
	struct warnings ws = {0};

	(void)state;
	for (int i = 0; i < 3; i++)
		add(&ws, (struct warning){WARNING_MISSING, STR("body"), STR("payload.x")});
	assert_int_equal(ws.n, 1);
	add(&ws, (struct warning){WARNING_MISSING, STR("body"), STR("payload.y")});
	add(&ws, (struct warning){WARNING_MISSING, STR("header"), STR("payload.x")});
	assert_int_equal(ws.n, 3);
	for (size_t i = 1; i <= 2 * WARNINGS_MAX; i++)
		add(&ws, (struct warning){WARNING_CUT, STR("body"), .max = i});
	assert_int_equal(ws.n, WARNINGS_MAX);
}

static void
they_are_written_without_what_they_do_not_have(void **state)
{
	struct warnings ws = {0};
	struct json_writer w;
	struct buf out = {0};

	(void)state;
	add(&ws, (struct warning){WARNING_CUT, STR("header"), .length = 300, .max = 150});
	add(&ws, (struct warning){WARNING_MISSING, STR("body"), STR("payload.x")});
	add(&ws, (struct warning){WARNING_BAD_COLOR, STR("color")});
	jw_init(&w, &out);
	warnings_write(&w, &ws);
	assert_string_equal(out.ptr,
	    "[{\"code\":\"cut\",\"slot\":\"header\",\"length\":300,\"max\":150,"
	    "\"sentence\":\"header: cut to 150 characters\"},"
	    "{\"code\":\"missing\",\"slot\":\"body\",\"path\":\"payload.x\","
	    "\"sentence\":\"body: payload.x is not in this event\"},"
	    "{\"code\":\"bad_color\",\"slot\":\"color\","
	    "\"sentence\":\"color: must be #rrggbb, good, warning or danger\"}]");
	buf_fini(&out);
}

static void
every_code_has_a_sentence(void **state)
{
	(void)state;
	for (enum warning_code code = 0; code < WARNING_CODES; code++) {
		struct warning w = {code, STR("body"), STR("payload.x"), .max = 3};

		assert_true(warning_sentence(&w, arena).len > strlen("body: "));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, finish)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_same_is_warned_of_once_and_no_more_than_are_kept),
	    TEST(they_are_written_without_what_they_do_not_have),
	    TEST(every_code_has_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
