#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "base/utf8.h"
#include "carillon/base/base.h"
#include "carillon/base/list.h"
#include "unit/base/testing.h"

#include <cmocka.h>
#undef fail /* ours is tested here */

static void
fail_fills_the_error_and_is_false(void **state)
{
	struct err e = {0};

	(void)state;
	assert_false(fail(&e, ERR_FULL, "queue %s: %d entries", "a", 7));
	assert_int_equal(e.kind, ERR_FULL);
	assert_string_equal(e.text, "queue a: 7 entries");
	assert_false(fail(NULL, ERR_FULL, "nobody listens"));
}

static void
fail_may_quote_the_error_it_replaces(void **state)
{
	struct err e = {.text = "first"};

	(void)state;
	assert_false(fail(&e, ERR_INPUT, "second after %s", e.text));
	assert_string_equal(e.text, "second after first");
}

static void
fail_within_keeps_the_kind(void **state)
{
	struct err e = {ERR_DENIED, "token refused"};

	(void)state;
	assert_false(fail_within(&e, "connection %s", "c1"));
	assert_int_equal(e.kind, ERR_DENIED);
	assert_string_equal(e.text, "connection c1: token refused");
	assert_false(fail_within(NULL, "nobody"));
}

static void
a_long_error_is_cut_between_characters(void **state)
{
	struct err e = {0};
	char text[1001];

	(void)state;
	for (size_t i = 0; i < 1000; i += 2)
		memcpy(text + i, "\u00e9", 2);
	text[1000] = '\0';
	assert_false(fail(&e, ERR_INPUT, "%s", text));
	assert_int_equal(strlen(e.text), sizeof e.text - 2); /* an odd byte has no use */
	assert_false(fail_within(&e, "%s", text));
	assert_int_equal(strlen(e.text), sizeof e.text - 2);
	assert_true(str_is_text(str_of(e.text)));
}

static void
strings_compare_as_bytes_and_prefixes_are_less(void **state)
{
	struct str none = {NULL, 0};

	(void)state;
	assert_true(str_eq(none, STR("")));
	assert_false(str_eq(STR("a"), none));
	assert_int_equal(str_cmp(none, STR("")), 0);
	assert_true(str_cmp(STR("a"), STR("ab")) < 0);
	assert_true(str_cmp(STR("b"), STR("ab")) > 0);
	assert_true(str_cmp(STR("\xff"), STR("a")) > 0);
	assert_true(str_starts_with(STR("abc"), STR("ab")));
	assert_true(str_starts_with(none, none));
	assert_false(str_starts_with(STR("ab"), STR("abc")));
	assert_false(str_starts_with(STR("abc"), STR("ac")));
}

static void
a_copy_ends_with_nul_and_says_if_it_was_cut(void **state)
{
	char four[4];

	(void)state;
	assert_true(str_copy(four, sizeof four, STR("abc")));
	assert_string_equal(four, "abc");
	assert_false(str_copy(four, sizeof four, STR("abcd")));
	assert_string_equal(four, "abc");
	assert_false(str_copy(four, sizeof four, STR("ab\u00e9")));
	assert_string_equal(four, "ab");
	assert_false(str_copy(four, 1, STR("a")));
	assert_string_equal(four, "");
	assert_true(str_copy(four, 1, (struct str){NULL, 0}));
}

static void
a_cut_never_splits_a_character(void **state)
{
	struct str s = STR("a\u00e9\u20ac\U0001f600z"); /* 1, 2, 3, 4 and 1 bytes */
	static const size_t expected[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};

	(void)state;
	for (size_t max = 0; max < COUNT_OF(expected); max++)
		assert_int_equal(str_utf8_cut(s, max), expected[max]);
	assert_int_equal(str_utf8_cut(STR("\x80\x80\x80\x80\x80\x80"), 5), 5);
	assert_int_equal(str_utf8_cut(STR("\x80\x80\x80"), 1), 1);
}

static void
text_is_well_formed_utf8_without_nul(void **state)
{
	static const char *const bad[] = {"\x80", "\xc0\x80", "\xc1\xbf", "\xc3",
	    "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xe2\x82", "\xf0\x8f\xbf\xbf",
	    "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "a\xe2(\xa1", "\xf0\x9f\x98"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_false(str_is_text(str_of(bad[i])));
	assert_true(str_is_text(STR("")));
	assert_true(
	    str_is_text(STR("\x7f\xc2\x80\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff")));
	assert_false(str_is_text((struct str){"a\0b", 3}));
}

static void
every_code_point_is_written_as_it_is_read(void **state)
{
	char utf8[UTF8_CHAR_MAX];

	(void)state;
	for (uint32_t c = 0; c <= 0x10ffff; c++) {
		if (c >= 0xd800 && c <= 0xdfff)
			continue;
		size_t len = utf8_put(utf8, c);
		size_t expected = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

		assert_int_equal(len, expected);
		assert_int_equal(utf8_len(utf8, len), len);
		if (len > 1)
			assert_int_equal(utf8_len(utf8, len - 1), 0);
	}
}

static void
break_a_promise(void)
{
	must(1 + 1 == 3);
}

static void
must_aborts_when_it_does_not_hold(void **state)
{
	(void)state;
	must(1 + 1 == 2);
	assert_true(aborts(break_a_promise));
}

struct item {
	int number;
	struct list link;
};

static void
a_list_keeps_the_order_of_its_ends(void **state)
{
	struct item items[4] = {{.number = 1}, {.number = 2}, {.number = 3}, {.number = 4}};
	struct list head;
	int seen = 0;

	(void)state;
	list_init(&head);
	assert_true(list_is_empty(&head));
	assert_null(list_take_first(&head));
	list_append(&head, &items[1].link);
	list_append(&head, &items[2].link);
	list_prepend(&head, &items[0].link);
	list_append(&head, &items[3].link);
	LIST_EACH (node, &head)
		seen = seen * 10 + CONTAINER_OF(node, struct item, link)->number;
	assert_int_equal(seen, 1234);
	LIST_EACH_SAFE (node, &head) {
		if (CONTAINER_OF(node, struct item, link)->number % 2 == 0)
			list_remove(node);
	}
	assert_true(list_is_empty(&items[1].link));
	assert_ptr_equal(list_take_first(&head), &items[0].link);
	assert_ptr_equal(list_take_first(&head), &items[2].link);
	assert_true(list_is_empty(&head));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(fail_fills_the_error_and_is_false),
	    cmocka_unit_test(fail_may_quote_the_error_it_replaces),
	    cmocka_unit_test(fail_within_keeps_the_kind),
	    cmocka_unit_test(a_long_error_is_cut_between_characters),
	    cmocka_unit_test(strings_compare_as_bytes_and_prefixes_are_less),
	    cmocka_unit_test(a_copy_ends_with_nul_and_says_if_it_was_cut),
	    cmocka_unit_test(a_cut_never_splits_a_character),
	    cmocka_unit_test(text_is_well_formed_utf8_without_nul),
	    cmocka_unit_test(every_code_point_is_written_as_it_is_read),
	    cmocka_unit_test(must_aborts_when_it_does_not_hold),
	    cmocka_unit_test(a_list_keeps_the_order_of_its_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
