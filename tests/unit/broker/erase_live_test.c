/* Erasing from streams, and reading what has holes, against a real nats-server. */
#include "live_broker.h"

static void
messages_of_a_workspace_are_found_one_after_the_other(void **state)
{
	struct broker *b = broker_ready("next");
	struct broker_message m;

	(void)state;
	OK(broker_publish(b, "next.events.acme.a", STR("1"), NULL, WAIT_MS, NULL, &e));
	OK(broker_publish(b, "next.events.acme-2.a", STR("2"), NULL, WAIT_MS, NULL, &e));
	OK(broker_publish(b, "next.events.acme.b.c", STR("3"), NULL, WAIT_MS, NULL, &e));
	OK(broker_next_of_workspace(b, STREAM_EVENTS, STR("acme"), 0, &m, &e));
	assert_int_equal(m.seq, 1);
	broker_message_free(&m);
	OK(broker_next_of_workspace(b, STREAM_EVENTS, STR("acme"), 2, &m, &e));
	assert_int_equal(m.seq, 3);
	broker_message_free(&m);
	REFUSED(
	    ERR_NOT_FOUND, broker_next_of_workspace(b, STREAM_EVENTS, STR("acme"), 4, &m, &e));
	REFUSED(ERR_INPUT, broker_next_of_workspace(b, STREAM_EVENTS, STR("*"), 1, &m, &e));
	broker_close(b);
}

static void
an_erased_message_is_gone_and_erasing_it_again_is_fine(void **state)
{
	struct broker *b = broker_ready("gone");
	struct broker_message m;
	uint64_t seq;

	(void)state;
	OK(broker_publish(b, "gone.events.acme.a", STR("1"), NULL, WAIT_MS, NULL, &e));
	OK(broker_state_put(b, "acme.rule.r1", STR("one"), 0, &seq, &e));
	OK(broker_erase(b, STREAM_EVENTS, 1, &e));
	OK(broker_erase(b, STREAM_EVENTS, 1, &e));
	OK(broker_erase(b, STREAM_STATE, seq, &e));
	REFUSED(ERR_NOT_FOUND, broker_get(b, STREAM_EVENTS, 1, &m, &e));
	REFUSED(ERR_NOT_FOUND, broker_get(b, STREAM_STATE, seq, &m, &e));
	broker_close(b);
}

static void
publishing_after_a_message_fails_once_there_is_a_later_one(void **state)
{
	struct broker *b = broker_ready("after");
	uint64_t first, second;

	(void)state;
	OK(broker_publish(b, "after.history.0", STR("1"), NULL, WAIT_MS, &first, &e));
	OK(broker_publish_after(b, "after.history.0", STR("2"), first, WAIT_MS, &second, &e));
	assert_int_equal(second, first + 1);
	REFUSED(ERR_CONFLICT,
	    broker_publish_after(b, "after.history.0", STR("3"), first, WAIT_MS, NULL, &e));
	broker_close(b);
}

static void
a_reader_knows_the_end_of_a_stream_whose_newest_are_deleted(void **state)
{
	struct broker *b = broker_ready("holes");
	struct stream_info info;
	struct broker_message m;
	struct reader *r;

	(void)state;
	for (int i = 0; i < 4; i++)
		OK(broker_publish(b, "holes.history.0", STR("x"), NULL, WAIT_MS, NULL, &e));
	OK(broker_erase(b, STREAM_HISTORY, 3, &e));
	OK(broker_erase(b, STREAM_HISTORY, 4, &e));
	OK(broker_stream_info(b, STREAM_HISTORY, &info, &e));
	assert_int_equal(info.last_seq, 4);
	OK(reader_open(&r, b, STREAM_HISTORY, 1, &e));
	assert_false(reader_is_at_end(r)); /* not asked yet */
	OK(reader_next(r, WAIT_MS, &m, &e));
	assert_false(reader_is_at_end(r));
	broker_message_free(&m);
	OK(reader_next(r, WAIT_MS, &m, &e));
	assert_int_equal(m.seq, 2);
	assert_true(reader_is_at_end(r));
	broker_message_free(&m);
	reader_close(r);
	/* And of nothing at all after where it begins. */
	OK(reader_open(&r, b, STREAM_HISTORY, 3, &e));
	REFUSED(ERR_NONE, reader_next(r, 200, &m, &e));
	assert_true(reader_is_at_end(r));
	reader_close(r);
	broker_close(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(messages_of_a_workspace_are_found_one_after_the_other),
	    TEST(an_erased_message_is_gone_and_erasing_it_again_is_fine),
	    TEST(publishing_after_a_message_fails_once_there_is_a_later_one),
	    TEST(a_reader_knows_the_end_of_a_stream_whose_newest_are_deleted),
	};

	if (!live_program()) {
		fprintf(stderr, "SKIPPED: no nats-server; apt install nats-server\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, server_up, server_down);
}
