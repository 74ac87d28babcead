#include "rules_fixture.h"

#include <pthread.h>

#include "carillon/registry/registry.h"
#include "flow/match.h"

#define AT_LEAST_5 "{\"field\": \"value\", \"op\": \"gt\", \"value\": 5}"

static struct rulebook *
book_of(struct fixture *f, size_t limit)
{
	put_workspace(f, "acme");
	put_rule(f, "acme", "one", AT_LEAST_5);
	return rulebook_new(f->store, limit);
}

static void
a_ruleset_has_the_rules_of_its_workspace_in_order(void **state)
{
	struct fixture *f = *state;
	struct rulebook *b = book_of(f, 10);
	struct ruleset *r;

	put_rule(f, "acme", "a-first", "");
	put_workspace(f, "other");
	put_rule(f, "other", "not-mine", "");
	r = get_rules(b, "acme");
	assert_true(r->exists && !r->paused);
	assert_int_equal(r->n_rules, 2);
	assert_true(str_eq(r->rules[0].id, STR("a-first")));
	assert_true(str_eq(r->rules[1].id, STR("one")));
	assert_ptr_equal(r->rules[0].connection, r->connections);
	assert_true(str_eq(r->rules[0].connection_id, STR("slack")));
	ruleset_unref(r);
	rulebook_free(b);
}

static void
a_change_is_seen_after_the_drop_and_the_old_rules_live_on(void **state)
{
	struct fixture *f = *state;
	struct rulebook *b = book_of(f, 10);
	struct ruleset *before = get_rules(b, "acme"), *still, *after;

	put_rule(f, "acme", "two", "");
	still = get_rules(b, "acme");
	assert_ptr_equal(still, before);
	rulebook_drop(b, STR("acme"));
	after = get_rules(b, "acme");
	assert_int_equal(after->n_rules, 2);
	assert_int_equal(before->n_rules, 1);
	assert_true(str_eq(before->rules[0].id, STR("one")));
	ruleset_unref(before);
	ruleset_unref(still);
	ruleset_unref(after);
	rulebook_free(b);
}

static void
an_unknown_workspace_is_found_as_soon_as_it_exists(void **state)
{
	struct fixture *f = *state;
	struct rulebook *b = book_of(f, 10);
	struct ruleset *r = get_rules(b, "later");

	assert_false(r->exists);
	ruleset_unref(r);
	put_workspace(f, "later");
	r = get_rules(b, "later");
	assert_true(r->exists);
	ruleset_unref(r);
	rulebook_free(b);
}

static void
the_least_recently_used_ruleset_goes_first(void **state)
{
	struct fixture *f = *state;
	struct rulebook *b = book_of(f, 2);
	struct ruleset *acme = get_rules(b, "acme"), *again;

	put_workspace(f, "b");
	put_workspace(f, "c");
	ruleset_unref(get_rules(b, "b"));
	ruleset_unref(get_rules(b, "acme")); /* now b is the older one */
	ruleset_unref(get_rules(b, "c"));    /* and goes for this one */
	again = get_rules(b, "acme");
	assert_ptr_equal(again, acme);
	put_rule(f, "b", "new", "");
	ruleset_unref(again);
	again = get_rules(b, "b"); /* read again without a drop */
	assert_int_equal(again->n_rules, 1);
	ruleset_unref(again);
	ruleset_unref(acme);
	rulebook_free(b);
}

static void
the_schema_decides_whether_text_is_a_number(void **state)
{
	struct fixture *f = *state;
	struct event ev = event_of(f, "{\"value\": \"10\"}");
	struct rulebook *b = book_of(f, 10);
	struct ruleset *r = get_rules(b, "acme");

	assert_false(rule_wants(&r->rules[0], &ev));
	ruleset_unref(r);
	put_type(f, "_catalogue", "{\"properties\": {\"value\": {\"type\": \"number\"}}}", "");
	rulebook_drop(b, (struct str){0});
	r = get_rules(b, "acme");
	assert_true(rule_wants(&r->rules[0], &ev));
	ruleset_unref(r);
	rulebook_free(b);
}

static void
a_rule_that_is_off_wants_nothing(void **state)
{
	struct fixture *f = *state;
	struct event ev = event_of(f, "{\"value\": 10}");
	struct rulebook *b = book_of(f, 10);
	rule_record off = rule_of("off", AT_LEAST_5);
	struct ruleset *r;

	off.active = false;
	put_record(f, "acme", STATE_RULE, "off", &off);
	r = get_rules(b, "acme");
	assert_true(str_eq(r->rules[0].id, STR("off")));
	assert_false(rule_wants(&r->rules[0], &ev));
	assert_true(rule_wants(&r->rules[1], &ev));
	ruleset_unref(r);
	rulebook_free(b);
}

/* The plain text of what a rule makes of an event. */
static struct str
text_of(struct fixture *f, const struct rule *rule, const struct event *ev)
{
	const struct dest_type *dest = rule->template->type;
	const struct dest_body *b = dest->render(rule->template, ev, rule->order, f->arena);
	struct buf out = {0};
	struct json_writer w;
	const struct json *v;
	struct err e;
	struct str text;

	jw_init(&w, &out);
	jw_object(&w);
	dest->write_members(&w, b);
	jw_object_end(&w);
	assert_true(json_parse(f->arena, buf_view(&out), JSON_DEPTH_MAX, &v, &e));
	text = arena_str(f->arena, json_string(v, STR("text")));
	buf_fini(&out);
	return text;
}

static void
a_bad_entry_in_the_catalogue_breaks_no_rule(void **state)
{
	struct fixture *f = *state;
	struct event ev = event_of(f, "{\"value\": 10}");
	struct rulebook *b = book_of(f, 10);
	struct ruleset *r;

	put_type(f, "_catalogue", "{\"tpye\": 1}", "{\"body\": \"{{ nonsense\"}");
	r = get_rules(b, "acme");
	assert_int_equal(r->rules[0].problem.len, 0);
	assert_true(rule_wants(&r->rules[0], &ev));
	assert_says(text_of(f, &r->rules[0], &ev), "alert.triggered");
	ruleset_unref(r);
	rulebook_free(b);
}

static void
a_workspaces_own_type_goes_before_the_shared_one(void **state)
{
	struct fixture *f = *state;
	struct event ev = event_of(f, "{\"value\": 10}");
	struct rulebook *b = book_of(f, 10);
	struct ruleset *r;

	put_type(f, "_catalogue", "", "{\"text\": \"shared\"}");
	put_type(f, "acme", "", "{\"text\": \"own\"}");
	r = get_rules(b, "acme");
	assert_true(str_eq(text_of(f, &r->rules[0], &ev), STR("own")));
	ruleset_unref(r);
	rulebook_free(b);
}

static void
rules_left_as_they_came_are_compiled_once_for_all(void **state)
{
	struct fixture *f = *state;
	type_record t = CARILLON__V1__EVENT_TYPE__INIT;
	rule_record seed = CARILLON__V1__RULE__INIT, *seeds[] = {&seed};
	struct rulebook *b = book_of(f, 10);
	struct ruleset *acme, *other;

	t.name = TEXT("alert.triggered");
	seed.filter = TEXT(AT_LEAST_5);
	t.default_rules = seeds;
	t.n_default_rules = 1;
	put_record(f, "_catalogue", STATE_TYPE, t.name, &t);
	put_workspace(f, "other");
	put_rule(f, "other", "one", AT_LEAST_5);
	put_rule(f, "other", "two", "{\"field\": \"value\", \"op\": \"gt\", \"value\": 6}");
	acme = get_rules(b, "acme");
	other = get_rules(b, "other");
	assert_ptr_equal(acme->rules[0].filter, other->rules[0].filter);
	assert_ptr_not_equal(other->rules[0].filter, other->rules[1].filter);
	assert_ptr_equal(other->rules[0].template, other->rules[1].template);
	ruleset_unref(acme);
	rulebook_drop(b, (struct str){0}); /* the catalogue lives as long as what it serves */
	struct event ev = event_of(f, "{\"value\": 7}");
	assert_true(rule_wants(&other->rules[0], &ev));
	ruleset_unref(other);
	rulebook_free(b);
}

static void
a_rule_whose_connection_is_gone_keeps_its_name(void **state)
{
	struct fixture *f = *state;
	struct rulebook *b = book_of(f, 10);
	struct ruleset *r;

	put_record(f, "acme", STATE_CONNECTION, "slack", NULL);
	r = get_rules(b, "acme");
	assert_null(r->rules[0].connection);
	assert_true(str_eq(r->rules[0].connection_id, STR("slack")));
	ruleset_unref(r);
	rulebook_free(b);
}

/* --- what cannot be read --- */

static void
a_record_that_cannot_be_read_is_left_out_and_the_others_work(void **state)
{
	rule_record misnamed = rule_of("somebody-else", "");
	struct fixture *f = *state;
	struct event ev = event_of(f, "{\"value\": 10}");
	struct rulebook *b = book_of(f, 10);
	const struct rule *broken;
	struct ruleset *r;

	put_garbage(f, "acme", STATE_RULE, "a-garbage", "\xff\xff");
	put_record(f, "acme", STATE_RULE, "zz", &misnamed);
	put_garbage(f, "acme", STATE_CONNECTION, "conn", "\xff\xff");
	r = get_rules(b, "acme");
	assert_int_equal(r->n_rules, 3);
	assert_true(rule_wants(ruleset_rule(r, STR("one")), &ev));
	assert_true(gate_of(r, ruleset_rule(r, STR("one"))).is_open);
	for (const char *id = "a-garbage"; id != NULL; id = strcmp(id, "zz") ? "zz" : NULL) {
		broken = ruleset_rule(r, str_of(id));
		assert_int_equal(broken->left_out, LEFT_OUT_UNREADABLE);
		assert_true(broken->active); /* what it has is held */
		assert_false(rule_wants(broken, &ev));
		assert_false(gate_of(r, broken).is_open);
		assert_says(gate_of(r, broken).remedy.action, "write it again");
	}
	assert_null(ruleset_rule(r, STR("gone")));
	assert_int_equal(ruleset_connection(r, STR("conn"))->left_out, LEFT_OUT_UNREADABLE);
	ruleset_unref(r);
	rulebook_free(b);
}

static void
a_rule_of_a_connection_that_cannot_be_read_is_held(void **state)
{
	connection_record long_id = CARILLON__V1__CONNECTION__INIT;
	char id[300] = "";
	struct fixture *f = *state;
	struct rulebook *b = book_of(f, 10);
	struct ruleset *r;

	memset(id, 'x', sizeof(id) - 1);
	long_id.id = id;
	long_id.dest = TEXT("slack");
	put_record(f, "acme", STATE_CONNECTION, "slack", &long_id);
	r = get_rules(b, "acme");
	assert_false(gate_of(r, &r->rules[0]).is_open);
	assert_says(gate_of(r, &r->rules[0]).reason, "connection's stored record");
	assert_says(gate_of(r, &r->rules[0]).remedy.action, "reconnect");
	ruleset_unref(r);
	rulebook_free(b);
}

static void
a_workspace_whose_record_cannot_be_read_is_held_and_still_matches(void **state)
{
	struct fixture *f = *state;
	struct event ev = event_of(f, "{\"value\": 10}");
	struct rulebook *b = book_of(f, 10);
	struct ruleset *r;

	put_garbage(f, "acme", STATE_WORKSPACE, "acme", "\xff\xff");
	r = get_rules(b, "acme");
	assert_true(r->exists);
	assert_true(rule_wants(&r->rules[0], &ev));
	assert_false(gate_of(r, &r->rules[0]).is_open);
	ruleset_unref(r);
	rulebook_free(b);
}

/* However many there are and wherever they stand, the rules that can be read are there. */
static void
garbage_takes_no_rule_its_place(void **state)
{
	struct fixture *f = *state;
	struct rulebook *b = book_of(f, 10);
	struct ruleset *r;

	for (int i = 0; i < 3 * RULES_MAX; i++) {
		char id[16];

		snprintf(id, sizeof(id), "a%05d", i);
		put_garbage(f, "acme", STATE_RULE, id, "\xff\xff");
	}
	r = get_rules(b, "acme");
	assert_int_equal(r->n_rules, RULES_MAX + 1);
	assert_int_equal(ruleset_rule(r, STR("one"))->left_out, LEFT_OUT_NOT);
	assert_int_equal(ruleset_rule(r, STR("a00001"))->left_out, LEFT_OUT_UNREADABLE);
	assert_true(r->is_cut); /* whether one that is not here is gone nobody knows */
	assert_int_equal(ruleset_rule(r, STR("a00700"))->left_out, LEFT_OUT_BEYOND);
	ruleset_unref(r);
	rulebook_free(b);
}

static void
rules_beyond_the_limit_are_left_out(void **state)
{
	struct fixture *f = *state;
	struct rulebook *b = book_of(f, 10);
	struct ruleset *r;

	for (int i = 0; i < RULES_MAX; i++) {
		char id[16];

		snprintf(id, sizeof(id), "a%05d", i);
		put_rule(f, "acme", id, "");
	}
	r = get_rules(b, "acme");
	assert_int_equal(r->n_rules, RULES_MAX + 1);
	assert_int_equal(ruleset_rule(r, STR("a00255"))->left_out, LEFT_OUT_NOT);
	assert_int_equal(ruleset_rule(r, STR("one"))->left_out, LEFT_OUT_BEYOND);
	assert_says(gate_of(r, ruleset_rule(r, STR("one"))).reason, "more rules");
	assert_false(r->is_cut);
	ruleset_unref(r);
	rulebook_free(b);
}

static void
a_catalogue_entry_that_cannot_be_read_is_left_out(void **state)
{
	struct fixture *f = *state;
	struct rulebook *b = book_of(f, 10);
	struct ruleset *r;

	put_garbage(f, "_catalogue", STATE_TYPE, "alert.triggered", "\xff\xff");
	put_garbage(f, "acme", STATE_TYPE, "alert.triggered", "\xff\xff");
	r = get_rules(b, "acme");
	assert_int_equal(r->rules[0].problem.len, 0);
	assert_true(gate_of(r, &r->rules[0]).is_open);
	ruleset_unref(r);
	rulebook_free(b);
}

struct reading {
	struct rulebook *book;
	atomic_bool stop;
	atomic_int wrong;
};

static void *
read_on(void *arg)
{
	struct reading *g = arg;

	while (!atomic_load(&g->stop)) {
		struct err e = {0};
		struct ruleset *r = rulebook_get(g->book, STR("acme"), &e);

		if (r == NULL || r->n_rules != 1 || r->rules[0].problem.len > 0)
			g->wrong++;
		ruleset_unref(r);
	}
	return NULL;
}

static int64_t
schedule_of(const struct ruleset *r, const char *rule)
{
	const struct rule *one = ruleset_rule(r, str_of(rule));

	return one->n_retry == 0 ? 0 : 100 * one->n_retry + (int)one->retry_s[0];
}

static void
a_schedule_is_the_rules_or_else_the_connections(void **state)
{
	uint32_t of_rule[] = {7, 8, 9}, of_connection[] = {5, 6};
	connection_record c = CARILLON__V1__CONNECTION__INIT;
	rule_record r = rule_of("own", "");
	struct fixture *f = *state;
	struct rulebook *b = book_of(f, 10);
	struct ruleset *rules = get_rules(b, "acme");

	assert_int_equal(schedule_of(rules, "one"), 0); /* the service's */
	ruleset_unref(rules);
	c.id = c.dest = TEXT("slack");
	c.retry_s = of_connection;
	c.n_retry_s = COUNT_OF(of_connection);
	put_record(f, "acme", STATE_CONNECTION, "slack", &c);
	r.retry_s = of_rule;
	r.n_retry_s = COUNT_OF(of_rule);
	put_record(f, "acme", STATE_RULE, "own", &r);
	rulebook_drop(b, STR("acme"));
	rules = get_rules(b, "acme");
	assert_int_equal(schedule_of(rules, "one"), 205);
	assert_int_equal(schedule_of(rules, "own"), 307);
	ruleset_unref(rules);
	rulebook_free(b);
}

static void
readers_and_drops_at_once_see_whole_rulesets(void **state)
{
	struct fixture *f = *state;
	struct reading g = {.book = book_of(f, 4096)};
	pthread_t threads[2];

	put_type(f, "_catalogue", "", "{\"text\": \"shared\"}");
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_on, &g), 0);
	for (int i = 0; i < 3000; i++)
		rulebook_drop(g.book, i % 3 ? STR("acme") : (struct str){0});
	atomic_store(&g.stop, true);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(g.wrong, 0);
	rulebook_free(g.book);
}

/* To build so many takes longer than from a change to the drop after it, so that nearly always
 * somebody is at it then with the rules of before. */
enum { RULES_BEFORE = 180, CHANGES = 12 };

struct builder {
	struct rulebook *book;
	atomic_bool stop;
};

static void *
build_again_and_again(void *arg)
{
	struct builder *m = arg;

	while (!atomic_load(&m->stop)) {
		rulebook_drop(m->book, STR("acme"));
		ruleset_unref(get_rules(m->book, "acme"));
	}
	return NULL;
}

static bool
fill_rules(struct txn *t, void *arg, struct err *e)
{
	bool ok = true;

	for (int i = 0; ok && i < RULES_BEFORE; i++) {
		char id[16];
		rule_record r = rule_of(id, AT_LEAST_5);
		struct put_record p = {arg, id, STATE_RULE, &r, {0}};

		snprintf(id, sizeof(id), "r%d", i);
		ok = fill_record(t, &p, e);
	}
	return ok;
}

static void
rules_read_before_a_change_are_not_kept_after_it(void **state)
{
	struct fixture *f = *state;
	struct builder m = {.book = book_of(f, 10)};

	write_store(f->store, STORE_STATE, fill_rules, TEXT("acme"));
	for (int i = 0; i < CHANGES; i++) {
		pthread_t thread;
		char id[16];

		atomic_store(&m.stop, false);
		assert_int_equal(pthread_create(&thread, NULL, build_again_and_again, &m), 0);
		snprintf(id, sizeof(id), "new%d", i);
		put_rule(f, "acme", id, AT_LEAST_5);
		rulebook_drop(m.book, STR("acme"));
		atomic_store(&m.stop, true);
		pthread_join(thread, NULL);
		struct ruleset *r = get_rules(m.book, "acme");
		const int n = (int)r->n_rules;
		ruleset_unref(r);
		assert_int_equal(n, RULES_BEFORE + 2 + i); /* one is of the book */
	}
	rulebook_free(m.book);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORE_TEST(a_ruleset_has_the_rules_of_its_workspace_in_order),
	    STORE_TEST(a_change_is_seen_after_the_drop_and_the_old_rules_live_on),
	    STORE_TEST(an_unknown_workspace_is_found_as_soon_as_it_exists),
	    STORE_TEST(the_least_recently_used_ruleset_goes_first),
	    STORE_TEST(the_schema_decides_whether_text_is_a_number),
	    STORE_TEST(a_rule_that_is_off_wants_nothing),
	    STORE_TEST(a_bad_entry_in_the_catalogue_breaks_no_rule),
	    STORE_TEST(a_workspaces_own_type_goes_before_the_shared_one),
	    STORE_TEST(rules_left_as_they_came_are_compiled_once_for_all),
	    STORE_TEST(a_rule_whose_connection_is_gone_keeps_its_name),
	    STORE_TEST(a_schedule_is_the_rules_or_else_the_connections),
	    STORE_TEST(a_record_that_cannot_be_read_is_left_out_and_the_others_work),
	    STORE_TEST(a_rule_of_a_connection_that_cannot_be_read_is_held),
	    STORE_TEST(a_workspace_whose_record_cannot_be_read_is_held_and_still_matches),
	    STORE_TEST(garbage_takes_no_rule_its_place),
	    STORE_TEST(rules_beyond_the_limit_are_left_out),
	    STORE_TEST(a_catalogue_entry_that_cannot_be_read_is_left_out),
	    STORE_TEST(readers_and_drops_at_once_see_whole_rulesets),
	    STORE_TEST(rules_read_before_a_change_are_not_kept_after_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
