#include "unit/registry/rules_fixture.h"

#include "flow/match.h"
#include "flow/resume.h"

enum { SEQ = 7, MANY = DELIVERIES_MAX + 44 };

static const wall_t now = {1000000};

static void
put_many(struct fixture *f, int n, enum delivery_state state)
{
	for (int i = 0; i < n; i++) {
		char rule[16];

		snprintf(rule, sizeof(rule), "r%03d", i);
		put_delivery(f, "acme", SEQ, rule, state);
	}
}

static struct message *
message_of(enum origin origin, struct rulebook *b)
{
	struct message *m = message_new(origin, SEQ);

	m->event.workspace = STR("acme");
	m->rules = get_rules(b, "acme");
	return m;
}

static void
settle_all(struct fixture *f, const struct message *m)
{
	for (int i = 0; i < m->n_deliveries; i++)
		put_delivery(f, "acme", SEQ, m->deliveries[i].before->rule, DELIVERY_CANCELED);
}

/* Rules come and go: one event may have had more of them than there are at any time. */
static void
what_one_message_has_no_room_for_comes_in_another_turn(void **state)
{
	struct fixture *f = *state;
	struct rulebook *b = rulebook_new(f->store, 10);
	int n[2];

	put_workspace(f, "acme");
	put_many(f, MANY, DELIVERY_PENDING);
	for (int turn = 0; turn < 2; turn++) {
		struct message *m = message_of(ORIGIN_STREAM, b);
		struct txn *history = txn_read(f->store, STORE_HISTORY);

		resume_from_stream(m, history, now);
		txn_end(history);
		n[turn] = m->n_deliveries;
		assert_int_equal(m->has_more, turn == 0);
		settle_all(f, m);
		message_free(m);
	}
	assert_int_equal(n[0], DELIVERIES_MAX);
	assert_int_equal(n[1], MANY - DELIVERIES_MAX);
	rulebook_free(b);
}

static void
a_replay_reads_all_of_an_event_page_by_page(void **state)
{
	struct fixture *f = *state;
	struct rulebook *b = rulebook_new(f->store, 10);
	const struct replay_selection s = {.states = 1u << DELIVERY_PARKED, .cancels = true};
	struct resume_wish wish = {.selection = &s};
	char after[32] = "";
	int n = 0, pages = 0;
	bool has_more = true;

	put_workspace(f, "acme");
	put_many(f, MANY, DELIVERY_PARKED);
	for (; has_more; pages++) {
		struct message *m = message_of(ORIGIN_LEDGER, b);
		struct txn *history = txn_read(f->store, STORE_HISTORY);

		wish.after = str_of(after);
		resume_to_cancel(m, history, &wish);
		txn_end(history);
		str_copy(after, sizeof(after), wish.after);
		has_more = m->has_more;
		n += m->n_deliveries;
		message_free(m);
	}
	assert_int_equal(pages, 2);
	assert_int_equal(n, MANY);
	rulebook_free(b);
}

static void
what_a_replay_cannot_send_is_counted(void **state)
{
	struct fixture *f = *state;
	struct rulebook *b = rulebook_new(f->store, 10);
	const struct replay_selection s = {.states = 1u << DELIVERY_PARKED};
	struct resume_wish wish = {.selection = &s};
	struct message *m;
	struct txn *history;

	put_workspace(f, "acme");
	put_rule(f, "acme", "r001", "");
	put_many(f, 3, DELIVERY_PARKED);
	m = message_of(ORIGIN_LEDGER, b);
	m->event = event_of(f, "{}");
	history = txn_read(f->store, STORE_HISTORY);
	resume_for_replay(m, history, &wish);
	txn_end(history);
	assert_int_equal(m->n_deliveries, 1);
	assert_true(delivery_wants_claim(&m->deliveries[0]));
	assert_int_equal(wish.skipped, 2);
	message_free(m);
	rulebook_free(b);
}

static void
what_the_stream_has_no_more_fails(void **state)
{
	struct fixture *f = *state;
	struct rulebook *b = rulebook_new(f->store, 10);
	const struct str rules[] = {STR("r000"), STR("r001")};
	struct message *m;
	struct txn *history;

	put_workspace(f, "acme");
	put_rule(f, "acme", "r001", "");
	put_many(f, 3, DELIVERY_PARKED);
	m = message_of(ORIGIN_LEDGER, b);
	m->is_gone = true;
	history = txn_read(f->store, STORE_HISTORY);
	resume_from_ledger(m, history, rules, 2, now);
	txn_end(history);
	assert_int_equal(m->n_deliveries, 2);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(m->deliveries[i].state, DELIVERY_FAILED);
		assert_says(m->deliveries[i].reason, "no longer in the stream");
	}
	message_free(m);
	rulebook_free(b);
}

/* Written into the bucket by other hands. */
static void
more_rules_than_a_workspace_may_have_are_bounded(void **state)
{
	struct fixture *f = *state;
	struct rulebook *b = rulebook_new(f->store, 10);
	struct message *m;

	put_workspace(f, "acme");
	for (int i = 0; i < DELIVERIES_MAX + 1; i++) {
		char rule[16];

		snprintf(rule, sizeof(rule), "r%03d", i);
		put_rule(f, "acme", rule, "");
	}
	m = message_of(ORIGIN_STREAM, b);
	m->event = event_of(f, "{}");
	assert_true(match_rules(m, UINT64_MAX));
	assert_int_equal(m->n_deliveries, DELIVERIES_MAX);
	assert_int_equal(m->matched, DELIVERIES_MAX);
	message_free(m);
	rulebook_free(b);
}

static struct message *
resumed(struct fixture *f, struct rulebook *b, const struct str *rules, int n)
{
	struct message *m = message_of(ORIGIN_LEDGER, b);
	struct txn *history = txn_read(f->store, STORE_HISTORY);

	resume_from_ledger(m, history, rules, n, now);
	txn_end(history);
	return m;
}

static void
what_a_rule_that_cannot_be_read_has_is_held_as_it_is(void **state)
{
	const struct str rules[] = {STR("r000"), STR("r001")};
	struct fixture *f = *state;
	struct rulebook *b = rulebook_new(f->store, 10);
	struct message *m;

	put_workspace(f, "acme");
	put_garbage(f, "acme", STATE_RULE, "r000", "\xff\xff garbage");
	put_rule(f, "acme", "r001", "");
	put_many(f, 2, DELIVERY_PARKED);
	m = resumed(f, b, rules, 2);
	assert_int_equal(m->deliveries[0].state, DELIVERY_HELD);
	assert_says(m->deliveries[0].reason, "stored record cannot be read");
	assert_null(m->deliveries[0].rule); /* so that its connection stays in its record */
	assert_int_equal(m->deliveries[1].state, DELIVERY_PENDING);
	message_free(m);
	rulebook_free(b);
}

static void
what_a_workspace_had_that_is_gone_is_canceled(void **state)
{
	const struct str rules[] = {STR("r000")};
	struct fixture *f = *state;
	struct rulebook *b = rulebook_new(f->store, 10);
	struct message *m;

	put_many(f, 1, DELIVERY_PARKED);
	m = resumed(f, b, rules, 1);
	assert_int_equal(m->deliveries[0].state, DELIVERY_CANCELED);
	assert_true(m->deliveries[0].is_orphan);
	message_free(m);
	rulebook_free(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORE_TEST(what_one_message_has_no_room_for_comes_in_another_turn),
	    STORE_TEST(a_replay_reads_all_of_an_event_page_by_page),
	    STORE_TEST(what_a_replay_cannot_send_is_counted),
	    STORE_TEST(what_the_stream_has_no_more_fails),
	    STORE_TEST(more_rules_than_a_workspace_may_have_are_bounded),
	    STORE_TEST(what_a_rule_that_cannot_be_read_has_is_held_as_it_is),
	    STORE_TEST(what_a_workspace_had_that_is_gone_is_canceled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
