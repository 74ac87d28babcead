/* Set-up, publishing and single reads against a real nats-server. */
#include "live_broker.h"

/* --- set-up --- */

static void
ensuring_twice_creates_once_and_changes_nothing(void **state)
{
	struct stream_info first, second;
	struct broker *b = broker_ready("twice");

	(void)state;
	OK(broker_stream_info(b, STREAM_EVENTS, &first, &e));
	OK(broker_ensure(b, &e));
	OK(broker_stream_info(b, STREAM_EVENTS, &second, &e));
	assert_string_equal(first.id, second.id);
	assert_string_equal(first.name, "TWICE_EVENTS");
	assert_true(strlen(first.id) > 10);
	broker_close(b);
}

static void
a_stream_that_differs_is_refused_with_the_remedy(void **state)
{
	struct broker_options o = options_of("differs");

	(void)state;
	o.events_max_age_s = 3600;
	struct broker *b = broker_open(&o);
	OK(broker_ensure(b, &e));
	broker_close(b);

	o.events_max_age_s = 2592000;
	b = broker_open(&o);
	REFUSED(ERR_SETUP, broker_ensure(b, &e));
	assert_string_equal(e.text,
	    "stream DIFFERS_EVENTS: max_age is 1h, wanted 30d; change one of "
	    "them: set events_max_age_s, or run: nats stream edit "
	    "DIFFERS_EVENTS --max-age 30d");
	broker_close(b);
}

static void
a_consumer_that_differs_is_refused_with_the_remedy(void **state)
{
	struct broker_options o = options_of("waits");

	(void)state;
	broker_close(broker_ready("waits"));
	o.ack_wait_s = 60;
	o.ack_pending_max = 100;
	struct broker *b = broker_open(&o);
	REFUSED(ERR_SETUP, broker_ensure(b, &e));
	assert_non_null(strstr(e.text, "consumer dispatch-0: ack_wait is 30s, wanted 1m"));
	assert_non_null(strstr(e.text, "nats consumer edit WAITS_EVENTS dispatch-0 --wait 1m"));
	assert_non_null(strstr(e.text, "(and 1 more of its settings)"));
	broker_close(b);
}

static void
finding_count(bool ok, const char *sentence, void *arg)
{
	int *counts = arg;

	assert_true(strlen(sentence) > 10);
	counts[ok ? 1 : 0]++;
}

static void
a_check_finds_what_is_missing_and_makes_nothing(void **state)
{
	struct broker_options o = options_of("check");
	struct broker *b = broker_open(&o);
	int counts[2] = {0, 0};

	(void)state;
	OK(broker_check(b, finding_count, counts, &e));
	/* What is not there yet is nothing wrong. */
	assert_int_equal(counts[0], 0);
	assert_int_equal(counts[1], STREAMS + 3);
	assert_false(broker_stream_info(b, STREAM_EVENTS, &(struct stream_info){0}, &e));
	OK(broker_ensure(b, &e));
	counts[0] = counts[1] = 0;
	OK(broker_check(b, finding_count, counts, &e));
	assert_int_equal(counts[0], 0);
	assert_int_equal(counts[1], STREAMS + 3);
	broker_close(b);
}

static void
with_nobody_there_connecting_says_what_to_check(void **state)
{
	struct broker_options o = options_of("nobody");
	struct broker *b = NULL;
	char url[64];

	(void)state;
	snprintf(
	    url, sizeof url, "nats://user:clearly-fake@127.0.0.1:%d", live_socket(0, false));
	o.url = url;
	o.connect_wait_ms = 300;
	REFUSED(ERR_TEMP, broker_connect(&b, &o, &e));
	assert_non_null(strstr(e.text, "no nats server answers at nats://127.0.0.1:"));
	assert_null(strstr(e.text, "clearly-fake"));
}

/* --- publishing --- */

static void
publishing_while_the_server_is_down_stores_once(void **state)
{
	struct broker *b = broker_ready("down");
	struct publisher job = {b, 0, 3};
	struct stream_info info;
	pthread_t thread;

	(void)state;
	live_kill(&server);
	pthread_create(&thread, NULL, publisher_main, &job);
	live_sleep_ms(2000);
	live_start(&server);
	pthread_join(thread, NULL);
	wait_until_connected(b);
	OK(broker_stream_info(b, STREAM_EVENTS, &info, &e));
	assert_int_equal(info.messages, 3);
	events_publish(b, 0, 3); /* the same ids: acknowledged, not stored */
	OK(broker_stream_info(b, STREAM_EVENTS, &info, &e));
	assert_int_equal(info.messages, 3);
	broker_close(b);
}

static void
publishing_with_nobody_there_fails_in_time(void **state)
{
	struct broker *b = broker_ready("late");

	(void)state;
	live_kill(&server);
	REFUSED(ERR_TEMP,
	    broker_publish(
		b, &(struct publication){"late.events.acme.x", STR("x"), "id", 300}, NULL, &e));
	live_start(&server);
	wait_until_connected(b);
	REFUSED(ERR_SETUP,
	    broker_publish(
		b, &(struct publication){"nobodys.subject", STR("x"), "id", 300}, NULL, &e));
	assert_non_null(strstr(e.text, "no stream takes what is published to nobodys.subject"));
	broker_close(b);
}

static void
a_stream_at_its_limit_is_full(void **state)
{
	struct broker *b = broker_ready("full");
	struct api_reply r = {0};

	(void)state;
	OK(api_call(b, "STREAM.UPDATE.FULL_EVENTS",
	    STR("{\"name\":\"FULL_EVENTS\",\"subjects\":[\"full.events.>\"],"
		"\"max_msgs\":2,\"discard\":\"new\",\"allow_direct\":true,\"deny_purge\":true,"
		"\"num_replicas\":1,\"duplicate_window\":120000000000}"),
	    &r, &e));
	api_reply_free(&r);
	events_publish(b, 0, 2);
	REFUSED(
	    ERR_FULL, broker_publish(b,
			  &(struct publication){"full.events.acme.x", STR("x"), "third", 1000},
			  NULL, &e));
	broker_close(b);
}

static void
one_message_is_read_by_its_sequence(void **state)
{
	struct broker *b = broker_ready("get");
	struct broker_message m = {0};

	(void)state;
	events_publish(b, 0, 3);
	OK(broker_get(b, STREAM_EVENTS, 2, &m, &e));
	assert_int_equal(m.seq, 2);
	assert_true(str_eq(m.data, STR("acme-1")));
	assert_true(str_eq(m.msg_id, STR("acme-1")));
	assert_true(str_eq(m.subject, STR("get.events.acme.alert.triggered")));
	assert_true(m.stored_at.ms > INT64_C(1500000000000));
	broker_message_free(&m);
	REFUSED(ERR_NOT_FOUND, broker_get(b, STREAM_EVENTS, 99, &m, &e));
	REFUSED(ERR_NOT_FOUND, broker_get(b, STREAM_EVENTS, 0, &m, &e));
	broker_close(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(ensuring_twice_creates_once_and_changes_nothing),
	    TEST(a_stream_that_differs_is_refused_with_the_remedy),
	    TEST(a_consumer_that_differs_is_refused_with_the_remedy),
	    TEST(a_check_finds_what_is_missing_and_makes_nothing),
	    TEST(with_nobody_there_connecting_says_what_to_check),
	    TEST(publishing_while_the_server_is_down_stores_once),
	    TEST(publishing_with_nobody_there_fails_in_time),
	    TEST(a_stream_at_its_limit_is_full),
	    TEST(one_message_is_read_by_its_sequence),
	};

	if (!live_program()) {
		fprintf(stderr, "SKIPPED: no nats-server; apt install nats-server\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, server_up, server_down);
}
