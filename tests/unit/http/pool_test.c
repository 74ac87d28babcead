#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>

#include "carillon/http/pool.h"

#include "carillon/base/clock.h"

#include "rude_server.h"

#include <cmocka.h> /* after ours: it defines fail() */

#include "unit/vault/memory.h"

#define AUTH "Authorization: Bearer xoxb-test-not-a-real-token"

static struct rude_server server;
static struct pool *pool;

/* The answer of one transfer, copied out of its slot. */
struct result {
	struct http_response res;
	char wanted[2][64]; /* values of the headers asked for */
	char body[64];      /* its beginning */
	size_t body_len;
	struct flight flight;
};

static struct pool *
new_pool(int slots, int64_t timeout_ms)
{
	struct pool_options o = {slots, timeout_ms, timeout_ms};
	struct pool *d = NULL;
	struct err e;

	assert_true(pool_new(&d, &o, &e));
	return d;
}

static int
setup(void **state)
{
	(void)state;
	rude_server_start(&server);
	pool = new_pool(64, 5000);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	pool_free(pool);
	pool = NULL;
	rude_server_stop(&server);
	return 0;
}

static void
start(struct pool *d, const char *scheme, const char *path, void *tag)
{
	static const char *const wanted[] = {"x-slack-req-id", "x-request-id", NULL};
	struct transfer *t = pool_slot(d);
	struct http_request *req;

	assert_non_null(t);
	req = transfer_request(t);
	req->wanted = wanted;
	snprintf(req->url, sizeof(req->url), "%s://127.0.0.1:%d%s", scheme, server.port, path);
	req->content_type = "application/json; charset=utf-8";
	buf_cstr(&req->body, "{\"text\":\"hi\"}");
	assert_true(secret_append(req->auth, AUTH, sizeof(AUTH) - 1));
	pool_start(d, t, tag);
}

static struct result
finish(struct pool *d)
{
	struct result r = {0};
	struct transfer *t;
	struct flight flight;
	void *tag;

	while (!(t = pool_finished(d, &r.res, &tag, &flight)))
		pool_turn(d, -1, -1);
	assert_true(flight.duration_ms >= 0);
	r.flight = flight;
	r.body_len = r.res.body.len;
	str_copy(r.body, sizeof(r.body), r.res.body);
	for (int i = 0; i < 2; i++)
		str_copy(r.wanted[i], sizeof(r.wanted[i]), r.res.wanted[i]);
	memset(r.res.wanted, 0, sizeof(r.res.wanted));
	r.res.body = (struct str){0};
	pool_release(d, t);
	return r;
}

static struct result
post(const char *path)
{
	start(pool, "http", path, NULL);
	return finish(pool);
}

static void
a_request_arrives_whole_and_its_answer_comes_back(void **state)
{
	struct result r = post("/ok");

	(void)state;
	assert_int_equal(r.res.transport, TRANSPORT_ANSWERED);
	assert_int_equal(r.res.status, 200);
	assert_int_equal(r.res.retry_after_ms, -1);
	assert_string_equal(r.wanted[0], "req-1");
	assert_string_equal(r.wanted[1], "");
	assert_string_equal(r.body, "{\"ok\":true}");
	assert_ptr_equal(strstr(server.last, "POST /ok HTTP/1.1\r\n"), server.last);
	assert_non_null(strstr(server.last, "\r\n" AUTH "\r\n"));
	assert_non_null(
	    strstr(server.last, "\r\nContent-Type: application/json; charset=utf-8\r\n"));
	assert_non_null(strstr(server.last, "\r\n\r\n{\"text\":\"hi\"}"));
	assert_null(strstr(server.last, "Expect"));
	assert_null(strstr(server.last, "Cookie"));
}

static void
an_empty_body_is_posted(void **state)
{
	struct transfer *t = pool_slot(pool);
	struct http_request *req = transfer_request(t);

	(void)state;
	snprintf(req->url, sizeof(req->url), "http://127.0.0.1:%d/ok", server.port);
	req->content_type = "application/x-www-form-urlencoded";
	pool_start(pool, t, NULL);
	assert_int_equal(finish(pool).res.status, 200);
	assert_non_null(strstr(server.last, "\r\nContent-Length: 0\r\n"));
	assert_null(strstr(server.last, "Authorization"));
}

static void
a_request_has_headers_of_its_own_and_no_others(void **state)
{
	struct transfer *t = pool_slot(pool);
	struct http_request *req = transfer_request(t);
	struct err e;

	(void)state;
	snprintf(req->url, sizeof(req->url), "http://127.0.0.1:%d/ok", server.port);
	assert_true(http_header_add(req, "webhook-id", STR("msg_1"), &e));
	assert_true(http_header_add(req, "webhook-signature", STR("v1,abc= v1,def="), &e));
	assert_false(http_header_add(req, "webhook-id", STR("1\r\nX-Forged: 1"), &e));
	assert_string_equal(e.text, "header webhook-id: its value is not one line of text");
	pool_start(pool, t, NULL);
	assert_string_equal(finish(pool).wanted[0], ""); /* it asked for none */
	assert_non_null(strstr(server.last, "\r\nwebhook-id: msg_1\r\n"));
	assert_non_null(strstr(server.last, "\r\nwebhook-signature: v1,abc= v1,def=\r\n"));
	assert_null(strstr(server.last, "X-Forged"));
	assert_int_equal(post("/ok").res.status, 200);
	assert_null(strstr(server.last, "webhook"));
}

static void
a_request_has_only_so_many_headers(void **state)
{
	struct transfer *t = pool_slot(pool);
	struct http_request *req = transfer_request(t);
	struct err e;

	(void)state;
	for (int i = 0; i < HTTP_HEADERS_MAX; i++)
		assert_true(http_header_add(req, "x", STR("y"), &e));
	assert_false(http_header_add(req, "x", STR("y"), &e));
	pool_release(pool, t);
	assert_int_equal(req->n_headers, 0);
}

static void
a_header_too_long_to_be_kept_is_left_out(void **state)
{
	struct result r = post("/wordy");

	(void)state;
	assert_int_equal(r.res.status, 200);
	assert_string_equal(r.wanted[0], "");
	assert_string_equal(r.wanted[1], "second");
}

static void
a_thousand_requests_share_64_connections(void **state)
{
	static char tags[1000];
	int started = 0, done = 0;

	(void)state;
	memset(tags, 0, sizeof(tags));
	while (done < 1000) {
		struct http_response res;
		struct transfer *t;
		struct flight flight;
		void *tag;

		while (started < 1000 && pool_in_flight(pool) < 64)
			start(pool, "http", "/ok", &tags[started++]);
		pool_turn(pool, -1, -1);
		while ((t = pool_finished(pool, &res, &tag, &flight))) {
			assert_int_equal(res.status, 200);
			*(char *)tag += 1;
			pool_release(pool, t);
			done++;
		}
	}
	for (size_t i = 0; i < sizeof(tags); i++)
		assert_int_equal(tags[i], 1);
	assert_int_equal(server.requests, 1000);
	assert_in_range(server.connections, 1, 64);
	assert_int_equal(pool_in_flight(pool), 0);
}

static void
slots_run_out_and_come_back(void **state)
{
	struct pool *d = new_pool(1, 1000);
	struct transfer *t = pool_slot(d);

	(void)state;
	assert_non_null(t);
	assert_null(pool_slot(d));
	pool_release(d, t);
	assert_ptr_equal(pool_slot(d), t);
	pool_free(d);
}

static void
a_released_slot_knows_no_credential(void **state)
{
	struct transfer *t = pool_slot(pool);
	struct http_request *req = transfer_request(t);

	(void)state;
	assert_true(secret_append(req->auth, AUTH, sizeof(AUTH) - 1));
	buf_cstr(&req->body, "x");
	pool_release(pool, t);
	assert_ptr_equal(pool_slot(pool), t);
	assert_int_equal(secret_len(req->auth), 0);
	assert_int_equal(req->body.len, 0);
	pool_release(pool, t);
}

/* Whatever became of the requests: libcurl's own copies of them are gone with it. */
static void
a_released_slot_leaves_no_credential_in_memory(void **state)
{
	static const char *const paths[] = {"/ok", "/hang", "/close", "/huge", "/trickle"};
	static const char token[] = "xoxb-test-not-a-real-token";
	struct pool *d = new_pool(COUNT_OF(paths), 300);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(paths); i++)
		start(d, "http", paths[i], NULL);
	assert_true(memory_left_out_holds(token, sizeof(token) - 1));
	for (size_t i = 0; i < COUNT_OF(paths); i++)
		(void)finish(d);
	assert_false(memory_left_out_holds(token, sizeof(token) - 1));
	pool_free(d);
}

/* Nobody listens on the port of a server that has stopped. */
static void
a_refused_connection_is_not_sent(void **state)
{
	int fd = server.listener, port = server.port;
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(a);
	struct result r;

	(void)state;
	fd = socket(AF_INET, SOCK_STREAM, 0); /* bound, not listening */
	assert_int_equal(bind(fd, (struct sockaddr *)&a, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	server.port = ntohs(a.sin_port);
	r = post("/ok");
	server.port = port;
	close(fd);
	assert_int_equal(r.res.transport, TRANSPORT_NOT_SENT);
	assert_non_null(strstr(r.res.detail, "could not connect"));
}

static void
a_url_that_is_none_is_not_sent(void **state)
{
	static const char *const schemes[] = {"ftp", "file", "no scheme", ""};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(schemes); i++) {
		start(pool, schemes[i], "/ok", NULL);
		assert_int_equal(finish(pool).res.transport, TRANSPORT_NOT_SENT);
	}
	assert_int_equal(post("/ok").res.transport, TRANSPORT_ANSWERED);
}

static void
silence_after_the_request_is_a_timeout(void **state)
{
	struct pool *d = new_pool(2, 100);
	struct result r;

	(void)state;
	start(d, "http", "/hang", NULL);
	r = finish(d);
	assert_int_equal(r.res.transport, TRANSPORT_TIMEOUT);
	assert_non_null(strstr(r.res.detail, "no answer in time"));
	pool_free(d);
}

static void
what_is_given_up_had_no_answer_in_time(void **state)
{
	struct pool *d = new_pool(3, 60000);
	int n_timeouts = 0;
	struct result r;

	(void)state;
	start(d, "http", "/hang", NULL);
	start(d, "http", "/ok", NULL);
	r = finish(d);
	assert_int_equal(r.res.transport, TRANSPORT_ANSWERED);
	start(d, "http", "/ok", NULL); /* not one byte of it was written */
	pool_give_up(d);
	for (int i = 0; i < 2; i++) {
		r = finish(d);
		assert_true(r.res.transport == TRANSPORT_TIMEOUT ||
			    r.res.transport == TRANSPORT_NOT_SENT);
		n_timeouts += r.res.transport == TRANSPORT_TIMEOUT;
	}
	assert_int_equal(n_timeouts, 1);
	assert_int_equal(pool_in_flight(d), 0);
	pool_free(d);
}

static void
silence_in_the_handshake_is_not_sent(void **state)
{
	struct pool *d = new_pool(2, 100);

	(void)state;
	start(d, "https", "/ok", NULL); /* the server waits for the end of a request */
	assert_int_equal(finish(d).res.transport, TRANSPORT_NOT_SENT);
	pool_free(d);
}

static void
whatever_is_no_whole_answer_is_broken(void **state)
{
	static const char *const paths[] = {"/close", "/half-header", "/half-body", "/garbage"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		struct result r = post(paths[i]);

		assert_int_equal(r.res.transport, TRANSPORT_BROKEN);
		assert_string_not_equal(r.res.detail, "");
		assert_int_equal(server.requests, i + 1);
	}
}

/* libcurl would send it again by itself: see transfer.c. */
static void
a_kept_connection_that_dies_does_not_post_twice(void **state)
{
	(void)state;
	assert_int_equal(post("/close-second").res.transport, TRANSPORT_ANSWERED);
	assert_int_equal(post("/close-second").res.transport, TRANSPORT_BROKEN);
	assert_int_equal(server.requests, 2);
	assert_int_equal(post("/ok").res.transport, TRANSPORT_ANSWERED);
}

static void
a_kept_connection_closed_while_idle_is_replaced(void **state)
{
	(void)state;
	for (int i = 1; i <= 3; i++) {
		assert_int_equal(post("/close-after").res.transport, TRANSPORT_ANSWERED);
		pool_turn(pool, -1, -1); /* returns for the hang-up */
		assert_int_equal(server.connections, i);
	}
}

static void
a_huge_answer_is_cut(void **state)
{
	struct result r = post("/huge");

	(void)state;
	assert_int_equal(r.res.transport, TRANSPORT_ANSWERED);
	assert_int_equal(r.res.status, 200);
	assert_int_equal(r.body_len, HTTP_BODY_MAX);
	assert_int_equal(post("/ok").body_len, 11);
}

static void
of_a_long_refusal_the_beginning_is_kept_and_the_connection(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		struct result r = post("/refuse-at-length");

		assert_int_equal(r.res.transport, TRANSPORT_ANSWERED);
		assert_int_equal(r.res.status, 429);
		assert_int_equal(r.body_len, 8192);
	}
	assert_int_equal(server.connections, 1);
}

static void
odd_but_whole_answers_are_answers(void **state)
{
	static const char *const paths[] = {"/chunked", "/continue", "/trickle"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		struct result r = post(paths[i]);

		assert_int_equal(r.res.transport, TRANSPORT_ANSWERED);
		assert_int_equal(r.res.status, 200);
		assert_int_equal(r.res.retry_after_ms, -1);
		assert_string_equal(r.body, "{\"ok\":true}");
	}
}

static void
a_pause_is_read_whatever_the_status(void **state)
{
	(void)state;
	assert_int_equal(post("/throttle").res.retry_after_ms, 30000);
	assert_int_equal(post("/busy").res.retry_after_ms, 500);
	assert_int_equal(post("/busy-date").res.retry_after_ms, 86400000);
	assert_int_equal(post("/ok").res.retry_after_ms, -1);
}

static void
a_redirect_is_not_followed(void **state)
{
	(void)state;
	assert_int_equal(post("/redirect").res.status, 302);
	assert_int_equal(server.requests, 1);
}

static void
a_wake_fd_ends_the_wait(void **state)
{
	int pipes[2][2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pipe(pipes[i]), 0);
		assert_int_equal(write(pipes[i][1], "x", 1), 1);
		pool_turn(pool, -1, pipes[i][0]);
	}
	pool_turn(pool, 0, -1); /* must not remember it */
	for (int i = 0; i < 2; i++) {
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
}

static void
a_pool_can_be_freed_with_requests_in_flight(void **state)
{
	struct pool *d = new_pool(8, 5000);

	(void)state;
	for (int i = 0; i < 8; i++)
		start(d, "http", "/hang", NULL);
	assert_int_equal(pool_in_flight(d), 8);
	pool_turn(d, 0, -1);
	pool_free(d);
	pool_free(NULL);
}

static void
too_few_descriptors_name_the_limit(void **state)
{
	struct pool_options o = {2000000000, 1000, 1000};
	struct pool *d = NULL;
	struct err e;

	(void)state;
	assert_false(pool_new(&d, &o, &e));
	assert_int_equal(e.kind, ERR_SETUP);
	assert_non_null(strstr(e.text, "LimitNOFILE"));
}

static void
other_timeouts_hold_from_the_next_request_on(void **state)
{
	struct pool_options o = {1, 5000, 100};
	struct pool *d = new_pool(1, 60000);
	struct result r;

	(void)state;
	start(d, "http", "/ok", NULL);
	assert_int_equal(finish(d).res.status, 200);
	pool_set_options(d, &o);
	start(d, "http", "/hang", NULL);
	r = finish(d); /* or the test would take a minute */
	assert_int_equal(r.res.transport, TRANSPORT_TIMEOUT);
	pool_free(d);
}

static void
a_flight_says_when_the_request_left_not_when_its_end_was_seen(void **state)
{
	wall_t before = clock_wall(), left_by;
	struct result r;

	(void)state;
	start(pool, "http", "/ok", NULL);
	left_by = clock_wall();
	while (clock_wall().ms < left_by.ms + 30)
		pool_turn(pool, 10, -1); /* its end is there, and nobody looks */
	r = finish(pool);
	assert_true(r.flight.started_at.ms >= before.ms);
	assert_true(r.flight.started_at.ms <= left_by.ms);
}

static void
one_request_can_be_waited_for(void **state)
{
	static const char *const wanted[] = {"x-request-id", "x-slack-req-id", NULL};
	struct pool_options o = {1, 1000, 1000};
	struct http_request req = {.content_type = "application/json",
	    .auth = secret_new(SECRET_MAX),
	    .wanted = wanted};
	struct http_response res;
	struct buf body = {0};

	(void)state;
	snprintf(req.url, sizeof(req.url), "http://127.0.0.1:%d/ok", server.port);
	assert_true(secret_append(req.auth, AUTH, sizeof(AUTH) - 1));
	buf_cstr(&req.body, "{}");
	http_once(&req, &o, &res, &body);
	assert_int_equal(res.status, 200);
	assert_true(str_eq(res.body, STR("{\"ok\":true}")));
	assert_ptr_equal(res.body.ptr, body.ptr);
	assert_int_equal(res.wanted[0].len, 0);
	assert_true(str_eq(res.wanted[1], STR("req-1")));
	assert_non_null(strstr(server.last, AUTH));
	assert_int_equal(secret_len(req.auth), sizeof(AUTH) - 1);
	buf_fini(&req.body);
	buf_fini(&body);
	secret_free(req.auth);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(a_request_arrives_whole_and_its_answer_comes_back),
	    TEST(an_empty_body_is_posted),
	    TEST(a_request_has_headers_of_its_own_and_no_others),
	    TEST(a_request_has_only_so_many_headers),
	    TEST(a_header_too_long_to_be_kept_is_left_out),
	    TEST(a_thousand_requests_share_64_connections),
	    TEST(slots_run_out_and_come_back),
	    TEST(a_released_slot_knows_no_credential),
	    TEST(a_released_slot_leaves_no_credential_in_memory),
	    TEST(a_refused_connection_is_not_sent),
	    TEST(a_url_that_is_none_is_not_sent),
	    TEST(silence_after_the_request_is_a_timeout),
	    TEST(what_is_given_up_had_no_answer_in_time),
	    TEST(silence_in_the_handshake_is_not_sent),
	    TEST(whatever_is_no_whole_answer_is_broken),
	    TEST(a_kept_connection_that_dies_does_not_post_twice),
	    TEST(a_kept_connection_closed_while_idle_is_replaced),
	    TEST(a_huge_answer_is_cut),
	    TEST(of_a_long_refusal_the_beginning_is_kept_and_the_connection),
	    TEST(odd_but_whole_answers_are_answers),
	    TEST(a_pause_is_read_whatever_the_status),
	    TEST(a_redirect_is_not_followed),
	    TEST(a_wake_fd_ends_the_wait),
	    TEST(a_pool_can_be_freed_with_requests_in_flight),
	    TEST(too_few_descriptors_name_the_limit),
	    TEST(other_timeouts_hold_from_the_next_request_on),
	    TEST(a_flight_says_when_the_request_left_not_when_its_end_was_seen),
	    TEST(one_request_can_be_waited_for),
	};

	http_global_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
