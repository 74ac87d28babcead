#include "rules_fixture.h"

#include "carillon/registry/released.h"

static void
put_held(struct fixture *f, uint64_t seq, const char *rule, int64_t created_ms)
{
	delivery_record d = delivery_of("acme", seq, rule, DELIVERY_HELD);

	d.connection = TEXT("slack");
	d.created_ms = created_ms;
	apply_delivery_record(f->store, &d);
}

static void
assert_released(struct fixture *f, const struct released *r, uint64_t count, int64_t oldest_ms,
    uint64_t still_held)
{
	struct released_count n;
	struct err e = {0};

	assert_true(released_judge(r, f->store, &n, &e));
	assert_int_equal(n.count, count);
	assert_int_equal(n.oldest_ms, oldest_ms);
	assert_int_equal(n.still_held, still_held);
}

static struct released *
gather(struct fixture *f, struct str connection, struct str rule)
{
	struct err e = {0};
	struct released *r = released_gather(
	    f->store, f->arena, &(struct held_of){STR("acme"), connection, rule}, &e);

	assert_non_null(r);
	return r;
}

static void
only_what_may_go_is_released(void **state)
{
	rule_record lame = rule_of("lame", ""), off = rule_of("off", "");
	struct fixture *f = *state;
	struct released *all;

	put_workspace(f, "acme");
	put_rule(f, "acme", "good", "");
	lame.hold_reason = TEXT("the channel is archived");
	put_record(f, "acme", STATE_RULE, "lame", &lame);
	off.active = false;
	put_record(f, "acme", STATE_RULE, "off", &off);
	put_garbage(f, "acme", STATE_RULE, "bad", "\xff");
	put_held(f, 1, "good", 3000);
	put_held(f, 2, "good", 2000);
	put_held(f, 2, "lame", 1000);
	put_held(f, 2, "bad", 1000);
	put_held(f, 3, "off", 1000);  /* is canceled, */
	put_held(f, 3, "gone", 1000); /* and so is this */
	all = gather(f, STR(""), STR(""));
	assert_released(f, all, 2, 2000, 2);
	assert_released(f, gather(f, STR(""), STR("lame")), 0, 0, 1);
	assert_released(f, gather(f, STR("slack"), STR("")), 2, 2000, 2);
	/* By the state when it is judged, whatever went meanwhile. */
	put_rule(f, "acme", "lame", "");
	put_delivery(f, "acme", 1, "good", DELIVERY_DELIVERED);
	assert_released(f, all, 3, 1000, 1);
}

static void
a_paused_workspace_releases_nothing(void **state)
{
	workspace_record w = CARILLON__V1__WORKSPACE__INIT;
	struct fixture *f = *state;

	put_workspace(f, "acme");
	put_rule(f, "acme", "good", "");
	w.id = TEXT("acme");
	w.paused = true;
	put_record(f, "acme", STATE_WORKSPACE, "acme", &w);
	put_held(f, 1, "good", 3000);
	assert_released(f, gather(f, STR("slack"), STR("")), 0, 0, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORE_TEST(only_what_may_go_is_released),
	    STORE_TEST(a_paused_workspace_releases_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
