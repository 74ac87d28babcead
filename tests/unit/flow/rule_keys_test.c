#include "unit/base/found.h"
#include "unit/registry/rules_fixture.h"

#include "flow/rule_keys.h"

enum { MINUTE = 60000, HOUR = 60 * MINUTE };

/* A message of sequence 9 whose one rule has all three keys, made of payload.k. */
struct keyed_message {
	struct message *m;
	struct delivery *d;
	struct rule rule;
};

static struct keyed_message *
message_of(struct fixture *f, const char *payload)
{
	struct keyed_message *k = ARENA_NEW(f->arena, struct keyed_message);
	rule_record rec = rule_of("one", "");

	rec.thread_key = rec.update_key = rec.dedupe_key = TEXT("{{ payload.k }}");
	rec.thread_hours = 2;
	rec.dedupe_minutes = 10;
	rule_compile(f->arena, &rec, NULL, dest_default(), &k->rule, found_new(f->arena, ""));
	assert_int_equal(k->rule.problem.len, 0);
	k->m = message_new(ORIGIN_STREAM, 9);
	k->m->event = event_of(f, payload);
	message_deliveries(k->m, 1);
	k->d = &k->m->deliveries[0];
	k->d->rule = &k->rule;
	k->d->rule_id = k->rule.id;
	k->rule.connection_id = STR("main");
	k->d->channel = STR("C1");
	delivery_open(k->d, false);
	rule_keys_prepare(k->m);
	return k;
}

/* An earlier message of key "a", created and delivered at `at_ms`. */
static void
put_earlier(struct fixture *f, uint64_t seq, enum key_use use, int64_t at_ms)
{
	delivery_record d = delivery_of("acme", seq, "one", DELIVERY_DELIVERED);
	char **const keys[KEY_USES] = {&d.thread_key, &d.update_key, &d.dedupe_key};

	*keys[use] = TEXT("a");
	d.created_ms = d.updated_ms = at_ms;
	d.connection = TEXT("main");
	d.channel = TEXT("C1");
	d.message_id = TEXT("1700000000.000100");
	apply_delivery_record(f->store, &d);
}

static void
apply_at(struct fixture *f, struct keyed_message *k, int64_t now_ms)
{
	struct txn *history = txn_read(f->store, STORE_HISTORY);

	rule_keys_apply(k->m, history, (wall_t){now_ms});
	txn_end(history);
}

static void
a_key_is_trimmed_and_cut_and_may_be_empty(void **state)
{
	struct fixture *f = *state;
	char payload[2000];
	struct keyed_message *k = message_of(f, "{\"k\": \"  a b \\n\"}");

	assert_true(str_eq(k->d->key[KEY_THREAD], STR("a b")));
	assert_true(rule_keys_has_any(k->m));
	message_free(k->m);
	k = message_of(f, "{\"other\": 1}");
	assert_int_equal(k->d->key[KEY_DEDUPE].len, 0);
	assert_false(rule_keys_has_any(k->m));
	message_free(k->m);
	snprintf(payload, sizeof(payload), "{\"k\": \"%01000d\"}", 7);
	k = message_of(f, payload);
	assert_int_equal(k->d->key[KEY_UPDATE].len, 512);
	message_free(k->m);
}

static void
a_reply_goes_under_the_first_message_while_that_is_young(void **state)
{
	struct fixture *f = *state;
	struct keyed_message *k = message_of(f, "{\"k\": \"a\"}");

	put_earlier(f, 3, KEY_THREAD, 1 * HOUR);
	apply_at(f, k, 3 * HOUR - 1);
	assert_true(str_eq(k->d->thread_id, STR("1700000000.000100")));
	message_free(k->m);
	k = message_of(f, "{\"k\": \"a\"}");
	apply_at(f, k, 3 * HOUR);
	assert_int_equal(k->d->thread_id.len, 0);
	message_free(k->m);
}

static void
a_message_of_the_key_is_updated_however_old_it_is(void **state)
{
	struct fixture *f = *state;
	struct keyed_message *k = message_of(f, "{\"k\": \"a\"}");

	put_earlier(f, 3, KEY_UPDATE, 0);
	apply_at(f, k, INT64_C(1000) * HOUR);
	assert_true(str_eq(k->d->update_id, STR("1700000000.000100")));
	assert_true(delivery_is_open(k->d));
	message_free(k->m);
}

static void
a_repeat_within_the_window_is_counted_and_not_posted(void **state)
{
	struct fixture *f = *state;
	struct keyed_message *k = message_of(f, "{\"k\": \"a\"}");

	put_earlier(f, 3, KEY_DEDUPE, 0);
	apply_at(f, k, 10 * MINUTE - 1);
	assert_int_equal(k->d->state, DELIVERY_SKIPPED);
	assert_int_equal(k->d->suppressed, 1);
	message_free(k->m);
	k = message_of(f, "{\"k\": \"a\"}");
	apply_at(f, k, 10 * MINUTE);
	assert_true(delivery_is_open(k->d));
	message_free(k->m);
}

static void
another_key_and_the_message_itself_are_no_repeat(void **state)
{
	struct fixture *f = *state;
	struct keyed_message *k = message_of(f, "{\"k\": \"b\"}");

	put_earlier(f, 9, KEY_DEDUPE, 0);
	apply_at(f, k, 1);
	assert_true(delivery_is_open(k->d));
	message_free(k->m);
	k = message_of(f, "{\"k\": \"a\"}"); /* of sequence 9: read again after a crash */
	apply_at(f, k, 1);
	assert_true(delivery_is_open(k->d));
	message_free(k->m);
}

static void
what_finds_its_key_taken_waits(void **state)
{
	struct fixture *f = *state;
	struct keyed_message *k = message_of(f, "{\"k\": \"a\"}");

	k->d->key_is_taken[KEY_DEDUPE] = true;
	apply_at(f, k, 1000);
	assert_int_equal(k->d->state, DELIVERY_PARKED);
	assert_true(k->d->due.ms > 1000);
	message_free(k->m);
}

static void
an_older_event_than_what_is_shown_is_skipped(void **state)
{
	struct fixture *f = *state;
	struct keyed_message *k = message_of(f, "{\"k\": \"a\"}");

	put_earlier(f, 12, KEY_UPDATE, 0); /* a newer one */
	delivery_doubt(k->d, true);
	apply_at(f, k, 1000);
	assert_int_equal(k->d->state, DELIVERY_SKIPPED);
	assert_int_equal(k->d->shown_by, 12);
	assert_non_null(strstr(k->d->reason.ptr, "may have been posted"));
	message_free(k->m);
}

static void
another_channel_begins_anew(void **state)
{
	struct fixture *f = *state;
	struct keyed_message *k = message_of(f, "{\"k\": \"a\"}");

	put_earlier(f, 3, KEY_THREAD, 0);
	put_earlier(f, 4, KEY_UPDATE, 0);
	put_earlier(f, 5, KEY_DEDUPE, 0);
	k->d->channel = STR("C2");
	apply_at(f, k, 1000);
	assert_true(delivery_is_open(k->d));
	assert_int_equal(k->d->thread_id.len + k->d->update_id.len, 0);
	message_free(k->m);
}

static void
a_repeat_waits_for_what_becomes_of_the_first(void **state)
{
	struct fixture *f = *state;
	struct keyed_message *k = message_of(f, "{\"k\": \"a\"}");
	delivery_record first = delivery_of("acme", 3, "one", DELIVERY_RETRYING);

	first.dedupe_key = TEXT("a");
	first.due_ms = 5 * MINUTE;
	apply_delivery_record(f->store, &first);
	apply_at(f, k, 1000);
	assert_int_equal(k->d->state, DELIVERY_PARKED);
	assert_true(k->d->due.ms > 5 * MINUTE);
	message_free(k->m);
	first.state = CARILLON__V1__DELIVERY_STATE__DELIVERY_STATE_FAILED;
	apply_delivery_record(f->store, &first);
	k = message_of(f, "{\"k\": \"a\"}");
	apply_at(f, k, 1000);
	assert_true(delivery_is_open(k->d));
	message_free(k->m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORE_TEST(an_older_event_than_what_is_shown_is_skipped),
	    STORE_TEST(another_channel_begins_anew),
	    STORE_TEST(a_repeat_waits_for_what_becomes_of_the_first),
	    STORE_TEST(a_key_is_trimmed_and_cut_and_may_be_empty),
	    STORE_TEST(a_reply_goes_under_the_first_message_while_that_is_young),
	    STORE_TEST(a_message_of_the_key_is_updated_however_old_it_is),
	    STORE_TEST(a_repeat_within_the_window_is_counted_and_not_posted),
	    STORE_TEST(another_key_and_the_message_itself_are_no_repeat),
	    STORE_TEST(what_finds_its_key_taken_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
