#include "store_fixture.h"

struct call {
	int64_t before_ms; /* expire, if not 0 */
	const char *workspace;
	size_t max, done;
};

static bool
fill_call(struct txn *t, void *arg, struct err *e)
{
	struct call *c = arg;

	(void)e;
	c->done = c->before_ms ? history_expire(t, (wall_t){c->before_ms}, c->max)
	                       : history_erase(t, str_of(c->workspace), c->max);
	return true;
}

static size_t
expire(struct fixture *f, int64_t before_ms, size_t max)
{
	struct call c = {.before_ms = before_ms, .max = max};

	write_store(f->store, STORE_HISTORY, fill_call, &c);
	return c.done;
}

static size_t
erase(struct fixture *f, const char *workspace, size_t max)
{
	struct call c = {.workspace = workspace, .max = max};

	write_store(f->store, STORE_HISTORY, fill_call, &c);
	return c.done;
}

/* All that can be listed of a workspace: events, deliveries, and those of `state`. */
static const char *
listed(struct fixture *f, const char *workspace)
{
	static const enum delivery_state states[] = {
	    DELIVERY_NONE, DELIVERY_FAILED, DELIVERY_HELD};
	struct listing l = {0};
	struct txn *t = txn_read(f->store, STORE_HISTORY);

	history_each_event_of(t, f->arena, str_of(workspace), 0, list_event, &l);
	for (size_t i = 0; i < COUNT_OF(states); i++)
		history_each_delivery_of(t, f->arena,
		    &(struct delivery_list){str_of(workspace), states[i]}, list_delivery, &l);
	assert_null(txn_error(t));
	txn_end(t);
	return arena_cstr(f->arena, str_of(l.text));
}

static uint64_t
seq_of(struct fixture *f, struct str workspace, struct str id)
{
	struct txn *t = txn_read(f->store, STORE_HISTORY);
	const uint64_t seq = ledger_seq(t, workspace, id);

	txn_end(t);
	return seq;
}

static void
old_events_go_with_their_deliveries_and_indexes(void **state)
{
	struct fixture *f = *state;
	struct store_stats stats;

	for (uint64_t seq = 1; seq <= 4; seq++) {
		put_event(f, "acme", seq, (const char *[]){"", "e1", "e2", "e3", "e4"}[seq]);
		put_delivery(f, "acme", seq, "a", DELIVERY_FAILED);
		put_delivery(f, "acme", seq, "b", DELIVERY_DELIVERED);
	}
	assert_int_equal(expire(f, 3000, 100), 2);
	assert_int_equal(expire(f, 3000, 100), 0);
	assert_string_equal(listed(f, "acme"), "4 3 4/b 4/a 3/b 3/a 4/a 3/a ");
	assert_int_equal(seq_of(f, STR("acme"), STR("e2")), 0);
	assert_int_equal(seq_of(f, STR("acme"), STR("e3")), 3);
	store_stats(f->store, &stats);
	assert_int_equal(stats.deliveries, 4);
}

static void
an_event_whose_delivery_is_not_final_stays_whole(void **state)
{
	struct fixture *f = *state;

	put_event(f, "acme", 1, "e1");
	put_delivery(f, "acme", 1, "a", DELIVERY_DELIVERED);
	put_delivery(f, "acme", 1, "b", DELIVERY_HELD);
	put_event(f, "acme", 2, "e2");
	assert_int_equal(expire(f, 9000, 100), 1);
	assert_string_equal(listed(f, "acme"), "1 1/b 1/a 1/b ");
	assert_int_equal(seq_of(f, STR("acme"), STR("e1")), 1);
	put_delivery(f, "acme", 1, "b", DELIVERY_CANCELED);
	assert_int_equal(expire(f, 9000, 100), 1);
	assert_string_equal(listed(f, "acme"), "");
}

static void
a_call_deletes_no_more_than_it_may(void **state)
{
	struct fixture *f = *state;

	for (uint64_t seq = 1; seq <= 5; seq++)
		put_event(f, "acme", seq, "");
	assert_int_equal(expire(f, 9000, 0), 0);
	assert_int_equal(expire(f, 9000, 2), 2);
	assert_int_equal(expire(f, 9000, 2), 2);
	assert_int_equal(expire(f, 9000, 2), 1);
	assert_int_equal(expire(f, 9000, 2), 0);
}

/* 40 held events stand before the one that may go, and one call looks at 8 at most. */
static void
held_events_at_the_old_end_do_not_hide_the_others(void **state)
{
	struct fixture *f = *state;
	size_t calls = 0;

	for (uint64_t seq = 1; seq <= 40; seq++) {
		put_event(f, "acme", seq, "");
		put_delivery(f, "acme", seq, "a", DELIVERY_HELD);
	}
	put_event(f, "acme", 41, "");
	while (expire(f, 99000, 1) == 0)
		assert_true(++calls < 20);
	struct txn *t = txn_read(f->store, STORE_HISTORY);
	assert_null(history_event(t, f->arena, 41));
	assert_non_null(history_event(t, f->arena, 40));
	txn_end(t);
	put_delivery(f, "acme", 1, "a", DELIVERY_FAILED); /* and the round begins anew */
	for (calls = 0; expire(f, 99000, 1) == 0;)
		assert_true(++calls < 20);
}

static void
erasing_takes_one_workspace_and_nothing_of_its_neighbours(void **state)
{
	struct fixture *f = *state;
	size_t calls = 0, done;

	for (uint64_t seq = 1; seq <= 30; seq++) {
		static const char *const NAMES[] = {"acme", "acme-2", "acme_x"};
		put_event(f, NAMES[seq % 3], seq, "same");
		put_delivery(f, NAMES[seq % 3], seq, "a", DELIVERY_HELD);
		put_delivery(f, NAMES[seq % 3], seq, "b", DELIVERY_FAILED);
	}
	put_delivery(f, "acme", 77, "a", DELIVERY_HELD); /* its event was never told */
	const char *neighbour = listed(f, "acme-2");
	while ((done = erase(f, "acme", 7))) {
		assert_true(done <= 7);
		assert_true(++calls < 50);
	}
	assert_true(calls >= 30 / 7);
	assert_string_equal(listed(f, "acme"), "");
	assert_int_equal(seq_of(f, STR("acme"), STR("same")), 0);
	assert_string_equal(listed(f, "acme-2"), neighbour);
	assert_int_equal(seq_of(f, STR("acme_x"), STR("same")), 2);
}

static void
an_event_of_very_many_rules_is_erased_completely(void **state)
{
	struct fixture *f = *state;
	struct store_stats stats;
	char rule[16];

	put_event(f, "acme", 1, "e1");
	for (int i = 0; i < 500; i++) {
		snprintf(rule, sizeof(rule), "r%04d", i);
		put_delivery(f, "acme", 1, rule, i % 2 ? DELIVERY_HELD : DELIVERY_DELIVERED);
	}
	assert_int_equal(erase(f, "acme", 10000), 501);
	store_stats(f->store, &stats);
	assert_true(stats.events == 0 && stats.deliveries == 0 && stats.held == 0);
}

static const char *
id_of(struct fixture *f, uint64_t seq)
{
	return arena_cstr(f->arena, arena_printf(f->arena, "e%llu", (unsigned long long)seq));
}

static void
what_went_takes_no_room(void **state)
{
	struct fixture *f = *state;
	uint64_t bytes[3];

	for (int i = 0; i < 3; i++) {
		if (i == 1)
			for (uint64_t seq = 1; seq <= 1000; seq++)
				put_event(f, "acme", seq, id_of(f, seq));
		if (i == 2)
			assert_int_equal(expire(f, INT64_MAX, 1000), 1000);
		struct txn *t = txn_read(f->store, STORE_HISTORY);
		bytes[i] = history_bytes(t);
		txn_end(t);
	}
	assert_true(bytes[1] > bytes[0] + 1000UL * 40);
	assert_true(bytes[2] < bytes[0] + 20000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORE_TEST(old_events_go_with_their_deliveries_and_indexes),
	    STORE_TEST(an_event_whose_delivery_is_not_final_stays_whole),
	    STORE_TEST(a_call_deletes_no_more_than_it_may),
	    STORE_TEST(held_events_at_the_old_end_do_not_hide_the_others),
	    STORE_TEST(erasing_takes_one_workspace_and_nothing_of_its_neighbours),
	    STORE_TEST(an_event_of_very_many_rules_is_erased_completely),
	    STORE_TEST(what_went_takes_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
