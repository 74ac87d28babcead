#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "carillon/base/tame.h"

#include <cmocka.h>

static void
assert_tame(struct str wild, const char *expected)
{
	struct buf out = {0};

	tame_put(&out, wild);
	buf_putc(&out, '\0');
	assert_string_equal(out.ptr, expected);
	buf_fini(&out);
}

static void
what_people_write_stays_as_it_is(void **state)
{
	(void)state;
	assert_tame(STR("Acme Inc. \u00e9\u4e2d\U0001f514 (100 %)"),
	    "Acme Inc. \u00e9\u4e2d\U0001f514 (100 %)");
	/* Neighbours of what turns the direction. */
	assert_tame(STR("\u061b\u200d\u2010\u2027\u202f\u2065\u206a"),
	    "\u061b\u200d\u2010\u2027\u202f\u2065\u206a");
	assert_tame(STR(""), "");
}

static void
no_character_moves_the_cursor(void **state)
{
	(void)state;
	assert_tame(STR("a\033[2Jb\r\nc\td\x7f"), "a [2Jb  c d ");
	assert_tame(STR("a\xc2\x85\xc2\x9b"
			"b"),
	    "a  b");
}

static void
no_character_turns_the_direction_or_ends_the_line(void **state)
{
	(void)state;
	assert_tame(STR("gpj.\u202eexe"), "gpj.\ufffdexe");
	assert_tame(STR("\u061c\u200e\u200f\u202a\u202d\u2066\u2069\u2028\u2029\ufeff"),
	    "\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd");
}

static void
what_is_no_utf8_is_marked(void **state)
{
	(void)state;
	assert_tame(STR("caf\xe9!"), "caf\ufffd!");
	assert_tame(STR("\xe2\x80"), "\ufffd\ufffd");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_people_write_stays_as_it_is),
	    cmocka_unit_test(no_character_moves_the_cursor),
	    cmocka_unit_test(no_character_turns_the_direction_or_ends_the_line),
	    cmocka_unit_test(what_is_no_utf8_is_marked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
