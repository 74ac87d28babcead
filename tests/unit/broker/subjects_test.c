#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "broker/private.h"

#include <cmocka.h> /* last: it has a macro called fail */

static struct broker *
broker_named(const char *prefix)
{
	static struct broker b;
	struct err e = {0};

	memset(&b, 0, sizeof b);
	if (!broker_set_prefix(&b, prefix, &e))
		fail_msg("%s", e.text);
	return &b;
}

static void
the_prefix_names_the_streams(void **state)
{
	(void)state;
	struct broker *b = broker_named("carillon");
	assert_string_equal(b->streams[STREAM_EVENTS], "CARILLON_EVENTS");
	assert_string_equal(b->streams[STREAM_STATE], "KV_carillon_state");
	assert_string_equal(b->streams[STREAM_HISTORY], "CARILLON_HISTORY");
	assert_string_equal(b->streams[STREAM_OPS], "CARILLON_OPS");
	b = broker_named("acme-Bell");
	assert_string_equal(b->streams[STREAM_OPS], "ACME-BELL_OPS");
	assert_string_equal(b->streams[STREAM_STATE], "KV_acme-Bell_state");
}

static void
a_prefix_that_is_no_token_is_refused(void **state)
{
	static const char *const bad[] = {
	    "", "a.b", "a b", "*", ">", "$KV", "a23456789012345678901234567890123"};
	struct broker b = {0};
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		assert_false(broker_set_prefix(&b, bad[i], &e));
		assert_int_equal(e.kind, ERR_INPUT);
	}
}

static void
subjects_are_built_from_their_parts(void **state)
{
	char s[SUBJECT_MAX];
	struct broker *b = broker_named("carillon");

	(void)state;
	subject_event(s, b, STR("acme"), STR("alert.triggered"));
	assert_string_equal(s, "carillon.events.acme.alert.triggered");
	subject_ops(s, b, STR("acme"), "connection.broken");
	assert_string_equal(s, "carillon.ops.acme.connection.broken");
}

static void
a_partition_has_a_consumer_and_a_history_of_its_own(void **state)
{
	const struct partition *p = broker_partition(broker_named("carillon"));

	(void)state;
	assert_int_equal(p->n, 0);
	assert_string_equal(p->consumer, "dispatch-0");
	assert_string_equal(p->history, "carillon.history.0");
}

static void
an_events_subject_splits_into_workspace_and_type(void **state)
{
	struct str workspace, type;

	(void)state;
	assert_true(subject_parse_event(broker_named("carillon"),
	    STR("carillon.events.acme.alert.triggered"), &workspace, &type));
	assert_true(str_eq(workspace, STR("acme")));
	assert_true(str_eq(type, STR("alert.triggered")));
}

/* Whatever comes under a workspace is its own, to be recorded there. */
static void
what_stands_after_the_workspace_may_be_no_type(void **state)
{
	static const struct {
		const char *subject, *type;
	} cases[] = {{"carillon.events.acme", ""}, {"carillon.events.acme.", ""},
	    {"carillon.events.acme.com.example/alert", "com.example/alert"},
	    {"carillon.events.acme.aws.s3:ObjectCreated", "aws.s3:ObjectCreated"},
	    {"carillon.events.acme.alert..x", "alert..x"},
	    {"carillon.events.acme.alert.\xc3\xbc", "alert.\xc3\xbc"}};
	struct str workspace, type;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_true(subject_parse_event(
		    broker_named("carillon"), str_of(cases[i].subject), &workspace, &type));
		assert_true(str_eq(workspace, STR("acme")));
		assert_true(str_eq(type, str_of(cases[i].type)));
	}
}

static void
a_foreign_subject_is_none_of_ours(void **state)
{
	static const char *const foreign[] = {
	    "",
	    "carillon",
	    "carillon.events",
	    "carillon.events.",
	    "carillon.events..alert",
	    "carillon.events.ACME.alert",
	    "carillon.events.ac me.alert",
	    "carillon.ops.acme.alert",
	    "carillon2.events.acme.alert",
	    "xcarillon.events.acme.alert",
	};
	struct str workspace, type;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(foreign); i++)
		if (subject_parse_event(
			broker_named("carillon"), str_of(foreign[i]), &workspace, &type))
			fail_msg("taken: %s", foreign[i]);
}

static void
a_state_subject_gives_its_key(void **state)
{
	struct broker *b = broker_named("carillon");

	(void)state;
	assert_true(str_eq(
	    broker_state_key(b, STR("$KV.carillon_state.acme.rule.r1")), STR("acme.rule.r1")));
	assert_int_equal(broker_state_key(b, STR("$KV.other_state.acme.rule.r1")).len, 0);
	assert_int_equal(broker_state_key(b, STR("$KV.carillon_state")).len, 0);
	assert_int_equal(broker_state_key(b, (struct str){NULL, 0}).len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_prefix_names_the_streams),
	    cmocka_unit_test(a_prefix_that_is_no_token_is_refused),
	    cmocka_unit_test(subjects_are_built_from_their_parts),
	    cmocka_unit_test(a_partition_has_a_consumer_and_a_history_of_its_own),
	    cmocka_unit_test(an_events_subject_splits_into_workspace_and_type),
	    cmocka_unit_test(what_stands_after_the_workspace_may_be_no_type),
	    cmocka_unit_test(a_foreign_subject_is_none_of_ours),
	    cmocka_unit_test(a_state_subject_gives_its_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
