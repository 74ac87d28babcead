#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "carillon/base/suggest.h"

#include <cmocka.h>

static void
assert_nearest(const char *word, const char *expected)
{
	const struct str words[] = {
	    STR("starts_with"), STR("exists"), STR("gte"), STR("gt"), STR("contains")};
	struct str got = str_nearest(str_of(word), words, COUNT_OF(words));

	if (!str_eq(got, str_of(expected)))
		fail_msg("%s: got \"%.*s\", expected \"%s\"", word, STR_ARG(got), expected);
}

static void
a_slip_of_the_keyboard_finds_its_word(void **state)
{
	(void)state;
	assert_nearest("start_with", "starts_with");
	assert_nearest("strats_with", "starts_with");
	assert_nearest("Exists", "exists");
	assert_nearest("exsits", "exists");
	assert_nearest("get", "gte");
	assert_nearest("contans", "contains");
}

static void
a_word_that_is_far_from_all_finds_none(void **state)
{
	(void)state;
	assert_nearest("zebra", "");
	assert_nearest("", "");
	assert_nearest("x", "");
}

static void
a_very_long_word_finds_none(void **state)
{
	char word[1000];

	(void)state;
	memset(word, 'g', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	assert_nearest(word, "");
	word[64] = '\0';
	assert_nearest(word, "");
}

static void
the_nearer_of_two_wins(void **state)
{
	(void)state;
	assert_nearest("gt", "gt");
	assert_nearest("gte", "gte");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_slip_of_the_keyboard_finds_its_word),
	    cmocka_unit_test(a_word_that_is_far_from_all_finds_none),
	    cmocka_unit_test(a_very_long_word_finds_none),
	    cmocka_unit_test(the_nearer_of_two_wins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
