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

static struct content
examine(const char *args)
{
	const struct json *v;
	struct content c;
	struct err e;
	if (!json_parse(arena, str_of(args), JSON_DEPTH_MAX, &v, &e))
		fail_msg("%s", e.text);
	content_examine(&c, arena, v, STR("ref:"));
	return c;
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
	assert_string_equal(c.error, "invalid_blocks");
	assert_string_equal(c.findings->text.ptr,
	    "[ERROR] unsupported type: x [json-pointer:/attachments/0/blocks/0/type]");
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
	    CASE(metadata_needs_a_type_and_an_object),
	    CASE(markdown_text_stands_alone),
	    CASE(a_real_mention_is_seen_and_an_escaped_one_is_not),
	    CASE(a_mention_in_plain_text_is_none),
	    CASE(a_broadcast_in_rich_text_is_a_mention),
	    CASE(the_key_is_what_follows_the_marker),
	    CASE(the_key_may_stand_in_a_block),
	    CASE(too_much_text_in_all_blocks_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
