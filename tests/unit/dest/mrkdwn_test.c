#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include "carillon/rules/characters.h"
#include "dest/slack/mrkdwn.h"

#include <cmocka.h> /* after ours: it defines fail() */

/* What is left of the text in `max` units. */
static const char *
cut(struct buf *out, const char *text, size_t max, bool is_torn)
{
	buf_clear(out);
	buf_cstr(out, text);
	(void)mrkdwn_fit(out, max, is_torn);
	buf_putc(out, '\0');
	return out->ptr;
}

static void
what_is_open_at_a_cut_is_closed(void **state)
{
	static const struct {
		const char *text;
		size_t max;
		const char *left;
	} cases[] = {
	    {"Log: ```abcdefghij``` End", 14, "Log: ```ab…```"},
	    {"Log: ```abcdefghij``` End", 7, "Log:…"},
	    {"*abcdefghij* k", 6, "*abc…*"},
	    {"_abc *defghi* j_ k", 10, "_abc *d…*_"},
	    {"`abc def` ghi", 7, "`abc…`"},
	    {"~abc~ defghi", 9, "~abc~ de…"},
	    {"<https://a.b|label> after that", 12, "…"},
	    {"x <https://a.b|label> after", 22, "x <https://a.b|label>…"},
	    {"a &amp; b &amp; c", 8, "a &amp;…"},
	    {"2 * 3 is six, really", 12, "2 * 3 is si…"},
	    {"snake_case_is_long_", 9, "snake_ca…"},
	    {"*a\nb* and more of it", 8, "*a\nb* a…"},
	    {"abcdef", 0, ""},
	    {"abcdef", 1, "…"},
	};
	struct buf out = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_string_equal(
		    cut(&out, cases[i].text, cases[i].max, false), cases[i].left);
	assert_string_equal(cut(&out, "a ```bcdefgh", 9, true), "a ```…```");
	assert_string_equal(cut(&out, "a ```bcdefgh", 9, false), "a ```bcd…");
	buf_fini(&out);
}

static uint64_t random_state;

static unsigned
pick(unsigned n)
{
	random_state =
	    random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(random_state >> 33) % n;
}

/* Well-formed mrkdwn in which no mark stands but for what it formats. */
static void
put_random(struct buf *out, int depth)
{
	static const char *const words[] = {"word", "\xc3\xa9t\xc3\xa9", "a&amp;b", "&lt;x&gt;",
	    "\xf0\x9f\x98\x80", "<https://a.b/c?d=e|a label>", "<!date^1^{date}|then>", "3.5",
	    "x!"};
	static const char *const marks[] = {"*", "_", "~"};

	for (unsigned i = 1 + pick(4); i > 0; i--) {
		unsigned kind = pick(depth < 3 ? 8 : 4);
		if (kind < 4) {
			buf_cstr(out, words[pick(COUNT_OF(words))]);
		} else if (kind < 6) {
			buf_cstr(out, marks[depth]);
			put_random(out, depth + 1);
			buf_cstr(out, marks[depth]);
		} else if (kind == 6) {
			buf_cstr(out, "`code of it`");
		} else if (depth == 0) {
			buf_cstr(out, "```fenced\nlines of\ncode```");
		} else {
			buf_cstr(out, "y");
		}
		if (i > 1)
			buf_cstr(out, depth == 0 && pick(4) == 0 ? "\n" : " ");
	}
}

static size_t
count(const char *text, const char *what)
{
	size_t n = 0;
	for (const char *at = text; (at = strstr(at, what)) != NULL; at += strlen(what))
		n++;
	return n;
}

static void
assert_balanced(const char *left, const char *text, size_t max)
{
	static const char *const marks[] = {"*", "_", "~", "`", "```"};
	for (size_t i = 0; i < COUNT_OF(marks); i++)
		if (count(left, marks[i]) % 2 != 0)
			fail_msg("%zu of %s: %s", max, text, left);
	assert_int_equal(count(left, "<"), count(left, ">"));
	assert_int_equal(
	    count(left, "&"), count(left, "&amp;") + count(left, "&lt;") + count(left, "&gt;"));
	assert_true(characters_utf16(str_of(left)) <= max);
	assert_true(str_is_text(str_of(left)));
}

static void
any_text_cut_anywhere_is_balanced(void **state)
{
	struct buf text = {0}, left = {0};

	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		random_state = round;
		buf_clear(&text);
		put_random(&text, 0);
		buf_putc(&text, '\0');
		for (size_t max = 0; max < text.len; max++)
			assert_balanced(cut(&left, text.ptr, max, false), text.ptr, max);
	}
	buf_fini(&text);
	buf_fini(&left);
}

/* Values of every shape inside the template's own marks, cut anywhere. */
static void
a_value_cut_anywhere_leaves_the_templates_marks_whole(void **state)
{
	static const char hostile[] = "`*_~:a<>&| \n";
	static const char *const around[][2] = {{"```", "```"}, {"`", "`"}, {"x ", " y"}};
	static const enum mrkdwn_place places[] = {MRKDWN_FENCE, MRKDWN_CODE, MRKDWN_TEXT};
	struct buf value = {0}, text = {0}, left = {0};

	(void)state;
	for (unsigned round = 0; round < 3000; round++) {
		unsigned shape = round % COUNT_OF(around);
		random_state = round;
		buf_clear(&value);
		for (unsigned i = 1 + pick(30); i > 0; i--)
			buf_putc(&value, hostile[pick(sizeof(hostile) - 1)]);
		buf_clear(&text);
		buf_cstr(&text, around[shape][0]);
		(void)mrkdwn_put(buf_view(&value), places[shape], shape == 1, SIZE_MAX, &text);
		buf_cstr(&text, around[shape][1]);
		buf_putc(&text, '\0');
		for (size_t max = 1; max < text.len; max++) {
			const char *now = cut(&left, text.ptr, max, false);
			if (count(now, "`") % 2 != 0)
				fail_msg("%zu of %s: %s", max, text.ptr, now);
			assert_int_equal(count(now, "<"), 0);
		}
	}
	buf_fini(&value);
	buf_fini(&text);
	buf_fini(&left);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_open_at_a_cut_is_closed),
	    cmocka_unit_test(any_text_cut_anywhere_is_balanced),
	    cmocka_unit_test(a_value_cut_anywhere_leaves_the_templates_marks_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
