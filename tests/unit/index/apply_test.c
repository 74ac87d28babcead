/* Batches come to the index in any number and order: its own, and those that it catches up with
 * while another process, which has come further, writes it too. */
#include "unit/store/store_fixture.h"

#include "carillon/index/catch_up.h"

/* A batch of the one delivery that these tests know. */
static history_batch *
batch_of(struct fixture *f, enum delivery_state state)
{
	history_batch *b = ARENA_NEW(f->arena, history_batch);
	history_entry *entry = ARENA_NEW(f->arena, history_entry);
	delivery_record *d = ARENA_NEW(f->arena, delivery_record);

	carillon__v1__history_batch__init(b);
	carillon__v1__history_entry__init(entry);
	*d = delivery_of("acme", 1, "rule_a", state);
	entry->entry_case = CARILLON__V1__HISTORY_ENTRY__ENTRY_DELIVERY;
	entry->delivery = d;
	b->entries = ARENA_ARRAY(f->arena, history_entry *, 1);
	b->entries[0] = entry;
	b->n_entries = 1;
	return b;
}

static void
apply_own(struct fixture *f, uint64_t seq, enum delivery_state state)
{
	const history_batch *b = batch_of(f, state);
	const struct history_applied own = {b->entries, b->n_entries, seq, STR("batch")};
	struct err e = {0};

	assert_true(history_apply_batch(f->store, &own, &e));
}

/* As it is read from the stream. */
static void
catch_up_with(struct fixture *f, uint64_t seq, enum delivery_state state)
{
	struct chunk *c = chunk_new();
	struct err e = {0};

	c->messages[0] = (struct broker_message){.seq = seq,
	    .data = record_pack(f->arena, batch_of(f, state)),
	    .msg_id = STR("batch")};
	c->n = 1;
	assert_true(history_apply_chunk(f->store, c, (struct str){0}, &e));
	c->n = 0; /* the message is the arena's */
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
	catch_up_with(f, 7, DELIVERY_PARKED);
	assert_index_has(f, 9, DELIVERY_DELIVERED);
	catch_up_with(f, 9, DELIVERY_PARKED); /* another one under the same sequence */
	assert_index_has(f, 9, DELIVERY_DELIVERED);
	catch_up_with(f, 10, DELIVERY_FAILED);
	assert_index_has(f, 10, DELIVERY_FAILED);
}

static void
a_batch_of_ones_own_is_applied_whatever_others_wrote(void **state)
{
	struct fixture *f = *state;

	put_event(f, "acme", 1, "evt_1");
	catch_up_with(f, 9, DELIVERY_PARKED);
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
