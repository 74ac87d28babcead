#include "unit/base/found.h"
#include "unit/registry/rules_fixture.h"

#include "carillon/base/clock.h"
#include "carillon/base/queue.h"
#include "flow/admit.h"

enum { ROOM = 100, READERS = 256 };

/* What admission needs of a flow. */
struct hall {
	struct flow flow;
	struct onward onward;
	struct rule rule; /* with a key made of payload.k */
	struct ruleset_connection connection;
	struct config config;
};

static struct hall *
hall_of(struct fixture *f)
{
	struct hall *h = ARENA_NEW(f->arena, struct hall);
	rule_record rec = rule_of("one", "");

	rec.thread_key = TEXT("{{ payload.k }}");
	rec.thread_hours = 2;
	rule_compile(f->arena, &rec, NULL, dest_default(), &h->rule, found_new(f->arena, ""));
	h->connection.dest = dest_default();
	h->rule.connection = &h->connection;
	h->flow.parts.store = f->store;
	config_defaults(&h->config);
	h->flow.active = active_new(ROOM);
	h->flow.places = places_new(ROOM);
	h->flow.budget = budget_new();
	h->flow.settings = settings_new(&h->config);
	h->flow.to_courier = queue_new(ROOM);
	h->flow.to_scribe = queue_new(ROOM);
	onward_init(&h->onward);
	return h;
}

static void
close_hall(struct hall *h)
{
	places_free(h->flow.places);
	budget_free(h->flow.budget);
	settings_free(h->flow.settings);
	active_free(h->flow.active);
	queue_free(h->flow.to_courier);
	queue_free(h->flow.to_scribe);
}

static struct message *
message_of(struct fixture *f, struct hall *h, enum origin origin, uint64_t seq, const char *id)
{
	struct message *m = message_new(origin, seq);

	m->event = event_of(f, "{\"k\": \"a\"}");
	m->event.id = str_of(id);
	message_deliveries(m, 1);
	m->deliveries[0].rule = &h->rule;
	m->deliveries[0].rule_id = h->rule.id;
	delivery_open(&m->deliveries[0], false);
	return m;
}

static enum admission
admitted(struct hall *h, struct message *m)
{
	struct err e = {0};

	return admit(&h->flow, m, &h->onward, (wall_t){1000}, &e);
}

static void
end(struct hall *h, struct message *m)
{
	for (int i = 0; i < m->n_deliveries; i++)
		admit_settled(&h->flow, &m->deliveries[i]);
	admit_end(&h->flow, m);
	message_free(m);
}

static size_t
taken(struct queue *q)
{
	struct list all;
	size_t n;

	list_init(&all);
	n = queue_take_all(q, &all);
	while (list_take_first(&all))
		continue;
	return n;
}

static void
what_is_to_be_sent_goes_to_the_courier_and_what_is_decided_to_the_scribe(void **state)
{
	struct fixture *f = *state;
	struct hall *h = hall_of(f);
	struct message *m = message_of(f, h, ORIGIN_STREAM, 1, "e1");
	struct message *settled = message_of(f, h, ORIGIN_STREAM, 2, "e2");

	delivery_settle(
	    &settled->deliveries[0], DELIVERY_HELD, STR("paused"), remedy_of(REPAIR_NONE));
	assert_int_equal(admitted(h, m), ADMITTED);
	assert_int_equal(admitted(h, settled), ADMITTED);
	assert_int_equal(queue_len(h->flow.to_courier), 0); /* together, when told */
	onward_send(&h->onward, &h->flow);
	assert_int_equal(taken(h->flow.to_courier), 1);
	assert_int_equal(taken(h->flow.to_scribe), 1);
	end(h, m);
	end(h, settled);
	close_hall(h);
}

static void
what_is_in_hand_already_is_refused(void **state)
{
	struct fixture *f = *state;
	struct hall *h = hall_of(f);
	struct message *m = message_of(f, h, ORIGIN_STREAM, 1, "e1");
	struct message *again = message_of(f, h, ORIGIN_STREAM, 1, "e1");
	struct message *same_id = message_of(f, h, ORIGIN_STREAM, 2, "e1");
	struct message *of_ledger = message_of(f, h, ORIGIN_LEDGER, 1, "e1");

	assert_int_equal(admitted(h, m), ADMITTED);
	assert_int_equal(admitted(h, again), REFUSED_SAME_MESSAGE);
	assert_int_equal(admitted(h, same_id), REFUSED_SAME_EVENT);
	assert_int_equal(admitted(h, of_ledger), REFUSED_BUSY);
	assert_int_equal(active_count(h->flow.active), 1);
	onward_send(&h->onward, &h->flow);
	assert_int_equal(taken(h->flow.to_courier), 1);
	end(h, m);
	message_free(again);
	message_free(same_id);
	message_free(of_ledger);
	close_hall(h);
}

static void
of_two_with_one_key_the_second_waits(void **state)
{
	struct fixture *f = *state;
	struct hall *h = hall_of(f);
	struct message *first = message_of(f, h, ORIGIN_STREAM, 1, "e1");
	struct message *second = message_of(f, h, ORIGIN_LEDGER, 2, "e2");

	assert_int_equal(admitted(h, first), ADMITTED);
	assert_int_equal(admitted(h, second), ADMITTED);
	assert_true(delivery_is_open(&first->deliveries[0]));
	assert_int_equal(second->deliveries[0].state, DELIVERY_PARKED);
	onward_send(&h->onward, &h->flow);
	assert_int_equal(taken(h->flow.to_courier), 1);
	assert_int_equal(taken(h->flow.to_scribe), 1);
	end(h, first);
	end(h, second);
	close_hall(h);
}

static void
what_replays_have_in_hand_is_counted(void **state)
{
	struct fixture *f = *state;
	struct hall *h = hall_of(f);
	struct message *m = message_of(f, h, ORIGIN_LEDGER, 1, "e1");
	struct message *replayed = message_of(f, h, ORIGIN_LEDGER, 2, "e2");

	replayed->is_replay = true;
	assert_int_equal(admitted(h, m), ADMITTED);
	assert_int_equal(admitted(h, replayed), ADMITTED);
	assert_int_equal(atomic_load(&h->flow.replay_in_hand), 1);
	onward_send(&h->onward, &h->flow);
	(void)taken(h->flow.to_courier);
	(void)taken(h->flow.to_scribe);
	end(h, m);
	end(h, replayed);
	assert_int_equal(atomic_load(&h->flow.replay_in_hand), 0);
	close_hall(h);
}

static void
while_all_is_held_one_message_is_let_in(void **state)
{
	struct fixture *f = *state;
	struct hall *h = hall_of(f);
	struct message *m = message_of(f, h, ORIGIN_LEDGER, 1, "e1");
	struct message *busy = message_of(f, h, ORIGIN_LEDGER, 1, "e1");

	assert_int_equal(admitted(h, m), ADMITTED);
	atomic_store(&h->flow.hold, HOLD_BUT_ONE);
	assert_int_equal(admitted(h, busy), REFUSED_BUSY); /* it tries nothing */
	assert_int_equal(atomic_load(&h->flow.hold), HOLD_BUT_ONE);
	onward_send(&h->onward, &h->flow);
	(void)taken(h->flow.to_courier);
	end(h, m);
	assert_int_equal(admitted(h, busy), ADMITTED);
	assert_int_equal(atomic_load(&h->flow.hold), HOLD_ALL);
	onward_send(&h->onward, &h->flow);
	(void)taken(h->flow.to_courier);
	end(h, busy);
	close_hall(h);
}

/* Takes every place a reader can have; returns how many. */
static int
crowd(struct store *s, struct txn *readers[static READERS])
{
	for (int n = 0; n < READERS; n++) {
		readers[n] = txn_read(s, STORE_HISTORY);
		if (txn_error(readers[n]) != NULL)
			return n + 1;
	}
	assert_true(false); /* there is always room for one more reader */
	return READERS;
}

static void
nobody_is_first_of_a_key_because_the_ledger_cannot_be_read(void **state)
{
	struct fixture *f = *state;
	struct hall *h = hall_of(f);
	struct message *m = message_of(f, h, ORIGIN_LEDGER, 1, "e1");
	struct txn *readers[READERS];
	const int n = crowd(f->store, readers);
	struct err e = {0};

	assert_int_equal(
	    admit(&h->flow, m, &h->onward, (wall_t){1000}, &e), REFUSED_UNREADABLE);
	assert_true(e.kind != ERR_NONE && e.text[0] != '\0');
	assert_int_equal(active_count(h->flow.active), 0);
	assert_int_equal(h->onward.n, 0);
	for (int i = 0; i < n; i++)
		txn_end(readers[i]);
	message_free(m);
	close_hall(h);
}

/* The workspace's only lane with overflow, if it may come back at `now`. */
static bool
comes_back(struct hall *h, mono_t now)
{
	struct place_return turn;
	bool due = places_return_begin(h->flow.places, now, &turn);

	if (due)
		places_return_end(h->flow.places, &turn, false, 0);
	return due;
}

static void
what_waits_for_a_pause_does_not_come_back_before_its_end(void **state)
{
	struct fixture *f = *state;
	struct hall *h = hall_of(f);
	struct message *m = message_of(f, h, ORIGIN_STREAM, 1, "e1");
	struct delivery *d = &m->deliveries[0];
	mono_t now = clock_mono(), until = mono_after(now, 3600000);

	d->channel = STR("C1");
	d->connection_key = STR("acme/slack");
	assert_int_equal(admitted(h, m), ADMITTED);
	onward_send(&h->onward, &h->flow);
	(void)taken(h->flow.to_courier);
	admit_wait_in_line(&h->flow, d, until, STR("the destination asked for a pause"));
	assert_int_equal(d->state, DELIVERY_PARKED);
	assert_true(d->is_overflow);
	end(h, m);
	assert_false(comes_back(h, mono_after(now, 3599999)));
	assert_true(comes_back(h, until));
	close_hall(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORE_TEST(
		what_is_to_be_sent_goes_to_the_courier_and_what_is_decided_to_the_scribe),
	    STORE_TEST(what_is_in_hand_already_is_refused),
	    STORE_TEST(of_two_with_one_key_the_second_waits),
	    STORE_TEST(what_replays_have_in_hand_is_counted),
	    STORE_TEST(while_all_is_held_one_message_is_let_in),
	    STORE_TEST(nobody_is_first_of_a_key_because_the_ledger_cannot_be_read),
	    STORE_TEST(what_waits_for_a_pause_does_not_come_back_before_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
