#include "flow/attempt.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct message *
message_with_one(void)
{
	struct message *m = message_new(ORIGIN_STREAM, 1);

	message_deliveries(m, 1);
	return m;
}

static void
fail_once(struct delivery *d, int64_t started_ms)
{
	struct http_request req = {0};
	struct http_response res = {.status = 503, .body = STR("down for maintenance")};
	struct flight flight = {{started_ms}, 7};

	d->outcome.code = OUTCOME_REJECTED_SERVER_ERROR;
	str_copy(d->outcome.reason, sizeof(d->outcome.reason), STR("the server failed"));
	attempt_add(d, &req, &res, flight, false);
}

static void
an_attempt_began_when_its_request_did(void **state)
{
	struct message *m = message_with_one();

	(void)state;
	fail_once(&m->deliveries[0], 123456);
	assert_int_equal(m->deliveries[0].n_attempts, 1);
	assert_int_equal(m->deliveries[0].attempts[0]->started_ms, 123456);
	assert_int_equal(m->deliveries[0].attempts[0]->duration_ms, 7);
	message_free(m);
}

static void
of_a_thousand_attempts_the_first_and_the_newest_are_kept(void **state)
{
	struct message *m = message_with_one();
	struct delivery *d = &m->deliveries[0];
	size_t used;

	(void)state;
	for (int i = 1; i <= ATTEMPTS_KEPT + 1; i++)
		fail_once(d, i);
	used = mallinfo2().uordblks;
	for (int i = ATTEMPTS_KEPT + 2; i <= 1000; i++)
		fail_once(d, i);
	assert_in_range(mallinfo2().uordblks, 0, used + 4096); /* a hundred more would show */
	assert_int_equal(d->n_attempts, ATTEMPTS_KEPT);
	for (int i = 0; i < ATTEMPTS_KEPT - 1; i++)
		assert_int_equal(d->attempts[i]->number, i + 1);
	assert_int_equal(d->attempts[ATTEMPTS_KEPT - 1]->number, 1000);
	assert_int_equal(d->attempts[ATTEMPTS_KEPT - 1]->started_ms, 1000);
	assert_string_equal(d->attempts[ATTEMPTS_KEPT - 1]->reason, "the server failed");
	message_free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_attempt_began_when_its_request_did),
	    cmocka_unit_test(of_a_thousand_attempts_the_first_and_the_newest_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
