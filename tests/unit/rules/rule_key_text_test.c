#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <stdio.h>

#include "carillon/rules/rule_keys.h"
#include "unit/rules/arena_fixture.h"
#include "unit/rules/filter_fixture.h"

#include <cmocka.h>

static struct template_warnings warnings;

static struct str
key_of(const char *source, const char *payload)
{
	struct event ev = event_with(arena, payload);
	struct template_error e;
	struct template *t;

	if (!template_compile(arena, str_of(source), &t, &e))
		fail_msg("%s", e.text);
	return rule_key_text(t, severity_default(), &ev, arena, &warnings);
}

static void
assert_key(const char *source, const char *payload, const char *text)
{
	struct str key = key_of(source, payload);

	if (!str_eq(key, str_of(text)))
		fail_msg("%s of %s is %.*s", source, payload, STR_ARG(key));
}

static void
a_number_in_a_key_keeps_its_text(void **state)
{
	static const char *const numbers[] = {"7134821077305984001", "7134821077305984002",
	    "12345678901234567890", "9007199254740993", "1.10", "-0.5", "1e3"};
	char payload[64];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		snprintf(payload, sizeof(payload), "{\"id\":%s}", numbers[i]);
		assert_key("{{ payload.id }}", payload, numbers[i]);
	}
}

static char
digit(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (char)('0' + (*seed >> 33) % 10);
}

static void
put_digits(struct buf *b, uint64_t *seed, int n)
{
	for (int i = 0; i < n; i++)
		buf_putc(b, digit(seed));
}

/* A number as JSON may write one. */
static void
put_literal(struct buf *b, uint64_t *seed)
{
	int shape = digit(seed) - '0';

	if (digit(seed) < '5')
		buf_putc(b, '-');
	if (shape == 0) {
		buf_putc(b, '0');
	} else {
		buf_putc(b, (char)('1' + (digit(seed) - '0') % 9));
		put_digits(b, seed, (digit(seed) - '0') * 3);
	}
	if (shape % 3 == 0) {
		buf_putc(b, '.');
		put_digits(b, seed, 1 + (digit(seed) - '0') * 2);
	}
	if (shape == 5) {
		buf_cstr(b, digit(seed) < '5' ? "e" : digit(seed) < '5' ? "E+" : "e-");
		put_digits(b, seed, 1 + digit(seed) % 2);
	}
}

static bool
is_wanted(const char *filter, const struct event *ev)
{
	struct findings found;
	struct filter *f;

	findings_init(&found, arena);
	if (!filter_compile(arena, str_of(filter), NULL, NULL, &f, &found))
		fail_msg("%s", filter);
	return filter_matches(f, ev);
}

static struct str
written(const char *source, const struct event *ev)
{
	struct template_error e;
	struct template *t;
	struct buf out = {0};

	assert_true(template_compile(arena, str_of(source), &t, &e));
	template_render(t, ev, NULL, &out, NULL);
	struct str s = arena_str(arena, buf_view(&out));
	buf_fini(&out);
	return s;
}

/* From payload to filter, template, key and link. */
static void
a_number_is_the_same_everywhere(void **state)
{
	uint64_t seed = 11;
	struct buf number = {0}, text = {0};

	(void)state;
	for (int i = 0; i < 10000; i++) {
		if (i % 100 == 0)
			arena_reset(arena);
		buf_clear(&number);
		put_literal(&number, &seed);
		struct str n = buf_view(&number);
		buf_clear(&text);
		buf_printf(&text, "{\"n\":%s,\"l\":[%s]}", number.ptr, number.ptr);
		struct event ev = event_with(arena, arena_cstr(arena, buf_view(&text)));
		if (!str_eq(written("{{ payload.n }}", &ev), n) ||
		    !str_eq(written("{{ payload.l | join }}", &ev), n) ||
		    !str_eq(key_of("{{ payload.n }}", ev.payload_text.ptr), n))
			fail_msg("%s", number.ptr);
		buf_clear(&text);
		buf_printf(&text, "https://example.com/%s?n=%s", number.ptr, number.ptr);
		assert_true(str_eq(
		    written("https://example.com/{{ payload.n }}?n={{ payload.n }}", &ev),
		    buf_view(&text)));
		buf_clear(&text);
		buf_printf(
		    &text, "{\"field\":\"payload.n\",\"op\":\"eq\",\"value\":%s}", number.ptr);
		assert_true(is_wanted(text.ptr, &ev));
		assert_true(str_eq(
		    written("{% if payload.l[0] == payload.n and payload.n >= payload.l[-1] "
			    "and payload.l contains payload.n %}yes{% endif %}",
			&ev),
		    STR("yes")));
	}
	buf_fini(&number);
	buf_fini(&text);
}

/* The same for every one, and different for what differs. */
static void
a_list_or_an_object_is_compared_as_its_json(void **state)
{
	(void)state;
	assert_key("{{ payload.monitor }}", "{\"monitor\":{\"id\":7,\"a\":[1.0,\"x\"]}}",
	    "{\"a\":[1,\"x\"],\"id\":7}");
	assert_true(str_eq(warnings.structured, STR("payload.monitor")));
	assert_key("{{ payload.monitor }}", "{\"monitor\":{\"a\":[1,\"x\"],\"id\":7}}",
	    "{\"a\":[1,\"x\"],\"id\":7}");
	assert_key("{{ payload.tags }}", "{\"tags\":[\"ab\",\"c\"]}", "[\"ab\",\"c\"]");
	assert_key("{{ payload.tags }}", "{\"tags\":[\"a\",\"bc\"]}", "[\"a\",\"bc\"]");
	assert_key("{{ payload.tags | upcase }}", "{\"tags\":[{\"a\":1}]}", "[{\"A\":1}]");
	assert_key("{{ payload.tags | join }}", "{\"tags\":[{\"a\":1},{\"a\":2},3]}",
	    "{\"a\":1} {\"a\":2} 3");
	assert_key("{{ payload.id }}-{{ payload.o }}", "{\"id\":1,\"o\":{}}", "1-{}");
	assert_key("{{ payload.id }}", "{\"id\":\"plain\"}", "plain");
	assert_int_equal(warnings.structured.len, 0);
}

static void
the_whole_key_counts(void **state)
{
	const size_t lengths[] = {512, 513, 590, 5000, 60000};
	struct buf payload = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lengths); i++) {
		struct str keys[2];

		for (int last = 0; last < 2; last++) {
			buf_clear(&payload);
			buf_cstr(&payload, "{\"id\":\"");
			for (size_t n = 1; n < lengths[i]; n++)
				buf_putc(&payload, 'x');
			buf_printf(&payload, "%d\"}", last);
			keys[last] = key_of("{{ payload.id }}", payload.ptr);
			assert_true(keys[last].len <= KEY_TEXT_MAX);
			assert_false(warnings.cut);
		}
		assert_false(str_eq(keys[0], keys[1]));
		assert_true(str_eq(keys[1], key_of("{{ payload.id }}", payload.ptr)));
		assert_true(str_starts_with(keys[0], STR("xxxxxxxx")));
	}
	buf_fini(&payload);
}

static void
a_long_key_is_not_cut_inside_a_character(void **state)
{
	struct buf payload = {0};

	(void)state;
	for (int before = 0; before < 4; before++) {
		buf_clear(&payload);
		buf_cstr(&payload, "{\"id\":\"");
		for (int n = 0; n < before; n++)
			buf_putc(&payload, 'x');
		for (int n = 0; n < 300; n++)
			buf_cstr(&payload, "\xe2\x82\xac");
		buf_cstr(&payload, "\"}");
		assert_true(str_is_text(key_of("{{ payload.id }}", payload.ptr)));
	}
	buf_fini(&payload);
}

/* A loop in a message ends after 50 turns; a key has all that differs. */
static void
a_loop_in_a_key_goes_to_the_end(void **state)
{
	struct buf payload = {0};

	(void)state;
	buf_cstr(&payload, "{\"x\":[0");
	for (int i = 1; i < 60; i++)
		buf_cstr(&payload, ",1");
	buf_cstr(&payload, "]}");
	struct str key = key_of("{% for i in payload.x %}{{ i }}{% endfor %}", payload.ptr);
	assert_int_equal(key.len, 60);
	assert_int_equal(warnings.loop_length, 0);
	buf_fini(&payload);
}

static void
a_key_may_be_of_the_events_own_and_may_be_none(void **state)
{
	(void)state;
	assert_key("{{ event.type }}/{{ event.severity }}", "{\"severity\":\"P1\"}",
	    "alert.triggered/critical");
	assert_key(" {{ payload.labels[\"a.b/c\"] }} ", "{\"labels\":{\"a.b/c\":\"v\"}}", "v");
	assert_key("{{ payload.service.name }}", "{\"service.name\":\"api\"}", "api");
	assert_key(" {{ payload.nothing }} ", "{}", "");
	struct event ev = event_with(arena, "{}");
	assert_int_equal(rule_key_text(NULL, severity_default(), &ev, arena, NULL).len, 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, finish)
	const struct CMUnitTest tests[] = {
	    TEST(a_number_in_a_key_keeps_its_text),
	    TEST(a_number_is_the_same_everywhere),
	    TEST(a_list_or_an_object_is_compared_as_its_json),
	    TEST(the_whole_key_counts),
	    TEST(a_long_key_is_not_cut_inside_a_character),
	    TEST(a_loop_in_a_key_goes_to_the_end),
	    TEST(a_key_may_be_of_the_events_own_and_may_be_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
