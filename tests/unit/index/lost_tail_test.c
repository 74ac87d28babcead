#include "unit/store/store_fixture.h"

#include "carillon/index/lost_tail.h"

static uint64_t
newest_in_sequence(struct fixture *f)
{
	struct txn *t = txn_read(f->store, STORE_HISTORY);
	const uint64_t newest = tail_newest_in_sequence(t);

	assert_true(txn_finish(t, NULL));
	return newest;
}

static uint64_t
newest_of_stream(struct fixture *f, uint64_t last_seq, uint64_t newest)
{
	struct err e = {0};

	assert_true(tail_newest_event(f->store, last_seq, &newest, &e));
	return newest;
}

static void
records_far_ahead_of_all_others_are_no_ends(void **state)
{
	const uint64_t far = UINT64_C(1) << 34;
	struct fixture *f = *state;

	assert_int_equal(newest_in_sequence(f), 0);
	put_event(f, "acme", far, "evt");
	assert_int_equal(newest_in_sequence(f), far); /* the only one says where it was */
	put_event(f, "acme", far + 7, "evt");
	assert_int_equal(newest_in_sequence(f), far + 7);
	put_event(f, "acme", UINT64_C(1) << 36, "evt");
	put_event(f, "acme", UINT64_C(1) << 37, "evt");
	assert_int_equal(newest_in_sequence(f), far + 7);
}

static void
a_stream_can_have_lost_only_so_many(void **state)
{
	struct fixture *f = *state;

	put_event(f, "acme", 7, "evt");
	put_event(f, "acme", 1000000, "evt");
	put_event(f, "acme", UINT64_C(1) << 36, "evt");
	assert_int_equal(newest_of_stream(f, 5, UINT64_C(1) << 36), 1000000);
	assert_int_equal(newest_of_stream(f, 5, 1000000), 1000000);
	assert_int_equal(newest_of_stream(f, 2000000, 1000000), 1000000);
	assert_int_equal(
	    newest_of_stream(f, UINT64_C(1) << 36, UINT64_C(1) << 36), UINT64_C(1) << 36);
}

static uint64_t
noted(struct fixture *f)
{
	struct txn *t = txn_read(f->store, STORE_HISTORY);
	const uint64_t seq = store_number(t, STORE_EVENTS_GOOD);

	assert_true(txn_finish(t, NULL));
	return seq;
}

static void
of_several_losses_the_earliest_is_remembered(void **state)
{
	struct fixture *f = *state;
	struct err e = {0};

	assert_true(tail_note_lost(f->store, 70, &e));
	assert_int_equal(noted(f), 70);
	assert_true(tail_note_lost(f->store, 90, &e));
	assert_int_equal(noted(f), 70);
	assert_true(tail_note_lost(f->store, 50, &e));
	assert_int_equal(noted(f), 50);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORE_TEST(records_far_ahead_of_all_others_are_no_ends),
	    STORE_TEST(a_stream_can_have_lost_only_so_many),
	    STORE_TEST(of_several_losses_the_earliest_is_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
