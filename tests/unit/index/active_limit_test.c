#include "unit/store/store_fixture.h"

#include "carillon/index/active_limit.h"

static uint64_t
noted(struct fixture *f, uint64_t limit)
{
	uint64_t most = 0;
	struct err e = {0};

	assert_true(active_limit_note(f->store, limit, &most, &e));
	return most;
}

static void
the_largest_limit_of_all_lives_counts(void **state)
{
	struct fixture *f = *state;
	uint64_t most;
	struct err e = {0};

	assert_int_equal(noted(f, 64), 64);
	assert_int_equal(noted(f, 1), 64);
	assert_int_equal(noted(f, 100), 100);
	assert_true(active_limit_most(f->store, 7, &most, &e));
	assert_int_equal(most, 100);
	assert_true(active_limit_most(f->store, 101, &most, &e));
	assert_int_equal(most, 101);
}

static void
once_all_is_settled_no_life_before_counts(void **state)
{
	struct fixture *f = *state;
	uint64_t most;
	struct err e = {0};

	assert_int_equal(noted(f, 64), 64);
	assert_true(active_limit_forget(f->store, &e));
	assert_true(active_limit_most(f->store, 1, &most, &e));
	assert_int_equal(most, 1);
	assert_int_equal(noted(f, 2), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORE_TEST(the_largest_limit_of_all_lives_counts),
	    STORE_TEST(once_all_is_settled_no_life_before_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
