#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "carillon/base/buf.h"
#include "rules/path.h"
#include "unit/rules/filter_fixture.h"

#include <cmocka.h>

/* Every path of up to five of these characters, and many of six. */
static void
a_path_finds_what_json_path_finds_and_more(void **state)
{
	const char alphabet[] = "ab01.[]";
	struct arena *a = arena_new(0);
	struct event ev =
	    event_with(a, "{\"a\":[5,{\"b\":6,\"0\":7},[8,[9]]],\"b\":{\"a\":{\"1\":1},\"0\":2,"
			  "\"01\":3},\"0\":{\"a\":4},\"ab\":[[]],\"a]\":11,\"]\":12}");
	int found = 0, refused = 0;

	(void)state;
	for (int n = 0; n < 8 * 8 * 8 * 8 * 8 * 3; n++) {
		char text[8];
		size_t len = 0;
		struct path p;
		struct err e;

		for (int rest = n; rest % 8 > 0; rest /= 8)
			text[len++] = alphabet[rest % 8 - 1];
		struct str path = {text, len};
		const struct json *expected = json_path(ev.payload, path);
		if (!path_parse(a, path, &p, &e)) {
			refused++;
			continue;
		}
		struct path_scratch scratch;
		const struct json *got = path_find(&p, ev.payload, &scratch);
		if (expected && got != expected)
			fail_msg("%.*s", STR_ARG(path));
		found += expected != NULL;
	}
	assert_true(found > 20 && refused > 1000);
	arena_free(a);
}

/* Written alike for filters and templates: tests/unit/rules/filter_cases.def has the answers.
 */
static void
what_is_no_path_is_refused(void **state)
{
	static const char *const wrong[] = {"", ".", "a.", ".a", "a..b", "a[", "a[]", "a[x]",
	    "a[0", "a[0]b", "a[1.5]", "a[\"b]", "a[\"b\"", "a['b\"]", "a[99999999999]"};
	static const char *const right[] = {
	    "a", "a b", "a[0]", "[0]", "['a']", "a[-1].b", "a[ 0 ]", "a[\"]\"]", "ü.é", "a]"};
	struct arena *a = arena_new(0);
	struct path p;
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		if (path_parse(a, str_of(wrong[i]), &p, &e))
			fail_msg("%s was accepted", wrong[i]);
	for (size_t i = 0; i < COUNT_OF(right); i++)
		if (!path_parse(a, str_of(right[i]), &p, &e))
			fail_msg("%s was refused", right[i]);
	arena_free(a);
}

static void
a_path_has_no_more_levels_than_a_payload(void **state)
{
	struct arena *a = arena_new(0);
	struct buf b = {0};
	struct path p;
	struct err e;

	(void)state;
	for (int i = 0; i < 33; i++)
		buf_printf(&b, "%sx", i ? "." : "");
	assert_false(path_parse(a, buf_view(&b), &p, &e));
	assert_string_equal(e.text, "more than 32 levels");
	b.len -= 2;
	assert_true(path_parse(a, buf_view(&b), &p, &e));
	buf_fini(&b);
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_path_finds_what_json_path_finds_and_more),
	    cmocka_unit_test(what_is_no_path_is_refused),
	    cmocka_unit_test(a_path_has_no_more_levels_than_a_payload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
