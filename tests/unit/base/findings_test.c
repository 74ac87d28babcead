#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "carillon/base/suggest.h"
#include "unit/base/found.h"

#include <cmocka.h>

static void
a_finding_is_placed_below_what_is_looked_at(void **state)
{
	struct arena *a = arena_new(0);
	struct pointer list = {.name = STR("all")}, element = {.up = &list, .index = 2};
	struct pointer at = {.up = &element, .name = STR("a/b~c")};
	struct finding_part named, rules, rule;
	struct findings f;

	(void)state;
	findings_init(&f, a);
	findings_enter_named(&f, &named, STR("the file"));
	findings_enter(&f, &rules, (struct pointer){.name = STR("rules")}, STR(""));
	findings_enter(&f, &rule, (struct pointer){.index = 1}, STR("rule 2"));
	assert_false(findings_at(&f, FINDING_MISSING, &at, "needs %d words", 3));
	findings_leave(&f);
	assert_false(findings_about(&f, FINDING_TOO_MANY, &element, "there are too many"));
	findings_leave(&f);
	findings_leave(&f);
	assert_false(findings_at(&f, FINDING_BAD_FORM, NULL, "it is no rule"));
	assert_string_equal(f.items[0].pointer.ptr, "/rules/1/all/2/a~1b~0c");
	assert_string_equal(f.items[1].pointer.ptr, "/rules/all/2");
	assert_string_equal(f.items[2].pointer.ptr, "");
	assert_string_equal(found_text(&f), "the file: rule 2: /all/2/a~1b~0c: needs 3 words\n"
					    "the file: there are too many\n"
					    "it is no rule");
	arena_free(a);
}

static void
an_unknown_word_has_the_nearest_or_all_that_are_known(void **state)
{
	const struct str known[] = {STR("eq"), STR("ne"), STR("contains")};
	struct arena *a = arena_new(0);
	struct findings *f = found_new(a, "");

	(void)state;
	assert_false(findings_unknown(f, POINTER_TO("op"),
	    &(struct unknown_word){
		FINDING_UNKNOWN_WORD, "there is no operator", STR("contain"), known, 3}));
	assert_false(findings_unknown(f, POINTER_TO("op"),
	    &(struct unknown_word){
		FINDING_UNKNOWN_WORD, "there is no operator", STR("matches"), known, 3}));
	assert_string_equal(f->items[0].suggestion.ptr, "contains");
	assert_int_equal(f->items[1].suggestion.len, 0);
	assert_string_equal(found_text(f),
	    "/op: there is no operator \"contain\"; did you mean \"contains\"?\n"
	    "/op: there is no operator \"matches\"; use eq, ne or contains");
	arena_free(a);
}

static void
bad_json_has_line_and_column(void **state)
{
	struct arena *a = arena_new(0);
	struct findings *f = found_new(a, "filter");
	const struct json *v;

	(void)state;
	assert_true(findings_parse(f, a, STR("{}"), 4, &v));
	assert_false(findings_parse(f, a, STR("{\n \"a\" 1}"), 4, &v));
	assert_int_equal(f->n, 1);
	assert_int_equal(f->items[0].code, FINDING_SYNTAX);
	assert_int_equal(f->items[0].line, 2);
	assert_int_equal(f->items[0].column, 6);
	assert_string_equal(
	    found_text(f), "filter: line 2, column 6: expected ':' after the key");
	arena_free(a);
}

static void
what_is_beyond_the_bound_is_counted(void **state)
{
	struct arena *a = arena_new(0);
	struct findings *f = found_new(a, "");

	(void)state;
	for (int i = 0; i < FINDINGS_MAX + 3; i++) {
		assert_false(findings_at(f, FINDING_MISSING, NULL, "number %d", i));
		assert_false(findings_suggest(f, STR("word")));
	}
	assert_int_equal(f->n, FINDINGS_MAX);
	assert_int_equal(f->n_left_out, 3);
	assert_int_equal(findings_count(f), FINDINGS_MAX + 3);
	assert_string_equal(f->items[0].text.ptr, "number 0");
	assert_string_equal(f->items[FINDINGS_MAX - 1].text.ptr, "number 19");
	arena_free(a);
}

static void
the_first_one_is_the_error(void **state)
{
	struct arena *a = arena_new(0);
	struct findings *f = found_new(a, "filter");
	struct err e = {0};

	(void)state;
	assert_true(findings_none(f, &e));
	assert_int_equal(e.kind, ERR_NONE);
	assert_false(findings_at(f, FINDING_MISSING, NULL, "first"));
	assert_false(findings_at(f, FINDING_MISSING, NULL, "second"));
	assert_false(findings_none(f, &e));
	assert_int_equal(e.kind, ERR_INPUT);
	assert_string_equal(e.text, "filter: first");
	arena_free(a);
}

static void
text_is_cut_between_characters(void **state)
{
	struct arena *a = arena_new(0);
	struct findings *f = found_new(a, "");
	char long_text[1500];

	(void)state;
	for (size_t i = 0; i + 3 < sizeof(long_text); i += 3)
		memcpy(long_text + i, "\xe2\x82\xac", 4);
	assert_false(findings_at(f, FINDING_MISSING, NULL, "%s", long_text));
	assert_false(findings_at(f, FINDING_MISSING, NULL, "x%s", long_text));
	assert_false(findings_at(f, FINDING_MISSING, NULL, "xx%s", long_text));
	for (int i = 0; i < 3; i++) {
		assert_true(str_is_text(f->items[i].text));
		assert_true(f->items[i].text.len > 400);
	}
	arena_free(a);
}

static void
they_are_written_without_what_they_do_not_have(void **state)
{
	struct arena *a = arena_new(0);
	struct findings *f = found_new(a, "template");
	struct finding *one = findings_add(f, FINDING_TEMPLATE, POINTER_TO("body"));
	struct json_writer w;
	struct buf out = {0};

	(void)state;
	one->slot = STR("body");
	one->line = 1;
	one->column = 16;
	one->text = STR("unknown filter \"upcse\"");
	one->suggestion = STR("upcase");
	assert_false(findings_at(f, FINDING_WRONG_KIND, NULL, "must be an object"));
	jw_init(&w, &out);
	findings_write(&w, f);
	assert_string_equal(out.ptr,
	    "[{\"code\":\"template\",\"pointer\":\"/template/body\",\"slot\":\"body\","
	    "\"line\":1,\"column\":16,\"detail\":\"unknown filter \\\"upcse\\\"\","
	    "\"suggestion\":\"upcase\",\"sentence\":\"template: body, line 1, column 16: "
	    "unknown filter \\\"upcse\\\"; did you mean \\\"upcase\\\"?\"},"
	    "{\"code\":\"wrong_kind\",\"pointer\":\"/template\",\"detail\":\"must be an "
	    "object\",\"sentence\":\"template: must be an object\"}]");
	buf_fini(&out);
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_finding_is_placed_below_what_is_looked_at),
	    cmocka_unit_test(an_unknown_word_has_the_nearest_or_all_that_are_known),
	    cmocka_unit_test(bad_json_has_line_and_column),
	    cmocka_unit_test(what_is_beyond_the_bound_is_counted),
	    cmocka_unit_test(the_first_one_is_the_error),
	    cmocka_unit_test(text_is_cut_between_characters),
	    cmocka_unit_test(they_are_written_without_what_they_do_not_have),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
