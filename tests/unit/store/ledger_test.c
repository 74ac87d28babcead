#include "store_fixture.h"

#include "carillon/base/buf.h"

static void
park(struct fixture *f, uint64_t seq, const char *rule, int64_t due_ms)
{
	delivery_record d = delivery_of("acme", seq, rule, DELIVERY_PARKED);

	d.due_ms = due_ms;
	apply_delivery_record(f->store, &d);
}

static void
hold(struct fixture *f, const char *workspace, const char *connection, uint64_t seq,
    const char *rule)
{
	delivery_record d = delivery_of(workspace, seq, rule, DELIVERY_HELD);

	d.connection = (char *)(uintptr_t)connection;
	apply_delivery_record(f->store, &d);
}

static const char *
due(struct fixture *f, int64_t now, size_t stop_after)
{
	struct listing l = {.stop_after = stop_after};
	struct txn *t = txn_read(f->store, STORE_HISTORY);

	ledger_each_due(t, f->arena, (wall_t){now}, list_delivery, &l);
	assert_null(txn_error(t));
	txn_end(t);
	return arena_cstr(f->arena, str_of(l.text));
}

static void
overflow(struct fixture *f, const char *channel, uint64_t seq, const char *rule)
{
	delivery_record d = delivery_of("acme", seq, rule, DELIVERY_PARKED);

	d.connection = "c1";
	d.channel = (char *)(uintptr_t)channel;
	d.overflow = true;
	apply_delivery_record(f->store, &d);
}

static const char *
overflow_of(struct fixture *f, struct str channel, struct overflow_position after)
{
	const struct lane_id lane = {STR("acme"), STR("c1"), channel};
	struct listing l = {0};
	struct txn *t = txn_read(f->store, STORE_HISTORY);

	ledger_each_overflow(t, f->arena, &lane, &after, list_delivery, &l);
	assert_null(txn_error(t));
	txn_end(t);
	return arena_cstr(f->arena, str_of(l.text));
}

static bool
list_lane(const struct lane_id *lane, uint64_t n, void *text)
{
	char *end = (char *)text + strlen(text);

	snprintf(end, 200 - strlen(text), "%.*s/%.*s/%.*s:%llu ", STR_ARG(lane->workspace),
	    STR_ARG(lane->connection), STR_ARG(lane->channel), (unsigned long long)n);
	return true;
}

static const char *
held(struct fixture *f, struct str workspace, struct str connection, struct str rule)
{
	struct listing l = {0};
	struct txn *t = txn_read(f->store, STORE_HISTORY);

	ledger_each_held(
	    t, f->arena, &(struct held_list){workspace, connection, rule}, list_delivery, &l);
	assert_null(txn_error(t));
	txn_end(t);
	return arena_cstr(f->arena, str_of(l.text));
}

static void
parked_deliveries_come_when_due_the_earliest_first(void **state)
{
	struct fixture *f = *state;

	park(f, 1, "a", 3000);
	park(f, 2, "a", 1000);
	park(f, 3, "b", 1000);
	park(f, 3, "a", 1000);
	park(f, 4, "a", 2000);
	assert_string_equal(due(f, 999, 0), "");
	assert_string_equal(due(f, 1000, 0), "2/a 3/a 3/b ");
	assert_string_equal(due(f, 2500, 0), "2/a 3/a 3/b 4/a ");
	assert_string_equal(due(f, 2500, 2), "2/a 3/a ");
	assert_string_equal(due(f, -1, 0), "");
	assert_string_equal(due(f, INT64_MAX, 0), "2/a 3/a 3/b 4/a 1/a ");
}

static void
overflow_of_a_lane_comes_in_the_order_of_the_stream(void **state)
{
	struct fixture *f = *state;
	const struct overflow_position start = {0};

	overflow(f, "C1", 3, "a");
	overflow(f, "C1", 1, "b");
	overflow(f, "C1", 1, "a");
	overflow(f, "C10", 2, "a");
	assert_string_equal(overflow_of(f, STR("C1"), start), "1/a 1/b 3/a ");
	assert_string_equal(
	    overflow_of(f, STR("C1"), (struct overflow_position){1, STR("a")}), "1/b 3/a ");
	/* Also after one that has gone meanwhile. */
	assert_string_equal(
	    overflow_of(f, STR("C1"), (struct overflow_position){2, STR("z")}), "3/a ");
	assert_string_equal(overflow_of(f, STR("C"), start), "");
	/* It is nobody's time that it waits for. */
	assert_string_equal(due(f, INT64_MAX, 0), "");
}

static const char *
parked_of(struct fixture *f, struct overflow_position after)
{
	struct listing l = {0};
	struct txn *t = txn_read(f->store, STORE_HISTORY);

	ledger_each_parked(t, f->arena, STR("acme"), &after, list_delivery, &l);
	assert_null(txn_error(t));
	txn_end(t);
	return arena_cstr(f->arena, str_of(l.text));
}

static void
what_a_workspace_has_parked_goes_on_after_a_page(void **state)
{
	struct fixture *f = *state;

	put_delivery(f, "acme", 3, "a", DELIVERY_PARKED);
	put_delivery(f, "acme", 1, "b", DELIVERY_PARKED);
	put_delivery(f, "acme", 2, "a", DELIVERY_HELD);
	put_delivery(f, "other", 1, "a", DELIVERY_PARKED);
	assert_string_equal(parked_of(f, (struct overflow_position){0}), "1/b 3/a ");
	assert_string_equal(parked_of(f, (struct overflow_position){1, STR("b")}), "3/a ");
}

static void
each_lane_with_overflow_is_named_once_with_its_count(void **state)
{
	struct fixture *f = *state;
	char text[200] = "";
	struct txn *t;

	overflow(f, "C1", 3, "a");
	overflow(f, "C1", 4, "a");
	overflow(f, "C2", 5, "a");
	put_delivery(f, "acme", 4, "a", DELIVERY_DELIVERED);
	t = txn_read(f->store, STORE_HISTORY);
	ledger_each_overflow_lane(t, list_lane, text);
	txn_end(t);
	assert_string_equal(text, "acme/c1/C1:1 acme/c1/C2:1 ");
}

static void
a_channel_too_long_for_a_key_waits_like_others(void **state)
{
	struct fixture *f = *state;
	char channel[200];

	memset(channel, 'C', sizeof(channel) - 1);
	channel[sizeof(channel) - 1] = '\0';
	overflow(f, channel, 7, "a");
	assert_string_equal(due(f, INT64_MAX, 0), "7/a ");
}

static void
a_delivery_parked_again_is_due_once_at_its_new_time(void **state)
{
	struct fixture *f = *state;

	park(f, 1, "a", 1000);
	park(f, 1, "a", 9000);
	assert_string_equal(due(f, 5000, 0), "");
	assert_string_equal(due(f, 9000, 0), "1/a ");
	put_delivery(f, "acme", 1, "a", DELIVERY_DELIVERED);
	assert_string_equal(due(f, INT64_MAX, 0), "");
}

static void
held_deliveries_are_found_by_connection_and_by_rule(void **state)
{
	struct fixture *f = *state;

	hold(f, "acme", "conn_a", 9, "r1");
	hold(f, "acme", "conn_a", 2, "r2");
	hold(f, "acme", "conn_a-2", 3, "r1");
	hold(f, "acme", "conn_b", 4, "r1");
	hold(f, "acme-2", "conn_a", 5, "r1");
	assert_string_equal(held(f, STR("acme"), STR("conn_a"), STR("")), "2/r2 9/r1 ");
	assert_string_equal(held(f, STR("acme"), STR(""), STR("r1")), "3/r1 4/r1 9/r1 ");
	assert_string_equal(held(f, STR("acme"), STR("conn_b"), STR("r1")), "4/r1 ");
	assert_string_equal(held(f, STR("acme"), STR("conn_"), STR("")), "");
	put_delivery(f, "acme", 9, "r1", DELIVERY_PENDING);
	assert_string_equal(held(f, STR("acme"), STR("conn_a"), STR("")), "2/r2 ");
}

static void
claimed_deliveries_are_those_in_state_sending(void **state)
{
	struct fixture *f = *state;
	struct listing l = {0}, after = {0};

	put_delivery(f, "zed", 5, "b", DELIVERY_SENDING);
	put_delivery(f, "acme", 3, "a", DELIVERY_SENDING);
	put_delivery(f, "acme", 4, "a", DELIVERY_PENDING);
	struct txn *t = txn_read(f->store, STORE_HISTORY);
	ledger_each_claimed(t, f->arena, list_delivery, &l);
	assert_string_equal(l.text, "3/a 5/b ");
	txn_end(t);
	put_delivery(f, "acme", 3, "a", DELIVERY_DELIVERED);
	t = txn_read(f->store, STORE_HISTORY);
	ledger_each_claimed(t, f->arena, list_delivery, &after);
	assert_string_equal(after.text, "5/b ");
	txn_end(t);
}

static void
put_event_as(struct fixture *f, const char *workspace, uint64_t seq, const char *id,
    Carillon__V1__EventStatus status)
{
	event_record ev = CARILLON__V1__EVENT_RECORD__INIT;

	ev.workspace = (char *)(uintptr_t)workspace;
	ev.event_id = (char *)(uintptr_t)id;
	ev.seq = seq;
	ev.received_ms = 1000;
	ev.status = status;
	apply_event_record(f->store, &ev);
}

static bool
list_workspace(struct str workspace, void *arg)
{
	buf_printf(arg, "%.*s ", STR_ARG(workspace));
	return true;
}

/* The events of acme that wait, and who else has any. */
static void
assert_waiting(struct fixture *f, const char *seqs, const char *workspaces)
{
	struct txn *t = txn_read(f->store, STORE_HISTORY);
	struct buf b = {0}, w = {0};

	for (uint64_t at = 0; (at = ledger_next_waiting(t, STR("acme"), at)) != 0;)
		buf_printf(&b, "%llu ", (unsigned long long)at);
	ledger_each_waiting_workspace(t, list_workspace, &w);
	txn_end(t);
	assert_true(str_eq(buf_view(&b), str_of(seqs)));
	assert_true(str_eq(buf_view(&w), str_of(workspaces)));
	buf_fini(&b);
	buf_fini(&w);
}

static void
events_wait_until_they_are_recorded_otherwise(void **state)
{
	const Carillon__V1__EventStatus waiting =
	    CARILLON__V1__EVENT_STATUS__EVENT_STATUS_WAITING;
	struct fixture *f = *state;

	assert_waiting(f, "", "");
	put_event_as(f, "acme", 3, "e3", waiting);
	put_event_as(f, "acme", 7, "e7", waiting);
	put_event_as(f, "acme-2", 5, "e5", waiting);
	put_event_as(f, "acme", 9, "e9", CARILLON__V1__EVENT_STATUS__EVENT_STATUS_RECEIVED);
	assert_waiting(f, "3 7 ", "acme acme-2 ");
	put_event_as(f, "acme", 3, "e3", CARILLON__V1__EVENT_STATUS__EVENT_STATUS_RECEIVED);
	put_event_as(f, "acme-2", 5, "e5", CARILLON__V1__EVENT_STATUS__EVENT_STATUS_FAILED);
	assert_waiting(f, "7 ", "acme ");
	struct txn *t = txn_read(f->store, STORE_HISTORY);
	assert_int_equal(ledger_seq(t, STR("acme"), STR("e3")), 3);
	txn_end(t);
}

static void
the_counts_are_those_of_the_indexes(void **state)
{
	struct fixture *f = *state;
	struct store_stats stats;

	put_event(f, "acme", 1, "e1");
	park(f, 1, "a", 5);
	park(f, 1, "b", 5);
	hold(f, "acme", "conn_a", 1, "c");
	put_delivery(f, "acme", 1, "d", DELIVERY_DELIVERED);
	store_stats(f->store, &stats);
	assert_int_equal(stats.events, 1);
	assert_int_equal(stats.deliveries, 4);
	assert_int_equal(stats.parked, 2);
	assert_int_equal(stats.held, 1);
	assert_true(stats.history_bytes > 0 && stats.state_bytes > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORE_TEST(parked_deliveries_come_when_due_the_earliest_first),
	    STORE_TEST(overflow_of_a_lane_comes_in_the_order_of_the_stream),
	    STORE_TEST(each_lane_with_overflow_is_named_once_with_its_count),
	    STORE_TEST(a_channel_too_long_for_a_key_waits_like_others),
	    STORE_TEST(a_delivery_parked_again_is_due_once_at_its_new_time),
	    STORE_TEST(held_deliveries_are_found_by_connection_and_by_rule),
	    STORE_TEST(claimed_deliveries_are_those_in_state_sending),
	    STORE_TEST(events_wait_until_they_are_recorded_otherwise),
	    STORE_TEST(what_a_workspace_has_parked_goes_on_after_a_page),
	    STORE_TEST(the_counts_are_those_of_the_indexes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
