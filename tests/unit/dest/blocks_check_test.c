#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include "dest/slack/render.h"
#include "unit/base/found.h"
#include <cmocka.h>

struct bad {
	const char *document, *slot, *text;
};

#define BUTTON(id)                                 \
	"{\"type\":\"button\",\"action_id\":\"" id \
	"\",\"text\":{\"type\":\"plain_text\",\"text\":\"x\"}}"

static const struct bad bad[] = {
    {"[]", "", "must be an object of slots"},
    {"{\"bdy\":\"x\"}", "bdy", "did you mean \"body\"?"},
    {"{\"body\":1}", "body", "must be a string"},
    {"{\"color\":\"red\"}", "color", "#rrggbb"},
    {"{\"fields\":\"some\"}", "fields", "auto"},
    {"{\"blocks\":[],\"text\":\"x\"}", "/blocks", "has 0 elements"},
    {"{\"blocks\":{},\"text\":\"x\"}", "/blocks", "must be a list"},
    {"{\"blocks\":[{\"type\":\"divider\"}],\"body\":\"x\"}", "body", "only text and color"},
    {"{\"blocks\":[1]}", "/blocks/0", "must be an object"},
    {"{\"blocks\":[{\"type\":\"rich_text\"}]}", "/blocks/0", "cannot be used here"},
    {"{\"blocks\":[{\"text\":\"x\"}]}", "/blocks/0", "needs a type"},
    {"{\"blocks\":[{\"type\":\"header\"}]}", "/blocks/0", "header needs \"text\""},
    {"{\"blocks\":[{\"type\":\"section\"}]}", "/blocks/0", "needs \"text\" or \"fields\""},
    {"{\"blocks\":[{\"type\":\"header\",\"text\":{\"type\":\"mrkdwn\",\"text\":\"x\"}}]}",
	"/blocks/0/text", "cannot be used here"},
    {"{\"blocks\":[{\"type\":\"header\",\"text\":\"x\"}]}", "/blocks/0/text",
	"must be an object"},
    {"{\"blocks\":[{\"type\":\"divider\",\"txt\":1}]}", "/blocks/0/txt", "no such member"},
    {"{\"blocks\":[{\"type\":\"section\",\"text\":{\"type\":\"mrkdwn\",\"text\":\"\"}}]}",
	"/blocks/0/text/text", "must not be empty"},
    {"{\"blocks\":[{\"type\":\"section\",\"text\":{\"type\":\"mrkdwn\",\"text\":\"x\","
     "\"verbatim\":false}}]}",
	"/blocks/0/text/verbatim", "must stay true"},
    {"{\"blocks\":[{\"type\":\"section\",\"text\":{\"type\":\"mrkdwn\",\"text\":\"x\"},"
     "\"accessory\":{\"type\":\"image\",\"image_url\":\"ftp://x\",\"alt_text\":\"a\"}}]}",
	"/blocks/0/accessory/image_url", "https://"},
    {"{\"blocks\":[{\"type\":\"actions\",\"elements\":[{\"type\":\"button\",\"text\":{\"type\":"
     "\"plain_text\",\"text\":\"x\"},\"style\":\"bold\"}]}]}",
	"/blocks/0/elements/0/style", "\"primary\" or \"danger\""},
    {"{\"blocks\":[{\"type\":\"section\",\"fields\":[{\"type\":\"mrkdwn\",\"text\":\"{{ "
     "payload.x | nope }}\"}]}]}",
	"/blocks/0/fields/0/text", "unknown filter \"nope\""},
    {"{\"blocks\":[{\"type\":\"header\",\"level\":5,\"text\":{\"type\":\"plain_text\",\"text\":"
     "\"x\"}"
     "}]}",
	"/blocks/0/level", "from 1 to 4"},
    {"{\"blocks\":[{\"type\":\"divider\",\"block_id\":\"a\"},{\"type\":\"divider\",\"block_"
     "id\":"
     "\"a\"}]}",
	"/blocks/1/block_id", "another block has the same name"},
    {"{\"blocks\":[{\"type\":\"actions\",\"elements\":[" BUTTON("a") "," BUTTON("a") "]}]}",
	"/blocks/0/elements/1/action_id", "another action of it"},
    {"{\"body\":\"x\"", "", "line 1"},
};

static bool
compile(struct arena *a, struct str text, struct findings *f)
{
	const struct dest_template *t;
	findings_init(f, a);
	return slack_template_compile(a, text, &t, f);
}

/* The slot of the first finding; in the advanced form its place. */
static const char *
slot_of(const struct findings *f)
{
	return f->items[0].slot.len > 0 ? f->items[0].slot.ptr : f->items[0].pointer.ptr;
}

static void
a_bad_document_is_refused_by_the_place_of_its_mistake(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct arena *a = arena_new(0);
		struct findings te;
		assert_false(compile(a, str_of(bad[i].document), &te));
		assert_string_equal(slot_of(&te), bad[i].slot);
		if (!strstr(found_text(&te), bad[i].text))
			fail_msg("%s: \"%s\" does not say %s", bad[i].document, found_text(&te),
			    bad[i].text);
		arena_free(a);
	}
}

static void
a_templates_mistake_has_line_and_column_in_its_slot(void **state)
{
	(void)state;
	struct arena *a = arena_new(0);
	struct findings te;
	assert_false(compile(a, STR("{\"body\":\"ok\\n{{ payload.x | upcas }}\"}"), &te));
	assert_string_equal(slot_of(&te), "body");
	assert_int_equal(te.items[0].line, 2);
	assert_int_equal(te.items[0].column, 16);
	assert_string_equal(te.items[0].text.ptr, "unknown filter \"upcas\"");
	assert_string_equal(te.items[0].suggestion.ptr, "upcase");
	assert_string_equal(te.items[0].pointer.ptr, "/body");
	arena_free(a);
}

/* {"blocks":[{"type":"header","text":{"type":"plain_text","text":"xxx..."}}]} of n x's */
static void
header_of(struct buf *out, int n)
{
	buf_clear(out);
	buf_cstr(out,
	    "{\"blocks\":[{\"type\":\"header\",\"text\":{\"type\":\"plain_text\",\"text\":\"");
	for (int i = 0; i < n; i++)
		buf_putc(out, 'x');
	buf_cstr(out, "\"}}]}");
}

static void
constant_text_is_held_to_its_limit_when_it_is_saved(void **state)
{
	(void)state;
	struct arena *a = arena_new(0);
	struct findings te;
	struct buf text = {0};
	header_of(&text, 150);
	assert_true(compile(a, buf_view(&text), &te));
	header_of(&text, 151);
	assert_false(compile(a, buf_view(&text), &te));
	assert_string_equal(slot_of(&te), "/blocks/0/text/text");
	buf_fini(&text);
	arena_free(a);
}

static void
a_level_and_names_in_blocks_of_their_own_are_taken(void **state)
{
	(void)state;
	struct arena *a = arena_new(0);
	struct findings f;
	assert_true(compile(a,
	    STR("{\"blocks\":[{\"type\":\"header\",\"level\":2,\"text\":{\"type\":\"plain_"
		"text\","
		"\"text\":\"x\"}},{\"type\":\"actions\",\"elements\":[" BUTTON("a") "," BUTTON(
		    "b") "]},{"
			 "\"type\":\"actions\",\"elements\":[" BUTTON("a") "," BUTTON(
			     "{{ payload.x }}") "]}]}"),
	    &f));
	arena_free(a);
}

static void
more_blocks_than_slack_takes_are_refused(void **state)
{
	(void)state;
	struct arena *a = arena_new(0);
	struct findings te;
	struct buf text = {0};
	for (int n = 50; n <= 51; n++) {
		buf_clear(&text);
		buf_cstr(&text, "{\"blocks\":[{\"type\":\"divider\"}");
		for (int i = 1; i < n; i++)
			buf_cstr(&text, ",{\"type\":\"divider\"}");
		buf_cstr(&text, "]}");
		assert_int_equal(compile(a, buf_view(&text), &te), n == 50);
	}
	buf_fini(&text);
	arena_free(a);
}

static void
all_mistakes_are_told_each_in_its_place(void **state)
{
	(void)state;
	struct arena *a = arena_new(0);
	struct findings f;
	assert_false(compile(a,
	    STR("{\"haeder\":\"x\",\"body\":\"{{ payload.x | upcse }}\",\"color\":\"red\"}"),
	    &f));
	assert_string_equal(found_text(&f),
	    "haeder: there is no such slot; did you mean \"header\"?\n"
	    "body, line 1, column 16: unknown filter \"upcse\"; did you mean \"upcase\"?\n"
	    "color: must be #rrggbb, good, warning or danger");
	assert_false(compile(a,
	    STR("{\"blocks\":[{\"type\":\"header\"},{\"type\":\"divider\",\"blok_id\":\"x\"}],"
		"\"body\":\"x\"}"),
	    &f));
	assert_string_equal(found_text(&f),
	    "/blocks/0: header needs \"text\"\n"
	    "/blocks/1/blok_id: divider has no such member; did you mean \"block_id\"?\n"
	    "body: with blocks there are only text and color");
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_bad_document_is_refused_by_the_place_of_its_mistake),
	    cmocka_unit_test(a_templates_mistake_has_line_and_column_in_its_slot),
	    cmocka_unit_test(all_mistakes_are_told_each_in_its_place),
	    cmocka_unit_test(constant_text_is_held_to_its_limit_when_it_is_saved),
	    cmocka_unit_test(a_level_and_names_in_blocks_of_their_own_are_taken),
	    cmocka_unit_test(more_blocks_than_slack_takes_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
