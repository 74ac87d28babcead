#include "rules_fixture.h"

#include "carillon/registry/registry.h"
#include "unit/base/found.h"

static void
refused_rule(const rule_record *r, const type_record *type, const char *says)
{
	struct arena *a = arena_new(0);
	struct findings *f = found_new(a, "");

	assert_false(check_rule(r, type, dest_default(), f));
	assert_says(finding_sentence(f, &f->items[0]), says);
	arena_free(a);
}

static void
accepted_rule(const rule_record *r, const type_record *type)
{
	struct arena *a = arena_new(0);
	struct findings *f = found_new(a, "");
	bool ok = check_rule(r, type, dest_default(), f);

	assert_string_equal(found_text(f), "");
	assert_true(ok);
	arena_free(a);
}

static void
refused_type(const type_record *t, const char *says)
{
	struct arena *a = arena_new(0);
	struct findings *f = found_new(a, "");

	assert_false(check_type(t, f));
	assert_says(finding_sentence(f, &f->items[0]), says);
	arena_free(a);
}

static void
accepted_type(const type_record *t)
{
	struct arena *a = arena_new(0);
	struct findings *f = found_new(a, "");
	bool ok = check_type(t, f);

	assert_string_equal(found_text(f), "");
	assert_true(ok);
	arena_free(a);
}

static type_record
type_of(const char *schema, const char *sample)
{
	type_record t = CARILLON__V1__EVENT_TYPE__INIT;

	t.name = TEXT("alert.triggered");
	t.schema = TEXT(schema);
	t.sample = TEXT(sample);
	return t;
}

/* --- rules --- */

static void
an_active_rule_needs_a_connection_and_a_channel(void **state)
{
	rule_record r = rule_of("one", "");

	(void)state;
	accepted_rule(&r, NULL);
	r.channel = TEXT("");
	refused_rule(&r, NULL, "an active rule needs a connection and a channel");
	r.active = false;
	accepted_rule(&r, NULL);
}

static void
a_bad_filter_or_template_is_refused_with_its_place(void **state)
{
	rule_record r = rule_of("one", "{\"all\": [{\"field\": \"x\", \"op\": \"eqq\"}]}");

	(void)state;
	refused_rule(&r, NULL, "filter: /all/0/op");
	r.filter = TEXT("");
	r.template_ = TEXT("{\"haeder\": \"x\"}");
	refused_rule(&r, NULL, "did you mean \"header\"?");
	r.template_ = TEXT("");
	r.update_key = TEXT("{{ payload.id | nothing }}");
	refused_rule(&r, NULL, "update key: line 1, column");
}

/* Two wrong slots and a wrong operator, and what else is wrong. */
static void
all_that_is_wrong_with_a_rule_is_told(void **state)
{
	uint32_t steps[] = {5, RULE_RETRY_S_MAX + 1};
	rule_record r =
	    rule_of("one", "{\"all\": [{\"field\": \"x\", \"op\": \"eqq\", \"value\": 1}]}");
	struct arena *a = arena_new(0);
	struct findings *f = found_new(a, "");

	(void)state;
	r.template_ = TEXT("{\"haeder\": \"x\", \"body\": \"{{ payload.x | upcse }}\"}");
	r.update_key = TEXT("{{ payload.id");
	r.retry_s = steps;
	r.n_retry_s = 2;
	assert_false(check_rule(&r, NULL, dest_default(), f));
	assert_string_equal(found_text(f),
	    "retry: step 2 is 604801 s; at most 604800 s (a week) are allowed\n"
	    "filter: /all/0/op: there is no operator \"eqq\"; did you mean \"eq\"?\n"
	    "template: haeder: there is no such slot; did you mean \"header\"?\n"
	    "template: body, line 1, column 16: unknown filter \"upcse\"; did you mean "
	    "\"upcase\"?\n"
	    "update key: line 1, column 1: {{ is never closed; add }}");
	assert_string_equal(f->items[0].pointer.ptr, "/retry/1");
	assert_string_equal(f->items[1].pointer.ptr, "/filter/all/0/op");
	assert_string_equal(f->items[1].suggestion.ptr, "eq");
	assert_int_equal(f->items[1].code, FINDING_UNKNOWN_WORD);
	assert_string_equal(f->items[3].pointer.ptr, "/template/body");
	assert_string_equal(f->items[3].slot.ptr, "body");
	assert_int_equal(f->items[3].column, 16);
	assert_string_equal(f->items[4].pointer.ptr, "/update_key");
	arena_free(a);
}

static void
the_options_have_their_limits(void **state)
{
	uint32_t steps[RULE_RETRY_STEPS_MAX + 1] = {0};
	rule_record r = rule_of("one", "");

	(void)state;
	r.thread_hours = 24;
	refused_rule(&r, NULL, "there is no thread key");
	r.thread_key = TEXT("{{ payload.id }}");
	accepted_rule(&r, NULL);
	r.thread_hours = THREAD_HOURS_MAX + 1;
	refused_rule(&r, NULL, "thread hours: 721 hours; use 1 to 720");
	r.thread_hours = 0;
	refused_rule(&r, NULL, "thread hours: 0 hours");
	r = rule_of("one", "");
	r.dedupe_key = TEXT("{{ payload.id }}");
	refused_rule(&r, NULL, "dedupe minutes: 0 minutes; use 1 to 10080");
	r.dedupe_minutes = DEDUPE_MINUTES_MAX;
	accepted_rule(&r, NULL);
	r.retry_s = steps;
	r.n_retry_s = RULE_RETRY_STEPS_MAX;
	accepted_rule(&r, NULL);
	r.n_retry_s++;
	refused_rule(&r, NULL, "retry: 17 steps");
	r.n_retry_s = 2;
	steps[1] = RULE_RETRY_S_MAX + 1;
	refused_rule(&r, NULL, "retry: step 2");
}

static void
a_connections_schedule_has_the_limits_of_a_rules(void **state)
{
	uint32_t steps[RULE_RETRY_STEPS_MAX + 1] = {0};
	connection_record c = CARILLON__V1__CONNECTION__INIT;
	struct arena *a = arena_new(0);
	struct findings *f = found_new(a, "");

	(void)state;
	c.id = c.dest = TEXT("slack");
	c.retry_s = steps;
	c.n_retry_s = RULE_RETRY_STEPS_MAX;
	assert_true(check_connection(&c, f));
	c.n_retry_s++;
	assert_false(check_connection(&c, f));
	assert_string_equal(found_text(f), "retry: 17 steps; at most 16 are allowed");
	arena_free(a);
}

static void
severities_are_those_of_the_event_type(void **state)
{
	Carillon__V1__SeverityLevel sev2 = CARILLON__V1__SEVERITY_LEVEL__INIT, sev1 = sev2;
	Carillon__V1__SeverityLevel *order[] = {&sev2, &sev1};
	type_record t = type_of("", "");
	rule_record r = rule_of(
	    "one", "{\"field\": \"severity\", \"op\": \"at_least\", \"value\": \"tier1\"}");

	(void)state;
	sev2.name = TEXT("tier2");
	sev1.name = TEXT("tier1");
	t.severity_order = order;
	t.n_severity_order = 2;
	accepted_rule(&r, &t);
	refused_rule(&r, NULL, "there is no severity \"tier1\"");
}

/* --- types --- */

static void
a_sample_must_be_as_the_schema_says(void **state)
{
	type_record t = type_of(
	    "{\"properties\": {\"value\": {\"type\": \"number\"}}}", "{\"value\": \"seven\"}");

	(void)state;
	refused_type(&t, "sample: /value");
	t.sample = TEXT("{\"value\": 7}");
	accepted_type(&t);
	t.sample = TEXT("[]");
	refused_type(&t, "sample: is an array");
	t.sample = TEXT("{\"value\"");
	refused_type(&t, "sample: line 1");
	t = type_of("{\"propertys\": {}}", "");
	refused_type(&t, "schema: /propertys");
}

static void
a_severity_order_has_no_word_twice(void **state)
{
	Carillon__V1__SeverityLevel levels[SEVERITY_LEVELS_MAX + 1],
	    *list[SEVERITY_LEVELS_MAX + 1];
	char names[SEVERITY_LEVELS_MAX + 1][8], *aliases[] = {TEXT("S0")};
	type_record t = type_of("", "");

	(void)state;
	for (int i = 0; i <= SEVERITY_LEVELS_MAX; i++) {
		carillon__v1__severity_level__init(&levels[i]);
		snprintf(names[i], sizeof(names[i]), "s%d", i);
		levels[i].name = names[i];
		list[i] = &levels[i];
	}
	t.severity_order = list;
	t.n_severity_order = SEVERITY_LEVELS_MAX;
	accepted_type(&t);
	t.n_severity_order++;
	refused_type(&t, "17 levels; at most 16");
	t.n_severity_order = 3;
	levels[2].aliases = aliases;
	levels[2].n_aliases = 1;
	refused_type(&t, "\"S0\" stands for both \"s0\" and \"s2\"");
	levels[2].n_aliases = 0;
	levels[1].name = TEXT("");
	refused_type(&t, "severity order: a name has");
}

static void
a_default_template_must_compile(void **state)
{
	type_record t = type_of("", "");

	(void)state;
	t.default_template = TEXT("{\"body\": \"{% if %}\"}");
	refused_type(&t, "default template: body, line 1, column");
	t.default_template = TEXT("{\"body\": \"{{ payload.message }}\"}");
	accepted_type(&t);
}

static void
default_rules_are_checked_as_rules_are(void **state)
{
	rule_record good = CARILLON__V1__RULE__INIT, bad = good, *rules[] = {&good, &bad};
	type_record t = type_of("", "");

	(void)state;
	t.default_rules = rules;
	t.n_default_rules = 2;
	accepted_type(&t);
	bad.filter = TEXT("{\"field\": 1}");
	refused_type(&t, "default rule 2: filter: /field");
	bad.filter = TEXT("");
	bad.event_type = TEXT("order.placed");
	refused_type(&t, "default rule 2: event type \"order.placed\"");
	bad.event_type = TEXT("");
	bad.channel = TEXT("C0ALERTS");
	refused_type(&t, "default rule 2: a default rule has no connection and no channel");
}

static void
all_that_is_wrong_with_a_type_is_told(void **state)
{
	rule_record good = CARILLON__V1__RULE__INIT, bad = good, *rules[] = {&good, &bad};
	type_record t = type_of("{\"propertys\": {}}", "{\"value\"");
	struct arena *a = arena_new(0);
	struct findings *f = found_new(a, "");

	(void)state;
	t.default_template = TEXT("{\"body\": 1}");
	t.default_rules = rules;
	t.n_default_rules = 2;
	bad.channel = TEXT("C0ALERTS");
	bad.filter = TEXT("{\"field\": 1}");
	assert_false(check_type(&t, f));
	assert_string_equal(found_text(f),
	    "schema: /propertys: this subset of JSON Schema has no \"propertys\"; did you mean "
	    "\"properties\"?\n"
	    "sample: line 1, column 9: expected ':' after the key\n"
	    "default template: body: must be a string, not a number\n"
	    "default rule 2: a default rule has no connection and no channel: each workspace "
	    "chooses its own\n"
	    "default rule 2: filter: /field: expected a path in quotes, got a number\n"
	    "default rule 2: filter: a condition needs an op, such as \"eq\"");
	assert_string_equal(f->items[3].pointer.ptr, "/default_rules/1/channel");
	assert_string_equal(f->items[4].pointer.ptr, "/default_rules/1/filter/field");
	t = type_of("{\"properties\": {\"a\": {\"type\": \"number\"}}}", "{\"a\": \"x\"}");
	findings_init(f, a);
	assert_false(check_type(&t, f));
	assert_string_equal(f->items[0].pointer.ptr, "/sample/a");
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_active_rule_needs_a_connection_and_a_channel),
	    cmocka_unit_test(a_bad_filter_or_template_is_refused_with_its_place),
	    cmocka_unit_test(all_that_is_wrong_with_a_rule_is_told),
	    cmocka_unit_test(the_options_have_their_limits),
	    cmocka_unit_test(a_connections_schedule_has_the_limits_of_a_rules),
	    cmocka_unit_test(severities_are_those_of_the_event_type),
	    cmocka_unit_test(a_sample_must_be_as_the_schema_says),
	    cmocka_unit_test(a_severity_order_has_no_word_twice),
	    cmocka_unit_test(a_default_template_must_compile),
	    cmocka_unit_test(all_that_is_wrong_with_a_type_is_told),
	    cmocka_unit_test(default_rules_are_checked_as_rules_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
