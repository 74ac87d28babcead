#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "dest/slack/render.h"

#include <cmocka.h>

static const struct dest_digest storm = {
    .n = 37,
    .since = {1776441720000},
    .types = {.names = {{"alert.triggered", 15}, {"alert.resolved", 14}},
	.counts = {30, 5},
	.n = 2,
	.others = 2},
    .severities = {.names = {{"high", 4}}, .counts = {9}, .n = 1},
    .history = {"https://app.example.com/acme?a=1&b=2", 36},
};

/* The one text of the one block. */
static struct str
words_of(struct arena *a, const struct slack_body *b)
{
	const struct json *blocks;
	const struct json *text;
	struct err e;

	assert_true(json_parse(a, b->blocks, JSON_DEPTH_MAX, &blocks, &e));
	assert_int_equal(blocks->count, 1);
	text = json_get(blocks->child, STR("text"));
	assert_true(str_eq(json_string(text, STR("type")), STR("mrkdwn")));
	assert_int_equal(json_get(text, STR("verbatim"))->kind, JSON_TRUE);
	return json_string(text, STR("text"));
}

static void
assert_reads(const struct dest_digest *g, const char *words)
{
	struct arena *a = arena_new(0);
	const struct slack_body *b = slack_body_of(slack_digest(g, a));

	assert_string_equal(arena_cstr(a, words_of(a, b)), words);
	arena_free(a);
}

static void
a_digest_says_how_many_since_when_of_what_and_where_to_read_on(void **state)
{
	(void)state;
	assert_reads(&storm,
	    "*37 more like this* since <!date^1776441720^{date_short_pretty} {time}|2026-04-17 "
	    "16:02 UTC>\n*30* alert.triggered \xc2\xb7 *5* alert.resolved \xc2\xb7 *2* others\n"
	    "*9* high\n<https://app.example.com/acme?a=1&amp;b=2|See all of them>");
}

static void
what_is_not_known_is_not_said(void **state)
{
	struct dest_digest g = storm;

	(void)state;
	g.severities.n = g.types.others = 0;
	g.history = (struct str){0};
	assert_reads(&g,
	    "*37 more like this* since <!date^1776441720^{date_short_pretty} {time}|2026-04-17 "
	    "16:02 UTC>\n*30* alert.triggered \xc2\xb7 *5* alert.resolved");
}

static void
a_name_in_a_digest_mentions_nobody(void **state)
{
	struct dest_digest g = {.n = 2, .since = {1776441720000}};

	(void)state;
	g.types.names[g.types.n] = STR("<!channel> & `x`");
	g.types.counts[g.types.n++] = 2;
	assert_reads(&g,
	    "*2 more like this* since <!date^1776441720^{date_short_pretty} {time}|2026-04-17 "
	    "16:02 UTC>\n*2* &lt;!channel&gt; &amp; `x`");
}

static void
a_digest_can_be_said_in_plain_text(void **state)
{
	struct arena *a = arena_new(0);
	const struct dest_body *b = slack_digest(&storm, a);

	(void)state;
	assert_true(b->has_layout);
	assert_true(str_eq(slack_body_of(b)->text, STR("37 more messages like this")));
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_digest_says_how_many_since_when_of_what_and_where_to_read_on),
	    cmocka_unit_test(what_is_not_known_is_not_said),
	    cmocka_unit_test(a_name_in_a_digest_mentions_nobody),
	    cmocka_unit_test(a_digest_can_be_said_in_plain_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
