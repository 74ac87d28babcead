/* Erasing from streams, and reading what has holes, against a real nats-server. */
#include "live_broker.h"

static void
messages_of_a_workspace_are_found_one_after_the_other(void **state)
{
	struct broker *b = broker_ready("next");
	struct broker_message m;

	(void)state;
	OK(broker_publish(
	    b, &(struct publication){"next.events.acme.a", STR("1"), NULL, WAIT_MS}, NULL, &e));
	OK(broker_publish(b,
	    &(struct publication){"next.events.acme-2.a", STR("2"), NULL, WAIT_MS}, NULL, &e));
	OK(broker_publish(b,
	    &(struct publication){"next.events.acme.b.c", STR("3"), NULL, WAIT_MS}, NULL, &e));
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
	OK(broker_publish(
	    b, &(struct publication){"gone.events.acme.a", STR("1"), NULL, WAIT_MS}, NULL, &e));
	OK(key_put(b, "acme.rule.r1", STR("one"), 0, &seq));
	OK(broker_erase(b, STREAM_EVENTS, 1, &e));
	OK(broker_erase(b, STREAM_EVENTS, 1, &e));
	OK(broker_erase(b, STREAM_STATE, seq, &e));
	REFUSED(ERR_NOT_FOUND, broker_get(b, STREAM_EVENTS, 1, &m, &e));
	REFUSED(ERR_NOT_FOUND, broker_get(b, STREAM_STATE, seq, &m, &e));
	broker_close(b);
}

enum { TURNS = 40 };

/* In turns: "acme", which will be erased, and "other"; the newest is of acme. */
static void
publish_in_turns(struct broker *b, int from, int to)
{
	char acme[SUBJECT_MAX], other[SUBJECT_MAX];

	subject_event(acme, b, STR("acme"), STR("a"));
	subject_event(other, b, STR("other"), STR("a"));
	for (int i = from; i < to; i++) {
		OK(broker_publish(
		    b, &(struct publication){other, STR("kept"), NULL, WAIT_MS}, NULL, &e));
		OK(broker_publish(
		    b, &(struct publication){acme, STR("gone"), NULL, WAIT_MS}, NULL, &e));
	}
}

static size_t
erase_acme(struct broker *b, enum stream s)
{
	uint64_t seqs[4 * TURNS];
	struct broker_message m;
	size_t n = 0;

	for (uint64_t at = 1; broker_next_of_workspace(b, s, STR("acme"), at, &m, &e);
	     at = seqs[n++] + 1) {
		assert_true(n < COUNT_OF(seqs));
		seqs[n] = m.seq;
		broker_message_free(&m);
	}
	assert_int_equal(e.kind, ERR_NOT_FOUND);
	OK(broker_erase_many(b, s, seqs, n, &e));
	REFUSED(ERR_NOT_FOUND, broker_next_of_workspace(b, s, STR("acme"), 1, &m, &e));
	return n;
}

static void
pull_kept(struct puller *p, struct broker *b, uint64_t seq)
{
	struct broker_message m = pull_one(p, 1);

	assert_int_equal(m.seq, seq);
	assert_true(str_eq(m.data, STR("kept")));
	OK(broker_ack(b, m.reply, &e));
	broker_message_free(&m);
}

static void
erasing_a_workspace_leaves_the_others_events_to_be_pulled(void **state)
{
	struct broker *b = broker_ready("pending");
	struct stream_info info;
	struct broker_message in_hand;
	struct puller *p;

	(void)state;
	publish_in_turns(b, 0, TURNS);
	OK(puller_open(&p, b, &e));
	pull_kept(p, b, 1);
	in_hand = pull_one(p, 1);
	assert_true(str_eq(in_hand.data, STR("gone")));
	assert_int_equal(erase_acme(b, STREAM_EVENTS), TURNS);
	for (uint64_t seq = 3; seq < 2 * TURNS; seq += 2)
		pull_kept(p, b, seq);
	OK(broker_ack(b, in_hand.reply, &e));
	broker_message_free(&in_hand);
	wait_until_settled(b);
	OK(broker_stream_info(b, STREAM_EVENTS, &info, &e));
	assert_int_equal(info.last_seq, 2 * TURNS);
	publish_in_turns(b, 0, 1);
	pull_kept(p, b, 2 * TURNS + 1);
	puller_close(p);
	broker_close(b);
}

/* More than the server sends a reader ahead of its reading. */
enum { BEHIND = READER_WINDOW_MAX + 1000 };

static void
put_many(struct broker *b)
{
	char subject[SUBJECT_MAX];

	for (int i = 0; i < BEHIND; i++) {
		snprintf(subject, sizeof subject, "$KV.%s.other.rule.r%d", b->bucket, i);
		assert_int_equal(natsConnection_PublishString(b->nc, subject, "kept"), NATS_OK);
	}
	for (int i = 0; i < TURNS; i++)
		OK(key_put(b, i % 2 ? "acme.rule.odd" : "acme.rule.even", STR("gone"),
		    i < 2 ? 0 : (uint64_t)BEHIND + (uint64_t)i - 1, NULL));
}

static void
erasing_a_workspace_leaves_a_reader_that_is_behind_all_changes_of_others(void **state)
{
	struct broker *b = broker_ready("behind");
	struct broker_message m;
	struct reader *r;

	(void)state;
	put_many(b);
	OK(reader_open(&r, b, STREAM_STATE, 1, &e));
	for (uint64_t seq = 1; seq <= BEHIND; seq++) {
		OK(reader_next(r, WAIT_MS, &m, &e));
		assert_int_equal(m.seq, seq);
		broker_message_free(&m);
		if (seq == 1)
			assert_int_equal(erase_acme(b, STREAM_STATE), TURNS);
	}
	REFUSED(ERR_NONE, reader_next(r, 200, &m, &e));
	reader_close(r);
	broker_close(b);
}

static void
erasing_many_again_is_fine(void **state)
{
	struct broker *b = broker_ready("manyagain");
	const uint64_t seqs[] = {1, 2, 3, 4};

	(void)state;
	events_publish(b, 0, 4);
	OK(broker_erase(b, STREAM_EVENTS, 2, &e));
	OK(broker_erase_many(b, STREAM_EVENTS, seqs, COUNT_OF(seqs), &e));
	OK(broker_erase_many(b, STREAM_EVENTS, seqs, COUNT_OF(seqs), &e));
	broker_close(b);
}

static void
publishing_after_a_message_fails_once_there_is_a_later_one(void **state)
{
	struct broker *b = broker_ready("after");
	uint64_t first, second;

	(void)state;
	OK(broker_publish(
	    b, &(struct publication){"after.history.0", STR("1"), NULL, WAIT_MS}, &first, &e));
	OK(broker_publish_after(b,
	    &(struct publication){"after.history.0", STR("2"), NULL, WAIT_MS}, first, &second,
	    &e));
	assert_int_equal(second, first + 1);
	REFUSED(
	    ERR_CONFLICT, broker_publish_after(b,
			      &(struct publication){"after.history.0", STR("3"), NULL, WAIT_MS},
			      first, NULL, &e));
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
		OK(broker_publish(b,
		    &(struct publication){"holes.history.0", STR("x"), NULL, WAIT_MS}, NULL,
		    &e));
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
	    TEST(erasing_a_workspace_leaves_the_others_events_to_be_pulled),
	    TEST(erasing_a_workspace_leaves_a_reader_that_is_behind_all_changes_of_others),
	    TEST(erasing_many_again_is_fine),
	    TEST(publishing_after_a_message_fails_once_there_is_a_later_one),
	    TEST(a_reader_knows_the_end_of_a_stream_whose_newest_are_deleted),
	};

	if (!live_program()) {
		fprintf(stderr, "SKIPPED: no nats-server; apt install nats-server\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, server_up, server_down);
}
