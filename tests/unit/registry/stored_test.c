/* Whatever stands under a key, reading it ends with a record or a sentence. */
#include "rules_fixture.h"

#include "carillon/registry/registry.h"
#include "carillon/registry/stored.h"

static bool
is_read(const struct stored_key *key, const void *record, const char *says)
{
	struct arena *a = arena_new(0);
	struct err e = {0};
	void *out;
	bool ok = stored_read(a, key, record_pack(a, record), &out, &e);

	assert_int_equal(out != NULL || !ok, true);
	if (!ok)
		assert_says(str_of(e.text), says);
	arena_free(a);
	return ok;
}

static const struct stored_key RULE = {{"acme", 4}, STATE_RULE, {"one", 3}};
static const struct stored_key CONNECTION = {{"acme", 4}, STATE_CONNECTION, {"slack", 5}};

static char *
long_text(struct fixture *f, size_t n)
{
	char *text = arena_must(f->arena, n + 1);

	memset(text, 'x', n);
	return text;
}

static void
a_rule_is_read_as_it_was_written(void **state)
{
	rule_record r = rule_of("one", "");

	(void)state;
	assert_true(is_read(&RULE, &r, ""));
	r.connection = r.channel = TEXT(""); /* inactive ones have none */
	assert_true(is_read(&RULE, &r, ""));
}

static void
a_record_of_another_id_is_none(void **state)
{
	workspace_record w = CARILLON__V1__WORKSPACE__INIT;
	rule_record r = rule_of("two", "");

	(void)state;
	assert_false(is_read(&RULE, &r, "it says it is \"two\""));
	r.id = TEXT("");
	assert_false(is_read(&RULE, &r, "it says it is \"\""));
	w.id = TEXT("other");
	assert_false(is_read(
	    &(struct stored_key){STR("acme"), STATE_WORKSPACE, STR("acme")}, &w, "other"));
	w.id = TEXT("acme");
	assert_true(
	    is_read(&(struct stored_key){STR("acme"), STATE_WORKSPACE, STR("acme")}, &w, ""));
	assert_false(is_read(
	    &(struct stored_key){STR("acme"), STATE_WORKSPACE, STR("other")}, &w, "key"));
}

static void
a_key_that_no_rule_can_have_has_none(void **state)
{
	rule_record r = rule_of("Upper", "");
	struct stored_key key = RULE;

	(void)state;
	key.id = STR("Upper");
	assert_false(is_read(&key, &r, "its key is none"));
}

static void
a_rule_keeps_to_the_limits(void **state)
{
	struct fixture *f = *state;
	uint32_t retry_s[RULE_RETRY_STEPS_MAX + 1] = {0};
	rule_record good = rule_of("one", ""), r = good;

	r.event_type = TEXT("a..b");
	assert_false(is_read(&RULE, &r, "event type"));
	r.event_type = long_text(f, 200);
	assert_false(is_read(&RULE, &r, "event type"));
	r = good;
	r.connection = long_text(f, 65);
	assert_false(is_read(&RULE, &r, "connection"));
	r = good;
	r.channel = long_text(f, 65);
	assert_false(is_read(&RULE, &r, "channel"));
	r = good;
	r.hold_reason = long_text(f, 100000);
	assert_false(is_read(&RULE, &r, "reason"));
	r = good;
	r.retry_s = retry_s;
	r.n_retry_s = RULE_RETRY_STEPS_MAX;
	assert_true(is_read(&RULE, &r, ""));
	r.n_retry_s++;
	assert_false(is_read(&RULE, &r, "retry"));
	r.n_retry_s = 1;
	retry_s[0] = RULE_RETRY_S_MAX + 1;
	assert_false(is_read(&RULE, &r, "retry"));
}

static void
a_connection_keeps_to_the_limits(void **state)
{
	struct fixture *f = *state;
	connection_record c = CARILLON__V1__CONNECTION__INIT;

	c.id = TEXT("slack");
	c.dest = TEXT("teams"); /* of a newer version: the gate knows what to say */
	assert_true(is_read(&CONNECTION, &c, ""));
	c.status_reason = long_text(f, 2000);
	assert_false(is_read(&CONNECTION, &c, "reason"));
	c.status_reason = TEXT("");
	c.id = long_text(f, 300);
	assert_false(is_read(&CONNECTION, &c, "it says it is \"xxx"));
}

/* A rate of 0 would divide by it, and states that nobody knows would be asked for for ever. */
static void
a_replay_keeps_to_the_limits(void **state)
{
	const struct stored_key key = {STR("acme"), STATE_REPLAY, STR("rep")};
	replay_record r = CARILLON__V1__REPLAY__INIT;
	char *states[] = {TEXT("failed")};

	(void)state;
	r.id = TEXT("rep");
	r.states = states;
	r.n_states = 1;
	r.to_seq = 10;
	assert_false(is_read(&key, &r, "rate"));
	r.rate = 10;
	assert_true(is_read(&key, &r, ""));
	states[0] = TEXT("nonsense");
	assert_false(is_read(&key, &r, "nonsense"));
}

/* Two bytes on the wire are a whole default rule in memory. */
static void
what_takes_too_much_memory_is_not_read(void **state)
{
	enum { RULES = 400000 };
	const struct stored_key key = {STR("acme"), STATE_TYPE, STR("a.b")};
	struct fixture *f = *state;
	char *bytes = arena_must(f->arena, 2 * RULES);
	struct err e = {0};
	void *out;

	for (int i = 0; i < RULES; i++)
		bytes[2 * i] = 7 << 3 | 2;
	assert_false(stored_read(f->arena, &key, (struct str){bytes, 2 * RULES}, &out, &e));
	assert_says(str_of(e.text), "memory");
}

struct found {
	char text[400];
};

static bool
find_one(const struct stored *s, void *arg)
{
	struct found *f = arg;
	size_t len = strlen(f->text);

	if (s->record != NULL)
		return true;
	snprintf(f->text + len, sizeof(f->text) - len, "%.*s/%.*s%s ",
	    STR_ARG(s->key.workspace), STR_ARG(s->key.id), s->why.kind == ERR_FULL ? "!" : "");
	return true;
}

static void
what_cannot_be_read_is_listed_whoever_it_is_of(void **state)
{
	rule_record misnamed = rule_of("other", "");
	struct fixture *f = *state;
	struct found found = {""};
	struct txn *t;

	put_workspace(f, "acme");
	put_workspace(f, "zed");
	put_rule(f, "acme", "one", "");
	put_garbage(f, "acme", STATE_RULE, "bad", "\xff\xff");
	put_garbage(f, "orphan", STATE_RULE, "bad", "\xff\xff");
	put_record(f, "zed", STATE_RULE, "bad", &misnamed);
	for (int i = 0; i < RULES_MAX + 1; i++) {
		char id[16];

		snprintf(id, sizeof(id), "a%03d", i);
		put_rule(f, "zed", id, "");
	}
	t = txn_read(f->store, STORE_STATE);
	stored_each_of_kind(t, f->arena, STATE_RULE, find_one, &found);
	txn_end(t);
	assert_string_equal(found.text, "acme/bad orphan/bad zed/a256! zed/bad! ");
}

/* Any byte of a record changed, cut off or put in: read or refused, and nothing else. */
static void
a_damaged_record_is_read_or_refused(void **state)
{
	struct fixture *f = *state;
	rule_record r = rule_of("one", "{\"field\": \"a\", \"op\": \"exists\"}");
	struct str good = record_pack(f->arena, &r);

	for (size_t i = 0; i < good.len; i++)
		for (int change = 0; change < 256; change++) {
			struct arena *a = arena_new(0);
			struct str bytes = arena_str(a, good);
			struct err e = {0};
			void *out;

			((char *)(uintptr_t)bytes.ptr)[i] = (char)change;
			bytes.len = change % 3 == 0 ? i : good.len;
			if (!stored_read(a, &RULE, bytes, &out, &e))
				assert_true(e.text[0] != '\0');
			arena_free(a);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORE_TEST(a_rule_is_read_as_it_was_written),
	    STORE_TEST(a_record_of_another_id_is_none),
	    STORE_TEST(a_key_that_no_rule_can_have_has_none),
	    STORE_TEST(a_rule_keeps_to_the_limits),
	    STORE_TEST(a_connection_keeps_to_the_limits),
	    STORE_TEST(a_replay_keeps_to_the_limits),
	    STORE_TEST(what_takes_too_much_memory_is_not_read),
	    STORE_TEST(what_cannot_be_read_is_listed_whoever_it_is_of),
	    STORE_TEST(a_damaged_record_is_read_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
