#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include "dest/slack/render.h"
#include "unit/base/found.h"

#include <cmocka.h>
#include "unit/dest/rendering.h"

/* A checker of Slack's limits that shares nothing with src/rules. */

enum { BLOCKS_MAX = 51, ALL_TEXT_MAX = 13296, BLOCK_COST = 125 };

struct check {
	struct arena *arena;
	size_t text; /* characters in all blocks */
};

static size_t
characters_of(const char *s)
{
	size_t n = 0;
	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

/* Nothing that mentions, but a date; and entities whole. */
static void
check_mrkdwn(const char *s)
{
	for (const char *p = strchr(s, '<'); p; p = strchr(p + 1, '<')) {
		bool is_date = strncmp(p, "<!date^", 7) == 0;
		if (!is_date && (p[1] == '!' || p[1] == '@' || p[1] == '#'))
			fail_msg("a mention in: %s", s);
		if (!strchr(p, '>'))
			fail_msg("a bracket is never closed in: %s", s);
	}
	for (const char *p = strchr(s, '&'); p; p = strchr(p + 1, '&'))
		if (strncmp(p, "&amp;", 5) && strncmp(p, "&lt;", 4) && strncmp(p, "&gt;", 4))
			fail_msg("a bare ampersand in: %s", s);
}

/* A member's text with a NUL behind it; NULL if there is none. */
static const char *
text_of(struct check *c, const struct json *object, const char *name)
{
	const struct json *v = json_get(object, str_of(name));
	return v && v->kind == JSON_STRING ? arena_cstr(c->arena, v->text) : NULL;
}

static void
check_text(struct check *c, const struct json *text, size_t max, bool plain_only)
{
	const char *type = text_of(c, text, "type");
	const char *s = text_of(c, text, "text");
	assert_non_null(type);
	assert_non_null(s);
	size_t n = characters_of(s);
	c->text += n;
	assert_in_range(n, 1, max);
	assert_int_not_equal(strspn(s, " \t\n"), strlen(s));
	for (const char *p = s; *p; p++)
		if ((unsigned char)*p < ' ' && *p != '\n')
			fail_msg("a control character in: %s", s);
	if (strcmp(type, "mrkdwn") == 0) {
		assert_false(plain_only);
		assert_int_equal(json_get(text, STR("verbatim"))->kind, JSON_TRUE);
		check_mrkdwn(s);
	} else {
		assert_string_equal(type, "plain_text");
	}
}

static void
check_list(struct check *c, const struct json *list, size_t max)
{
	assert_in_range(list->count, 1, 10);
	JSON_EACH (v, list)
		check_text(c, v, max, false);
}

static void
check_section(struct check *c, const struct json *block)
{
	const struct json *text = json_get(block, STR("text"));
	const struct json *fields = json_get(block, STR("fields"));
	assert_true(text || fields);
	if (text)
		check_text(c, text, 3000, false);
	if (fields)
		check_list(c, fields, 2000);
}

static void
check_url(const char *s)
{
	assert_non_null(s);
	assert_true(strncmp(s, "https://", 8) == 0 || strncmp(s, "http://", 7) == 0);
	assert_in_range(strlen(s), 8, 3000);
	assert_int_equal(strcspn(s, " <>|\"\n"), strlen(s));
}

static void
check_block(struct check *c, const struct json *block)
{
	const char *type = text_of(c, block, "type");
	assert_non_null(type);
	if (strcmp(type, "header") == 0)
		check_text(c, json_get(block, STR("text")), 150, true);
	else if (strcmp(type, "section") == 0)
		check_section(c, block);
	else if (strcmp(type, "image") == 0)
		check_url(text_of(c, block, "image_url"));
	else if (strcmp(type, "context") == 0)
		check_list(c, json_get(block, STR("elements")), 3000);
	else
		assert_string_equal(type, "divider");
	if (json_get(block, STR("block_id")))
		assert_in_range(characters_of(text_of(c, block, "block_id")), 1, 255);
	const struct json *accessory = json_get(block, STR("accessory"));
	if (!accessory)
		return;
	check_text(c, json_get(accessory, STR("text")), 75, true);
	if (json_get(accessory, STR("url")))
		check_url(text_of(c, accessory, "url"));
}

static void
check_rendered(const struct slack_body *r)
{
	struct check c = {.arena = arena_new(0)};
	struct err e;
	const struct json *blocks;
	const char *text = arena_cstr(c.arena, r->text);
	if (!json_parse(c.arena, r->blocks, JSON_DEPTH_MAX, &blocks, &e))
		fail_msg("%s: %.*s", e.text, STR_ARG(r->blocks));
	assert_in_range(blocks->count, 1, BLOCKS_MAX);
	JSON_EACH (block, blocks)
		check_block(&c, block);
	assert_in_range(c.text + (blocks->count - 1) * BLOCK_COST, 0, ALL_TEXT_MAX);
	assert_int_equal(strlen(text), r->text.len);
	assert_in_range(characters_of(text), 1, 3000);
	check_mrkdwn(text);
	assert_true(r->color.len == 0 || r->color.len == 7);
	arena_free(c.arena);
}

/* Templates: what customers may write, with values in every place that can be reached. */
static const char *const templates[] = {
    "", /* the built-in one */
    "{\"header\":\"{{ payload.a }}\",\"body\":\"*{{ payload.b }}* `{{ payload.c "
    "}}`\",\"context\":"
    "\"{{ payload.a }}\",\"reference\":\"{{ payload.b }}\",\"timestamp\":\"{{ payload.c | date "
    "}}\","
    "\"link\":\"{{ payload.a }}\",\"link_label\":\"{{ payload.b }}\",\"color\":\"{{ payload.c "
    "}}\","
    "\"text\":\"{{ payload.b }}\"}",
    "{\"body\":\"<@{{ payload.a }}> <!{{ payload.b }}> <{{ payload.c }}|x> "
    "<https://a.b/{{ payload.a }}|{{ payload.b }}> {{ payload.c | link: payload.a }}\","
    "\"link\":\"https://a.b/{{ payload.a }}\",\"link_label\":\"{{ payload.b }}\","
    "\"fields\":\"auto\"}",
    "{\"body\":\"{% for x in payload %}{{ x[0] }}: {{ x[1] | upcase }} {{ x | join: '<' }}\\n"
    "{% endfor %}\",\"header\":\"{{ payload.a | capitalize }}{{ payload.b | downcase }}\"}",
    "{\"blocks\":[{\"type\":\"header\",\"text\":{\"type\":\"plain_text\",\"text\":\"{{ "
    "payload.a "
    "}}\"}},{\"type\":\"section\",\"block_id\":\"b{{ payload.b "
    "}}\",\"text\":{\"type\":\"mrkdwn\","
    "\"text\":\"{{ payload.b }}\"},\"fields\":[{\"type\":\"mrkdwn\",\"text\":\"{{ payload.c "
    "}}\"},"
    "{\"type\":\"plain_text\",\"text\":\"{{ payload.a "
    "}}\"}],\"accessory\":{\"type\":\"button\","
    "\"text\":{\"type\":\"plain_text\",\"text\":\"{{ payload.a }}\"},\"url\":\"https://x.y/{{ "
    "payload.b }}\",\"value\":\"{{ payload.c }}\"}},{\"type\":\"image\",\"image_url\":\"{{ "
    "payload.c }}\",\"alt_text\":\"{{ payload.a }}\"},{\"type\":\"context\",\"elements\":[{"
    "\"type\":\"mrkdwn\",\"text\":\"{{ payload.a }}\"},{\"type\":\"mrkdwn\",\"text\":\"<#{{ "
    "payload.b }}>\"}]}],\"text\":\"{{ payload.c }}\"}",
};

static uint64_t random_state;

static unsigned
pick(unsigned n)
{
	random_state =
	    random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(random_state >> 33) % n;
}

static void
put_random_character(struct buf *out)
{
	static const char *const hostile[] = {"<!channel>", "<!here|here>", "<@U1>", "<#C1>",
	    "<!subteam^S1>", "<", ">", "|", "&", "&lt;", "`", "```", "\n", "\r\n", "\t", "*",
	    "_", "~", "\xe2\x80\xae", "\xe2\x81\xa6", "\xd7\x90", "\xf0\x9f\x98\x80",
	    "\xef\xbf\xbf", "\xcc\x81", "{{ payload.a }}", "{% if %}", "https://x.y/",
	    "javascript:", "\"},{\"type\":", "\\", "<!date^1^x|", "^", "\xe2\x80\xa8",
	    "\xc2\x85", "\x7f", "-", "2026-04-17T16:02:00Z", "high", "#ff0000", "1e400 "};
	if (pick(2)) {
		buf_cstr(out, hostile[pick(COUNT_OF(hostile))]);
		return;
	}
	char c = (char)(' ' + pick(95));
	buf_putc(out, c);
}

static void
put_random_string(struct json_writer *w)
{
	struct buf s = {0};
	static const unsigned lengths[] = {0, 1, 3, 20, 160, 3100, 100000};
	unsigned length = pick(lengths[pick(pick(40) ? 5 : COUNT_OF(lengths))] + 1);
	while (s.len < length)
		put_random_character(&s);
	if (pick(8) == 0) /* random bytes: the writer makes text of them */
		for (size_t i = 0; i < s.len; i += 1 + pick(9))
			s.ptr[i] = (char)pick(256);
	jw_string(w, buf_view(&s));
	buf_fini(&s);
}

static void
put_random_value(struct json_writer *w, int depth)
{
	switch (pick(depth > 0 ? 9 : 7)) {
	case 0: jw_int(w, (int64_t)pick(2000) - 1000); break;
	case 1: jw_raw(w, STR("-1.5e300")); break;
	case 2: jw_bool(w, pick(2)); break;
	case 3: jw_null(w); break;
	case 7:
		jw_array(w);
		for (unsigned i = pick(depth == 12 ? 60 : 5); i > 0; i--)
			put_random_value(w, depth - 1);
		jw_array_end(w);
		break;
	case 8:
		jw_object(w);
		jw_key(w, "k<!here>");
		put_random_value(w, depth - 1);
		jw_object_end(w);
		break;
	default: put_random_string(w);
	}
}

static void
put_random_payload(struct buf *out)
{
	static const char *const keys[] = {"a", "b", "c", "severity", "resource", "value",
	    "threshold", "account_id", "message", "triggered_at", "<!channel>", "x&y", "1",
	    "f1", "f2", "f3", "f4", "f5", "f6", "f7"};
	struct json_writer w;
	jw_init(&w, out);
	jw_object(&w);
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		if (pick(3) == 0)
			continue;
		jw_key(&w, keys[i]);
		put_random_value(&w, 12);
	}
	jw_object_end(&w);
}

static void
render_random(const char *template, struct str payload)
{
	struct arena *a = arena_new(0);
	const struct dest_template *t;
	struct findings found;
	struct err e;
	struct event ev = {.type = STR("<!channel>.x"), .payload_text = payload};
	findings_init(&found, a);
	if (!slack_template_compile(a, str_of(template), &t, &found))
		fail_msg("%s", found_text(&found));
	if (!json_parse(a, payload, JSON_DEPTH_MAX, &ev.payload, &e))
		fail_msg("%s", e.text);
	ev.resource_id = json_string(ev.payload, STR("b"));
	check_rendered(slack_body_of(slack_render(t, &ev, severity_default(), a)));
	arena_free(a);
}

static void
no_payload_breaks_a_limit_or_mentions_anybody(void **state)
{
	(void)state;
	const char *rounds = getenv("ROUNDS");
	long n = rounds ? strtol(rounds, NULL, 10) : 1500;
	struct buf payload = {0};
	for (long i = 0; i < n; i++) {
		random_state = (uint64_t)i * 977 + 1;
		buf_clear(&payload);
		put_random_payload(&payload);
		for (size_t j = 0; j < COUNT_OF(templates); j++)
			render_random(templates[j], buf_view(&payload));
	}
	buf_fini(&payload);
}

static const char *
render(struct fixture *f, const char *template, const char *payload)
{
	const char *blocks = rendered(f, template, payload);

	check_rendered(&f->r);
	return blocks;
}

static bool
warns_of(const struct fixture *f, enum warning_code code)
{
	for (int i = 0; i < f->r.base.warnings.n; i++)
		if (f->r.base.warnings.items[i].code == code)
			return true;
	return false;
}

static const char example[] =
    "{\"alert_id\":\"alrt_tyrion_42\",\"account_id\":\"acc_casterly\",\"severity\":\"high\","
    "\"resource\":\"api_latency_p95\",\"value\":1840,\"threshold\":1000,"
    "\"triggered_at\":\"2026-04-17T16:02:00Z\"}";

static void
the_example_reads_as_the_issue_asks(void **state)
{
	struct fixture *f = *state;
	assert_string_equal(render(f, "", example),
	    "[{\"type\":\"header\",\"text\":{\"type\":\"plain_text\",\"text\":"
	    "\"\xf0\x9f\x94\xb4 HIGH: "
	    "alert.triggered\",\"emoji\":true}},"
	    "{\"type\":\"section\",\"text\":{\"type\":\"mrkdwn\",\"text\":\"*api_latency_p95* "
	    "(alrt_tyrion_42)\",\"verbatim\":true}},"
	    "{\"type\":\"context\",\"elements\":[{\"type\":\"mrkdwn\",\"text\":\"value *1,840* "
	    "\xc2\xb7 threshold *1,000* \xc2\xb7 +840 (+84%)\",\"verbatim\":true}]},"
	    "{\"type\":\"context\",\"elements\":[{\"type\":\"mrkdwn\",\"text\":\"acc_"
	    "casterly\","
	    "\"verbatim\":true},{\"type\":\"mrkdwn\",\"text\":\"<!date^1776441720^{date_short_"
	    "pretty} "
	    "at {time}|Apr 17, 2026 at 16:02 UTC>\",\"verbatim\":true}]}]");
	assert_string_equal(f->r.text.ptr,
	    "HIGH: alert.triggered \xc2\xb7 api_latency_p95 1,840 "
	    "(threshold 1,000)");
	assert_string_equal(f->r.color.ptr, "#d92d20");
	assert_int_equal(f->r.base.warnings.n, 0);
}

static void
any_other_event_shows_its_plain_fields(void **state)
{
	struct fixture *f = *state;
	const char *blocks =
	    render(f, "", "{\"amount\":12.50,\"paid\":true,\"lines\":[1],\"note\":\"\"}");
	assert_non_null(strstr(blocks, "*alrt_tyrion_42* (alert)"));
	assert_non_null(strstr(blocks, "*amount*\\n12.5"));
	assert_non_null(strstr(blocks, "*paid*\\ntrue"));
	assert_null(strstr(blocks, "lines"));
	assert_null(strstr(blocks, "note"));
	assert_int_equal(f->r.color.len, 0);
}

static void
an_empty_slot_vanishes_and_an_empty_message_does_not(void **state)
{
	struct fixture *f = *state;
	assert_string_equal(render(f, "{\"header\":\" \",\"body\":\"{{ payload.x }}\"}", "{}"),
	    "[{\"type\":\"section\",\"text\":{\"type\":\"mrkdwn\",\"text\":"
	    "\"alert.triggered\",\"verbatim\":true}}]");
	assert_string_equal(warning(f), "body: payload.x is not in this event");
}

static void
a_block_whose_text_came_out_empty_vanishes(void **state)
{
	struct fixture *f = *state;
	const char *document = "{\"blocks\":[{\"type\":\"section\",\"text\":{\"type\":"
			       "\"mrkdwn\",\"text\":\"{{ payload.x "
			       "}}\"}},{\"type\":\"divider\"},{\"type\":\"context\","
			       "\"elements\":[{\"type\":\"mrkdwn\","
			       "\"text\":\"{{ payload.x }}\"}]}]}";
	assert_string_equal(render(f, document, "{}"), "[{\"type\":\"divider\"}]");
}

static void
a_long_slot_is_cut_on_whole_entities_with_an_ellipsis(void **state)
{
	struct fixture *f = *state;
	struct buf payload = {0};
	buf_cstr(&payload, "{\"x\":\"");
	for (int i = 0; i < 2000; i++)
		buf_cstr(&payload, "&");
	buf_cstr(&payload, "\"}");
	const char *blocks = render(f, "{\"body\":\"{{ payload.x }}\"}", payload.ptr);
	/* 599 * 5 + 1 = 2996 characters; another entity would be too much */
	assert_non_null(strstr(blocks, "&amp;&amp;\xe2\x80\xa6\""));
	assert_string_equal(warning(f), "body: cut to 3000 characters");
	assert_int_equal(f->r.base.warnings.items[0].code, WARNING_CUT);
	assert_int_equal(f->r.base.warnings.items[0].max, 3000);
	assert_int_equal(f->r.base.warnings.items[0].length, 10000);
	buf_fini(&payload);
}

static void
the_severity_decides_the_colour_unless_the_slot_does(void **state)
{
	struct fixture *f = *state;
	static const char *const cases[][2] = {{"critical", "#d92d20"}, {"error", "#d92d20"},
	    {"warning", "#f79009"}, {"low", "#2e90fa"}, {"info", "#98a2b3"}, {"odd", ""}};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct str payload =
		    arena_printf(f->arena, "{\"severity\":\"%s\"}", cases[i][0]);
		render(f, "{\"body\":\"x\"}", payload.ptr);
		assert_int_equal(f->r.color.len, strlen(cases[i][1]));
		assert_memory_equal(f->r.color.ptr, cases[i][1], f->r.color.len);
	}
	render(f, "{\"body\":\"x\",\"color\":\"{{ payload.c }}\"}", "{\"c\":\"warning\"}");
	assert_string_equal(f->r.color.ptr, "#f79009");
	render(f, "{\"body\":\"x\",\"color\":\"{{ payload.c }}\"}", "{\"c\":\"<!here>\"}");
	assert_string_equal(warning(f), "color: must be #rrggbb, good, warning or danger");
}

/* How many blocks stand on top, and how many beside the colour bar. */
static void
assert_parts(struct fixture *f, const char *template, const char *payload, int lead, int bar)
{
	render(f, template, payload);
	assert_string_equal(f->r.color.ptr, "#d92d20");
	assert_int_equal(f->r.n_lead, lead);
	assert_int_equal(f->r.n_origins - f->r.n_lead, bar);
	assert_true(f->r.lead_len > 1 && f->r.lead_len < f->r.blocks.len - 1);
	assert_int_equal(f->r.blocks.ptr[f->r.lead_len], ',');
}

static void
beside_the_bar_stands_what_is_neither_header_nor_body(void **state)
{
	struct fixture *f = *state;
	const char *red = "{\"severity\":\"high\",\"x\":\"y\"}";
	assert_parts(f, "{\"header\":\"h\",\"body\":\"b\",\"context\":\"c\"}", red, 2, 1);
	assert_parts(f, "{\"header\":\"h\",\"body\":\"b\"}", red, 1, 1);
	assert_parts(f, "{\"body\":\"b\",\"fields\":\"auto\"}", red, 1, 1);
	assert_parts(
	    f, "{\"header\":\"h\",\"reference\":\"r\",\"link\":\"https://a.b\"}", red, 1, 2);
	/* Where only one thing is said the event's type stands in the other place. */
	assert_parts(f, "{\"body\":\"b\"}", red, 1, 1);
	assert_non_null(strstr(f->r.blocks.ptr + f->r.lead_len, "alert.triggered"));
	assert_parts(f, "{\"header\":\"h\"}", red, 1, 1);
	assert_parts(f, "{\"context\":\"c\"}", red, 1, 1);
	assert_null(strstr(f->r.blocks.ptr + f->r.lead_len, "alert.triggered"));
	assert_parts(f, "{\"body\":\"{{ payload.none }}\"}", red, 1, 1);
}

#define MRKDWN(text) \
	"{\"type\":\"section\",\"text\":{\"type\":\"mrkdwn\",\"text\":\"" text "\"}}"
#define TITLE "{\"type\":\"header\",\"text\":{\"type\":\"plain_text\",\"text\":\"t\"}}"

static void
of_a_document_the_beginning_stands_on_top(void **state)
{
	struct fixture *f = *state;
	const char *red = "{\"severity\":\"high\"}";
	assert_parts(f, "{\"blocks\":[" TITLE "," MRKDWN("a") "," MRKDWN("b") "]}", red, 2, 1);
	assert_parts(f, "{\"blocks\":[" TITLE "," MRKDWN("a") "]}", red, 1, 1);
	assert_parts(f, "{\"blocks\":[" MRKDWN("a") "," MRKDWN("b") "]}", red, 1, 1);
	assert_parts(f, "{\"blocks\":[" MRKDWN("a") "]}", red, 1, 1);
	assert_parts(f,
	    "{\"blocks\":[" MRKDWN("{{ payload.no }}") "," TITLE ",{\"type\":\"divider\"}]}",
	    red, 1, 1);
	assert_parts(f, "{\"blocks\":[" MRKDWN("{{ payload.no }}") "]}", red, 1, 1);
	assert_string_equal(warning(f), "blocks: payload.no is not in this event");
}

/* Slack counts the text of all blocks, and each block as 125 characters more. */
static void
many_long_blocks_are_cut_to_what_slack_takes(void **state)
{
	struct fixture *f = *state;
	struct buf document = {0};
	buf_cstr(&document, "{\"blocks\":[");
	for (int i = 0; i < 49; i++)
		buf_printf(&document, "%s" MRKDWN("%0200d"), i ? "," : "", i);
	buf_cstr(&document, "]}");
	render(f, document.ptr, "{}");
	buf_fini(&document);
	assert_true(f->r.n_origins > 30);
	size_t text = 0;
	for (const char *at = f->r.blocks.ptr; (at = strstr(at, "\"text\":\"")) != NULL;
	     at += 8)
		text += strcspn(at + 8, "\"");
	assert_true(text + (size_t)f->r.n_origins * 125 <= 13000);
	assert_int_equal(f->r.base.warnings.items[0].code, WARNING_CUT);
}

static void
a_link_needs_a_web_address(void **state)
{
	struct fixture *f = *state;
	const char *template =
	    "{\"body\":\"x\",\"link\":\"{{ payload.u }}\",\"link_label\":\"Open\"}";
	assert_non_null(strstr(render(f, template, "{\"u\":\"https://a.b/?c=1&d=2\"}"),
	    "<https://a.b/?c=1&amp;d=2|Open>"));
	assert_null(strstr(render(f, template, "{\"u\":\"data:x\"}"), "Open"));
	assert_string_equal(warning(f), "link: not a web address, so it is left out");
}

static void
what_takes_too_much_work_is_said_in_plain_text(void **state)
{
	struct fixture *f = *state;
	/* 45 turns of 45: some 10,000 steps; no slot is over the limit by itself */
	const char *loop =
	    "{% for a in payload.l %}{% for b in payload.l %}{{ a }}{{ b }}{% endfor %}"
	    "{% endfor %}";
	struct str list =
	    STR("{\"l\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,"
		"24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40,41,42,43,44,45]}");
	struct str one = arena_printf(f->arena, "{\"header\":\"h\",\"body\":\"%s\"}", loop);
	struct str three = arena_printf(f->arena,
	    "{\"header\":\"h\",\"body\":\"%s\",\"context\":\"%s\",\"reference\":\"%s\"}", loop,
	    loop, loop);

	render(f, one.ptr, list.ptr);
	assert_false(f->r.base.is_too_costly);
	render(f, three.ptr, list.ptr);
	assert_true(f->r.base.is_too_costly && f->r.base.has_layout);
	assert_string_equal(f->r.text.ptr, "h");
	assert_true(warns_of(f, WARNING_EXPENSIVE));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_payload_breaks_a_limit_or_mentions_anybody),
	    TEST(the_example_reads_as_the_issue_asks),
	    TEST(any_other_event_shows_its_plain_fields),
	    TEST(an_empty_slot_vanishes_and_an_empty_message_does_not),
	    TEST(a_block_whose_text_came_out_empty_vanishes),
	    TEST(a_long_slot_is_cut_on_whole_entities_with_an_ellipsis),
	    TEST(the_severity_decides_the_colour_unless_the_slot_does),
	    TEST(a_link_needs_a_web_address),
	    TEST(what_takes_too_much_work_is_said_in_plain_text),
	    TEST(beside_the_bar_stands_what_is_neither_header_nor_body),
	    TEST(of_a_document_the_beginning_stands_on_top),
	    TEST(many_long_blocks_are_cut_to_what_slack_takes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
