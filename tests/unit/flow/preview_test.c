#include "unit/base/found.h"
#include "unit/registry/rules_fixture.h"

#include "carillon/registry/preview.h"
#include "flow/match.h"

#define PAYLOAD "{\"severity\": \"high\", \"host\": \" web-1 \", \"value\": 7}"

/* An event with this payload, as a producer packs it. */
static struct str
packed(struct fixture *f, const char *payload)
{
	event_message ev = CARILLON__V1__EVENT__INIT;

	ev.id = TEXT("ev1");
	ev.resource = TEXT("alert");
	ev.data_case = CARILLON__V1__EVENT__DATA_TEXT_DATA;
	ev.text_data = TEXT(payload);
	return record_pack(f->arena, &ev);
}

static bool
make(struct fixture *f, const rule_record *rule, const char *payload, struct preview *out,
    struct err *e)
{
	struct preview_request q = {.workspace = {"acme", 4},
	    .findings = found_new(f->arena, ""),
	    .rule = rule,
	    .dest = dest_default(),
	    .event_type = {"alert.triggered", 15},
	    .event = packed(f, payload)};

	return preview_make(f->arena, &q, out, e);
}

static struct preview
preview_of(struct fixture *f, const rule_record *rule)
{
	struct preview p;
	struct err e = {0};
	bool ok = make(f, rule, PAYLOAD, &p, &e);

	assert_string_equal(e.text, "");
	assert_true(ok);
	return p;
}

/* The body as the members of a JSON object. */
static struct str
shown(struct fixture *f, const struct dest_body *b)
{
	struct buf out = {0};
	struct json_writer w;
	struct str text;

	assert_non_null(b);
	jw_init(&w, &out);
	jw_object(&w);
	b->type->write_members(&w, b);
	jw_object_end(&w);
	text = arena_str(f->arena, buf_view(&out));
	buf_fini(&out);
	return text;
}

static void
a_rule_that_wants_the_event_shows_its_message(void **state)
{
	struct fixture *f = *state;
	rule_record r = rule_of("", "{\"field\": \"value\", \"op\": \"gt\", \"value\": 5}");
	struct preview p = preview_of(f, &r);

	assert_true(p.matches);
	assert_int_equal(p.reason.len, 0);
	assert_int_equal(p.n_conditions, 1);
	assert_says(p.conditions[0].sentence, "value 7 is greater than 5");
	assert_says(shown(f, p.body), "\"type\":\"header\"");
	assert_true(str_eq(p.channel, STR("C0ALERTS")));
}

static void
the_condition_that_is_not_met_is_the_reason(void **state)
{
	struct fixture *f = *state;
	rule_record r = rule_of("",
	    "{\"all\": [{\"field\": \"value\", \"op\": \"gt\", \"value\": 5},"
	    "{\"any\": [{\"field\": \"host\", \"op\": \"eq\", \"value\": \"db\"}]}]}");
	struct preview p = preview_of(f, &r);

	assert_false(p.matches);
	assert_int_equal(p.n_conditions, 4);
	assert_says(p.reason, "host \" web-1 \" is not \"db\"");
	assert_int_equal(p.why_not, WHY_NOT_CONDITION);
	assert_says(p.why_not_pointer, "/all/1/any/0");
	assert_non_null(p.body); /* how it would read all the same */
}

static void
an_inactive_rule_and_one_of_another_type_say_so(void **state)
{
	struct fixture *f = *state;
	rule_record r = rule_of("", "");
	struct preview p;

	r.event_type = TEXT("order.*");
	p = preview_of(f, &r);
	assert_false(p.matches);
	assert_int_equal(p.why_not, WHY_NOT_TYPE);
	assert_says(p.reason, "events of type \"order.*\"; this one is \"alert.triggered\"");
	r = rule_of("", "");
	r.active = false;
	p = preview_of(f, &r);
	assert_false(p.matches);
	assert_int_equal(p.why_not, WHY_NOT_INACTIVE);
	assert_says(p.reason, "inactive");
}

static void
the_keys_of_the_options_are_shown(void **state)
{
	struct fixture *f = *state;
	rule_record r = rule_of("", "");
	struct preview p;

	r.thread_key = TEXT("{{ payload.host }}");
	r.thread_hours = 24;
	r.dedupe_key = TEXT("{{ payload.severity | upcase }}");
	r.dedupe_minutes = 10;
	p = preview_of(f, &r);
	assert_true(str_eq(p.keys[KEY_THREAD], STR("web-1")));
	assert_true(str_eq(p.keys[KEY_DEDUPE], STR("HIGH")));
	assert_int_equal(p.keys[KEY_UPDATE].len, 0);
}

static void
a_rule_that_does_not_compile_and_an_event_that_is_none_are_refused(void **state)
{
	struct fixture *f = *state;
	rule_record r = rule_of("", "");
	struct preview p;
	struct err e = {0};

	assert_false(make(f, &r, "[1]", &p, &e));
	assert_int_equal(e.kind, ERR_INPUT);
	assert_says(str_of(e.text), "it must be a JSON object");
	r.template_ = TEXT("{\"body\": \"{{ payload.x | upcse }}\"}");
	assert_false(make(f, &r, PAYLOAD, &p, &e));
	assert_int_equal(e.kind, ERR_INPUT);
	assert_says(str_of(e.text), "template: body, line 1, column");
	assert_says(str_of(e.text), "did you mean \"upcase\"?");
}

/* Who is still writing sees what is right already. */
static void
a_rule_with_mistakes_shows_the_rest_of_itself(void **state)
{
	struct fixture *f = *state;
	rule_record r = rule_of("", "{\"field\": \"value\", \"op\": \"gt\", \"value\": 5}");
	struct preview p;
	struct err e = {0};

	r.template_ = TEXT("{\"haeder\": \"x\", \"body\": 1}");
	assert_false(make(f, &r, PAYLOAD, &p, &e));
	assert_int_equal(p.findings->n, 2);
	assert_true(p.matches);
	assert_int_equal(p.n_conditions, 1);
	assert_null(p.body);
	r = rule_of("", "{\"field\": 7}");
	assert_false(make(f, &r, PAYLOAD, &p, &e));
	assert_false(p.matches);
	assert_int_equal(p.why_not, WHY_NOT_NONE);
	assert_non_null(p.body);
}

static void
what_is_shown_is_what_is_sent(void **state)
{
	struct fixture *f = *state;
	rule_record r = rule_of("one", "");
	struct rulebook *b = rulebook_new(f->store, 10);
	struct message *m = message_new(ORIGIN_STREAM, 1);
	struct preview p;

	put_workspace(f, "acme");
	r.template_ = TEXT("{\"header\": \"{{ payload.host }}\", \"body\": \"<!channel> "
			   "{{ payload.severity }}\"}");
	put_record(f, "acme", STATE_RULE, "one", &r);
	p = preview_of(f, &r);
	m->rules = get_rules(b, "acme");
	m->event = event_of(f, PAYLOAD);
	assert_true(match_rules(m, UINT64_MAX));
	assert_int_equal(m->n_deliveries, 1);
	assert_int_equal(m->deliveries[0].state, DELIVERY_PENDING);
	delivery_render_shared(&m->deliveries[0]);
	assert_true(str_eq(shown(f, m->deliveries[0].body), shown(f, p.body)));
	message_free(m);
	rulebook_free(b);
}

static void
rules_of_one_template_are_rendered_once(void **state)
{
	struct fixture *f = *state;
	struct rulebook *b = rulebook_new(f->store, 10);
	struct message *m = message_new(ORIGIN_STREAM, 1);

	put_workspace(f, "acme");
	put_rule(f, "acme", "one", "");
	put_rule(f, "acme", "two", "");
	m->rules = get_rules(b, "acme");
	m->event = event_of(f, PAYLOAD);
	assert_true(match_rules(m, UINT64_MAX));
	assert_int_equal(m->n_deliveries, 2);
	for (int i = 0; i < 2; i++)
		delivery_render_shared(&m->deliveries[i]);
	assert_non_null(m->deliveries[0].body);
	assert_ptr_equal(m->deliveries[0].body, m->deliveries[1].body);
	message_free(m);
	rulebook_free(b);
}

static void
what_was_not_rendered_is_rendered_when_it_leaves_its_lane(void **state)
{
	struct fixture *f = *state;
	struct rulebook *b = rulebook_new(f->store, 10);
	struct message *m = message_new(ORIGIN_STREAM, 1);
	struct delivery *d;

	put_workspace(f, "acme");
	put_rule(f, "acme", "one", "");
	m->rules = get_rules(b, "acme");
	m->event = event_of(f, PAYLOAD);
	assert_true(match_rules(m, UINT64_MAX));
	d = &m->deliveries[0];
	assert_int_equal(d->state, DELIVERY_PENDING);
	assert_null(d->body);
	delivery_render(d, d->arena);
	assert_non_null(d->body);
	message_free(m);
	rulebook_free(b);
}

static void
it_is_written_as_one_json_object(void **state)
{
	struct fixture *f = *state;
	rule_record r = rule_of("", "{\"field\": \"nothing\", \"op\": \"exists\"}");
	struct preview p = preview_of(f, &r);
	struct buf text = {0};
	struct json_writer w;
	const struct json *v, *conditions;
	struct err e = {0};

	jw_init(&w, &text);
	preview_json(&w, &p);
	assert_true(json_parse(f->arena, buf_view(&text), JSON_DEPTH_MAX, &v, &e));
	assert_int_equal(json_get(v, STR("matched"))->kind, JSON_FALSE);
	assert_says(json_string(v, STR("reason")), "nothing is missing");
	conditions = json_get(v, STR("conditions"));
	assert_int_equal(conditions->count, 1);
	assert_says(json_string(conditions->child, STR("field")), "nothing");
	assert_int_equal(json_get(conditions->child, STR("missing"))->kind, JSON_TRUE);
	assert_says(json_string(json_get(v, STR("why_not")), STR("code")), "condition");
	assert_int_equal(json_get(v, STR("errors"))->count, 0);
	assert_int_equal(json_get(v, STR("blocks"))->kind, JSON_ARRAY);
	assert_int_equal(json_get(v, STR("warnings"))->kind, JSON_ARRAY);
	assert_int_equal(json_get(v, STR("thread_key"))->kind, JSON_STRING);
	buf_fini(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORE_TEST(a_rule_that_wants_the_event_shows_its_message),
	    STORE_TEST(the_condition_that_is_not_met_is_the_reason),
	    STORE_TEST(an_inactive_rule_and_one_of_another_type_say_so),
	    STORE_TEST(the_keys_of_the_options_are_shown),
	    STORE_TEST(a_rule_that_does_not_compile_and_an_event_that_is_none_are_refused),
	    STORE_TEST(a_rule_with_mistakes_shows_the_rest_of_itself),
	    STORE_TEST(what_is_shown_is_what_is_sent),
	    STORE_TEST(rules_of_one_template_are_rendered_once),
	    STORE_TEST(what_was_not_rendered_is_rendered_when_it_leaves_its_lane),
	    STORE_TEST(it_is_written_as_one_json_object),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
