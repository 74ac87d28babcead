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

/* Exactly these lines, each followed by a new line. */
static void
expect(struct fixture *f, const char *blocks, const char *lines)
{
	struct buf all = {0};
	for (const struct finding *found = check(f, blocks); found; found = found->next) {
		buf_str(&all, finding_text(f->arena, found));
		buf_putc(&all, '\n');
	}
	assert_string_equal(all.ptr ? all.ptr : "", lines);
	buf_fini(&all);
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
	expect(*state, header_of(*state, 151, "x"),
	    "failed to match all allowed schemas [json-pointer:/blocks/0/text]\n"
	    "must be less than 151 characters [json-pointer:/blocks/0/text/text]\n");
}

static void
characters_are_counted_not_bytes(void **state)
{
	assert_null(check(*state, header_of(*state, 150, "\xc3\xa4")));
}

static void
an_empty_text_is_refused(void **state)
{
	expect(*state, "[{\"type\":\"section\",\"text\":{\"type\":\"mrkdwn\",\"text\":\"\"}}]",
	    "failed to match all allowed schemas [json-pointer:/blocks/0/text]\n"
	    "must be more than 0 characters [json-pointer:/blocks/0/text/text]\n");
}

static void
a_section_of_3001_characters_is_refused(void **state)
{
	struct fixture *f = *state;
	expect(f,
	    arena_printf(f->arena,
		"[{\"type\":\"section\",\"text\":{\"type\":\"mrkdwn\","
		"\"text\":\"%s\"}}]",
		many(f, 3001, "x"))
		.ptr,
	    "failed to match all allowed schemas [json-pointer:/blocks/0/text]\n"
	    "must be less than 3001 characters [json-pointer:/blocks/0/text/text]\n");
}

static void
a_header_must_be_plain_text(void **state)
{
	expect(*state, "[{\"type\":\"header\",\"text\":{\"type\":\"mrkdwn\",\"text\":\"x\"}}]",
	    "failed to match all allowed schemas [json-pointer:/blocks/0/text]\n"
	    "must be a valid enum value [json-pointer:/blocks/0/text/type]\n");
}

static void
an_unknown_block_is_refused(void **state)
{
	expect(*state, "[{\"type\":\"divider\"},{\"type\":\"nope\"}]",
	    "unsupported type: nope [json-pointer:/blocks/1/type]\n");
}

static void
a_button_is_no_block(void **state)
{
	expect(*state, "[{\"type\":\"button\"}]",
	    "unsupported type: button [json-pointer:/blocks/0/type]\n");
}

static void
an_unknown_property_is_refused(void **state)
{
	expect(*state, "[{\"type\":\"divider\",\"colour\":\"red\"}]",
	    "invalid additional property: colour [json-pointer:/blocks/0]\n");
}

static void
a_block_id_may_stand_once_in_a_message(void **state)
{
	expect(*state,
	    "[{\"type\":\"divider\",\"block_id\":\"a\"},{\"type\":\"divider\","
	    "\"block_id\":\"a\"}]",
	    "`block_id` already exists: a [json-pointer:/blocks/1/block_id]\n");
}

static void
a_section_needs_text_or_fields(void **state)
{
	expect(*state, "[{\"type\":\"section\"}]",
	    "must define either `text` or `fields` [json-pointer:/blocks/0/type]\n");
}

static void
an_image_needs_alt_text(void **state)
{
	expect(*state, "[{\"type\":\"image\",\"image_url\":\"https://example.com/i.png\"}]",
	    "missing required field: alt_text [json-pointer:/blocks/0]\n");
}

static void
a_button_url_must_be_a_url(void **state)
{
	expect(*state,
	    "[{\"type\":\"actions\",\"elements\":[{\"type\":\"button\",\"text\":{"
	    "\"type\":\"plain_text\",\"text\":\"b\"},\"url\":\"javascript:x\"}]}]",
	    "invalid url [json-pointer:/blocks/0/elements/0/url]\n");
}

static void
fifty_one_blocks_are_too_many(void **state)
{
	struct fixture *f = *state;
	expect(f,
	    arena_printf(
		f->arena, "[%s{\"type\":\"divider\"}]", many(f, 50, "{\"type\":\"divider\"},"))
		.ptr,
	    "no more than 50 items allowed [json-pointer:/blocks]\n");
}

static void
eleven_fields_are_too_many(void **state)
{
	struct fixture *f = *state;
	const char *field = "{\"type\":\"mrkdwn\",\"text\":\"x\"}";
	expect(f,
	    arena_printf(f->arena, "[{\"type\":\"section\",\"fields\":[%s%s]}]",
		many(f, 10, "{\"type\":\"mrkdwn\",\"text\":\"x\"},"), field)
		.ptr,
	    "no more than 10 items allowed [json-pointer:/blocks/0/fields]\n");
}

static void
a_context_without_elements_is_refused(void **state)
{
	expect(*state, "[{\"type\":\"context\",\"elements\":[]}]",
	    "must provide at least 1 items [json-pointer:/blocks/0/elements]\n");
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

/* `pattern` with `value` in the place of its '@'. */
static const char *
filled(struct fixture *f, const char *pattern, const char *value)
{
	const char *at = strchr(pattern, '@');
	return arena_printf(f->arena, "%.*s%s%s", (int)(at - pattern), pattern, value, at + 1)
	    .ptr;
}

static const char *
with_member(struct fixture *f, const char *block, const char *member)
{
	return arena_printf(f->arena, "[{\"type\":\"%s\",%s}]", block, member).ptr;
}

static void
a_text_that_is_none_breaks_both_of_its_schemas(void **state)
{
	expect(*state, "[{\"type\":\"section\",\"text\":\"t\"}]",
	    "failed to match all allowed schemas [json-pointer:/blocks/0/text]\n"
	    "must provide an object [json-pointer:/blocks/0/text]\n"
	    "must provide an object [json-pointer:/blocks/0/text]\n");
}

static void
a_header_has_a_level_from_1_to_4(void **state)
{
	const char *text = "\"text\":{\"type\":\"plain_text\",\"text\":\"H\"},\"level\":@";
	struct fixture *f = *state;
	assert_null(check(f, with_member(f, "header", filled(f, text, "4"))));
	expect(f, with_member(f, "header", filled(f, text, "5")),
	    "must be less than or equal to 4 [json-pointer:/blocks/0/level]\n");
}

static void
a_wrong_style_and_a_wrong_flag_are_told_in_slacks_words(void **state)
{
	expect(*state,
	    "[{\"type\":\"actions\",\"elements\":[{\"type\":\"button\",\"text\":{\"type\":"
	    "\"plain_text\",\"text\":\"b\"},\"style\":\"red\"}]},"
	    "{\"type\":\"section\",\"expand\":1,\"fields\":[{\"type\":\"mrkdwn\","
	    "\"text\":\"f\"}]}]",
	    "must be a valid enum value [json-pointer:/blocks/0/elements/0/style]\n"
	    "must be a boolean [json-pointer:/blocks/1/expand]\n");
}

static void
an_action_id_may_stand_once_in_a_block(void **state)
{
	const char *button = "{\"type\":\"button\",\"action_id\":\"a\",\"text\":{\"type\":"
			     "\"plain_text\",\"text\":\"b\"}}";
	struct fixture *f = *state;
	struct str one =
	    arena_printf(f->arena, "{\"type\":\"actions\",\"elements\":[%s]}", button);
	assert_null(check(f, arena_printf(f->arena, "[%s,%s]", one.ptr, one.ptr).ptr));
	expect(f,
	    arena_printf(
		f->arena, "[{\"type\":\"actions\",\"elements\":[%s,%s]}]", button, button)
		.ptr,
	    "`action_id` already exists: a [json-pointer:/blocks/0/elements/1/action_id]\n");
}

static void
a_confirmation_has_limits_of_its_own(void **state)
{
	struct fixture *f = *state;
	expect(f,
	    arena_printf(f->arena,
		"[{\"type\":\"actions\",\"elements\":[{\"type\":\"button\",\"text\":{"
		"\"type\":\"plain_text\",\"text\":\"b\"},\"confirm\":{\"title\":{\"type\":"
		"\"plain_text\",\"text\":\"%s\"}}}]}]",
		many(f, 101, "x"))
		.ptr,
	    "missing required field: text [json-pointer:/blocks/0/elements/0/confirm]\n"
	    "failed to match all allowed schemas "
	    "[json-pointer:/blocks/0/elements/0/confirm/title]\n"
	    "must be less than 101 characters "
	    "[json-pointer:/blocks/0/elements/0/confirm/title/text]\n");
}

static void
a_video_needs_five_things(void **state)
{
	expect(*state, "[{\"type\":\"video\"}]",
	    "missing required field: title [json-pointer:/blocks/0]\n"
	    "missing required field: video_url [json-pointer:/blocks/0]\n"
	    "missing required field: thumbnail_url [json-pointer:/blocks/0]\n"
	    "missing required field: alt_text [json-pointer:/blocks/0]\n");
}

static void
the_cells_of_a_table_have_types(void **state)
{
	assert_null(check(*state,
	    "[{\"type\":\"table\",\"rows\":[[{\"type\":\"raw_text\",\"text\":\"a\"},{"
	    "\"type\":\"raw_number\",\"value\":1,\"text\":\"1\"},{\"type\":\"rich_text\","
	    "\"elements\":[{\"type\":\"rich_text_section\",\"elements\":[{\"type\":\"text\","
	    "\"text\":\"r\"}]}]}]],\"column_settings\":[null,{\"align\":\"right\"}]}]"));
	expect(*state, "[{\"type\":\"table\",\"rows\":[7,[],[{\"type\":\"nope\"}]]}]",
	    "must provide an array [json-pointer:/blocks/0/rows/0]\n"
	    "must provide at least 1 items [json-pointer:/blocks/0/rows/1]\n"
	    "unsupported type: nope [json-pointer:/blocks/0/rows/2/0/type]\n");
}

static void
the_blocks_of_2026_are_known(void **state)
{
	assert_null(check(*state,
	    "[{\"type\":\"container\",\"title\":{\"type\":\"plain_text\",\"text\":\"c\"},"
	    "\"width\":\"full\",\"child_blocks\":[{\"type\":\"divider\"}]},"
	    "{\"type\":\"carousel\",\"elements\":[{\"type\":\"card\",\"title\":{\"type\":"
	    "\"mrkdwn\",\"text\":\"t\"}}]},"
	    "{\"type\":\"plan\",\"title\":\"p\",\"tasks\":[{\"type\":\"task_card\","
	    "\"task_id\":\"1\",\"title\":\"t\",\"status\":\"complete\"}]},"
	    "{\"type\":\"context_actions\",\"elements\":[{\"type\":\"icon_button\",\"icon\":"
	    "\"trash\",\"text\":{\"type\":\"plain_text\",\"text\":\"x\"}}]},"
	    "{\"type\":\"data_table\",\"caption\":\"d\",\"rows\":[[{\"type\":\"raw_text\","
	    "\"text\":\"h\"}],[{\"type\":\"raw_text\",\"text\":\"v\"}]]},"
	    "{\"type\":\"data_visualization\"}]"));
	expect(*state, "[{\"type\":\"alert\"}]",
	    "unsupported type: alert [json-pointer:/blocks/0/type]\n");
}

static void
a_container_takes_ten_blocks_and_no_other_container(void **state)
{
	struct fixture *f = *state;
	const char *member = "\"title\":{\"type\":\"plain_text\",\"text\":\"c\"},"
			     "\"child_blocks\":[@]";
	expect(f, with_member(f, "container", filled(f, member, "{\"type\":\"container\"}")),
	    "unsupported type: container [json-pointer:/blocks/0/child_blocks/0/type]\n");
	f->found = (struct findings){.arena = f->arena};
	const char *eleven = arena_printf(
	    f->arena, "%s{\"type\":\"divider\"}", many(f, 10, "{\"type\":\"divider\"},"))
	                         .ptr;
	expect(f, with_member(f, "container", filled(f, member, eleven)),
	    "no more than 10 items allowed [json-pointer:/blocks/0/child_blocks]\n");
}

static void
an_image_that_nobody_outside_can_fetch_is_refused(void **state)
{
	const char *block = "[{\"type\":\"image\",\"alt_text\":\"i\",\"image_url\":\"@\"}]";
	struct fixture *f = *state;
	assert_null(check(f, filled(f, block, "https://example.com:8080/127.0.0.1.png")));
	expect(f, filled(f, block, "http://localhost:8080/i.png"),
	    "downloading image failed [json-pointer:/blocks/0/image_url]\n");
	assert_string_equal(f->found.image.ptr, "/blocks/0/image_url");
}

static void
a_small_image_is_not_fetched(void **state)
{
	assert_null(check(*state,
	    "[{\"type\":\"context\",\"elements\":[{\"type\":\"image\",\"alt_text\":\"i\","
	    "\"image_url\":\"http://localhost/i.png\"}]}]"));
}

static void
markdown_counts_as_the_blocks_it_becomes(void **state)
{
	const char *block = "[{\"type\":\"markdown\",\"text\":\"@\"}]";
	struct fixture *f = *state;
	assert_null(check(f, filled(f, block, many(f, 50, "# h\\n"))));
	expect(f, filled(f, block, many(f, 51, "# h\\n")),
	    "no more than 50 items allowed [json-pointer:/blocks]\n");
}

static void
what_is_expected_is_told_to_whoever_asks_for_it(void **state)
{
	struct fixture *f = *state;
	struct buf out = {0};
	struct json_writer w;
	(void)check(f, header_of(f, 151, "x"));
	jw_init(&w, &out);
	finding_write(&w, f->found.last);
	assert_string_equal(out.ptr,
	    "{\"code\":\"failed_constraint\",\"message\":\"must be less than 151 "
	    "characters\",\"pointer\":\"/blocks/0/text/text\",\"constraint\":{\"type\":"
	    "\"max_length\",\"expected\":150,\"got\":151}}");
	buf_fini(&out);
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
	    CASE(a_text_that_is_none_breaks_both_of_its_schemas),
	    CASE(a_header_has_a_level_from_1_to_4),
	    CASE(a_wrong_style_and_a_wrong_flag_are_told_in_slacks_words),
	    CASE(an_action_id_may_stand_once_in_a_block),
	    CASE(a_confirmation_has_limits_of_its_own),
	    CASE(a_video_needs_five_things),
	    CASE(the_cells_of_a_table_have_types),
	    CASE(the_blocks_of_2026_are_known),
	    CASE(a_container_takes_ten_blocks_and_no_other_container),
	    CASE(an_image_that_nobody_outside_can_fetch_is_refused),
	    CASE(a_small_image_is_not_fetched),
	    CASE(markdown_counts_as_the_blocks_it_becomes),
	    CASE(what_is_expected_is_told_to_whoever_asks_for_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
