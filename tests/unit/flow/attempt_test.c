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
	attempt_add(d, &req, &res, flight, dest_default(), false);
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

/* Fails with an answer of `len` bytes that has the credential at `at`. */
static void
fail_with_answer(struct delivery *d, size_t len, size_t at)
{
	/* Of no form that the destination would know of itself. */
	static const char token[] = "test-not-a-real-token-of-any";
	struct http_request req = {.auth = secret_new(SECRET_MAX)};
	struct http_response res = {.status = 429};
	char *body = malloc(len);

	assert_non_null(body);
	for (size_t i = 0; i + 1 < len; i += 2)
		memcpy(body + i, "\u00e9", 2);
	memcpy(body + at, token, sizeof(token) - 1);
	assert_true(secret_append(req.auth, "Authorization: Bearer ", 22));
	assert_true(secret_append(req.auth, token, sizeof(token) - 1));
	res.body = (struct str){body, len};
	d->outcome.code = OUTCOME_RATE_LIMITED;
	attempt_add(d, &req, &res, (struct flight){{1}, 1}, dest_default(), false);
	secret_free(req.auth);
	free(body);
}

static void
of_a_large_answer_only_the_beginning_takes_memory(void **state)
{
	struct message *m = message_with_one();
	struct delivery *d = &m->deliveries[0];

	(void)state;
	/* One with a limit ends the test when more is asked of it. */
	arena_free(d->arena);
	d->arena = arena_new(8192);
	fail_with_answer(d, 200 * 1024, 0);
	assert_true(d->attempts[0]->response.len > 0);
	message_free(m);
}

static void
a_cut_leaves_no_half_of_a_credential_or_a_character(void **state)
{
	(void)state;
	for (size_t at = 950; at <= 1050; at++) {
		struct message *m = message_with_one();
		struct delivery *d = &m->deliveries[0];
		ProtobufCBinaryData *kept;

		fail_with_answer(d, 200 * 1024, at);
		kept = &d->attempts[0]->response;
		assert_in_range(kept->len, 1021, 1024);
		assert_null(memmem(kept->data, kept->len, "tes", 3));
		/* Between the credential, of even length, and the end are whole characters. */
		if (at % 2 == 0)
			assert_true(str_is_text((struct str){(char *)kept->data, kept->len}));
		message_free(m);
	}
}

static void
of_a_long_request_the_beginning_is_kept(void **state)
{
	struct message *m = message_with_one();
	struct delivery *d = &m->deliveries[0];
	struct http_request req = {0};
	struct http_response res = {.status = 503, .body = STR("down for maintenance")};

	(void)state;
	for (int i = 0; i < 3000; i++)
		buf_putc(&req.body, 'x');
	d->outcome.code = OUTCOME_REJECTED_SERVER_ERROR;
	attempt_add(d, &req, &res, (struct flight){{1}, 1}, dest_default(), false);
	assert_int_equal(d->attempts[0]->request.len, 2048);
	assert_int_equal(d->attempts[0]->response.len, res.body.len);
	buf_fini(&req.body);
	message_free(m);
}

static void
of_a_message_that_arrived_nothing_is_kept_unless_asked_for(void **state)
{
	struct http_response res = {.status = 200, .body = STR("{\"ok\":true}")};

	(void)state;
	for (int keep = 0; keep <= 1; keep++) {
		struct message *m = message_with_one();
		struct delivery *d = &m->deliveries[0];
		struct http_request req = {0};

		buf_cstr(&req.body, "{}");
		d->outcome.code = OUTCOME_DELIVERED;
		attempt_add(d, &req, &res, (struct flight){{1}, 1}, dest_default(), keep);
		assert_int_equal(d->attempts[0]->request.len, keep ? 2 : 0);
		assert_int_equal(d->attempts[0]->response.len, 0);
		buf_fini(&req.body);
		message_free(m);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_attempt_began_when_its_request_did),
	    cmocka_unit_test(of_a_thousand_attempts_the_first_and_the_newest_are_kept),
	    cmocka_unit_test(of_a_large_answer_only_the_beginning_takes_memory),
	    cmocka_unit_test(a_cut_leaves_no_half_of_a_credential_or_a_character),
	    cmocka_unit_test(of_a_long_request_the_beginning_is_kept),
	    cmocka_unit_test(of_a_message_that_arrived_nothing_is_kept_unless_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
