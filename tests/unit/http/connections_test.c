/* How requests come by connections: names, bounds, and who waits for whom. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>

#include "carillon/base/clock.h"
#include "carillon/http/pool.h"

#include "rude_server.h"
#include "slow_resolver.h"

#include <cmocka.h> /* after ours: it defines fail() */

enum { SLOTS = 64, OPENING_MAX = 3, LONG_MS = 60000, MEDIUM_MS = 1000, SHORT_MS = 100 };

static struct rude_server server;
static struct pool *pool;

static struct pool_options
options(int64_t connect_ms, int64_t request_ms)
{
	return (struct pool_options){.slots = SLOTS,
	    .connect_timeout_ms = connect_ms,
	    .request_timeout_ms = request_ms,
	    .opening_max = OPENING_MAX};
}

static void
begin(int64_t connect_ms, int64_t request_ms)
{
	struct pool_options o = options(connect_ms, request_ms);
	struct err e;

	assert_true(pool_new(&pool, &o, &e));
}

static int
setup(void **state)
{
	(void)state;
	rude_server_start(&server);
	resolver_let_go(false);
	resolver_asked = 0;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	pool_free(pool);
	pool = NULL;
	resolver_let_go(true);
	while (resolver_at_once > 0)
		usleep(1000);
	rude_server_stop(&server);
	return 0;
}

static void
start(const char *scheme, const char *host, const char *path)
{
	struct transfer *t = pool_slot(pool);
	struct http_request *req;

	assert_non_null(t);
	req = transfer_request(t);
	snprintf(req->url, sizeof(req->url), "%s://%s:%d%s", scheme, host, server.port, path);
	buf_cstr(&req->body, "{}");
	pool_start(pool, t, NULL);
}

/* False when none is finished. */
static bool
take(struct http_response *res)
{
	struct flight flight;
	void *tag;
	struct transfer *t = pool_finished(pool, res, &tag, &flight);

	if (!t)
		return false;
	res->body = (struct str){0};
	pool_release(pool, t);
	return true;
}

static struct http_response
finish(void)
{
	struct http_response res;

	while (!take(&res))
		pool_turn(pool, -1, -1);
	return res;
}

static struct http_response
post(const char *path)
{
	start("http", "127.0.0.1", path);
	return finish();
}

/* `n` requests of which none is answered before all have come. */
static void
keep_connections(int n)
{
	server.answers_from = server.requests + n;
	for (int i = 0; i < n; i++)
		start("http", "127.0.0.1", "/ok");
	for (int i = 0; i < n; i++)
		assert_int_equal(finish().status, 200);
}

/* They are with the server, which answers nobody until it is told. */
static void
send_held(int n, const char *path)
{
	server.answers_from = n + 1;
	for (int i = 0; i < n; i++)
		start("http", "127.0.0.1", path);
	while (server.requests < n)
		pool_turn(pool, 1, -1);
}

/* And answers are at our sockets, unread. */
static void
let_answer(int n)
{
	server.answers_from = 0;
	while (server.answered < n)
		usleep(1000);
}

static void
an_answer_that_is_there_is_no_timeout_however_late_it_is_read(void **state)
{
	wall_t sent = clock_wall();

	(void)state;
	begin(LONG_MS, MEDIUM_MS);
	send_held(20, "/ok");
	let_answer(20);
	while (clock_wall().ms < sent.ms + 2 * MEDIUM_MS)
		usleep(10000); /* nobody looks */
	for (int i = 0; i < 20; i++)
		assert_int_equal(finish().transport, TRANSPORT_ANSWERED);
}

static void
who_gives_up_looks_for_an_answer_first(void **state)
{
	(void)state;
	begin(LONG_MS, LONG_MS);
	send_held(2, "/ok");
	let_answer(2);
	start("http", "127.0.0.1", "/ok"); /* not one byte of it was written */
	pool_give_up(pool);
	assert_int_equal(finish().transport, TRANSPORT_ANSWERED);
	assert_int_equal(finish().transport, TRANSPORT_ANSWERED);
	assert_int_equal(finish().transport, TRANSPORT_NOT_SENT);
}

/* The server never speaks TLS, so that each connection is opened until the timeout. */
static void
connections_being_opened_to_one_host_are_few(void **state)
{
	(void)state;
	begin(SHORT_MS, LONG_MS);
	for (int i = 0; i < SLOTS; i++)
		start("https", "127.0.0.1", "/ok");
	for (int i = 0; i < SLOTS; i++) {
		struct http_response res = finish();

		assert_int_equal(res.transport, TRANSPORT_NOT_SENT);
		assert_non_null(strstr(res.detail, "no connection in time"));
	}
	assert_in_range(server.connections, 1, 2 * OPENING_MAX);
}

static void
who_waits_for_one_host_keeps_nobody_from_another(void **state)
{
	(void)state;
	begin(LONG_MS, LONG_MS);
	for (int i = 0; i < SLOTS / 2; i++)
		start("https", "127.0.0.1", "/ok");
	assert_int_equal(post("/ok").status, 200);
	assert_int_equal(post("/ok").status, 200);
	assert_int_equal(pool_in_flight(pool), SLOTS / 2);
}

static void
those_who_waited_share_the_connections_there_are(void **state)
{
	(void)state;
	begin(LONG_MS, LONG_MS);
	for (int i = 0; i < SLOTS; i++)
		start("http", "127.0.0.1", "/ok");
	for (int i = 0; i < SLOTS; i++)
		assert_int_equal(finish().status, 200);
	assert_int_equal(server.requests, SLOTS);
}

/* More connections than may be opened at once are counted on, and all have gone. */
static void
when_all_kept_connections_have_died_everybody_is_served_yet(void **state)
{
	int n = 4 * OPENING_MAX;

	(void)state;
	begin(LONG_MS, LONG_MS);
	keep_connections(n);
	assert_int_equal(server.connections, n);
	for (int i = 0; i < n; i++)
		shutdown(server.fds[i], SHUT_RDWR);
	while (server.ended < n)
		usleep(1000);
	for (int i = 0; i < n; i++)
		start("http", "127.0.0.1", "/ok");
	for (int i = 0; i < n; i++)
		assert_int_equal(finish().status, 200);
	assert_int_equal(server.requests, 2 * n);
}

static void
unused_connections_are_closed_after_a_while(void **state)
{
	struct pool_options o = options(LONG_MS, LONG_MS);
	int n = 20;
	struct err e;

	(void)state;
	o.unused_ms = MEDIUM_MS;
	o.kept_max_kb = 1 << 20;
	assert_true(pool_new(&pool, &o, &e));
	keep_connections(n);
	assert_int_equal(server.ended, 0);
	while (server.ended < n)
		pool_turn(pool, 10, -1);
	assert_int_equal(post("/ok").status, 200);
	assert_int_equal(server.connections, n + 1);
}

static void
a_name_is_asked_for_once_however_many_wait_for_it(void **state)
{
	(void)state;
	begin(LONG_MS, LONG_MS);
	for (int i = 0; i < SLOTS; i++)
		start("http", "slack.local", "/ok");
	for (int i = 0; i < SLOTS; i++)
		assert_int_equal(finish().status, 200);
	assert_int_equal(resolver_asked, 1);
	assert_non_null(strstr(server.last, "\r\nHost: slack.local:"));
}

/* Nobody listens at the first of its addresses. */
static void
another_address_of_a_name_is_tried(void **state)
{
	(void)state;
	begin(LONG_MS, LONG_MS);
	start("http", "slack.both", "/ok");
	assert_int_equal(finish().status, 200);
}

static void
a_name_that_is_none_is_said(void **state)
{
	(void)state;
	begin(LONG_MS, LONG_MS);
	for (int i = 0; i < 5; i++)
		start("http", "slack.nowhere", "/ok");
	for (int i = 0; i < 5; i++) {
		struct http_response res = finish();

		assert_int_equal(res.transport, TRANSPORT_NOT_SENT);
		assert_string_equal(res.detail,
		    "the name could not be resolved (slack.nowhere: Name or service not "
		    "known)");
	}
}

/* If this thread waited for it anywhere, also in pool_free, the test would not end. */
static void
nobody_waits_for_a_resolver_that_hangs(void **state)
{
	(void)state;
	begin(MEDIUM_MS, LONG_MS);
	for (int i = 0; i < SLOTS / 2; i++)
		start("http", "slack.slow", "/ok");
	assert_int_equal(post("/ok").status, 200);
	for (int i = 0; i < SLOTS / 2; i++) {
		struct http_response res = finish();

		assert_int_equal(res.transport, TRANSPORT_NOT_SENT);
		assert_non_null(strstr(res.detail, "no connection in time"));
	}
	assert_int_equal(resolver_asked, 1);
	start("http", "slack.slow", "/ok");
	pool_turn(pool, 0, -1);
}

static void
a_late_answer_of_the_resolver_serves_who_waits_then(void **state)
{
	(void)state;
	begin(LONG_MS, LONG_MS);
	start("http", "slack.slow", "/ok");
	pool_turn(pool, 10, -1);
	resolver_let_go(true);
	assert_int_equal(finish().status, 200);
	assert_int_equal(resolver_asked, 1);
}

static void
what_waits_for_a_connection_was_not_sent(void **state)
{
	(void)state;
	begin(LONG_MS, LONG_MS);
	start("http", "slack.slow", "/ok");
	for (int i = 0; i < 2 * OPENING_MAX; i++)
		start("https", "127.0.0.1", "/ok");
	pool_turn(pool, 0, -1);
	pool_give_up(pool);
	for (int i = 0; i < 2 * OPENING_MAX + 1; i++)
		assert_int_equal(finish().transport, TRANSPORT_NOT_SENT);
	assert_int_equal(pool_in_flight(pool), 0);
}

static void
no_proxy_is_taken_from_the_environment(void **state)
{
	static const char *const names[] = {
	    "http_proxy", "https_proxy", "all_proxy", "ALL_PROXY", "HTTPS_PROXY"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++)
		setenv(names[i], "http://127.0.0.1:1", 1);
	begin(LONG_MS, LONG_MS);
	assert_int_equal(post("/ok").status, 200);
	for (size_t i = 0; i < COUNT_OF(names); i++)
		unsetenv(names[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(an_answer_that_is_there_is_no_timeout_however_late_it_is_read),
	    TEST(who_gives_up_looks_for_an_answer_first),
	    TEST(connections_being_opened_to_one_host_are_few),
	    TEST(who_waits_for_one_host_keeps_nobody_from_another),
	    TEST(those_who_waited_share_the_connections_there_are),
	    TEST(when_all_kept_connections_have_died_everybody_is_served_yet),
	    TEST(unused_connections_are_closed_after_a_while),
	    TEST(a_name_is_asked_for_once_however_many_wait_for_it),
	    TEST(another_address_of_a_name_is_tried),
	    TEST(a_name_that_is_none_is_said),
	    TEST(nobody_waits_for_a_resolver_that_hangs),
	    TEST(a_late_answer_of_the_resolver_serves_who_waits_then),
	    TEST(what_waits_for_a_connection_was_not_sent),
	    TEST(no_proxy_is_taken_from_the_environment),
	};

	http_global_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
