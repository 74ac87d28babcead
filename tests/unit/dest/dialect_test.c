#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include "carillon/rules/template.h"
#include "dest/slack/mrkdwn.h"
#include <cmocka.h>
#include "unit/rules/rendering.h"

static const char *
render(struct fixture *f, const char *source, const char *payload)
{
	return rendered(f, &mrkdwn_dialect, source, payload);
}

static void
a_value_is_escaped_and_the_templates_own_text_is_not(void **state)
{
	struct fixture *f = *state;
	assert_string_equal(
	    render(f, "<!here> & {{ payload.x }}", "{\"x\":\"<!channel> & <@U1>\"}"),
	    "<!here> & &lt;!channel&gt; &amp; &lt;@U1&gt;");
}

static void
a_value_is_escaped_after_its_filters(void **state)
{
	struct fixture *f = *state;
	assert_string_equal(
	    render(f, "{{ payload.x | default: '<!here>' }}", "{}"), "&lt;!here&gt;");
	assert_string_equal(
	    render(f, "{{ payload.x | truncate: 4, '>' }}", "{\"x\":\"<<<<<<\"}"),
	    "&lt;&lt;&lt;&gt;");
	assert_string_equal(
	    render(f, "{{ payload.x | escape }}", "{\"x\":\"a & b\"}"), "a &amp; b");
}

static void
a_value_cannot_end_a_code_span_or_turn_the_line_around(void **state)
{
	struct fixture *f = *state;
	assert_string_equal(
	    render(f, "`{{ payload.x }}`", "{\"x\":\"a`b\\u202ec\\u2066d\\u0007e\\u0085f\"}"),
	    "`a'bcdef`");
}

static void
a_value_behind_the_templates_own_bracket_mentions_nobody(void **state)
{
	struct fixture *f = *state;
	assert_string_equal(render(f, "<@{{ payload.x }}>", "{\"x\":\"U123\"}"), "&lt;@U123>");
	assert_true(f->warnings.disarmed);
	assert_string_equal(
	    render(f, "<{{ payload.x }}>", "{\"x\":\"!channel\"}"), "&lt;!channel>");
	assert_string_equal(
	    render(f, "<!{% if true %}{{ payload.x }}{% endif %}>", "{\"x\":\"here\"}"),
	    "&lt;!here>");
	assert_string_equal(
	    render(f, "<!channel> {{ payload.x }}", "{\"x\":\"ok\"}"), "<!channel> ok");
	assert_false(f->warnings.disarmed);
}

static void
a_value_in_the_templates_own_link_stays_inside_it(void **state)
{
	struct fixture *f = *state;
	const char *payload = "{\"x\":\"a|b>c d&e\"}";
	assert_string_equal(
	    render(f, "<https://x.y/{{ payload.x }}|open {{ payload.x }}>.", payload),
	    "<https://x.y/a%7Cb%3Ec%20d%26e|open a|b&gt;c d&amp;e>.");
}

static void
a_value_is_one_part_of_the_templates_own_link(void **state)
{
	struct fixture *f = *state;
	const char *payload =
	    "{\"id\":\"a b/c?d=e&f#g\",\"host\":\"x.y:8080\",\"path\":\"a/b\","
	    "\"url\":\"https://x.y/z?a=b\",\"n\":12345678901234567890}";
	static const char *const cases[][2] = {
	    {"<https://x.y/{{ payload.id }}>", "<https://x.y/a%20b%2Fc%3Fd%3De%26f%23g>"},
	    {"<https://x.y?q={{ payload.id }}|it>",
		"<https://x.y?q=a%20b%2Fc%3Fd%3De%26f%23g|it>"},
	    {"<https://{{ payload.host }}/{{ payload.n }}>",
		"<https://x.y:8080/12345678901234567890>"},
	    {"<http://{{ payload.host }}/{{ payload.path | raw }}>", "<http://x.y:8080/a/b>"},
	    {"<https://x.y/?u={{ payload.url }}>",
		"<https://x.y/?u=https%3A%2F%2Fx.y%2Fz%3Fa%3Db>"},
	    {"<https://x.y/{{ payload.url | url_escape }}>", "<https://x.y/https://x.y/z?a=b>"},
	    {"<https://x.y/?q={{ payload.id | url_encode }}>",
		"<https://x.y/?q=a+b%2Fc%3Fd%3De%26f%23g>"},
	    {"<https://x.y/{{ payload.id | raw }}>", "<https://x.y/a%20b/c?d=e&amp;f#g>"},
	    {"{{ payload.url | link: 'it' }}", "<https://x.y/z?a=b|it>"},
	    {"<https://x.y/#{{ payload.path }}> {{ payload.path }}",
		"<https://x.y/#a%2Fb> a/b"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_string_equal(render(f, cases[i][0], payload), cases[i][1]);
}

static void
a_links_words_are_as_they_were_written(void **state)
{
	struct fixture *f = *state;
	const char *payload = "{\"u\":\"https://a.b\",\"w\":\"p95 > 800ms & err <1% | api\"}";
	assert_string_equal(render(f, "{{ payload.u | link: payload.w }}", payload),
	    "<https://a.b|p95 &gt; 800ms &amp; err &lt;1% | api>");
	assert_string_equal(render(f, "<https://a.b|{{ payload.w }}>", payload),
	    "<https://a.b|p95 &gt; 800ms &amp; err &lt;1% | api>");
}

#define M(mark) "\xcd\x8f" mark "\xcd\x8f" /* within a word */
#define B       "\xc2\xad"                 /* as a break */

static void
addresses_in_a_value_become_links(void **state)
{
	struct fixture *f = *state;
	static const char *const cases[][2] = {
	    {"see https://a.b/c?d=e&f, or http://x.y.",
		"see <https://a.b/c?d=e&amp;f>, or <http://x.y>."},
	    {"(https://a.b/c)", "(<https://a.b/c>)"},
	    {"https://a.b/c\xe2\x80\xa6", "https://a.b/c\xe2\x80\xa6"},
	    {"https:// javascript:x <https://a.b|x>",
		"https:// javascript:x &lt;<https://a.b>|x&gt;"},
	    {"none", "none"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct str payload = arena_printf(f->arena, "{\"x\":\"%s\"}", cases[i][0]);
		assert_string_equal(
		    render(f, "{{ payload.x | links }}", payload.ptr), cases[i][1]);
	}
}

static void
a_value_formats_nothing(void **state)
{
	struct fixture *f = *state;
	static const char *const cases[][2] = {
	    {"*x*", M("*") "x" M("*")},
	    {"_x_ ~x~", M("_") "x" M("_") " " M("~") "x" M("~")},
	    {"*.example.com", M("*") ".example.com"},
	    {"snake_case_name 2 * 3", "snake_case_name 2 * 3"},
	    {":100: ok :+1::tada:", ":" B "100: ok :" B "+1::" B "tada:"},
	    {"12:30:45 a: b", "12:30:45 a: b"},
	    {"> no quote\\n> none > 1", B "&gt; no quote\n" B "&gt; none &gt; 1"},
	    {"run `kubectl get *` now", "run `kubectl get *` now"},
	    {"a`b", "a'b"},
	    {"`a\\nb`", "'a\nb'"},
	    {"```a\\n*b*```", "```a\n*b*```"},
	    {"```a", "'''a"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct str payload = arena_printf(f->arena, "{\"x\":\"%s\"}", cases[i][0]);
		assert_string_equal(render(f, "{{ payload.x }}", payload.ptr), cases[i][1]);
	}
	assert_string_equal(
	    render(f, "*{{ payload.x }}*", "{\"x\":\"_a_\"}"), "*" M("_") "a" M("_") "*");
}

/* In code nothing formats, so nothing is needed; but it must not end there. */
static void
a_value_in_the_templates_own_code_is_as_it_was_written(void **state)
{
	struct fixture *f = *state;
	const char *payload = "{\"x\":\"*a* `b` _c_ :d:\"}";
	assert_string_equal(render(f, "`{{ payload.x }}` {{ payload.x }}", payload),
	    "`*a* 'b' _c_ :d:` " M("*") "a" M("*") " `b` " M("_") "c" M("_") " :" B "d:");
	assert_string_equal(
	    render(f, "```{{ payload.x }}```", payload), "```*a* 'b' _c_ :d:```");
	/* A backtick alone is no code. */
	assert_string_equal(render(f, "` <@{{ payload.x }}>", "{\"x\":\"U1\"}"), "` &lt;@U1>");
}

static void
a_date_becomes_what_each_reader_sees_in_their_own_time(void **state)
{
	struct fixture *f = *state;
	const char *payload = "{\"t\":\"2026-04-17T18:02:00+02:00\",\"d\":\"2026-04-17\",\"n\":"
			      "1776441720,\"ms\":1776441720000,\"bad\":\"soon\"}";
	assert_string_equal(render(f, "{{ payload.t | date }}", payload),
	    "<!date^1776441720^{date_short_pretty} at {time}|Apr 17, 2026 at 16:02 UTC>");
	assert_string_equal(render(f, "{{ payload.bad | date }}", payload), "soon");
	assert_true(f->warnings.bad_date);
	assert_string_equal(render(f, "{{ payload.none | date }}", payload), "");
	assert_false(f->warnings.bad_date);
	assert_string_equal(
	    render(f, "{{ payload.t | date | upcase }}", payload), "APR 17, 2026 AT 16:02 UTC");
}

static void
a_day_is_the_same_day_for_every_reader(void **state)
{
	struct fixture *f = *state;
	const char *payload = "{\"d\":\"2026-04-17\",\"old\":\"1969-07-20T20:17:40Z\"}";
	static const char *const cases[][2] = {
	    {"{{ payload.d | date }}", "Apr 17, 2026"},
	    {"{{ payload.d | date: '{date_long} {time}' }}", "Friday, April 17th, 2026"},
	    {"{{ payload.d | date: '{time} on {date}' }}", "April 17th, 2026"},
	    {"{{ payload.d | date: 'due {date_num}!' }}", "due 2026-04-17!"},
	    {"{{ payload.d | date: '{time}' }}", "Apr 17, 2026"},
	    {"{{ payload.old | date }}", "Jul 20, 1969 at 20:17 UTC"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_string_equal(render(f, cases[i][0], payload), cases[i][1]);
}

static void
a_link_is_made_of_web_addresses_only(void **state)
{
	struct fixture *f = *state;
	assert_string_equal(render(f, "{{ payload.u | link: 'Open|<now>' }}",
				"{\"u\":\"https://a.b/?x=1&y=<>|\"}"),
	    "<https://a.b/?x=1&amp;y=%3C%3E%7C|Open|&lt;now&gt;>");
	assert_string_equal(
	    render(f, "{{ payload.u | link: 'Open' }}", "{\"u\":\"htTPs://A.b/X\"}"),
	    "<https://A.b/X|Open>");
	assert_string_equal(
	    render(f, "{{ payload.u | link: 'Open' }}", "{\"u\":\"javascript:alert(1)\"}"),
	    "javascript:alert(1)");
	assert_string_equal(
	    render(f, "{{ payload.u | link: 'Open' }}", "{\"u\":\"http://<x>\"}"),
	    "http://&lt;x&gt;");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(a_value_is_escaped_and_the_templates_own_text_is_not),
	    TEST(a_value_is_escaped_after_its_filters),
	    TEST(a_value_cannot_end_a_code_span_or_turn_the_line_around),
	    TEST(a_value_behind_the_templates_own_bracket_mentions_nobody),
	    TEST(a_value_in_the_templates_own_link_stays_inside_it),
	    TEST(a_value_is_one_part_of_the_templates_own_link),
	    TEST(a_links_words_are_as_they_were_written),
	    TEST(addresses_in_a_value_become_links),
	    TEST(a_value_formats_nothing),
	    TEST(a_value_in_the_templates_own_code_is_as_it_was_written),
	    TEST(a_date_becomes_what_each_reader_sees_in_their_own_time),
	    TEST(a_day_is_the_same_day_for_every_reader),
	    TEST(a_link_is_made_of_web_addresses_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
