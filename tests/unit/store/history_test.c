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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORE_TEST(an_event_and_its_deliveries_are_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
