#include "rules_fixture.h"

#include "carillon/registry/replays.h"

static replay_record
replay_of(struct fixture *f, const char *event_id)
{
	replay_record r;
	char **states = ARENA_ARRAY(f->arena, char *, 1);

	replay_new(&r, f->arena);
	states[0] = TEXT("failed");
	r.states = states;
	r.n_states = 1;
	r.event_id = TEXT(event_id);
	return r;
}

static void
a_replay_of_one_event_ends_at_it(void **state)
{
	struct fixture *f = *state;
	struct registry *registry = registry_new(NULL, f->store); /* no broker is asked */
	replay_record r = replay_of(f, "evt_7");
	struct err e = {0};

	put_event(f, "acme", 7, "evt_7");
	assert_true(replay_bound(registry, STR("acme"), &r, &e));
	assert_int_equal(r.from_seq, 7);
	assert_int_equal(r.to_seq, 7);
	assert_int_equal(r.position, 6);
	r = replay_of(f, "evt_8");
	assert_false(replay_bound(registry, STR("acme"), &r, &e));
	assert_int_equal(e.kind, ERR_NOT_FOUND);
	assert_false(replay_bound(registry, STR("other"), &r, &e));
	registry_free(registry);
}

static void
put_taken(struct fixture *f, uint64_t seq, const char *replay, enum delivery_state is)
{
	delivery_record d = delivery_of("acme", seq, "r1", is);

	d.replay = TEXT(replay);
	put_event(f, "acme", seq, arena_printf(f->arena, "evt_%d", (int)seq).ptr);
	apply_delivery_record(f->store, &d);
}

static void
the_outcome_counts_what_this_replay_took_up(void **state)
{
	struct fixture *f = *state;
	struct registry *registry = registry_new(NULL, f->store);
	replay_record r = replay_of(f, "");
	struct replay_outcome outcome;
	struct err e = {0};

	r.to_seq = 2000;
	for (uint64_t seq = 1; seq <= 1500; seq++) /* more than one page */
		put_taken(f, seq, seq % 2 ? r.id : "",
		    seq % 3 ? DELIVERY_DELIVERED : DELIVERY_FAILED);
	put_taken(f, 2001, r.id, DELIVERY_DELIVERED); /* after its end */
	put_taken(f, 1600, "rep_other", DELIVERY_DELIVERED);
	assert_true(replay_outcome_count(registry, STR("acme"), &r, &outcome, &e));
	assert_int_equal(outcome.of[DELIVERY_FAILED], 250);
	assert_int_equal(outcome.of[DELIVERY_DELIVERED], 500);
	assert_int_equal(outcome.of[DELIVERY_HELD], 0);
	registry_free(registry);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORE_TEST(a_replay_of_one_event_ends_at_it),
	    STORE_TEST(the_outcome_counts_what_this_replay_took_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
