#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

/* Before cmocka, whose fail() is a macro. */
#include "blocks.h"

#include <cmocka.h>

struct fixture {
	struct arena *arena;
	struct findings found;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	f->arena = arena_new(0);
	f->found.arena = f->arena;
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	arena_free(f->arena);
	free(f);
	return 0;
}

static const struct finding *
check(struct fixture *f, const char *blocks)
{
	const struct json *v;
	struct err e;
	if (!json_parse(f->arena, str_of(blocks), JSON_DEPTH_MAX, &v, &e))
		fail_msg("%s", e.text);
	blocks_check(&f->found, v, "/blocks");
	return f->found.first;
}

static void
expect_one(struct fixture *f, const char *blocks, const char *text)
{
	const struct finding *found = check(f, blocks);
	assert_non_null(found);
	assert_string_equal(found->text.ptr, text);
	assert_null(found->next);
}

/* `count` times `c` in an arena. */
static const char *
many(struct fixture *f, size_t count, const char *c)
{
	char *text = arena_must(f->arena, count * strlen(c) + 1);
	for (size_t i = 0; i < count; i++)
		memcpy(text + i * strlen(c), c, strlen(c));
	return text;
}

static const char *
header_of(struct fixture *f, size_t chars, const char *c)
{
	return arena_printf(f->arena,
	    "[{\"type\":\"header\",\"text\":{\"type\":\"plain_text\","
	    "\"text\":\"%s\"}}]",
	    many(f, chars, c))
	    .ptr;
}

static void
a_message_with_every_common_block_is_accepted(void **state)
{
	assert_null(check(*state,
	    "[{\"type\":\"header\",\"text\":{\"type\":\"plain_text\",\"text\":\"H\","
	    "\"emoji\":true}},"
	    "{\"type\":\"section\",\"block_id\":\"b\",\"text\":{\"type\":\"mrkdwn\","
	    "\"text\":\"*t*\",\"verbatim\":true},\"fields\":[{\"type\":\"mrkdwn\","
	    "\"text\":\"f\"}],\"accessory\":{\"type\":\"button\",\"text\":{\"type\":"
	    "\"plain_text\",\"text\":\"Go\"},\"url\":\"https://example.com\",\"action_id\":"
	    "\"a\",\"style\":\"primary\"}},"
	    "{\"type\":\"divider\"},"
	    "{\"type\":\"context\",\"elements\":[{\"type\":\"mrkdwn\",\"text\":\"c\"},"
	    "{\"type\":\"image\",\"image_url\":\"https://example.com/i.png\",\"alt_text\":"
	    "\"i\"}]},"
	    "{\"type\":\"actions\",\"elements\":[{\"type\":\"button\",\"text\":{\"type\":"
	    "\"plain_text\",\"text\":\"Go\"}}]},"
	    "{\"type\":\"image\",\"image_url\":\"https://example.com/i.png\",\"alt_text\":"
	    "\"i\"},"
	    "{\"type\":\"markdown\",\"text\":\"# m\"},"
	    "{\"type\":\"rich_text\",\"elements\":[{\"type\":\"rich_text_section\","
	    "\"elements\":[{\"type\":\"text\",\"text\":\"r\",\"style\":{\"bold\":true}}]},"
	    "{\"type\":\"rich_text_list\",\"style\":\"bullet\",\"elements\":[{\"type\":"
	    "\"rich_text_section\",\"elements\":[{\"type\":\"link\",\"url\":"
	    "\"https://example.com\"}]}]}]}]"));
}

static void
a_header_takes_150_characters(void **state)
{
	assert_null(check(*state, header_of(*state, 150, "x")));
}

static void
a_header_of_151_characters_is_refused(void **state)
{
	expect_one(*state, header_of(*state, 151, "x"),
	    "[ERROR] must be less than 151 characters [json-pointer:/blocks/0/text/text]");
}

static void
characters_are_counted_not_bytes(void **state)
{
	assert_null(check(*state, header_of(*state, 150, "\xc3\xa4")));
}

static void
an_empty_text_is_refused(void **state)
{
	expect_one(*state,
	    "[{\"type\":\"section\",\"text\":{\"type\":\"mrkdwn\",\"text\":\"\"}}]",
	    "[ERROR] must be more than 0 characters [json-pointer:/blocks/0/text/text]");
}

static void
a_section_of_3001_characters_is_refused(void **state)
{
	struct fixture *f = *state;
	expect_one(f,
	    arena_printf(f->arena,
		"[{\"type\":\"section\",\"text\":{\"type\":\"mrkdwn\","
		"\"text\":\"%s\"}}]",
		many(f, 3001, "x"))
		.ptr,
	    "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]");
}

static void
a_header_must_be_plain_text(void **state)
{
	expect_one(*state,
	    "[{\"type\":\"header\",\"text\":{\"type\":\"mrkdwn\",\"text\":\"x\"}}]",
	    "[ERROR] must be one of: plain_text [json-pointer:/blocks/0/text/type]");
}

static void
an_unknown_block_is_refused(void **state)
{
	expect_one(*state, "[{\"type\":\"divider\"},{\"type\":\"nope\"}]",
	    "[ERROR] unsupported type: nope [json-pointer:/blocks/1/type]");
}

static void
a_button_is_no_block(void **state)
{
	expect_one(*state, "[{\"type\":\"button\"}]",
	    "[ERROR] unsupported type: button [json-pointer:/blocks/0/type]");
}

static void
an_unknown_property_is_refused(void **state)
{
	expect_one(*state, "[{\"type\":\"divider\",\"colour\":\"red\"}]",
	    "[ERROR] invalid additional property: colour [json-pointer:/blocks/0]");
}

static void
a_block_id_may_stand_once_in_a_message(void **state)
{
	expect_one(*state,
	    "[{\"type\":\"divider\",\"block_id\":\"a\"},{\"type\":\"divider\","
	    "\"block_id\":\"a\"}]",
	    "[ERROR] `block_id` already exists: a [json-pointer:/blocks/1/block_id]");
}

static void
a_section_needs_text_or_fields(void **state)
{
	expect_one(*state, "[{\"type\":\"section\"}]",
	    "[ERROR] missing required field: text or fields [json-pointer:/blocks/0]");
}

static void
an_image_needs_alt_text(void **state)
{
	expect_one(*state, "[{\"type\":\"image\",\"image_url\":\"https://example.com/i.png\"}]",
	    "[ERROR] missing required field: alt_text [json-pointer:/blocks/0]");
}

static void
a_button_url_must_be_a_url(void **state)
{
	expect_one(*state,
	    "[{\"type\":\"actions\",\"elements\":[{\"type\":\"button\",\"text\":{"
	    "\"type\":\"plain_text\",\"text\":\"b\"},\"url\":\"javascript:x\"}]}]",
	    "[ERROR] must be a valid URL [json-pointer:/blocks/0/elements/0/url]");
}

static void
fifty_one_blocks_are_too_many(void **state)
{
	struct fixture *f = *state;
	expect_one(f,
	    arena_printf(
		f->arena, "[%s{\"type\":\"divider\"}]", many(f, 50, "{\"type\":\"divider\"},"))
		.ptr,
	    "[ERROR] no more than 50 items allowed [json-pointer:/blocks]");
}

static void
eleven_fields_are_too_many(void **state)
{
	struct fixture *f = *state;
	const char *field = "{\"type\":\"mrkdwn\",\"text\":\"x\"}";
	expect_one(f,
	    arena_printf(f->arena, "[{\"type\":\"section\",\"fields\":[%s%s]}]",
		many(f, 10, "{\"type\":\"mrkdwn\",\"text\":\"x\"},"), field)
		.ptr,
	    "[ERROR] no more than 10 items allowed [json-pointer:/blocks/0/fields]");
}

static void
a_context_without_elements_is_refused(void **state)
{
	expect_one(*state, "[{\"type\":\"context\",\"elements\":[]}]",
	    "[ERROR] no fewer than 1 items allowed [json-pointer:/blocks/0/elements]");
}

static void
every_fault_of_a_message_is_named(void **state)
{
	const struct finding *found = check(*state, "[{\"type\":\"section\"},{},7]");
	int count = 0;
	for (; found; found = found->next)
		count++;
	assert_int_equal(count, 3);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    CASE(a_message_with_every_common_block_is_accepted),
	    CASE(a_header_takes_150_characters),
	    CASE(a_header_of_151_characters_is_refused),
	    CASE(characters_are_counted_not_bytes),
	    CASE(an_empty_text_is_refused),
	    CASE(a_section_of_3001_characters_is_refused),
	    CASE(a_header_must_be_plain_text),
	    CASE(an_unknown_block_is_refused),
	    CASE(a_button_is_no_block),
	    CASE(an_unknown_property_is_refused),
	    CASE(a_block_id_may_stand_once_in_a_message),
	    CASE(a_section_needs_text_or_fields),
	    CASE(an_image_needs_alt_text),
	    CASE(a_button_url_must_be_a_url),
	    CASE(fifty_one_blocks_are_too_many),
	    CASE(eleven_fields_are_too_many),
	    CASE(a_context_without_elements_is_refused),
	    CASE(every_fault_of_a_message_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
