/* Pulling and following against a real nats-server, which is killed at will. */
#include "live_broker.h"

/* --- pulling and settling --- */

static void
every_event_is_pulled_and_acked_exactly_once(void **state)
{
	enum { N = 10000 };
	static unsigned char seen[N + 1];
	struct broker *b = broker_ready("once");
	struct puller *p;

	(void)state;
	memset(seen, 0, sizeof seen);
	events_publish_many(b, N);
	OK(puller_open(&p, b, &e));
	for (int i = 0; i < N; i++) {
		struct broker_message m = pull_one(p, 1024);

		assert_int_equal(m.deliveries, 1);
		assert_true(m.seq >= 1 && m.seq <= N);
		assert_true(str_eq(m.data, m.msg_id));
		assert_true(m.stored_at.ms > INT64_C(1500000000000));
		seen[m.seq]++;
		OK(broker_ack(b, m.reply, &e));
		broker_message_free(&m);
	}
	for (int i = 1; i <= N; i++)
		assert_int_equal(seen[i], 1);
	wait_until_settled(b);
	pull_nothing(p, 50);
	puller_close(p);
	broker_close(b);
}

static void
no_more_is_under_way_than_there_is_room(void **state)
{
	enum { N = 2000, ROOM = 20 };
	struct broker *b = broker_ready("room");
	struct broker_message held[ROOM];
	struct consumer_info info;
	struct puller *p;

	(void)state;
	events_publish_many(b, N);
	OK(puller_open(&p, b, &e));
	for (int done = 0; done < N; done += ROOM) {
		for (int i = 0; i < ROOM; i++)
			held[i] = pull_one(p, (size_t)(ROOM - i));
		if (done % (ROOM * 20) == 0) {
			OK(broker_consumer_info(b, &info, &e));
			assert_int_equal(info.ack_pending, ROOM);
		}
		for (int i = 0; i < ROOM; i++) {
			OK(broker_ack(b, held[i].reply, &e));
			broker_message_free(&held[i]);
		}
		flush(b);
	}
	wait_until_settled(b);
	puller_close(p);
	broker_close(b);
}

static void
a_nak_brings_the_event_back_after_its_delay(void **state)
{
	struct broker *b = broker_ready("nak");
	struct puller *p;

	(void)state;
	events_publish(b, 0, 1);
	OK(puller_open(&p, b, &e));
	struct broker_message m = pull_one(p, 10);
	int64_t started = clock_mono().ms;
	OK(broker_nak(b, m.reply, 400, &e));
	broker_message_free(&m);
	m = pull_one(p, 10);
	assert_int_equal(m.deliveries, 2);
	assert_int_equal(m.seq, 1);
	assert_true(clock_mono().ms - started >= 390); /* not before */
	OK(broker_ack(b, m.reply, &e));
	broker_message_free(&m);
	wait_until_settled(b);
	puller_close(p);
	broker_close(b);
}

static void
a_terminated_event_does_not_come_back(void **state)
{
	struct broker *b = broker_ready("term");
	struct puller *p;

	(void)state;
	events_publish(b, 0, 1);
	OK(puller_open(&p, b, &e));
	struct broker_message m = pull_one(p, 10);
	OK(broker_term(b, m.reply, &e));
	broker_message_free(&m);
	wait_until_settled(b);
	pull_nothing(p, 100);
	puller_close(p);
	broker_close(b);
}

static void
an_event_in_progress_is_not_sent_again(void **state)
{
	struct broker_options o = options_of("wpi");
	struct broker_message m[2];
	struct puller *p;

	(void)state;
	o.ack_wait_s = 2;
	struct broker *b = broker_open(&o);
	OK(broker_ensure(b, &e));
	events_publish(b, 0, 2);
	OK(puller_open(&p, b, &e));
	m[0] = pull_one(p, 10);
	m[1] = pull_one(p, 10);
	for (int i = 0; i < 6; i++) { /* 3 s: past ack_wait; only the first is cared for */
		live_sleep_ms(500);
		OK(broker_in_progress(b, m[0].reply, &e));
	}
	struct broker_message again = pull_one(p, 10);
	assert_int_equal(again.seq, m[1].seq);
	assert_int_equal(again.deliveries, 2);
	OK(broker_ack(b, again.reply, &e));
	OK(broker_ack(b, m[0].reply, &e));
	wait_until_settled(b);
	broker_message_free(&again);
	broker_message_free(&m[0]);
	broker_message_free(&m[1]);
	puller_close(p);
	broker_close(b);
}

static void
killing_the_server_while_pulling_loses_nothing(void **state)
{
	enum { N = 6000 };
	static bool seen[N + 1];
	int missing = N;
	struct broker_options o = options_of("kill");
	struct broker_message m;
	struct puller *p;
	bool killed = false;

	(void)state;
	memset(seen, 0, sizeof seen);
	o.ack_wait_s = 2; /* what was on its way at the kill comes again after this */
	struct broker *b = broker_open(&o);
	OK(broker_ensure(b, &e));
	events_publish_many(b, N);
	OK(puller_open(&p, b, &e));
	mono_t give_up = mono_after(clock_mono(), 60000);
	while (missing > 0 && !mono_reached(clock_mono(), give_up)) {
		if (!killed && missing < N / 2) {
			live_kill(&server);
			live_start(&server);
			killed = true;
		}
		if (!puller_next(p, 500, 1000, &m, &e)) {
			if (e.kind != ERR_NONE && e.kind != ERR_TEMP)
				fail_msg("(%d) %s", e.kind, e.text);
			continue;
		}
		missing -= !seen[m.seq];
		seen[m.seq] = true;
		if (!broker_ack(b, m.reply, &e)) /* down just now; it will come again */
			assert_int_equal(e.kind, ERR_TEMP);
		broker_message_free(&m);
	}
	assert_int_equal(missing, 0);
	assert_true(broker_reconnects(b) >= 1);
	puller_close(p);
	broker_close(b);
}

static void
a_deleted_consumer_is_said_and_can_be_made_again(void **state)
{
	struct broker *b = broker_ready("gone");
	struct broker_message m;
	struct puller *p;

	(void)state;
	events_publish(b, 0, 1);
	OK(puller_open(&p, b, &e));
	m = pull_one(p, 10);
	broker_message_free(&m);
	pull_nothing(p, 50); /* a request is waiting at the server */
	api_do(b, "CONSUMER.DELETE.GONE_EVENTS.dispatch-0");
	REFUSED(ERR_SETUP, puller_next(p, 10, WAIT_MS, &m, &e));
	assert_non_null(
	    strstr(e.text, "consumer dispatch-0 of stream GONE_EVENTS was deleted"));
	OK(broker_ensure(b, &e));
	m = pull_one(p, 10);
	assert_int_equal(m.seq, 1);
	broker_message_free(&m);
	api_do(b, "STREAM.DELETE.GONE_EVENTS");
	REFUSED(ERR_SETUP, puller_next(p, 10, WAIT_MS, &m, &e));
	assert_non_null(strstr(e.text, "stream GONE_EVENTS was deleted"));
	puller_close(p);
	broker_close(b);
}

static uint64_t
consumer_id(struct broker *b)
{
	struct consumer_info info;

	OK(broker_consumer_info(b, &info, &e));
	return info.id;
}

static void
a_consumer_made_anew_is_another_and_a_restarted_server_has_the_same(void **state)
{
	struct broker *b = broker_ready("anew");
	uint64_t id = consumer_id(b);
	wall_t now = clock_wall();

	(void)state;
	assert_in_range(id, (uint64_t)now.ms - 60000, (uint64_t)now.ms + 60000);
	live_kill(&server);
	live_start(&server);
	wait_until_connected(b);
	assert_true(consumer_is_same(consumer_id(b), id));
	live_sleep_ms(1100); /* nobody makes two within a second */
	api_do(b, "CONSUMER.DELETE.ANEW_EVENTS.dispatch-0");
	OK(broker_ensure(b, &e));
	assert_false(consumer_is_same(consumer_id(b), id));
	broker_close(b);
}

static void
a_stopped_puller_gives_what_has_come_and_then_nothing(void **state)
{
	struct broker *b = broker_ready("stop");
	struct broker_message m;
	struct consumer_info info;
	struct puller *p;
	int got = 0;

	(void)state;
	events_publish(b, 0, 50);
	OK(puller_open(&p, b, &e));
	m = pull_one(p, 100);
	broker_message_free(&m);
	do { /* all are handed out by the server */
		live_sleep_ms(5);
		OK(broker_consumer_info(b, &info, &e));
	} while (info.ack_pending < 50);
	flush(b); /* and are here */
	puller_stop(p);
	int64_t started = clock_mono().ms;
	for (; puller_next(p, 100, WAIT_MS, &m, &e); got++)
		broker_message_free(&m);
	assert_int_equal(got, 49);
	assert_true(clock_mono().ms - started < WAIT_MS / 2); /* it did not wait for more */
	events_publish(b, 50, 60);
	OK(broker_consumer_info(b, &info, &e));
	assert_int_equal(info.delivered_seq, 50);
	puller_close(p);
	broker_close(b);
}

struct waiter {
	struct puller *p;
	enum err_kind kind;
};

static void *
waiter_main(void *arg)
{
	struct waiter *w = arg;
	struct broker_message m;

	if (!puller_next(w->p, 10, 600000, &m, &e))
		w->kind = e.kind;
	return NULL;
}

static void
closing_the_broker_ends_a_wait(void **state)
{
	struct broker *b = broker_ready("close");
	struct waiter w = {0};
	pthread_t thread;

	(void)state;
	OK(puller_open(&w.p, b, &e));
	pthread_create(&thread, NULL, waiter_main, &w);
	live_sleep_ms(50);
	broker_close(b);
	pthread_join(thread, NULL);
	assert_int_equal(w.kind, ERR_TEMP);
	puller_close(w.p);
}

/* --- reading --- */

static void
read_range(struct reader *r, uint64_t from, uint64_t to)
{
	struct broker_message m;

	for (uint64_t seq = from; seq <= to; seq++) {
		OK(reader_next(r, WAIT_MS, &m, &e));
		assert_int_equal(m.seq, seq);
		broker_message_free(&m);
	}
}

static void
a_reader_starts_in_the_middle_and_follows(void **state)
{
	struct broker *b = broker_ready("middle");
	struct broker_message m;
	struct reader *r;

	(void)state;
	events_publish(b, 0, 100);
	OK(reader_open(&r, b, STREAM_EVENTS, 41, &e));
	read_range(r, 41, 100);
	REFUSED(ERR_NONE, reader_next(r, 50, &m, &e));
	events_publish(b, 100, 110);
	read_range(r, 101, 110);
	reader_close(r);
	OK(reader_open(&r, b, STREAM_EVENTS, 500, &e)); /* past the end */
	events_publish(b, 110, 111);
	REFUSED(ERR_NONE, reader_next(r, 200, &m, &e));
	reader_close(r);
	broker_close(b);
}

static void
a_reader_goes_on_after_a_restart(void **state)
{
	enum { N = 8000 };
	struct broker *b = broker_ready("resume");
	struct reader *r;

	(void)state;
	events_publish_many(b, N);
	OK(reader_open(&r, b, STREAM_EVENTS, 1, &e));
	read_range(r, 1, N / 4);
	live_kill(&server);
	live_start(&server);
	read_range(r, N / 4 + 1, N);
	reader_close(r);
	broker_close(b);
}

static void
a_reader_whose_consumer_was_deleted_goes_on(void **state)
{
	struct broker *b = broker_ready("orphan");
	char subject[API_SUBJECT_MAX];
	struct broker_message m;
	struct reader *r;

	(void)state;
	events_publish(b, 0, 10);
	OK(reader_open(&r, b, STREAM_EVENTS, 1, &e));
	read_range(r, 1, 10);
	REFUSED(ERR_NONE, reader_next(r, 50, &m, &e));
	struct api_reply names = {0};
	OK(api_call(b, "CONSUMER.NAMES.ORPHAN_EVENTS", (struct str){NULL, 0}, &names, &e));
	JSON_EACH (name, json_get(names.root, STR("consumers"))) {
		if (str_eq(name->text, STR("dispatch-0")))
			continue;
		snprintf(subject, sizeof subject, "CONSUMER.DELETE.ORPHAN_EVENTS.%.*s",
		    STR_ARG(name->text));
		api_do(b, subject);
	}
	api_reply_free(&names);
	events_publish(b, 10, 20);
	read_range(r, 11, 20);
	reader_close(r);
	broker_close(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(every_event_is_pulled_and_acked_exactly_once),
	    TEST(no_more_is_under_way_than_there_is_room),
	    TEST(a_nak_brings_the_event_back_after_its_delay),
	    TEST(a_terminated_event_does_not_come_back),
	    TEST(an_event_in_progress_is_not_sent_again),
	    TEST(killing_the_server_while_pulling_loses_nothing),
	    TEST(a_deleted_consumer_is_said_and_can_be_made_again),
	    TEST(a_consumer_made_anew_is_another_and_a_restarted_server_has_the_same),
	    TEST(a_stopped_puller_gives_what_has_come_and_then_nothing),
	    TEST(closing_the_broker_ends_a_wait),
	    TEST(a_reader_starts_in_the_middle_and_follows),
	    TEST(a_reader_goes_on_after_a_restart),
	    TEST(a_reader_whose_consumer_was_deleted_goes_on),
	};

	if (!live_program()) {
		fprintf(stderr, "SKIPPED: no nats-server; apt install nats-server\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, server_up, server_down);
}
