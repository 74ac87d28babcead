/* What the service cannot have written is left out, and what it wrote stays. */
#include "store/store_private.h"
#include "store_fixture.h"

static void
assert_known(struct fixture *f, uint64_t events, uint64_t deliveries)
{
	struct store_stats stats;

	store_stats(f->store, &stats);
	assert_int_equal(stats.events, events);
	assert_int_equal(stats.deliveries, deliveries);
}

static event_record
an_event(void)
{
	event_record ev = CARILLON__V1__EVENT_RECORD__INIT;

	ev.workspace = (char *)(uintptr_t) "acme";
	ev.event_id = (char *)(uintptr_t) "evt_1";
	ev.seq = 7;
	ev.received_ms = 7000;
	return ev;
}

static delivery_record
a_delivery(void)
{
	delivery_record d = delivery_of("acme", 7, "r", DELIVERY_PARKED);

	d.event_id = (char *)(uintptr_t) "evt_1";
	d.due_ms = 9000;
	return d;
}

static void
an_event_that_cannot_be_is_left_out(void **state)
{
	struct fixture *f = *state;
	event_record ev = an_event();

	ev.seq = 0;
	apply_event_record(f->store, &ev);
	ev.seq = UINT64_MAX;
	apply_event_record(f->store, &ev);
	ev.seq = (UINT64_C(1) << 53) + 1;
	apply_event_record(f->store, &ev);
	ev = an_event();
	ev.received_ms = -1;
	apply_event_record(f->store, &ev);
	ev.received_ms = INT64_MAX;
	apply_event_record(f->store, &ev);
	ev = an_event();
	ev.workspace = (char *)(uintptr_t) "Not A Workspace";
	apply_event_record(f->store, &ev);
	assert_known(f, 0, 0);
	ev = an_event();
	apply_event_record(f->store, &ev);
	assert_known(f, 1, 0);
}

static void
apply_with(struct fixture *f, void (*spoil)(delivery_record *d))
{
	delivery_record d = a_delivery();

	spoil(&d);
	apply_delivery_record(f->store, &d);
}

static void
no_sequence(delivery_record *d)
{
	d->seq = 0;
}
static void
absurd_sequence(delivery_record *d)
{
	d->seq = UINT64_MAX;
}
static void
no_state(delivery_record *d)
{
	d->state = 0;
}
static void
state_beyond(delivery_record *d)
{
	d->state = (Carillon__V1__DeliveryState)DELIVERY_STATES;
}
static void
state_far_beyond(delivery_record *d)
{
	d->state = (Carillon__V1__DeliveryState)300;
}
static void
negative_state(delivery_record *d)
{
	d->state = (Carillon__V1__DeliveryState)-3;
}
static void
no_rule(delivery_record *d)
{
	d->rule = (char *)(uintptr_t) "";
}
static void
negative_time(delivery_record *d)
{
	d->updated_ms = -1;
}
static void
endless_wait(delivery_record *d)
{
	d->due_ms = INT64_MAX;
}
static void
absurd_attempts(delivery_record *d)
{
	d->spent = UINT32_MAX;
}

static char long_id[200];
static void
long_event_id(delivery_record *d)
{
	d->event_id = long_id;
}
static void
long_connection(delivery_record *d)
{
	d->connection = long_id;
}

static void
many_attempts(delivery_record *d)
{
	static attempt_record attempt = CARILLON__V1__ATTEMPT__INIT;
	static attempt_record *attempts[100];

	for (size_t i = 0; i < COUNT_OF(attempts); i++)
		attempts[i] = &attempt;
	d->attempts = attempts;
	d->n_attempts = COUNT_OF(attempts);
}

static void
an_attempt_before_time(delivery_record *d)
{
	static attempt_record attempt = CARILLON__V1__ATTEMPT__INIT;
	static attempt_record *attempts[] = {&attempt};

	attempt.started_ms = INT64_MIN;
	d->attempts = attempts;
	d->n_attempts = 1;
}

/* Past what looks at it. */
static bool
put_unchecked(struct txn *t, void *arg, struct err *e)
{
	delivery_record d = delivery_of("acme", 7, "b", DELIVERY_PARKED);
	const struct key k = key_delivery(7, STR("b"));

	(void)arg;
	(void)e;
	d.event_id = long_id;
	memset(long_id, 'x', sizeof(long_id) - 1);
	txn_put_message(t, TABLE_DELIVERY, &k, &d);
	return true;
}

static void
a_delivery_that_cannot_be_is_left_out(void **state)
{
	void (*const spoilers[])(delivery_record *) = {no_sequence, absurd_sequence, no_state,
	    state_beyond, state_far_beyond, negative_state, no_rule, negative_time,
	    endless_wait, absurd_attempts, long_event_id, long_connection, many_attempts,
	    an_attempt_before_time};
	struct fixture *f = *state;
	delivery_record good = a_delivery();

	memset(long_id, 'x', sizeof(long_id) - 1);
	for (size_t i = 0; i < COUNT_OF(spoilers); i++)
		apply_with(f, spoilers[i]);
	assert_known(f, 0, 0);
	apply_delivery_record(f->store, &good);
	assert_known(f, 0, 1);
	for (size_t i = 0; i < COUNT_OF(spoilers); i++)
		apply_with(f, spoilers[i]); /* nor does it change what is there */
	struct txn *t = txn_read(f->store, STORE_HISTORY);
	const delivery_record *d = history_delivery(t, f->arena, 7, STR("r"));
	assert_int_equal(d->state, DELIVERY_PARKED);
	assert_int_equal(d->due_ms, 9000);
	txn_end(t);
	assert_known(f, 0, 1);
}

/* An index of before they were looked at, or a byte that changed in it. */
static void
what_cannot_be_is_left_out_when_it_is_read_too(void **state)
{
	struct fixture *f = *state;
	const struct delivery_list list = {STR("acme"), DELIVERY_NONE, {0}};
	struct listing all = {0}, of_event = {0};
	struct err e = {0};

	put_event(f, "acme", 7, "evt_1");
	put_delivery(f, "acme", 7, "a", DELIVERY_PARKED);
	put_delivery(f, "acme", 7, "b", DELIVERY_PARKED);
	put_delivery(f, "acme", 7, "c", DELIVERY_PARKED);
	assert_true(store_write(f->store, STORE_HISTORY, put_unchecked, NULL, &e));
	struct txn *t = txn_read(f->store, STORE_HISTORY);
	assert_null(history_delivery(t, f->arena, 7, STR("b")));
	history_each_delivery(t, f->arena, 7, list_delivery, &of_event);
	assert_string_equal(of_event.text, "7/a 7/c ");
	history_each_delivery_of(t, f->arena, &list, list_delivery, &all);
	assert_string_equal(all.text, "7/c 7/a ");
	assert_null(txn_error(t));
	txn_end(t);
}

static void
assert_event_is(struct fixture *f, uint64_t seq, const char *id)
{
	struct txn *t = txn_read(f->store, STORE_HISTORY);

	assert_string_equal(history_event(t, f->arena, seq)->event_id, id);
	assert_int_equal(ledger_seq(t, STR("acme"), str_of(id)), seq);
	txn_end(t);
}

static void
an_event_is_not_overwritten_by_an_older_one(void **state)
{
	struct fixture *f = *state;
	event_record ev = an_event(), forged = ev;

	apply_event_record(f->store, &ev);
	forged.event_id = (char *)(uintptr_t) "forged";
	forged.received_ms = 0;
	apply_event_record(f->store, &forged);
	forged.received_ms = ev.received_ms;
	apply_event_record(f->store, &forged);
	assert_event_is(f, 7, "evt_1");
	forged.event_id = ev.event_id; /* nor its time by another one */
	forged.received_ms = 1;
	apply_event_record(f->store, &forged);
	struct txn *t = txn_read(f->store, STORE_HISTORY);
	assert_int_equal(history_event(t, f->arena, 7)->received_ms, 7000);
	txn_end(t);
}

static void
what_stood_in_an_events_place_before_it_came_goes(void **state)
{
	struct fixture *f = *state;
	event_record ev = an_event(), forged = ev;

	forged.event_id = (char *)(uintptr_t) "forged";
	forged.received_ms = 0;
	apply_event_record(f->store, &forged);
	apply_event_record(f->store, &ev);
	assert_event_is(f, 7, "evt_1");
	struct txn *t = txn_read(f->store, STORE_HISTORY);
	assert_int_equal(ledger_seq(t, STR("acme"), STR("forged")), 0);
	txn_end(t);
}

static const char *
deliveries_of(struct fixture *f, const char *workspace)
{
	const struct delivery_list list = {str_of(workspace)};
	static struct listing l;
	struct txn *t = txn_read(f->store, STORE_HISTORY);

	l = (struct listing){0};
	history_each_delivery_of(t, f->arena, &list, list_delivery, &l);
	assert_null(txn_error(t));
	txn_end(t);
	return l.text;
}

static void
a_delivery_is_not_taken_over_by_another_workspace(void **state)
{
	struct fixture *f = *state;

	put_event(f, "acme", 7, "evt_1");
	put_delivery(f, "acme", 7, "r", DELIVERY_PENDING);
	put_delivery(f, "zed", 7, "r", DELIVERY_HELD);
	assert_string_equal(deliveries_of(f, "acme"), "7/r ");
	assert_string_equal(deliveries_of(f, "zed"), "");
}

static void
the_event_says_whose_delivery_it_is(void **state)
{
	struct fixture *f = *state;
	struct store_stats stats;

	put_delivery(f, "zed", 7, "r", DELIVERY_HELD); /* it was there first */
	put_event(f, "acme", 7, "evt_1");
	put_delivery(f, "acme", 7, "r", DELIVERY_PENDING);
	assert_string_equal(deliveries_of(f, "acme"), "7/r ");
	assert_string_equal(deliveries_of(f, "zed"), "");
	store_stats(f->store, &stats);
	assert_int_equal(stats.held, 0);
}

static void
the_newest_event_up_to_a_sequence_is_found(void **state)
{
	struct fixture *f = *state;
	struct txn *t;

	put_event(f, "acme", 7, "evt_1");
	put_event(f, "acme", 9, "evt_2");
	put_event(f, "acme", UINT64_C(1) << 30, "forged");
	t = txn_read(f->store, STORE_HISTORY);
	assert_int_equal(ledger_newest(t), UINT64_C(1) << 30);
	assert_int_equal(ledger_newest_until(t, 1000), 9);
	assert_int_equal(ledger_newest_until(t, 9), 9);
	assert_int_equal(ledger_newest_until(t, 8), 7);
	assert_int_equal(ledger_newest_until(t, 6), 0);
	txn_end(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORE_TEST(an_event_that_cannot_be_is_left_out),
	    STORE_TEST(a_delivery_that_cannot_be_is_left_out),
	    STORE_TEST(what_cannot_be_is_left_out_when_it_is_read_too),
	    STORE_TEST(an_event_is_not_overwritten_by_an_older_one),
	    STORE_TEST(what_stood_in_an_events_place_before_it_came_goes),
	    STORE_TEST(a_delivery_is_not_taken_over_by_another_workspace),
	    STORE_TEST(the_event_says_whose_delivery_it_is),
	    STORE_TEST(the_newest_event_up_to_a_sequence_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
