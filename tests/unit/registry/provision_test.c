#include "rules_fixture.h"

#include "carillon/registry/registry.h"

/*
 * A state bucket that is the index itself, so that there is never anything to catch up with;
 * it stands in for src/broker. It can fail in the middle.
 */
struct broker {
	struct store *store;
	int puts_left;          /* then it fails */
	bool is_used_by_others; /* who put something while we ask for the stream */
};

struct bucket_put {
	const char *key;
	struct str bytes;
	uint64_t expected, revision;
};

static bool
fill_put(struct txn *t, void *arg, struct err *e)
{
	struct bucket_put *p = arg;
	struct str workspace, id;
	struct state_value old;
	enum state_kind kind;

	assert_true(state_key_parse(str_of(p->key), &workspace, &kind, &id));
	if (!state_get(t, workspace, kind, id, &old))
		old.revision = 0;
	if (old.revision != p->expected)
		return fail(e, ERR_CONFLICT, "wrong revision");
	p->revision = store_applied(t) + 1;
	state_apply(t, str_of(p->key), p->bytes, p->revision);
	store_set_applied(t, p->revision);
	return true;
}

bool
broker_state_put(
    struct broker *b, const struct state_change *c, uint64_t *revision, struct err *e)
{
	struct bucket_put p = {c->key, c->bytes, c->expected, 0};

	if (b->puts_left-- <= 0)
		return fail(e, ERR_TEMP, "the broker is gone");
	if (!store_write(b->store, STORE_STATE, fill_put, &p, e))
		return false;
	*revision = p.revision;
	return true;
}

bool
broker_stream_info(struct broker *b, enum stream s, struct stream_info *out, struct err *e)
{
	uint64_t last = store_applied_now(b->store, STORE_STATE), revision;

	(void)s;
	*out = (struct stream_info){.last_seq = last};
	return !b->is_used_by_others ||
	       broker_state_put(b,
		   &(struct state_change){"other.workspace.other", STR("x"), last}, &revision,
		   e);
}

bool
broker_state_delete(
    struct broker *b, const struct state_change *c, uint64_t *revision, struct err *e)
{
	(void)b, (void)c, (void)revision;
	return fail(e, ERR_TEMP, "not here");
}

struct str
broker_state_key(const struct broker *b, struct str subject)
{
	(void)b;
	return subject;
}

void
broker_message_free(struct broker_message *m)
{
	(void)m;
}

bool
broker_get(
    struct broker *b, enum stream s, uint64_t seq, struct broker_message *out, struct err *e)
{
	(void)b, (void)s, (void)seq, (void)out;
	return fail(e, ERR_TEMP, "there is nothing to read");
}

bool
broker_state_history(
    struct broker *b, const char *key, broker_revision_fn *each, void *arg, struct err *e)
{
	(void)b, (void)key, (void)each, (void)arg, (void)e;
	return true; /* nothing is older */
}

bool
broker_erase_many(
    struct broker *b, enum stream s, const uint64_t *seqs, size_t n, struct err *e)
{
	(void)b, (void)s, (void)seqs, (void)n;
	return fail(e, ERR_TEMP, "not here");
}

bool
subject_parse_event(
    const struct broker *b, struct str subject, struct str *workspace, struct str *type)
{
	(void)b, (void)subject, (void)workspace, (void)type;
	return false;
}

bool
reader_open(struct reader **out, struct broker *b, enum stream s, uint64_t from, struct err *e)
{
	(void)out, (void)b, (void)s, (void)from;
	return fail(e, ERR_TEMP, "there is nothing to read");
}

bool
reader_next(struct reader *r, int64_t wait_ms, struct broker_message *out, struct err *e)
{
	(void)r, (void)wait_ms, (void)out;
	return fail(e, ERR_TEMP, "there is nothing to read");
}

bool
reader_is_at_end(const struct reader *r)
{
	(void)r;
	return false;
}

void
reader_close(struct reader *r)
{
	(void)r;
}

/* --- */

static void
put_catalogue(struct fixture *f, size_t n_rules)
{
	type_record t = CARILLON__V1__EVENT_TYPE__INIT;
	rule_record rules[DEFAULT_RULES_MAX], *list[DEFAULT_RULES_MAX];

	for (size_t i = 0; i < n_rules; i++) {
		carillon__v1__rule__init(&rules[i]);
		rules[i].name = TEXT("as it came");
		list[i] = &rules[i];
	}
	t.name = TEXT("alert.triggered");
	t.default_rules = list;
	t.n_default_rules = n_rules;
	put_record(f, "_catalogue", STATE_TYPE, t.name, &t);
}

static bool
provision(struct fixture *f, int puts, struct err *e)
{
	struct broker b = {f->store, puts};
	struct registry *r = registry_new(&b, f->store);
	workspace_record w = CARILLON__V1__WORKSPACE__INIT;
	bool ok;

	*e = (struct err){0};
	w.id = TEXT("acme");
	w.created_ms = 1000;
	ok = registry_provision_workspace(r, &w, e);
	registry_free(r);
	return ok;
}

static struct ruleset *
rules_now(struct fixture *f)
{
	struct rulebook *b = rulebook_new(f->store, 10);
	struct ruleset *r = get_rules(b, "acme");

	rulebook_free(b);
	return r;
}

static void
a_new_workspace_has_the_default_rules_inactive(void **state)
{
	struct fixture *f = *state;
	struct ruleset *r;
	struct err e;

	put_catalogue(f, 2);
	assert_true(provision(f, 100, &e));
	r = rules_now(f);
	assert_true(r->exists);
	assert_int_equal(r->n_rules, 2);
	for (int i = 0; i < 2; i++) {
		assert_false(r->rules[i].active);
		assert_true(str_eq(r->rules[i].pattern, STR("alert.triggered")));
	}
	ruleset_unref(r);
}

static void
an_interrupted_creation_is_finished_by_the_next(void **state)
{
	struct fixture *f = *state;
	struct ruleset *r;
	struct err e;

	put_catalogue(f, 3);
	for (int puts = 0; puts <= 3; puts++) { /* three rules, and not yet the workspace */
		assert_false(provision(f, puts, &e));
		assert_int_equal(e.kind, ERR_TEMP);
		r = rules_now(f);
		assert_false(r->exists);
		ruleset_unref(r);
	}
	assert_true(provision(f, 100, &e));
	r = rules_now(f);
	assert_int_equal(r->n_rules, 3);
	ruleset_unref(r);
}

static void
a_workspace_that_exists_is_left_alone(void **state)
{
	struct fixture *f = *state;
	struct ruleset *r;
	struct err e;

	assert_true(provision(f, 100, &e));
	put_catalogue(f, 1);
	assert_false(provision(f, 100, &e));
	assert_int_equal(e.kind, ERR_CONFLICT);
	assert_says(str_of(e.text), "\"acme\" exists already");
	r = rules_now(f);
	assert_int_equal(r->n_rules, 0);
	ruleset_unref(r);
}

static bool
add_rule(struct registry *r, const char *id, uint64_t expected, struct err *e)
{
	rule_record rule = rule_of(id, "");
	struct findings f;
	struct arena *a = arena_new(0);
	bool ok;

	*e = (struct err){0};
	findings_init(&f, a);
	ok = registry_put_rule(r, STR("acme"), &rule, expected, &f, e);
	arena_free(a);
	return ok;
}

static void
a_workspace_holds_so_many_rules_and_no_more(void **state)
{
	struct fixture *f = *state;
	struct broker b = {f->store, 100};
	struct registry *r = registry_new(&b, f->store);
	rule_record *last;
	uint64_t revision;
	char id[16];
	struct err e;

	put_workspace(f, "acme");
	for (int i = 1; i < RULES_MAX; i++) {
		snprintf(id, sizeof(id), "r%d", i);
		put_rule(f, "acme", id, "");
	}
	assert_true(add_rule(r, "the-last", 0, &e));
	assert_false(add_rule(r, "one-more", 0, &e));
	assert_int_equal(e.kind, ERR_FULL);
	assert_string_equal(
	    e.text, "workspace \"acme\" has 256 rules already; that is the limit");
	/* Those that are there can still be changed. */
	last = registry_rule(r, f->arena, STR("acme"), STR("the-last"), &revision, &e);
	assert_non_null(last);
	assert_true(add_rule(r, "the-last", revision, &e));
	registry_free(r);
}

static void
what_others_write_meanwhile_is_no_other_stream(void **state)
{
	struct fixture *f = *state;
	struct broker b = {f->store, 1, true};
	struct registry *r = registry_new(&b, f->store);
	struct err e = {0};
	bool ok = registry_catch_up(r, 0, &e);

	assert_string_equal(e.text, "");
	assert_true(ok);
	assert_int_equal(b.puts_left, 0);
	registry_free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORE_TEST(a_new_workspace_has_the_default_rules_inactive),
	    STORE_TEST(an_interrupted_creation_is_finished_by_the_next),
	    STORE_TEST(a_workspace_that_exists_is_left_alone),
	    STORE_TEST(a_workspace_holds_so_many_rules_and_no_more),
	    STORE_TEST(what_others_write_meanwhile_is_no_other_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
