/* Batches come to the index in any number and order: its own, and those that it catches up with
 * while another process, which has come further, writes it too. */
#include "unit/store/store_fixture.h"

#include "carillon/index/catch_up.h"

/* What a batch says of the one delivery that these tests know. */
static void
apply_batch(struct fixture *f, uint64_t seq, enum delivery_state state, bool is_catching_up)
{
	delivery_record d = delivery_of("acme", 1, "rule_a", state);
	history_entry entry = CARILLON__V1__HISTORY_ENTRY__INIT;
	history_entry *entries[] = {&entry};
	struct history_applied batch = {.entries = entries,
	    .n = 1,
	    .seq = seq,
	    .id = STR("batch"),
	    .is_catching_up = is_catching_up};
	struct err e = {0};

	entry.entry_case = CARILLON__V1__HISTORY_ENTRY__ENTRY_DELIVERY;
	entry.delivery = &d;
	assert_true(history_apply_batch(f->store, &batch, &e));
}

static void
assert_index_has(struct fixture *f, uint64_t applied, enum delivery_state state)
{
	struct txn *t = txn_read(f->store, STORE_HISTORY);
	const delivery_record *d = history_delivery(t, f->arena, 1, STR("rule_a"));
	const uint64_t is_applied = store_applied(t);

	assert_true(txn_finish(t, NULL));
	assert_non_null(d);
	assert_int_equal(d->state, state);
	assert_int_equal(is_applied, applied);
}

static void
an_older_batch_undoes_nothing(void **state)
{
	struct fixture *f = *state;

	put_event(f, "acme", 1, "evt_1");
	apply_batch(f, 7, DELIVERY_PARKED, false);
	apply_batch(f, 9, DELIVERY_DELIVERED, false);
	apply_batch(f, 7, DELIVERY_PARKED, true);
	assert_index_has(f, 9, DELIVERY_DELIVERED);
	apply_batch(f, 9, DELIVERY_PARKED, true); /* another one under the same sequence */
	assert_index_has(f, 9, DELIVERY_DELIVERED);
	apply_batch(f, 10, DELIVERY_FAILED, true);
	assert_index_has(f, 10, DELIVERY_FAILED);
}

static void
a_batch_of_ones_own_is_applied_whatever_others_wrote(void **state)
{
	struct fixture *f = *state;

	put_event(f, "acme", 1, "evt_1");
	apply_batch(f, 9, DELIVERY_PARKED, true);
	apply_batch(f, 8, DELIVERY_DELIVERED, false);
	assert_index_has(f, 9, DELIVERY_DELIVERED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORE_TEST(an_older_batch_undoes_nothing),
	    STORE_TEST(a_batch_of_ones_own_is_applied_whatever_others_wrote),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
