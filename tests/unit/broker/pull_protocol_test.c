#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "broker/protocol.h"

#include <cmocka.h> /* last: it has a macro called fail */

static void
a_reply_of_nine_tokens_is_read(void **state)
{
	struct ack_info a;

	(void)state;
	assert_true(ack_parse(
	    STR("$JS.ACK.CARILLON_EVENTS.dispatch-0.3.1840.77.1700000000123456789.9"), &a));
	assert_true(str_eq(a.stream, STR("CARILLON_EVENTS")));
	assert_true(str_eq(a.consumer, STR("dispatch-0")));
	assert_int_equal(a.deliveries, 3);
	assert_int_equal(a.stream_seq, 1840);
	assert_int_equal(a.consumer_seq, 77);
	assert_true(a.stored_ns == INT64_C(1700000000123456789));
	assert_int_equal(a.pending, 9);
}

static void
a_reply_with_domain_and_account_is_read(void **state)
{
	static const char *const replies[] = {
	    "$JS.ACK.hub.ABC123.S.c.1.2.3.4.5",
	    "$JS.ACK._.ABC123.S.c.1.2.3.4.5.rnd",
	};
	struct ack_info a;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(replies); i++) {
		assert_true(ack_parse(str_of(replies[i]), &a));
		assert_true(str_eq(a.stream, STR("S")));
		assert_true(str_eq(a.consumer, STR("c")));
		assert_int_equal(a.deliveries, 1);
		assert_int_equal(a.stream_seq, 2);
		assert_int_equal(a.consumer_seq, 3);
		assert_int_equal(a.pending, 5);
	}
}

static void
what_is_no_reply_of_jetstream_is_not_read(void **state)
{
	static const char *const bad[] = {
	    "",
	    "$JS.ACK.",
	    "_INBOX.abc.1",
	    "$JS.ACK.S.c.1.2.3.4",
	    "$JS.ACK.S.c.1.2.3.4.5.6",
	    "$JS.ACK.a.b.S.c.1.2.3.4.5.r.more",
	    "$JS.ACK.S.c.x.2.3.4.5",
	    "$JS.ACK.S.c.-1.2.3.4.5",
	    "$JS.ACK.S.c.1.2.3.4.",
	    "$JS.ACK..c.1.2.3.4.5",
	    "$JS.ACK.S.c.1.99999999999999999999.3.4.5",
	};
	struct ack_info a;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		if (ack_parse(str_of(bad[i]), &a))
			fail_msg("read: %s", bad[i]);
	assert_false(ack_parse((struct str){NULL, 0}, &a));
}

static void
each_status_has_its_meaning(void **state)
{
	static const struct {
		const char *status, *description;
		enum pull_verdict verdict;
	} rows[] = {
	    {"100", "Idle Heartbeat", PULL_ALIVE},
	    {"404", "No Messages", PULL_EXPIRED},
	    {"408", "Request Timeout", PULL_EXPIRED},
	    {"409", "Consumer Deleted", PULL_VERIFY},
	    {"409", "Consumer is push based", PULL_VERIFY},
	    {"503", "", PULL_VERIFY},
	    {"409", "Server Shutdown", PULL_RETRY},
	    {"409", "Leadership Change", PULL_RETRY},
	    {"409", "Exceeded MaxWaiting", PULL_RETRY},
	    {"409", "Message Size Exceeds MaxBytes", PULL_RETRY},
	    {"400", "Bad Request", PULL_RETRY},
	    {"", "", PULL_RETRY},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_int_equal(
		    pull_judge(str_of(rows[i].status), str_of(rows[i].description)),
		    rows[i].verdict);
}

static void
never_more_is_asked_than_there_is_room(void **state)
{
	(void)state;
	for (size_t room = 0; room < 3000; room += 7)
		for (size_t outstanding = 0; outstanding < 3000; outstanding += 11) {
			size_t batch = pull_batch(outstanding, room);

			assert_true(batch <= PULL_BATCH_MAX);
			assert_true(batch == 0 || outstanding + batch <= room);
		}
}

static void
an_empty_request_line_asks_as_soon_as_one_fits(void **state)
{
	(void)state;
	assert_int_equal(pull_batch(0, 1), 1);
	assert_int_equal(pull_batch(0, 64), 64);
	assert_int_equal(pull_batch(0, 5000), PULL_BATCH_MAX);
	assert_int_equal(pull_batch(0, 0), 0);
}

static void
a_request_is_renewed_when_few_are_left(void **state)
{
	(void)state;
	assert_int_equal(pull_batch(1, 2), 0);
	assert_int_equal(pull_batch(32, 64), 0);
	assert_int_equal(pull_batch(31, 64), 33);
	assert_int_equal(pull_batch(64, 64), 0);
	assert_int_equal(pull_batch(65, 64), 0);
}

static void
a_request_says_batch_expiry_and_heartbeat(void **state)
{
	char text[PULL_REQUEST_MAX];

	(void)state;
	pull_request_text(text, 1000);
	assert_string_equal(
	    text, "{\"batch\":1000,\"expires\":5000000000,\"idle_heartbeat\":1000000000}");
}

static void
a_reader_of_large_messages_has_few_under_way(void **state)
{
	(void)state;
	assert_int_equal(reader_window(0), READER_WINDOW_MAX);
	assert_int_equal(reader_window(256), READER_WINDOW_MAX);
	assert_int_equal(reader_window(256 * 1024), 64);
	assert_int_equal(reader_window(100 * 1024 * 1024), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_reply_of_nine_tokens_is_read),
	    cmocka_unit_test(a_reply_with_domain_and_account_is_read),
	    cmocka_unit_test(what_is_no_reply_of_jetstream_is_not_read),
	    cmocka_unit_test(each_status_has_its_meaning),
	    cmocka_unit_test(never_more_is_asked_than_there_is_room),
	    cmocka_unit_test(an_empty_request_line_asks_as_soon_as_one_fits),
	    cmocka_unit_test(a_request_is_renewed_when_few_are_left),
	    cmocka_unit_test(a_request_says_batch_expiry_and_heartbeat),
	    cmocka_unit_test(a_reader_of_large_messages_has_few_under_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
