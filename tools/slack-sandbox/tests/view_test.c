#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

/* Before cmocka, whose fail() is a macro. */
#include "markdown.h"
#include "rich_text.h"
#include "view.h"

#include <cmocka.h>

static struct arena *arena;
static struct zone *utc;

/* 2026-04-17, a Friday, at noon. */
static struct reader
reader_now(void)
{
	return (struct reader){utc, {1776427200000}};
}

static int
setup(void **state)
{
	(void)state;
	arena = arena_new(0);
	utc = zone_utc();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(arena);
	zone_free(utc);
	return 0;
}

static void
expect_str(struct str s, const char *text)
{
	char *copy = arena_cstr(arena, s);
	assert_string_equal(copy, text);
}

static const struct json *
parsed(const char *text)
{
	const struct json *v;
	struct err e;
	if (!json_parse(arena, str_of(text), JSON_DEPTH_MAX, &v, &e))
		fail_msg("%s", e.text);
	return v;
}

/* The tree of a mrkdwn text, as the page gets it. */
static void
expect_tree(const char *text, bool is_verbatim, const char *tree)
{
	struct mrkdwn m = {.arena = arena, .reader = reader_now(), .is_verbatim = is_verbatim};
	struct node *n = node_new(arena, NODE_PARAGRAPH);
	struct buf out = {0};
	struct json_writer w;
	mrkdwn_read(&m, n, str_of(text));
	jw_init(&w, &out);
	jw_array(&w);
	for (struct node *child = n->first; child; child = child->next)
		node_write(&w, child);
	jw_array_end(&w);
	assert_string_equal(out.ptr, tree);
	buf_fini(&out);
}

/* What is read of it. */
static void
expect_mrkdwn(const char *text, const char *read)
{
	struct mrkdwn m = {.arena = arena, .reader = reader_now()};
	struct node *n = node_new(arena, NODE_PARAGRAPH);
	mrkdwn_read(&m, n, str_of(text));
	expect_str(view_read(arena, n), read);
}

static void
expect_shown(const char *body, const char *read)
{
	struct reader r = reader_now();
	expect_str(view_read(arena, view_message(arena, &r, parsed(body))), read);
}

static void
marks_stand_at_the_edges_of_words(void **state)
{
	(void)state;
	expect_tree("*b* _i_ ~s~ `c`", false,
	    "[{\"tag\":\"b\",\"of\":[\"b\"]},\" \",{\"tag\":\"i\",\"of\":[\"i\"]},\" \","
	    "{\"tag\":\"s\",\"of\":[\"s\"]},\" \",{\"tag\":\"code\",\"of\":[\"c\"]}]");
	expect_tree("a*b*c snake_case_name * no * *no *", false,
	    "[\"a*b*c snake_case_name * no * *no *\"]");
	expect_tree("(*b*)", false, "[\"(\",{\"tag\":\"b\",\"of\":[\"b\"]},\")\"]");
}

static void
letters_of_any_script_make_words(void **state)
{
	(void)state;
	expect_tree("\xc3\xa9*x* *x*\xc3\xa9", false, "[\"\xc3\xa9*x* *x*\xc3\xa9\"]");
	expect_tree(
	    "\xe2\x80\xa2*x*", false, "[\"\xe2\x80\xa2\",{\"tag\":\"b\",\"of\":[\"x\"]}]");
}

static void
marks_stand_within_marks_and_end_with_the_line(void **state)
{
	(void)state;
	expect_tree(
	    "*_x_*", false, "[{\"tag\":\"b\",\"of\":[{\"tag\":\"i\",\"of\":[\"x\"]}]}]");
	expect_tree("*a\nb*", false, "[\"*a\",{\"tag\":\"br\"},\"b*\"]");
}

static void
entities_are_read_and_nothing_within_code_is_a_mark(void **state)
{
	(void)state;
	expect_mrkdwn("a &lt;b&gt; &amp;amp; &nbsp;", "a <b> &amp; &nbsp;");
	expect_tree("`*a* &lt;`", false, "[{\"tag\":\"code\",\"of\":[\"*a* <\"]}]");
	expect_tree("```\n*a*\n&gt; b```", false, "[{\"tag\":\"pre\",\"of\":[\"*a*\\n> b\"]}]");
	expect_mrkdwn("```open", "```open");
}

static void
emoji_are_known_by_name(void **state)
{
	(void)state;
	expect_mrkdwn(":fire::+1::skin-tone-2: :nope: 12:30:45",
	    "\xf0\x9f\x94\xa5\xf0\x9f\x91\x8d\xf0\x9f\x8f\xbb :nope: 12:30:45");
}

static void
a_link_shows_its_label(void **state)
{
	(void)state;
	expect_tree("<https://x.example/?a=1&amp;b=2|p95 &gt; 1 &amp; *x*>", false,
	    "[{\"tag\":\"link\",\"target\":\"https://x.example/?a=1&b=2\",\"of\":[\"p95 > 1 & "
	    "*x*\"]}]");
	expect_tree("a < b", false, "[\"a < b\"]");
}

static void
a_bare_address_is_a_link_unless_verbatim(void **state)
{
	(void)state;
	expect_tree("see https://x.example/a_b, ok", false,
	    "[\"see "
	    "\",{\"tag\":\"link\",\"target\":\"https://x.example/a_b\",\"of\":[\"https://"
	    "x.example/a_b\"]},\", ok\"]");
	expect_tree("see https://x.example/a, ok", true, "[\"see https://x.example/a, ok\"]");
}

static void
people_and_channels_are_called(void **state)
{
	(void)state;
	expect_mrkdwn("<@U1> <@U1|ann> <#C1|ops> <!here> <!subteam^S1|@team> <!x|y>",
	    "@U1 @ann #ops @here @team y");
	expect_mrkdwn("&lt;!here&gt; @here", "<!here> @here");
}

static void
a_date_is_shown_in_the_readers_zone(void **state)
{
	(void)state;
	struct zone *warsaw = zone_load(STR("Europe/Warsaw"), NULL);
	struct reader r = reader_now();
	struct buf out = {0};
	assert_non_null(warsaw);
	r.zone = warsaw;
	/* 2026-04-16T23:30:05Z */
	slack_date_write(
	    &out, &r, STR("{date_short_pretty} {time} {time_secs} {x}"), 1776382205);
	assert_string_equal(out.ptr, "today 1:30 AM 1:30:05 AM {x}");
	buf_fini(&out);
	zone_free(warsaw);
}

static void
each_date_token_has_its_look(void **state)
{
	(void)state;
	static const struct {
		const char *token, *text;
	} looks[] = {
	    {"{date_num}", "2020-08-09"},
	    {"{date_slash}", "09/08/2020"},
	    {"{date}", "August 9"},
	    {"{date_pretty}", "August 9"},
	    {"{date_short}", "Aug 9, 2020"},
	    {"{date_short_pretty}", "Aug 9, 2020"},
	    {"{date_long}", "Sunday, August 9th, 2020"},
	    {"{date_long_pretty}", "Sunday, August 9th, 2020"},
	    {"{date_long_full}", "August 9, 2020"},
	    {"{day_divider_pretty}", "Sunday, August 9th, 2020"},
	    {"{time}", "12:00 AM"},
	    {"{time_secs}", "12:00:00 AM"},
	    {"{ago}", "5 years ago"},
	};
	struct reader r = reader_now();
	for (size_t i = 0; i < COUNT_OF(looks); i++) {
		struct buf out = {0};
		slack_date_write(&out, &r, str_of(looks[i].token), 1596931200);
		assert_string_equal(out.ptr, looks[i].text);
		buf_fini(&out);
	}
}

static void
days_near_now_have_names(void **state)
{
	(void)state;
	expect_mrkdwn("<!date^1776384000^{date_pretty}|f> <!date^1776297600^{date_pretty}|f> "
		      "<!date^1776513599^{date_long_pretty}|f>",
	    "today yesterday tomorrow");
	expect_mrkdwn(
	    "<!date^1776427140^{ago}|f> <!date^1776430800^{ago}|f>", "1 minute ago in 1 hour");
}

static void
a_date_that_cannot_be_read_shows_its_fallback(void **state)
{
	(void)state;
	expect_mrkdwn(
	    "<!date^soon^{date}|then> <!date^999999999999999^{date}|far>", "then far");
	expect_mrkdwn("<!date^1776384000^{date}^https://x.example|f>", "April 17");
}

static void
quoted_lines_stand_together(void **state)
{
	(void)state;
	expect_tree("a\n&gt; b\n>c\nd", false,
	    "[\"a\",{\"tag\":\"quote\",\"of\":[\"b\",{\"tag\":\"br\"},\"c\"]},\"d\"]");
}

static void
the_text_is_the_body_when_blocks_stand_only_in_an_attachment(void **state)
{
	(void)state;
	expect_shown(
	    "{\"text\":\"High: api\",\"attachments\":[{\"color\":\"#f00000\",\"blocks\":[{"
	    "\"type\":\"header\",\"text\":{\"type\":\"plain_text\",\"text\":\"High: "
	    "api\"}}]}]}",
	    "High: api\nHigh: api");
}

static void
the_text_is_not_shown_beside_blocks(void **state)
{
	(void)state;
	expect_shown(
	    "{\"text\":\"only told\",\"blocks\":[{\"type\":\"section\",\"text\":{\"type\":"
	    "\"mrkdwn\",\"text\":\"*read*\"}}]}",
	    "read");
}

static void
every_common_block_is_read(void **state)
{
	(void)state;
	expect_shown(
	    "{\"blocks\":[{\"type\":\"header\",\"text\":{\"type\":\"plain_text\",\"text\":\":"
	    "fire: "
	    "H *x*\"}},{\"type\":\"section\",\"fields\":[{\"type\":\"mrkdwn\",\"text\":"
	    "\"*a*\\n1\"},{\"type\":\"plain_text\",\"text\":\"b "
	    "&amp;\"}],\"accessory\":{\"type\":"
	    "\"button\",\"text\":{\"type\":\"plain_text\",\"text\":\"Go\"}}},{\"type\":"
	    "\"divider\"},"
	    "{\"type\":\"context\",\"elements\":[{\"type\":\"mrkdwn\",\"text\":\"c\"},{"
	    "\"type\":"
	    "\"image\",\"alt_text\":\"i\"}]},{\"type\":\"actions\",\"elements\":[{\"type\":"
	    "\"static_select\",\"placeholder\":{\"type\":\"plain_text\",\"text\":\"Pick\"}}]},{"
	    "\"type\":\"table\",\"rows\":[[{\"type\":\"raw_text\",\"text\":\"l\"},{\"type\":"
	    "\"raw_text\",\"text\":\"r\"}]]},{\"type\":\"nope\"}]}",
	    "\xf0\x9f\x94\xa5 H *x*\na\n1\nb &amp;\n[Go]\n---\nc [image: i]\n[Pick]\nl "
	    "r\n[nope]");
}

static void
rich_text_is_read_with_its_lists(void **state)
{
	(void)state;
	expect_shown(
	    "{\"blocks\":[{\"type\":\"rich_text\",\"elements\":[{\"type\":\"rich_text_"
	    "section\","
	    "\"elements\":[{\"type\":\"text\",\"text\":\"t\",\"style\":{\"bold\":true}},{"
	    "\"type\":"
	    "\"link\",\"url\":\"https://x.example\",\"text\":\" "
	    "l\"},{\"type\":\"emoji\",\"name\":"
	    "\"fire\"},{\"type\":\"broadcast\",\"range\":\"here\"}]},{\"type\":\"rich_text_"
	    "list\","
	    "\"style\":\"bullet\",\"elements\":[{\"type\":\"rich_text_section\",\"elements\":[{"
	    "\"type\":\"text\",\"text\":\"one\"}]},{\"type\":\"rich_text_section\","
	    "\"elements\":[{"
	    "\"type\":\"date\",\"timestamp\":1776384000,\"format\":\"{date}\"}]}]}]}]}",
	    "t l\xf0\x9f\x94\xa5@here\none\nApril 17");
}

static void
markdown_is_standard_markdown(void **state)
{
	(void)state;
	expect_shown("{\"blocks\":[{\"type\":\"markdown\",\"text\":\"# H\\n**b** *i* "
		     "[l](https://x.example)\\n- one\\n- two\\n\\n```\\n**c**\\n```\"}]}",
	    "H\nb i l\none\ntwo\n**c**");
	assert_int_equal(markdown_parts(STR("# a\ntext\nmore\n\n---\n| t |\n| - |\nend")), 5);
	assert_int_equal(markdown_parts(STR("```\n# no\n```")), 1);
}

static void
a_long_attachment_is_folded(void **state)
{
	(void)state;
	struct reader r = reader_now();
	const char *body = "{\"text\":\"t\",\"attachments\":[{\"text\":\"1\\n2\\n3\\n4\\n5\"},{"
			   "\"text\":\"1\\n2\\n3\\n4\\n5\\n6\"}]}";
	struct node *root = view_message(arena, &r, parsed(body));
	assert_int_equal(root->first->next->number, 0);
	assert_int_equal(root->first->next->next->number, 1);
}

static void
beside_blocks_a_colour_is_hexadecimal(void **state)
{
	(void)state;
	struct reader r = reader_now();
	const char *body =
	    "{\"attachments\":[{\"color\":\"danger\",\"text\":\"t\"},{\"color\":"
	    "\"danger\",\"blocks\":[{\"type\":\"divider\"}]},{\"color\":\"nope\","
	    "\"text\":\"t\"},{\"color\":\"D92D20\",\"text\":\"t\"}]}";
	struct node *n = view_message(arena, &r, parsed(body))->first;
	expect_str(n->target, "#e01e5a");
	assert_int_equal(n->next->target.len, 0);
	assert_int_equal(n->next->next->target.len, 0);
	expect_str(n->next->next->next->target, "#D92D20");
}

static void
a_desktop_is_notified_of_blocks_and_a_telephone_of_the_text(void **state)
{
	(void)state;
	struct reader r = reader_now();
	struct notice n = view_notice(arena, &r,
	    parsed(
		"{\"text\":\"*t* &amp;\",\"blocks\":[{\"type\":\"header\",\"text\":{\"type\":"
		"\"plain_text\",\"text\":\"H\"}},{\"type\":\"section\",\"text\":{\"type\":"
		"\"mrkdwn\",\"text\":\"s\"}}]}"));
	expect_str(n.desktop, "H s");
	expect_str(n.mobile, "t &");
	n = view_notice(
	    arena, &r, parsed("{\"text\":\"t\",\"attachments\":[{\"blocks\":[]}]}"));
	expect_str(n.desktop, "t");
	n = view_notice(arena, &r, parsed("{\"text\":\"\",\"attachments\":[{\"blocks\":[]}]}"));
	expect_str(n.mobile, "[no preview available]");
}

static void
a_text_without_markup_stays_as_it_is(void **state)
{
	(void)state;
	expect_shown(
	    "{\"text\":\"*x* &lt; :fire:\",\"args\":{\"mrkdwn\":false}}", "*x* < :fire:");
}

static void
slack_makes_rich_text_of_a_text(void **state)
{
	(void)state;
	struct mrkdwn m = {.arena = arena, .reader = reader_now()};
	struct node *n = node_new(arena, NODE_ROOT);
	struct buf out = {0};
	struct json_writer w;
	mrkdwn_read(&m, n, STR("*b* <https://x.example|l>\n> q"));
	jw_init(&w, &out);
	rich_text_write(&w, n, "id");
	assert_string_equal(out.ptr,
	    "{\"type\":\"rich_text\",\"block_id\":\"id\",\"elements\":[{\"type\":\"rich_text_"
	    "section\",\"elements\":[{\"type\":\"text\",\"text\":\"b\",\"style\":{\"bold\":"
	    "true}},{"
	    "\"type\":\"text\",\"text\":\" \"},{\"type\":\"link\",\"url\":\"https://"
	    "x.example\",\"text\":\"l\"}]},{\"type\":\"rich_text_quote\",\"elements\":[{"
	    "\"type\":"
	    "\"text\",\"text\":\"q\"}],\"border\":0}]}");
	buf_fini(&out);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    CASE(marks_stand_at_the_edges_of_words),
	    CASE(letters_of_any_script_make_words),
	    CASE(marks_stand_within_marks_and_end_with_the_line),
	    CASE(entities_are_read_and_nothing_within_code_is_a_mark),
	    CASE(emoji_are_known_by_name),
	    CASE(a_link_shows_its_label),
	    CASE(a_bare_address_is_a_link_unless_verbatim),
	    CASE(people_and_channels_are_called),
	    CASE(a_date_is_shown_in_the_readers_zone),
	    CASE(each_date_token_has_its_look),
	    CASE(days_near_now_have_names),
	    CASE(a_date_that_cannot_be_read_shows_its_fallback),
	    CASE(quoted_lines_stand_together),
	    CASE(the_text_is_the_body_when_blocks_stand_only_in_an_attachment),
	    CASE(the_text_is_not_shown_beside_blocks),
	    CASE(every_common_block_is_read),
	    CASE(rich_text_is_read_with_its_lists),
	    CASE(markdown_is_standard_markdown),
	    CASE(a_long_attachment_is_folded),
	    CASE(beside_blocks_a_colour_is_hexadecimal),
	    CASE(a_desktop_is_notified_of_blocks_and_a_telephone_of_the_text),
	    CASE(a_text_without_markup_stays_as_it_is),
	    CASE(slack_makes_rich_text_of_a_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
