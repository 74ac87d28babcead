#include "rules_fixture.h"

#include "carillon/registry/held.h"

static void
hold(struct fixture *f, uint64_t seq, const char *connection, const char *rule, int64_t at_ms)
{
	delivery_record d = delivery_of("acme", seq, rule, DELIVERY_HELD);

	d.connection = TEXT(connection);
	d.created_ms = at_ms;
	apply_delivery_record(f->store, &d);
}

static struct held
counted(struct fixture *f, struct held_of of)
{
	struct held held = {.count = 99, .oldest_ms = 99, .dropped = 3, .is_released = true};
	struct err e = {0};

	assert_true(held_count(f->store, &of, &held, &e));
	assert_int_equal(held.dropped, 3);
	assert_true(held.is_released);
	return held;
}

static void
what_is_held_is_counted_by_its_owner(void **state)
{
	struct fixture *f = *state;
	struct held all, connection, rule, none;

	hold(f, 1, "c1", "r1", 500);
	hold(f, 2, "c1", "r2", 300);
	hold(f, 3, "c2", "r1", 100);
	put_delivery(f, "acme", 4, "r1", DELIVERY_DELIVERED);
	all = counted(f, (struct held_of){.workspace = STR("acme")});
	connection =
	    counted(f, (struct held_of){.workspace = STR("acme"), .connection = STR("c1")});
	rule = counted(f, (struct held_of){.workspace = STR("acme"), .rule = STR("r1")});
	none = counted(f, (struct held_of){.workspace = STR("other")});
	assert_int_equal(all.count, 3);
	assert_int_equal(all.oldest_ms, 100);
	assert_int_equal(connection.count, 2);
	assert_int_equal(connection.oldest_ms, 300);
	assert_int_equal(rule.count, 2);
	assert_int_equal(none.count, 0);
	assert_int_equal(none.oldest_ms, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORE_TEST(what_is_held_is_counted_by_its_owner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
