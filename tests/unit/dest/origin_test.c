#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>

#include "dest/slack/render.h"
#include "unit/base/found.h"

#include <cmocka.h>

/* What the template makes of the payload. */
static const struct dest_body *
render(struct arena *a, const char *template, const char *payload)
{
	const struct dest_template *t;
	struct findings found;
	struct event ev = {.type = STR("a.b"), .payload_text = str_of(payload)};
	struct err e;

	findings_init(&found, a);
	if (!slack_template_compile(a, str_of(template), &t, &found))
		fail_msg("%s", found_text(&found));
	if (!json_parse(a, ev.payload_text, JSON_DEPTH_MAX, &ev.payload, &e))
		fail_msg("%s", e.text);
	return slack_render(t, &ev, severity_default(), a);
}

static void
assert_comes_from(const struct dest_body *b, const char *pointer, const char *slot)
{
	char found[64];

	slack_slot_of(slack_body_of(b), str_of(pointer), found, sizeof(found));
	assert_string_equal(found, slot);
}

static const char all_slots[] =
    "{\"header\":\"{{ payload.h }}\",\"body\":\"{{ payload.b }}\",\"fields\":\"auto\","
    "\"context\":\"{{ payload.c }}\",\"link\":\"{{ payload.l }}\",\"reference\":"
    "\"{{ payload.r }}\",\"timestamp\":\"{{ payload.t }}\"}";

static void
each_block_of_slots_is_known_by_its_slot(void **state)
{
	struct arena *a = arena_new(0);
	const struct dest_body *b = render(a, all_slots,
	    "{\"h\":\"H\",\"b\":\"B\",\"c\":\"C\",\"l\":\"https://a.b\",\"r\":\"R\",\"t\":"
	    "\"T\",\"other\":1}");

	(void)state;
	assert_comes_from(b, "/blocks/0/text/text", "header");
	assert_comes_from(b, "/blocks/1/text/text", "body");
	assert_comes_from(b, "/blocks/2/fields/0/text", "fields");
	assert_comes_from(b, "/blocks/3/elements/0/text", "context");
	assert_comes_from(b, "/blocks/4/text/text", "link");
	assert_comes_from(b, "/blocks/5/elements/0/text", "reference");
	assert_comes_from(b, "/blocks/5/elements/1/text", "timestamp");
	assert_comes_from(b, "/attachments/0/blocks/0/fields/0/text", "fields");
	assert_comes_from(b, "/attachments/0/blocks/3/elements/1/text", "timestamp");
	assert_comes_from(b, "/attachments/0/blocks/4", "");
	assert_comes_from(b, "/text", "text");
	arena_free(a);
}

static void
blocks_that_were_left_out_do_not_count(void **state)
{
	struct arena *a = arena_new(0);
	const struct dest_body *b = render(a, all_slots, "{\"b\":\"B\",\"t\":\"T\"}");

	(void)state;
	assert_comes_from(b, "/blocks/0/text/text", "body");
	assert_comes_from(b, "/blocks/1/elements/0/text", "timestamp");
	b = render(a, "{\"header\":\"{{ payload.h }}\"}", "{}");
	assert_comes_from(b, "/blocks/0/text/text", "text");
	arena_free(a);
}

static const char document[] =
    "{\"blocks\":[{\"type\":\"header\",\"text\":{\"type\":\"plain_text\",\"text\":\"{{ "
    "payload.h }}\"}},{\"type\":\"divider\"},{\"type\":\"section\",\"fields\":[{\"type\":"
    "\"mrkdwn\",\"text\":\"{{ payload.x }}\"},{\"type\":\"mrkdwn\",\"text\":\"two\"}]},"
    "{\"type\":\"context\",\"elements\":[{\"type\":\"mrkdwn\",\"text\":\"{{ payload.x "
    "}}\"},{\"type\":\"mrkdwn\",\"text\":\"{{ payload.x }}\"},{\"type\":\"mrkdwn\",\"text\":"
    "\"three\"}]},{\"type\":\"section\",\"text\":{\"type\":\"mrkdwn\",\"text\":\"last\"}}]}";

static void
a_place_in_a_document_is_told_as_it_was_written(void **state)
{
	struct arena *a = arena_new(0);
	const struct dest_body *b = render(a, document, "{\"h\":\"H\",\"x\":\"X\"}");

	(void)state;
	assert_comes_from(b, "/blocks/0/text/text", "/blocks/0/text/text");
	assert_comes_from(b, "/blocks/2/fields/1/text", "/blocks/2/fields/1/text");
	b = render(a, document, "{}");
	assert_comes_from(b, "/blocks/0", "/blocks/1");
	assert_comes_from(b, "/blocks/1/fields/0/text", "/blocks/2/fields/1/text");
	assert_comes_from(b, "/blocks/2/elements/0/text", "/blocks/3/elements/2/text");
	assert_comes_from(b, "/blocks/2/elements", "/blocks/3/elements");
	assert_comes_from(b, "/attachments/0/blocks/2/text/text", "/blocks/4/text/text");
	arena_free(a);
}

static void
a_place_that_nothing_comes_from_is_nowhere(void **state)
{
	static const char *const places[] = {"", "/", "/blocks", "/blocks/", "/blocks/6/text",
	    "/blocks/x", "/blocks/4294967296/text", "/attachments/1/blocks/0", "/channel",
	    "/blocks/5/elements/7/text"};
	struct arena *a = arena_new(0);
	const struct dest_body *b = render(a, all_slots, "{\"h\":\"H\",\"t\":\"T\"}");

	(void)state;
	for (size_t i = 0; i < COUNT_OF(places); i++)
		assert_comes_from(b, places[i], "");
	arena_free(a);
}

static void
a_long_place_is_cut(void **state)
{
	struct arena *a = arena_new(0);
	const struct dest_body *b = render(a, document, "{\"h\":\"H\"}");
	char pointer[96] = "/blocks/0", found[16];

	(void)state;
	while (strlen(pointer) < sizeof(pointer) - 3)
		strncat(pointer, "/x", 3);
	slack_slot_of(slack_body_of(b), str_of(pointer), found, sizeof(found));
	assert_string_equal(found, "/blocks/0/x/x/x");
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_block_of_slots_is_known_by_its_slot),
	    cmocka_unit_test(blocks_that_were_left_out_do_not_count),
	    cmocka_unit_test(a_place_in_a_document_is_told_as_it_was_written),
	    cmocka_unit_test(a_place_that_nothing_comes_from_is_nowhere),
	    cmocka_unit_test(a_long_place_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
