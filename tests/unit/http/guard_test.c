/* Where a stranger's URL may lead: with real sockets, and a resolver that says what it is told.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>

#include <netdb.h>

#include "carillon/http/pool.h"

#include "rude_server.h"

#include <cmocka.h> /* after ours: it defines fail() */

enum { ADDRESSES_MAX = 4, WAIT_MS = 20000 };

static struct rude_server server;
static struct pool *pool;

/* --- the resolver: every name has these addresses --- */

static const char *resolver_says[ADDRESSES_MAX];

static struct addrinfo *
answer_of(const char *text, struct addrinfo *next)
{
	struct {
		struct addrinfo info;
		struct sockaddr_storage address;
	} *a = calloc(1, sizeof(*a));
	struct sockaddr_in *v4 = (void *)&a->address;
	struct sockaddr_in6 *v6 = (void *)&a->address;
	bool is_v4 = strchr(text, ':') == NULL;

	must(a);
	a->info = (struct addrinfo){.ai_family = is_v4 ? AF_INET : AF_INET6,
	    .ai_socktype = SOCK_STREAM,
	    .ai_addr = (void *)&a->address,
	    .ai_addrlen = is_v4 ? sizeof(*v4) : sizeof(*v6),
	    .ai_next = next};
	a->address.ss_family = (sa_family_t)a->info.ai_family;
	must(inet_pton(a->info.ai_family, text,
		 is_v4 ? (void *)&v4->sin_addr : (void *)&v6->sin6_addr) == 1);
	return &a->info;
}

int
getaddrinfo(
    const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
	(void)name, (void)service, (void)hints;
	*out = NULL;
	for (int i = ADDRESSES_MAX - 1; i >= 0; i--)
		if (resolver_says[i] != NULL)
			*out = answer_of(resolver_says[i], *out);
	return *out == NULL ? EAI_NONAME : 0;
}

void
freeaddrinfo(struct addrinfo *a)
{
	while (a) {
		struct addrinfo *next = a->ai_next;

		free(a);
		a = next;
	}
}

static void
resolver_will_say(const char *first, const char *second)
{
	memset(resolver_says, 0, sizeof(resolver_says));
	resolver_says[0] = first;
	resolver_says[1] = second;
}

/* --- the pool --- */

/* As if these networks were public, and every port usual. */
static void
begin(const char *networks)
{
	struct pool_options o = {.slots = 4,
	    .connect_timeout_ms = WAIT_MS,
	    .request_timeout_ms = WAIT_MS,
	    .guard = {.networks = networks, .plain_http = true}};
	char ports[16];
	struct err e;

	snprintf(ports, sizeof(ports), "%d", server.port);
	o.guard.ports = ports;
	assert_true(pool_new(&pool, &o, &e));
}

static int
setup(void **state)
{
	(void)state;
	rude_server_start(&server);
	resolver_will_say("127.0.0.1", NULL);
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

static struct http_response
send_to(const char *url, bool is_guarded, int64_t timeout_ms)
{
	struct transfer *t = pool_slot(pool);
	struct http_request *req = transfer_request(t);
	struct http_response res;
	struct flight flight;
	void *tag;

	str_copy(req->url, sizeof(req->url), str_of(url));
	req->is_guarded = is_guarded;
	req->timeout_ms = timeout_ms;
	buf_cstr(&req->body, "{}");
	pool_start(pool, t, NULL);
	while (pool_finished(pool, &res, &tag, &flight) == NULL)
		pool_turn(pool, -1, -1);
	res.body.ptr = NULL; /* its length is looked at */
	pool_release(pool, t);
	return res;
}

static struct http_response
post(const char *host, const char *path)
{
	char url[256];

	snprintf(url, sizeof(url), "http://%s:%d%s", host, server.port, path);
	return send_to(url, true, 0);
}

/* --- the table --- */

static const char *const not_public[] = {
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255",
    "127.0.0.1", "127.255.255.254", "169.254.0.1", "169.254.169.254", "172.16.0.1",
    "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1",
    "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255",
    "240.0.0.1", "255.255.255.255", "::", "::1",
    "::7f00:1",            /* compatible with IPv4: 127.0.0.1 */
    "::ffff:127.0.0.1",    /* mapped */
    "::ffff:10.0.0.1",     /* mapped */
    "::ffff:0:127.0.0.1",  /* translated by SIIT */
    "64:ff9b::127.0.0.1",  /* by NAT64 */
    "64:ff9b::10.0.0.1",   /* by NAT64 */
    "64:ff9b::a9fe:a9fe",  /* by NAT64: 169.254.169.254 */
    "64:ff9b:1::10.0.0.1", /* by a NAT64 of one's own */
    "100::1",              /* discarded */
    "2001::1",             /* Teredo */
    "2001:2::1",           /* benchmarks */
    "2001:db8::1",         /* documentation */
    "2002:7f00:1::1",      /* 6to4 of 127.0.0.1 */
    "3fff::1",             /* documentation */
    "5f00::1",             /* segment routing */
    "fc00::1",             /* unique local */
    "fd12:3456:789a::1",   /* unique local */
    "fe80::1",             /* this link */
    "febf::1",             /* this link */
    "fec0::1",             /* site local */
    "ff02::1",             /* multicast */
};

static const char *const are_public[] = {"1.1.1.1", "9.255.255.255", "11.0.0.0",
    "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.1",
    "198.17.255.255", "198.20.0.0", "223.255.255.255", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
    "2606:4700::1111", "2a00:1450::1", "2001:200::1"};

static struct guard
usual_guard(void)
{
	struct guard g;
	struct err e;

	assert_true(guard_init(&g, &(struct guard_options){0}, &e));
	return g;
}

static void
only_public_addresses_are_allowed(void **state)
{
	struct guard g = usual_guard();
	struct address a;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(not_public); i++) {
		assert_true(address_parse(not_public[i], &a));
		if (guard_allows(&g, &a))
			fail_msg("%s is allowed", not_public[i]);
	}
	for (size_t i = 0; i < COUNT_OF(are_public); i++) {
		assert_true(address_parse(are_public[i], &a));
		if (!guard_allows(&g, &a))
			fail_msg("%s is not allowed", are_public[i]);
	}
	guard_fini(&g);
}

static void
no_connection_is_made_to_where_a_name_must_not_lead(void **state)
{
	char host[32];

	(void)state;
	begin("");
	for (size_t i = 0; i < COUNT_OF(not_public); i++) {
		struct http_response res;

		resolver_will_say(not_public[i], NULL);
		snprintf(host, sizeof(host), "name%zu.test", i);
		res = post(host, "/ok");
		if (res.transport != TRANSPORT_FORBIDDEN)
			fail_msg("%s: %d, %s", not_public[i], (int)res.transport, res.detail);
		assert_null(strstr(res.detail, not_public[i]));
	}
	assert_int_equal(server.connections, 0);
}

static void
an_address_of_the_url_itself_is_held_to_the_same(void **state)
{
	/* What libcurl reads as 127.0.0.1, and a name that the system knows by itself. */
	static const char *const hosts[] = {"127.0.0.1", "127.1", "0x7f000001", "2130706433",
	    "0177.0.0.1", "[::ffff:127.0.0.1]", "[::1]", "localhost", "LOCALHOST.",
	    "127.0.0.1.", "\xef\xbc\x91\x32\x37.0.0.1"};

	(void)state;
	begin("");
	for (size_t i = 0; i < COUNT_OF(hosts); i++) {
		struct http_response res = post(hosts[i], "/ok");

		if (res.transport != TRANSPORT_FORBIDDEN && res.transport != TRANSPORT_NOT_SENT)
			fail_msg("%s: %d, %s", hosts[i], (int)res.transport, res.detail);
	}
	assert_int_equal(server.connections, 0);
}

static void
a_url_is_https_at_the_usual_port_without_a_user(void **state)
{
	static const char *const wrong[] = {"http://a.test/", "https://a.test:8443/",
	    "https://a.test:80/", "https://user@a.test/", "https://user:word@a.test/",
	    "https://:@a.test/", "ftp://a.test/", "file:///etc/passwd", "gopher://a.test:443/",
	    "https://10.0.0.1/", "https://[fe80::1]/", "https://[::ffff:10.0.0.1]/",
	    "https://2130706433/", "https:///", "a.test", ""};
	static const char *const right[] = {"https://a.test/", "https://a.test:443/x?y=z",
	    "https://1.1.1.1/", "HTTPS://A.TEST/", "https://[2606:4700::1111]/hook"};
	struct guard g = usual_guard();
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		if (guard_url(&g, wrong[i], &e))
			fail_msg("%s is taken", wrong[i]);
	for (size_t i = 0; i < COUNT_OF(right); i++)
		if (!guard_url(&g, right[i], &e))
			fail_msg("%s: %s", right[i], e.text);
	guard_fini(&g);
}

static void
a_url_that_is_not_allowed_is_not_asked(void **state)
{
	char url[64];

	(void)state;
	begin("127.0.0.1");
	snprintf(url, sizeof(url), "http://user@127.0.0.1:%d/ok", server.port);
	assert_int_equal(send_to(url, true, 0).transport, TRANSPORT_FORBIDDEN);
	assert_int_equal(
	    send_to("http://127.0.0.1:1/ok", true, 0).transport, TRANSPORT_FORBIDDEN);
	assert_int_equal(server.connections, 0);
}

static void
what_an_operator_allows_is_reached(void **state)
{
	(void)state;
	begin("127.0.0.0/30");
	assert_int_equal(post("a.test", "/ok").status, 200);
	assert_int_equal(post("127.0.0.1", "/ok").status, 200);
}

/* A name has an address that may be reached, where nobody answers, and one that may not. */
static void
the_second_address_of_a_name_is_guarded_too(void **state)
{
	(void)state;
	resolver_will_say("127.0.0.2", "127.0.0.1");
	begin("127.0.0.2");
	assert_int_not_equal(post("a.test", "/ok").transport, TRANSPORT_ANSWERED);
	assert_int_equal(server.connections, 0);
}

/* It was looked at, and leads elsewhere when a connection is made. */
static void
a_name_that_changes_its_mind_gains_nothing(void **state)
{
	struct guard g = usual_guard();
	struct err e;

	(void)state;
	resolver_will_say("1.1.1.1", NULL);
	assert_true(guard_url(&g, "https://rebinding.test/", &e));
	guard_fini(&g);
	resolver_will_say("127.0.0.1", NULL);
	begin("");
	assert_int_equal(post("rebinding.test", "/ok").transport, TRANSPORT_FORBIDDEN);
	assert_int_equal(server.connections, 0);
}

static void
a_connection_that_nobody_guarded_is_not_taken_up(void **state)
{
	char url[64];

	(void)state;
	begin("");
	snprintf(url, sizeof(url), "http://ours.test:%d/ok", server.port);
	assert_int_equal(send_to(url, false, 0).status, 200);
	assert_int_equal(send_to(url, true, 0).transport, TRANSPORT_FORBIDDEN);
	assert_int_equal(server.requests, 1);
	assert_int_equal(send_to(url, false, 0).status, 200);
}

/* What a proxy reaches nobody here can guard. */
static void
a_guarded_request_goes_past_the_proxy(void **state)
{
	char proxy[64], ports[16];
	struct pool_options o = {.slots = 4,
	    .connect_timeout_ms = WAIT_MS,
	    .request_timeout_ms = WAIT_MS,
	    .guard = {.networks = "127.0.0.1", .plain_http = true}};
	struct err e;

	(void)state;
	snprintf(proxy, sizeof(proxy), "http://proxy.test:%d", server.port);
	snprintf(ports, sizeof(ports), "%d", server.port);
	o.proxy = proxy;
	o.guard.ports = ports;
	assert_true(pool_new(&pool, &o, &e));
	assert_int_equal(post("a.test", "/ok").status, 200);
	assert_ptr_equal(strstr(server.last, "POST /ok HTTP/1.1\r\n"), server.last);
	resolver_will_say("127.0.0.2", NULL);
	assert_int_equal(post("b.test", "/ok").transport, TRANSPORT_FORBIDDEN);
	assert_int_equal(server.requests, 1);
}

static void
a_redirect_is_an_answer_and_not_followed(void **state)
{
	(void)state;
	begin("127.0.0.1");
	assert_int_equal(post("a.test", "/redirect").status, 302);
	assert_int_equal(server.requests, 1);
}

static void
little_is_read_of_a_strangers_answer(void **state)
{
	struct http_response res;

	(void)state;
	begin("127.0.0.1");
	res = post("a.test", "/huge");
	assert_int_equal(res.status, 200);
	assert_int_equal(res.body.len, HTTP_GUARDED_MAX);
}

static void
a_request_may_have_less_time_than_others(void **state)
{
	char url[64];

	(void)state;
	begin("127.0.0.1");
	snprintf(url, sizeof(url), "http://a.test:%d/hang", server.port);
	assert_int_equal(send_to(url, true, 100).transport, TRANSPORT_TIMEOUT);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(only_public_addresses_are_allowed),
	    TEST(no_connection_is_made_to_where_a_name_must_not_lead),
	    TEST(an_address_of_the_url_itself_is_held_to_the_same),
	    TEST(a_url_is_https_at_the_usual_port_without_a_user),
	    TEST(a_url_that_is_not_allowed_is_not_asked),
	    TEST(what_an_operator_allows_is_reached),
	    TEST(the_second_address_of_a_name_is_guarded_too),
	    TEST(a_name_that_changes_its_mind_gains_nothing),
	    TEST(a_connection_that_nobody_guarded_is_not_taken_up),
	    TEST(a_guarded_request_goes_past_the_proxy),
	    TEST(a_redirect_is_an_answer_and_not_followed),
	    TEST(little_is_read_of_a_strangers_answer),
	    TEST(a_request_may_have_less_time_than_others),
	};

	http_global_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
