#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <stdio.h>

#include "carillon/rules/filter.h"
#include "dest/slack/render.h"
#include "unit/rules/arena_fixture.h"

#include <cmocka.h> /* after ours: it defines fail() */

static struct slack_body body;

/* The blocks of the built-in template. */
static const char *
render(const char *payload)
{
	const struct dest_template *t;
	struct findings found;
	struct err e;
	struct event ev = {.workspace = STR("casterly"),
	    .type = STR("alert.triggered"),
	    .resource = STR("alert"),
	    .resource_id = STR("alrt_tyrion_42"),
	    .payload_text = str_of(payload)};

	findings_init(&found, arena);
	assert_true(slack_template_compile(arena, STR(""), &t, &found));
	if (!json_parse(arena, ev.payload_text, JSON_DEPTH_MAX, &ev.payload, &e))
		fail_msg("%s", e.text);
	body = *slack_body_of(slack_render(t, &ev, severity_default(), arena));
	return body.blocks.ptr;
}

/* The line that the built-in template makes of a value and a threshold. */
static void
a_difference_is_shown_between_numbers_only(void **state)
{
	(void)state;
	static const struct {
		const char *members, *line; /* NULL: there is none */
	} cases[] = {
	    {"\"value\":1840,\"threshold\":1000",
		"value *1,840* \xc2\xb7 threshold *1,000* \xc2\xb7 +840 (+84%)"},
	    {"\"value\":99.9,\"threshold\":100",
		"value *99.9* \xc2\xb7 threshold *100* \xc2\xb7 -0.1 (0%)"},
	    {"\"value\":95,\"threshold\":100",
		"value *95* \xc2\xb7 threshold *100* \xc2\xb7 -5 (-5%)"},
	    {"\"value\":100,\"threshold\":100",
		"value *100* \xc2\xb7 threshold *100* \xc2\xb7 0 (0%)"},
	    {"\"value\":-5,\"threshold\":-10",
		"value *-5* \xc2\xb7 threshold *-10* \xc2\xb7 +5"},
	    {"\"value\":5,\"threshold\":0", "value *5* \xc2\xb7 threshold *0* \xc2\xb7 +5"},
	    {"\"value\":\"95\",\"threshold\":90",
		"value *95* \xc2\xb7 threshold *90* \xc2\xb7 +5 (+6%)"},
	    {"\"value\":7134821077305984002,\"threshold\":7134821077305984001",
		"value *7,134,821,077,305,984,002* \xc2\xb7 threshold "
		"*7,134,821,077,305,984,001* \xc2\xb7 +1 (0%)"},
	    {"\"value\":\"95.5%\",\"threshold\":90", "value *95.5%* \xc2\xb7 threshold *90*"},
	    {"\"value\":95,\"threshold\":\"90%\"", "value *95* \xc2\xb7 threshold *90%*"},
	    {"\"value\":\"1840 ms\",\"threshold\":\"1000 ms\"",
		"value *1840 ms* \xc2\xb7 threshold *1000 ms*"},
	    {"\"value\":\"n/a\",\"threshold\":90", "value *n/a* \xc2\xb7 threshold *90*"},
	    {"\"value\":85,\"threshold\":\"> 5\"", "value *85* \xc2\xb7 threshold *&gt; 5*"},
	    {"\"value\":\"\",\"threshold\":90", "threshold *90*"},
	    {"\"value\":{\"ms\":5},\"threshold\":90", "threshold *90*"},
	    {"\"value\":[1,2],\"threshold\":90", "threshold *90*"},
	    {"\"value\":90,\"threshold\":{}", "value *90*"},
	    {"\"value\":{},\"threshold\":[]", NULL},
	    {"\"value\":null,\"threshold\":5", NULL},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char payload[256], line[256];
		snprintf(payload, sizeof(payload), "{%s}", cases[i].members);
		const char *blocks = render(payload);
		snprintf(line, sizeof(line), "\"text\":\"%s\"",
		    cases[i].line ? cases[i].line : "value");
		bool is_there = strstr(blocks, line) != NULL;
		bool has_any = strstr(blocks, "value *") || strstr(blocks, "threshold *");
		if (cases[i].line ? !is_there : has_any)
			fail_msg("%s: %s", payload, blocks);
		assert_null(strstr(blocks, "[object"));
		assert_null(strstr(body.text.ptr, "[object"));
	}
}

static void
an_object_is_shown_nowhere(void **state)
{
	(void)state;
	static const char *const names[] = {"resource", "message", "value", "threshold",
	    "account_id", "triggered_at", "severity", "other"};
	static const char *const values[] = {"{\"a\":1}", "[{\"a\":1}]", "{}", "[]"};
	for (size_t i = 0; i < COUNT_OF(names); i++)
		for (size_t k = 0; k < COUNT_OF(values); k++) {
			char payload[64];
			snprintf(payload, sizeof(payload), "{\"%s\":%s}", names[i], values[k]);
			assert_null(strstr(render(payload), "[object"));
			assert_null(strstr(body.text.ptr, "[object"));
		}
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, finish)
	const struct CMUnitTest tests[] = {
	    TEST(a_difference_is_shown_between_numbers_only),
	    TEST(an_object_is_shown_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
