#include "store_fixture.h"

static void
an_event_and_its_deliveries_are_read_back(void **state)
{
	struct fixture *f = *state;
	struct listing l = {0};

	put_event(f, "acme", 7, "evt_1");
	put_delivery(f, "acme", 7, "rule_b", DELIVERY_DELIVERED);
	put_delivery(f, "acme", 7, "rule_a", DELIVERY_FAILED);
	struct txn *t = txn_read(f->store, STORE_HISTORY);
	const event_record *ev = history_event(t, f->arena, 7);
	const delivery_record *d = history_delivery(t, f->arena, 7, STR("rule_a"));
	assert_non_null(ev);
	assert_string_equal(ev->event_id, "evt_1");
	assert_non_null(d);
	assert_int_equal(d->state, DELIVERY_FAILED);
	assert_null(history_event(t, f->arena, 8));
	assert_null(history_delivery(t, f->arena, 7, STR("rule_")));
	history_each_delivery(t, f->arena, 7, list_delivery, &l);
	assert_string_equal(l.text, "7/rule_a 7/rule_b ");
	assert_null(txn_error(t));
	txn_end(t);
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
the_first_event_of_an_id_keeps_it(void **state)
{
	struct fixture *f = *state;

	put_event(f, "acme", 5, "evt_1");
	put_event(f, "acme", 9, "evt_1");
	put_event(f, "acme", 3, "evt_1");
	put_event(f, "acme-2", 4, "evt_1");
	put_event(f, "acme", 6, "evt_12");
	assert_int_equal(seq_of(f, STR("acme"), STR("evt_1")), 5);
	assert_int_equal(seq_of(f, STR("acme-2"), STR("evt_1")), 4);
	assert_int_equal(seq_of(f, STR("acme_x"), STR("evt_1")), 0);
	assert_int_equal(seq_of(f, STR("acme"), STR("evt_")), 0);
}

static void
an_event_without_id_is_listed_but_not_found_by_id(void **state)
{
	struct fixture *f = *state;
	struct listing l = {0};

	put_event(f, "acme", 1, "");
	put_event(f, "acme", 2, "");
	assert_int_equal(seq_of(f, STR("acme"), STR("")), 0);
	struct txn *t = txn_read(f->store, STORE_HISTORY);
	history_each_event_of(t, f->arena, STR("acme"), 0, list_event, &l);
	assert_string_equal(l.text, "2 1 ");
	txn_end(t);
}

static void
the_newest_event_of_all_workspaces_is_known(void **state)
{
	struct fixture *f = *state;
	struct txn *t = txn_read(f->store, STORE_HISTORY);

	assert_int_equal(ledger_newest(t), 0);
	txn_end(t);
	put_event(f, "acme", 300, "");
	put_event(f, "acme-2", 7, "");
	t = txn_read(f->store, STORE_HISTORY);
	assert_int_equal(ledger_newest(t), 300);
	txn_end(t);
}

static void
a_list_goes_on_before_a_sequence_and_stops_when_told(void **state)
{
	struct fixture *f = *state;
	struct listing page = {.stop_after = 2}, next = {.stop_after = 2}, none = {0};

	for (uint64_t seq = 1; seq <= 5; seq++) {
		put_event(f, "acme", seq * 10, "");
		put_event(f, "acme-2", seq * 10 + 1, "");
		put_event(f, "acm", seq * 10 + 2, "");
	}
	struct txn *t = txn_read(f->store, STORE_HISTORY);
	history_each_event_of(t, f->arena, STR("acme"), 0, list_event, &page);
	assert_string_equal(page.text, "50 40 ");
	history_each_event_of(t, f->arena, STR("acme"), 40, list_event, &next);
	assert_string_equal(next.text, "30 20 ");
	history_each_event_of(t, f->arena, STR("acme"), 10, list_event, &none);
	history_each_event_of(t, f->arena, STR("ac"), 0, list_event, &none);
	history_each_event_of(t, f->arena, STR("zed"), 0, list_event, &none);
	assert_string_equal(none.text, "");
	txn_end(t);
}

/* A record whose ids cannot be keys must not stop the stream behind it. */
static void
an_entry_with_impossible_ids_is_left_out(void **state)
{
	struct fixture *f = *state;
	char text[300] = {0};
	struct store_stats stats;

	memset(text, 'a', sizeof(text) - 1);
	put_event(f, text, 1, "evt_1");
	put_event(f, "", 2, "evt_2");
	put_delivery(f, "acme", 3, text, DELIVERY_HELD);
	put_event(f, "acme", 4, text);
	put_event(f, "Acme", 5, "evt_5");
	store_stats(f->store, &stats);
	assert_int_equal(stats.events, 0);
	assert_int_equal(stats.deliveries, 0);
	assert_int_equal(stats.held, 0);
}

/* --- against a naive model --- */

enum { SEQS = 24, RULES = 3, PLACES = SEQS * RULES, STEPS = 600 };

static const char *const WORKSPACES[] = {"acme", "acme-2", "acme_x"};
static const char *const RULE_IDS[RULES] = {"r", "r-1", "r1"};
static const char *const IDS[] = {"", "e", "e1", "e2", "e3", "e4"};

struct model {
	bool has_event[SEQS + 1];
	const char *event_id[SEQS + 1];
	uint64_t first[COUNT_OF(WORKSPACES)][COUNT_OF(IDS)];
	struct place {
		int state; /* 0: no delivery */
		int64_t due;
	} places[SEQS + 1][RULES];
};

static uint32_t seed = 20260417;

static uint32_t
chance(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % n;
}

static size_t
workspace_of(uint64_t seq)
{
	return seq % COUNT_OF(WORKSPACES);
}

/* One sequence is one event for ever, as in a stream. */
static void
step_event(struct fixture *f, struct model *m)
{
	const uint64_t seq = 1 + chance(SEQS);
	const size_t workspace = workspace_of(seq), id = (seq * 7) % COUNT_OF(IDS);

	put_event(f, WORKSPACES[workspace], seq, IDS[id]);
	m->has_event[seq] = true;
	if (id && !m->first[workspace][id])
		m->first[workspace][id] = seq;
}

static void
step_delivery(struct fixture *f, struct model *m)
{
	const uint64_t seq = 1 + chance(SEQS);
	const size_t rule = chance(RULES);
	struct place *p = &m->places[seq][rule];

	p->state = 1 + (int)chance(DELIVERY_STATES - 1);
	p->due = p->state == DELIVERY_PARKED ? 1 + chance(5) : 0;
	delivery_record d = delivery_of(
	    WORKSPACES[workspace_of(seq)], seq, RULE_IDS[rule], (enum delivery_state)p->state);
	d.due_ms = p->due;
	apply_delivery_record(f->store, &d);
}

static void
expect(struct listing *l, uint64_t seq, size_t rule)
{
	delivery_record d = delivery_of("", seq, RULE_IDS[rule], DELIVERY_NONE);

	(void)list_delivery(&d, l);
}

static void
check_due(struct fixture *f, struct txn *t, const struct model *m)
{
	struct listing want = {0}, got = {0};

	for (int64_t due = 1; due <= 3; due++) {
		for (uint64_t seq = 1; seq <= SEQS; seq++) {
			for (size_t rule = 0; rule < RULES; rule++) {
				if (m->places[seq][rule].due == due)
					expect(&want, seq, rule);
			}
		}
	}
	ledger_each_due(t, f->arena, (wall_t){3}, list_delivery, &got);
	assert_string_equal(got.text, want.text);
}

static void
check_claimed(struct fixture *f, struct txn *t, const struct model *m)
{
	struct listing want = {0}, got = {0};

	for (uint64_t seq = 1; seq <= SEQS; seq++) {
		for (size_t rule = 0; rule < RULES; rule++) {
			if (m->places[seq][rule].state == DELIVERY_SENDING)
				expect(&want, seq, rule);
		}
	}
	ledger_each_claimed(t, f->arena, list_delivery, &got);
	assert_string_equal(got.text, want.text);
}

static void
check_held(struct fixture *f, struct txn *t, const struct model *m, size_t workspace)
{
	struct listing want = {0}, got = {0}, by_rule = {0}, want_rule = {0};

	for (uint64_t seq = 1; seq <= SEQS; seq++) {
		for (size_t rule = 0; rule < RULES; rule++) {
			if (workspace_of(seq) != workspace ||
			    m->places[seq][rule].state != DELIVERY_HELD)
				continue;
			expect(&want, seq, rule);
			if (rule == 0)
				expect(&want_rule, seq, rule);
		}
	}
	const struct str name = str_of(WORKSPACES[workspace]);
	ledger_each_held(t, f->arena, &(struct held_list){name, STR("conn_a"), STR("")},
	    list_delivery, &got);
	ledger_each_held(
	    t, f->arena, &(struct held_list){name, STR(""), STR("r")}, list_delivery, &by_rule);
	assert_string_equal(got.text, want.text);
	assert_string_equal(by_rule.text, want_rule.text);
}

/* The place behind which a list begins, anywhere; even where there is nothing. */
static struct delivery_cursor
any_cursor(void)
{
	const uint64_t seq = chance(SEQS + 2);

	return (struct delivery_cursor){seq, str_of(chance(2) ? RULE_IDS[chance(RULES)] : "")};
}

static bool
is_behind(const struct delivery_cursor *c, uint64_t seq, size_t rule)
{
	if (c->seq == 0 || seq != c->seq)
		return c->seq == 0 || seq < c->seq;
	return str_cmp(str_of(RULE_IDS[rule]), c->rule) < 0;
}

/* Of any state: NONE. */
static void
check_deliveries(
    struct fixture *f, struct txn *t, const struct model *m, size_t workspace, int state)
{
	struct listing want = {0}, got = {0};
	const struct delivery_list list = {
	    str_of(WORKSPACES[workspace]), (enum delivery_state)state, any_cursor()};

	for (uint64_t seq = SEQS; seq > 0; seq--) {
		for (size_t rule = RULES; rule-- > 0;) {
			const int is = m->places[seq][rule].state;
			if (workspace_of(seq) == workspace && is && (!state || is == state) &&
			    is_behind(&list.after, seq, rule))
				expect(&want, seq, rule);
		}
	}
	history_each_delivery_of(t, f->arena, &list, list_delivery, &got);
	assert_string_equal(got.text, want.text);
}

static void
check_events(struct fixture *f, struct txn *t, const struct model *m, size_t workspace)
{
	struct listing got = {0}, want = {0};
	const uint64_t before = chance(SEQS + 2);

	for (uint64_t seq = before ? before - 1 : SEQS; seq > 0; seq--) {
		const event_record ev = {.seq = seq};
		if (workspace_of(seq) == workspace && m->has_event[seq])
			(void)list_event(&ev, &want);
	}
	history_each_event_of(
	    t, f->arena, str_of(WORKSPACES[workspace]), before, list_event, &got);
	assert_string_equal(got.text, want.text);
}

static void
check_workspace(struct fixture *f, struct txn *t, const struct model *m, size_t workspace)
{
	const struct str name = str_of(WORKSPACES[workspace]);

	check_held(f, t, m, workspace);
	check_events(f, t, m, workspace);
	for (int state = DELIVERY_NONE; state < DELIVERY_STATES; state++) {
		if (state != DELIVERY_DELIVERED)
			check_deliveries(f, t, m, workspace, state);
	}
	for (size_t id = 1; id < COUNT_OF(IDS); id++)
		assert_int_equal(ledger_seq(t, name, str_of(IDS[id])), m->first[workspace][id]);
}

static void
all_indexes_agree_with_a_naive_model(void **state)
{
	struct fixture *f = *state;
	struct model m = {0};

	for (int step = 0; step < STEPS; step++) {
		if (chance(3))
			step_delivery(f, &m);
		else
			step_event(f, &m);
		struct txn *t = txn_read(f->store, STORE_HISTORY);
		check_due(f, t, &m);
		check_claimed(f, t, &m);
		for (size_t i = 0; i < COUNT_OF(WORKSPACES); i++)
			check_workspace(f, t, &m, i);
		assert_null(txn_error(t));
		txn_end(t);
		arena_reset(f->arena);
	}
}

/* Whatever of a batch is applied twice, as after a crash, changes nothing. */
static void
applying_again_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct store_stats once, twice;

	for (int round = 0; round < 2; round++) {
		put_event(f, "acme", 1, "e1");
		put_delivery(f, "acme", 1, "a", DELIVERY_PARKED);
		put_delivery(f, "acme", 1, "b", DELIVERY_HELD);
		put_delivery(f, "acme", 1, "c", DELIVERY_DELIVERED);
		store_stats(f->store, round ? &twice : &once);
	}
	once.history_bytes = twice.history_bytes = 0;
	assert_memory_equal(&once, &twice, sizeof(once));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORE_TEST(an_event_and_its_deliveries_are_read_back),
	    STORE_TEST(the_first_event_of_an_id_keeps_it),
	    STORE_TEST(an_event_without_id_is_listed_but_not_found_by_id),
	    STORE_TEST(the_newest_event_of_all_workspaces_is_known),
	    STORE_TEST(a_list_goes_on_before_a_sequence_and_stops_when_told),
	    STORE_TEST(an_entry_with_impossible_ids_is_left_out),
	    STORE_TEST(all_indexes_agree_with_a_naive_model),
	    STORE_TEST(applying_again_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
