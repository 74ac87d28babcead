#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

/* Before cmocka, whose fail() is a macro. */
#include "content.h"
#include "mentions.h"

#include <cmocka.h>

static struct arena *arena;

static int
setup(void **state)
{
	(void)state;
	arena = arena_new(0);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
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

static struct content
examine_as(const char *args, enum content_use use)
{
	struct content c;
	content_examine(&c, arena, parsed(args), use);
	content_seal(&c, arena, STR("ref:"));
	return c;
}

static struct content
examine(const char *args)
{
	return examine_as(args, CONTENT_POSTED);
}

static void
expect_text(struct str s, const char *text)
{
	assert_int_equal(s.len, strlen(text));
	assert_memory_equal(s.ptr, text, s.len);
}

/* `count` times 'x', in the arena. */
static const char *
many(size_t count)
{
	char *text = arena_must(arena, count + 1);
	memset(text, 'x', count);
	return text;
}

static void
expect_error(const char *args, const char *error)
{
	struct content c = examine(args);
	assert_non_null(c.error);
	assert_string_equal(c.error, error);
}

static void
a_plain_text_is_acceptable(void **state)
{
	(void)state;
	assert_null(examine("{\"text\":\"hi\"}").error);
}

static void
a_message_needs_something_to_say(void **state)
{
	(void)state;
	expect_error("{\"channel\":\"C1\",\"blocks\":[]}", "no_text");
}

static void
blocks_may_be_a_string_of_json(void **state)
{
	(void)state;
	struct content c = examine("{\"blocks\":\"[{\\\"type\\\":\\\"divider\\\"}]\"}");
	assert_null(c.error);
	assert_int_equal(c.blocks->count, 1);
}

static void
blocks_that_are_no_list_are_a_format_error(void **state)
{
	(void)state;
	expect_error(
	    "{\"text\":\"x\",\"blocks\":{\"type\":\"divider\"}}", "invalid_blocks_format");
	expect_error("{\"text\":\"x\",\"blocks\":\"[{\"}", "invalid_blocks_format");
}

static void
blocks_inside_attachments_are_judged_too(void **state)
{
	(void)state;
	struct content c = examine(
	    "{\"attachments\":[{\"color\":\"#ff0000\",\"blocks\":[{\"type\":\"x\"}]}]}");
	assert_string_equal(c.error, "invalid_attachments");
	expect_text(finding_text(arena, c.findings),
	    "unsupported type: x [json-pointer:/attachments/0/blocks/0/type]");
}

static void
an_attachment_with_blocks_has_nothing_of_the_older_kind(void **state)
{
	(void)state;
	struct content c = examine(
	    "{\"attachments\":[{\"title\":\"t\",\"blocks\":[{\"type\":\"divider\"}]}]}");
	assert_string_equal(c.error, "invalid_attachments");
	expect_text(finding_text(arena, c.findings), "invalid_keys");
	assert_null(examine("{\"attachments\":[{\"title\":\"t\",\"blocks\":[]}]}").error);
	assert_null(examine("{\"attachments\":[{\"fallback\":\"f\",\"color\":\"#112233\","
			    "\"blocks\":[{\"type\":\"divider\"}]}]}")
			.error);
}

static void
a_message_has_one_table(void **state)
{
	(void)state;
	const char *table =
	    "{\"type\":\"table\",\"rows\":[[{\"type\":\"raw_text\",\"text\":\"a\"}]]}";
	struct content c = examine(arena_printf(
	    arena, "{\"blocks\":[%s],\"attachments\":[{\"blocks\":[%s]}]}", table, table)
				       .ptr);
	assert_string_equal(c.error, "invalid_attachments");
	expect_text(finding_text(arena, c.findings), "only_one_table_allowed");
}

static void
metadata_needs_a_type_and_an_object(void **state)
{
	(void)state;
	expect_error(
	    "{\"text\":\"x\",\"metadata\":{\"event_type\":\"a\"}}", "invalid_metadata_format");
	expect_error("{\"text\":\"x\",\"metadata\":\"nonsense\"}", "invalid_metadata_format");
	assert_null(
	    examine("{\"text\":\"x\",\"metadata\":{\"event_type\":\"a\",\"event_payload\":{}}}")
		.error);
}

static void
markdown_text_stands_alone(void **state)
{
	(void)state;
	expect_error("{\"text\":\"x\",\"markdown_text\":\"y\"}", "markdown_text_conflict");
	assert_null(examine("{\"markdown_text\":\"y\"}").error);
}

static void
a_real_mention_is_seen_and_an_escaped_one_is_not(void **state)
{
	(void)state;
	assert_int_equal(examine("{\"text\":\"<!channel> <@U1>\"}").mentions,
	    1U << MENTION_CHANNEL | 1U << MENTION_USER);
	assert_int_equal(examine("{\"text\":\"&lt;!channel&gt; @here\"}").mentions, 0);
}

static void
a_mention_in_plain_text_is_none(void **state)
{
	(void)state;
	assert_int_equal(examine("{\"blocks\":[{\"type\":\"header\",\"text\":{\"type\":"
				 "\"plain_text\",\"text\":\"<!here>\"}}]}")
			     .mentions,
	    0);
	assert_int_equal(examine("{\"blocks\":[{\"type\":\"section\",\"text\":{\"type\":"
				 "\"mrkdwn\",\"text\":\"<!here>\"}}]}")
			     .mentions,
	    1U << MENTION_HERE);
}

static void
a_broadcast_in_rich_text_is_a_mention(void **state)
{
	(void)state;
	assert_int_equal(
	    examine("{\"blocks\":[{\"type\":\"rich_text\",\"elements\":[{\"type\":"
		    "\"rich_text_section\",\"elements\":[{\"type\":\"broadcast\",\"range\":"
		    "\"everyone\"}]}]}]}")
		.mentions,
	    1U << MENTION_EVERYONE);
}

static void
the_key_is_what_follows_the_marker(void **state)
{
	(void)state;
	struct content c = examine("{\"text\":\"see ref:evt_1.a-B, thanks\"}");
	assert_int_equal(c.key.len, strlen("evt_1.a-B"));
	assert_memory_equal(c.key.ptr, "evt_1.a-B", c.key.len);
}

static void
the_key_may_stand_in_a_block(void **state)
{
	(void)state;
	struct content c =
	    examine("{\"text\":\"x\",\"blocks\":[{\"type\":\"context\","
		    "\"elements\":[{\"type\":\"mrkdwn\",\"text\":\"`ref:k7`\"}]}]}");
	assert_int_equal(c.key.len, 2);
	assert_memory_equal(c.key.ptr, "k7", 2);
}

static struct content
with_markdown_and_dividers(size_t chars, int dividers)
{
	struct buf args = {0};
	buf_printf(&args,
	    "{\"text\":\"t\",\"blocks\":[{\"type\":\"section\",\"text\":{\"type\":\"mrkdwn\","
	    "\"text\":\"%s\"}}",
	    many(chars % 3000));
	for (size_t i = 0; i < chars / 3000; i++)
		buf_printf(&args,
		    ",{\"type\":\"section\",\"text\":{\"type\":\"mrkdwn\",\"text\":\"%s\"}}",
		    many(3000));
	for (int i = 0; i < dividers; i++)
		buf_cstr(&args, ",{\"type\":\"divider\"}");
	buf_cstr(&args, "]}");
	struct content c = examine(args.ptr);
	buf_fini(&args);
	return c;
}

static void
each_block_after_the_first_costs_125_characters(void **state)
{
	(void)state;
	/* Five sections, so four after the first, and one divider more. */
	assert_null(with_markdown_and_dividers(13296 - 4 * 125, 0).error);
	assert_string_equal(
	    with_markdown_and_dividers(13296 - 4 * 125 + 1, 0).error, "msg_blocks_too_long");
	assert_string_equal(
	    with_markdown_and_dividers(13296 - 4 * 125, 1).error, "msg_blocks_too_long");
	assert_null(with_markdown_and_dividers(13296 - 5 * 125, 1).error);
}

static void
a_long_text_is_cut_when_posted_and_refused_when_changed(void **state)
{
	(void)state;
	struct str args = arena_printf(arena, "{\"text\":\"%s\"}", many(40001));
	struct content c = examine(args.ptr);
	assert_null(c.error);
	assert_int_equal(c.text.len, 40000);
	assert_int_equal(c.warnings, WARNING_TRUNCATED);
	assert_null(examine_as(
	    arena_printf(arena, "{\"text\":\"%s\"}", many(4000)).ptr, CONTENT_CHANGED)
			.error);
	assert_string_equal(examine_as(arena_printf(arena, "{\"text\":\"%s\"}", many(4001)).ptr,
				CONTENT_CHANGED)
				.error,
	    "msg_too_long");
}

static void
a_changed_text_is_taken_as_typed_unless_parse_is_none(void **state)
{
	(void)state;
	expect_text(examine_as("{\"text\":\"<u|l> &lt;\"}", CONTENT_CHANGED).text,
	    "&lt;u|l&gt; &amp;lt;");
	expect_text(
	    examine_as("{\"text\":\"<u|l> &lt;\",\"parse\":\"none\"}", CONTENT_CHANGED).text,
	    "<u|l> &lt;");
	expect_text(examine("{\"text\":\"<u|l> &lt;\"}").text, "<u|l> &lt;");
	expect_text(examine("{\"text\":\"<u|l>\",\"parse\":\"full\"}").text, "&lt;u|l&gt;");
}

static struct content
changed(const char *before, const char *args)
{
	struct content c;
	content_examine(&c, arena, parsed(args), CONTENT_CHANGED);
	content_merge(&c, parsed(before));
	return c;
}

static const char whole[] = "{\"text\":\"old\",\"blocks\":[{\"type\":\"divider\"}],"
			    "\"attachments\":[{\"color\":\"#f00\"}],"
			    "\"metadata\":{\"event_type\":\"a\",\"event_payload\":{}}}";

static void
a_change_keeps_what_it_does_not_name(void **state)
{
	(void)state;
	struct content c = changed(whole, "{\"text\":\"new\"}");
	expect_text(c.text, "new");
	assert_null(c.blocks);
	assert_int_equal(c.attachments->count, 1);
	assert_non_null(c.metadata);
	c = changed(whole, "{\"attachments\":[{\"color\":\"#0f0\"}]}");
	expect_text(c.text, "old");
	assert_int_equal(c.blocks->count, 1);
}

static void
a_change_takes_away_what_it_names_empty(void **state)
{
	(void)state;
	struct content c = changed(
	    whole, "{\"text\":\"new\",\"blocks\":[],\"attachments\":[],\"metadata\":{}}");
	assert_int_equal(c.blocks->count, 0);
	assert_int_equal(c.attachments->count, 0);
	assert_null(c.metadata);
	assert_null(c.error);
	assert_string_equal(
	    changed("{\"text\":\"\",\"blocks\":[{\"type\":\"divider\"}]}", "{\"blocks\":[]}")
		.error,
	    "no_text");
	assert_string_equal(changed(whole, "{\"channel\":\"C1\"}").error, "no_text");
}

static void
metadata_of_a_strange_type_is_dropped_with_a_warning(void **state)
{
	(void)state;
	struct content c = examine(
	    "{\"text\":\"x\",\"metadata\":{\"event_type\":\"a.b c\",\"event_payload\":{}}}");
	assert_null(c.error);
	assert_null(c.metadata);
	assert_int_equal(c.warnings, WARNING_METADATA_SCHEMA);
	expect_error(arena_printf(arena,
			 "{\"text\":\"x\",\"metadata\":{\"event_type\":\"a\",\"event_payload\":"
			 "{\"p\":\"%s\"}}}",
			 many(20000))
			 .ptr,
	    "metadata_too_large");
}

static void
blocks_without_a_text_are_warned_of(void **state)
{
	(void)state;
	assert_int_equal(
	    examine("{\"blocks\":[{\"type\":\"divider\"}]}").warnings, WARNING_TEXT_MISSING);
}

static void
the_body_tells_what_was_sent_and_never_a_token(void **state)
{
	(void)state;
	struct content c = examine("{\"token\":\"xoxb-test\",\"channel\":\"C1\",\"text\":\"t\","
				   "\"attachments\":[],\"parse\":\"none\"}");
	expect_text(c.body,
	    "{\"text\":\"t\",\"attachments\":[],\"sent\":[\"text\","
	    "\"attachments\"],\"args\":{\"channel\":\"C1\",\"parse\":\"none\"}}");
}

static void
too_much_text_in_all_blocks_is_refused(void **state)
{
	(void)state;
	struct buf args = {0};
	buf_cstr(&args, "{\"blocks\":[");
	for (int i = 0; i < 5; i++) {
		buf_printf(&args,
		    "%s{\"type\":\"section\",\"text\":{\"type\":\"mrkdwn\","
		    "\"text\":\"",
		    i ? "," : "");
		for (int k = 0; k < 2900; k++)
			buf_putc(&args, 'x');
		buf_cstr(&args, "\"}}");
	}
	buf_cstr(&args, "]}");
	expect_error(args.ptr, "msg_blocks_too_long");
	buf_fini(&args);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    CASE(a_plain_text_is_acceptable),
	    CASE(a_message_needs_something_to_say),
	    CASE(blocks_may_be_a_string_of_json),
	    CASE(blocks_that_are_no_list_are_a_format_error),
	    CASE(blocks_inside_attachments_are_judged_too),
	    CASE(an_attachment_with_blocks_has_nothing_of_the_older_kind),
	    CASE(a_message_has_one_table),
	    CASE(metadata_needs_a_type_and_an_object),
	    CASE(markdown_text_stands_alone),
	    CASE(a_real_mention_is_seen_and_an_escaped_one_is_not),
	    CASE(a_mention_in_plain_text_is_none),
	    CASE(a_broadcast_in_rich_text_is_a_mention),
	    CASE(the_key_is_what_follows_the_marker),
	    CASE(the_key_may_stand_in_a_block),
	    CASE(each_block_after_the_first_costs_125_characters),
	    CASE(a_long_text_is_cut_when_posted_and_refused_when_changed),
	    CASE(a_changed_text_is_taken_as_typed_unless_parse_is_none),
	    CASE(a_change_keeps_what_it_does_not_name),
	    CASE(a_change_takes_away_what_it_names_empty),
	    CASE(metadata_of_a_strange_type_is_dropped_with_a_warning),
	    CASE(blocks_without_a_text_are_warned_of),
	    CASE(the_body_tells_what_was_sent_and_never_a_token),
	    CASE(too_much_text_in_all_blocks_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
