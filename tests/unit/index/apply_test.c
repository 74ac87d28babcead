/* Batches come to the index in any number and order: its own, and those that it catches up with
 * while another process, which has come further, writes it too. */
#include "unit/store/store_fixture.h"

#include "carillon/index/catch_up.h"

static history_entry *
entry_of(delivery_record *d, history_entry *out)
{
	carillon__v1__history_entry__init(out);
	out->entry_case = CARILLON__V1__HISTORY_ENTRY__ENTRY_DELIVERY;
	out->delivery = d;
	return out;
}

/* A batch of one's own; it says one thing of the one delivery that these tests know. */
static void
apply_own(struct fixture *f, uint64_t seq, enum delivery_state state)
{
	delivery_record d = delivery_of("acme", 1, "rule_a", state);
	history_entry entry, *entries[] = {entry_of(&d, &entry)};
	struct history_applied batch = {
	    .entries = entries, .n = 1, .seq = seq, .id = STR("batch")};
	struct err e = {0};

	assert_true(history_apply_batch(f->store, &batch, &e));
}

/* The same, read from the stream. */
static void
catch_up(struct fixture *f, uint64_t seq, enum delivery_state state)
{
	delivery_record d = delivery_of("acme", 1, "rule_a", state);
	history_entry entry, *entries[] = {entry_of(&d, &entry)};
	struct chunk *c = chunk_new();
	struct err e = {0};
	history_batch batch;

	carillon__v1__history_batch__init(&batch);
	batch.entries = entries;
	batch.n_entries = 1;
	c->messages[c->n++] =
	    (struct broker_message){.data = record_pack(f->arena, &batch), .seq = seq};
	assert_true(history_apply_chunk(f->store, c, (struct str){0}, &e));
	chunk_free(c);
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
	apply_own(f, 7, DELIVERY_PARKED);
	apply_own(f, 9, DELIVERY_DELIVERED);
	catch_up(f, 7, DELIVERY_PARKED);
	assert_index_has(f, 9, DELIVERY_DELIVERED);
	catch_up(f, 9, DELIVERY_PARKED); /* another one under the same sequence */
	assert_index_has(f, 9, DELIVERY_DELIVERED);
	catch_up(f, 10, DELIVERY_FAILED);
	assert_index_has(f, 10, DELIVERY_FAILED);
}

static void
a_batch_of_ones_own_is_applied_whatever_others_wrote(void **state)
{
	struct fixture *f = *state;

	put_event(f, "acme", 1, "evt_1");
	catch_up(f, 9, DELIVERY_PARKED);
	apply_own(f, 8, DELIVERY_DELIVERED);
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
