/* How streams are made and kept, against a real nats-server. */
#include "live_broker.h"

static bool
api_try(struct broker *b, const char *subject, const char *body)
{
	struct api_reply r = {0};
	bool ok = api_call(b, subject, str_of(body), &r, &e);

	api_reply_free(&r);
	return ok;
}

static void
no_stream_can_be_purged(void **state)
{
	struct broker *b = broker_ready("pure");
	struct broker_message m;
	char subject[API_SUBJECT_MAX];

	(void)state;
	events_publish(b, 0, 2);
	for (int s = 0; s < STREAMS; s++) {
		snprintf(subject, sizeof subject, "STREAM.PURGE.%s", b->streams[s]);
		assert_false(api_try(b, subject, ""));
		assert_non_null(strstr(e.text, "purge"));
		assert_false(api_try(b, subject, "{\"filter\":\"pure.events.acme.>\"}"));
	}
	OK(broker_get(b, STREAM_EVENTS, 1, &m, &e));
	broker_message_free(&m);
	OK(broker_erase(b, STREAM_EVENTS, 1, &e)); /* single messages still go */
	REFUSED(ERR_NOT_FOUND, broker_get(b, STREAM_EVENTS, 1, &m, &e));
	broker_close(b);
}

/* As `nats kv purge` does it. */
static void
no_message_takes_the_older_ones_of_its_subject_along(void **state)
{
	struct broker *b = broker_ready("rollup");
	struct broker_message m;
	natsMsg *msg, *answer;
	uint64_t revision;

	(void)state;
	OK(key_put(b, "acme.rule.r1", STR("one"), 0, &revision));
	assert_int_equal(
	    natsMsg_Create(&msg, "$KV.rollup_state.acme.rule.r1", NULL, "x", 1), NATS_OK);
	assert_int_equal(natsMsgHeader_Set(msg, "Nats-Rollup", "sub"), NATS_OK);
	OK(api_request(b, msg, WAIT_MS, &answer, &e));
	assert_non_null(strstr(natsMsg_GetData(answer), "\"error\""));
	natsMsg_Destroy(answer);
	natsMsg_Destroy(msg);
	OK(broker_get(b, STREAM_STATE, revision, &m, &e));
	broker_message_free(&m);
	broker_close(b);
}

static void
note_finding(bool ok, const char *sentence, void *arg)
{
	if (!ok)
		snprintf(arg, sizeof e.text, "%s", sentence);
}

/* As it was made before, or by another tool; the remedy is tried on the server, too. */
static void
a_stream_that_can_be_purged_is_refused_and_not_changed(void **state)
{
	struct broker_options o = options_of("old");
	struct broker *b = broker_open(&o);
	char found[sizeof e.text] = "";

	(void)state;
	OK(api_try(b, "STREAM.CREATE.OLD_EVENTS",
	    "{\"name\":\"OLD_EVENTS\",\"subjects\":[\"old.events.>\"],\"discard\":\"new\","
	    "\"storage\":\"file\",\"max_age\":2592000000000000,\"allow_direct\":true,"
	    "\"allow_rollup_hdrs\":true,\"num_replicas\":1,\"duplicate_window\":"
	    "100000000}"));
	for (int i = 0; i < 2; i++) {
		REFUSED(ERR_SETUP, broker_ensure(b, &e));
		assert_string_equal(e.text,
		    "stream OLD_EVENTS: allow_rollup_hdrs is on, wanted off; run: nats stream "
		    "edit OLD_EVENTS --no-allow-rollup (and 1 more of its settings)");
	}
	OK(api_try(b, "STREAM.UPDATE.OLD_EVENTS",
	    "{\"name\":\"OLD_EVENTS\",\"subjects\":[\"old.events.>\"],\"discard\":\"new\","
	    "\"storage\":\"file\",\"max_age\":2592000000000000,\"allow_direct\":true,"
	    "\"num_replicas\":1,\"duplicate_window\":100000000}"));
	OK(broker_check(b, note_finding, found, &e));
	REFUSED(ERR_SETUP, broker_ensure(b, &e));
	assert_string_equal(e.text,
	    "stream OLD_EVENTS: deny_purge is off, wanted on; run: nats stream edit "
	    "OLD_EVENTS --deny-purge --no-allow-rollup");
	OK(api_try(b, "STREAM.UPDATE.OLD_EVENTS",
	    "{\"name\":\"OLD_EVENTS\",\"subjects\":[\"old.events.>\"],\"discard\":\"new\","
	    "\"storage\":\"file\",\"max_age\":2592000000000000,\"allow_direct\":true,"
	    "\"deny_purge\":true,\"num_replicas\":1,\"duplicate_window\":100000000}"));
	OK(broker_ensure(b, &e));
	broker_close(b);
}

static void
history_that_a_number_of_messages_would_cut_is_refused(void **state)
{
	struct broker *b = broker_ready("short");

	(void)state;
	OK(api_try(b, "STREAM.UPDATE.SHORT_HISTORY",
	    "{\"name\":\"SHORT_HISTORY\",\"subjects\":[\"short.history.>\"],\"discard\":"
	    "\"old\",\"storage\":\"file\",\"max_age\":2592000000000000,\"allow_direct\":true,"
	    "\"deny_purge\":true,\"num_replicas\":1,\"duplicate_window\":120000000000,"
	    "\"max_msgs\":1000}"));
	REFUSED(ERR_SETUP, broker_ensure(b, &e));
	assert_string_equal(e.text,
	    "stream SHORT_HISTORY: max_msgs is 1000, wanted -1; run: nats stream edit "
	    "SHORT_HISTORY --max-msgs -1");
	broker_close(b);
}

static void
a_stream_that_would_lose_events_at_a_limit_is_refused(void **state)
{
	struct broker *b = broker_ready("lossy");

	(void)state;
	OK(api_try(b, "STREAM.UPDATE.LOSSY_EVENTS",
	    "{\"name\":\"LOSSY_EVENTS\",\"subjects\":[\"lossy.events.>\"],\"discard\":\"old\","
	    "\"storage\":\"file\",\"max_age\":2592000000000000,\"allow_direct\":true,"
	    "\"max_msgs\":10,\"deny_purge\":true,\"num_replicas\":1,"
	    "\"duplicate_window\":100000000}"));
	REFUSED(ERR_SETUP, broker_ensure(b, &e));
	assert_string_equal(e.text,
	    "stream LOSSY_EVENTS: discard is old, wanted new; run: nats stream edit "
	    "LOSSY_EVENTS --discard new");
	broker_close(b);
}

/* --- using up sequences --- */

static void
used_up_sequences_are_no_events(void **state)
{
	enum { UP_TO = 25000 }; /* more than what is on its way at once */
	struct broker *b = broker_ready("used");
	struct broker_message m;
	struct stream_info info;
	struct puller *p;

	(void)state;
	events_publish(b, 0, 3);
	OK(broker_use_up_events(b, UP_TO, &e));
	OK(broker_stream_info(b, STREAM_EVENTS, &info, &e));
	assert_in_range(info.last_seq, UP_TO, UP_TO + 10000);
	assert_int_equal(info.first_seq, 1); /* the events are still there */
	OK(broker_use_up_events(b, UP_TO, &e));
	OK(broker_get(b, STREAM_EVENTS, UP_TO, &m, &e));
	assert_true(subject_is_filler(b, m.subject));
	broker_message_free(&m);
	OK(puller_open(&p, b, &e));
	for (int i = 0; i < 4; i++) {
		m = pull_one(p, 100);
		assert_true(subject_is_filler(b, m.subject) == (i == 3));
		broker_message_free(&m);
	}
	puller_close(p);
	broker_close(b);
}

/* From 2.10 on it begins there, before that its first ones are used up. */
static void
a_stream_made_anew_goes_on_behind_the_old_one(void **state)
{
	enum { BEGIN = 5001 };
	struct broker_options o = options_of("anew");
	struct stream_info info;
	uint64_t seq;

	(void)state;
	o.events_begin = BEGIN;
	struct broker *b = broker_open(&o);
	OK(broker_ensure(b, &e));
	OK(broker_use_up_events(b, BEGIN - 1, &e));
	OK(broker_stream_info(b, STREAM_EVENTS, &info, &e));
	assert_int_equal(info.last_seq, BEGIN - 1);
	OK(broker_publish(
	    b, &(struct publication){"anew.events.acme.x", STR("x"), NULL, WAIT_MS}, &seq, &e));
	assert_int_equal(seq, BEGIN);
	OK(broker_ensure(b, &e)); /* and is what is wanted */
	broker_close(b);
	b = broker_ready("anew"); /* also of one that wants no beginning */
	broker_close(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(no_stream_can_be_purged),
	    TEST(no_message_takes_the_older_ones_of_its_subject_along),
	    TEST(a_stream_that_can_be_purged_is_refused_and_not_changed),
	    TEST(a_stream_that_would_lose_events_at_a_limit_is_refused),
	    TEST(history_that_a_number_of_messages_would_cut_is_refused),
	    TEST(used_up_sequences_are_no_events),
	    TEST(a_stream_made_anew_goes_on_behind_the_old_one),
	};

	if (!live_program()) {
		fprintf(stderr, "SKIPPED: no nats-server; apt install nats-server\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, server_up, server_down);
}
