#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "carillon/http/pool.h"

#include "tls_server.h"

#include <cmocka.h> /* after ours: it defines fail() */

#define SYSTEM_CA "/etc/ssl/certs/ca-certificates.crt"
#define ANY       "NORMAL"

enum { TOGETHER = 8, OPENING_MAX = 2 };

static struct identity authority, server_id, stranger, strangers_server;
static struct tls_server server;
static char dir[] = "/tmp/carillon-tls-test.XXXXXX";
static char bundle[64], keylog[64]; /* files in dir */

/* What the service trusts in production, and our authority. */
static void
write_bundle(void)
{
	FILE *f = fopen(bundle, "w"), *system = fopen(SYSTEM_CA, "r");
	int c;

	must(f);
	while (system && (c = getc(system)) != EOF)
		putc(c, f);
	if (system)
		fclose(system);
	identity_write(&authority, f);
	must(fclose(f) == 0);
}

static struct pool *
new_pool(const char *ca_file)
{
	struct pool_options o = {.slots = TOGETHER,
	    .connect_timeout_ms = 60000,
	    .request_timeout_ms = 60000,
	    .opening_max = OPENING_MAX,
	    .ca_file = ca_file};
	struct pool *p = NULL;
	struct err e;

	assert_true(pool_new(&p, &o, &e));
	return p;
}

static void
start(struct pool *p)
{
	struct transfer *t = pool_slot(p);
	struct http_request *req;

	assert_non_null(t);
	req = transfer_request(t);
	snprintf(req->url, sizeof(req->url), "https://127.0.0.1:%d/api", server.port);
	buf_cstr(&req->body, "{}");
	pool_start(p, t, NULL);
}

static struct http_response
finish(struct pool *p)
{
	struct http_response res;
	struct transfer *t;
	struct flight flight;
	void *tag;

	while (!(t = pool_finished(p, &res, &tag, &flight)))
		pool_turn(p, -1, -1);
	res.body = (struct str){0};
	pool_release(p, t);
	return res;
}

static struct http_response
post(struct pool *p)
{
	start(p);
	return finish(p);
}

/* None is answered before all have come, so each needs a connection of its own. */
static void
post_together(struct pool *p, int n)
{
	server.answers_from = server.requests + n;
	for (int i = 0; i < n; i++)
		start(p);
	for (int i = 0; i < n; i++)
		assert_int_equal(finish(p).status, 200);
}

static int
setup(void **state)
{
	(void)state;
	write_bundle();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	tls_server_stop(&server);
	return 0;
}

static void
whom_the_file_vouches_for_is_trusted(void **state)
{
	struct pool *p = new_pool(bundle);

	(void)state;
	tls_server_start(&server, &server_id, ANY);
	assert_int_equal(post(p).status, 200);
	pool_free(p);
}

static void
nobody_else_is_told_a_credential(void **state)
{
	static const char *const files[] = {bundle, NULL, ""};

	(void)state;
	tls_server_start(&server, &strangers_server, ANY);
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		struct pool *p = new_pool(files[i]);
		struct http_response res = post(p);

		assert_int_equal(res.transport, TRANSPORT_NOT_SENT);
		assert_non_null(strstr(res.detail, "the certificate is not trusted"));
		pool_free(p);
	}
	assert_int_equal(server.requests, 0);
}

static void
versions_before_1_2_are_refused(void **state)
{
	struct pool *p = new_pool(bundle);

	(void)state;
	tls_server_start(&server, &server_id, "NORMAL:-VERS-ALL:+VERS-TLS1.1");
	assert_int_equal(post(p).transport, TRANSPORT_NOT_SENT);
	pool_free(p);
	assert_int_equal(server.requests, 0);
}

static void
version_1_2_is_spoken(void **state)
{
	struct pool *p = new_pool(bundle);

	(void)state;
	tls_server_start(&server, &server_id, "NORMAL:-VERS-ALL:+VERS-TLS1.2");
	assert_int_equal(post(p).status, 200);
	pool_free(p);
}

/* Parsing a system's bundle takes longer than everything else about a connection. */
static void
the_certificates_are_read_once_for_all_connections(void **state)
{
	struct pool *p = new_pool(bundle);

	(void)state;
	tls_server_start(&server, &server_id, ANY);
	assert_int_equal(post(p).status, 200);
	assert_int_equal(unlink(bundle), 0);
	post_together(p, TOGETHER);
	assert_int_equal(server.handshakes, TOGETHER);
	pool_free(p);
}

static void
another_connection_resumes_the_session_of_the_first(void **state)
{
	struct pool *p = new_pool(bundle);

	(void)state;
	tls_server_start(&server, &server_id, ANY);
	assert_int_equal(post(p).status, 200);
	assert_int_equal(server.resumed, 0);
	post_together(p, 2);
	assert_int_equal(server.handshakes, 2);
	assert_int_equal(server.resumed, 1);
	pool_free(p);
}

/* Requests count on kept connections that have died, so each would open one. */
static void
no_more_are_opened_at_once_when_all_kept_ones_have_died(void **state)
{
	struct pool *p = new_pool(bundle);

	(void)state;
	tls_server_start(&server, &server_id, ANY);
	post_together(p, TOGETHER);
	for (int i = 0; i < TOGETHER; i++)
		shutdown(server.fds[i], SHUT_RDWR);
	while (server.ended < TOGETHER)
		usleep(1000);
	server.stalls = true;
	for (int i = 0; i < TOGETHER; i++)
		start(p);
	for (int i = 0; i < 50; i++)
		pool_turn(p, 1, -1);
	assert_int_equal(server.connections, TOGETHER + OPENING_MAX);
	server.stalls = false;
	for (int i = 0; i < TOGETHER; i++)
		assert_int_equal(finish(p).status, 200);
	pool_free(p);
}

static void
no_secret_of_a_session_is_logged(void **state)
{
	struct pool *p = new_pool(bundle);
	struct stat st;

	(void)state;
	assert_null(getenv("SSLKEYLOGFILE"));
	tls_server_start(&server, &server_id, ANY);
	assert_int_equal(post(p).status, 200);
	pool_free(p);
	assert_int_equal(stat(keylog, &st), -1);
}

static void
certificates_that_cannot_be_used_are_an_error_at_the_start(void **state)
{
	static const struct {
		const char *file, *says;
	} cases[] = {
	    {"/nonexistent/ca.pem", "/nonexistent/ca.pem: No such file"},
	    {"/tmp", "/tmp: Is a directory"},
	    {"/dev/null", "/dev/null: has none"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct pool_options o = {.slots = 1, .ca_file = cases[i].file};
		struct pool *p = NULL;
		struct err e;

		assert_false(pool_new(&p, &o, &e));
		assert_int_equal(e.kind, ERR_SETUP);
		assert_non_null(strstr(e.text, cases[i].says));
	}
}

static void
make_identities(void)
{
	authority = identity_new("Test Authority", NULL);
	server_id = identity_new("server", &authority);
	stranger = identity_new("Stranger", NULL);
	strangers_server = identity_new("server", &stranger);
	must(mkdtemp(dir));
	snprintf(bundle, sizeof(bundle), "%s/ca.pem", dir);
	snprintf(keylog, sizeof(keylog), "%s/keys", dir);
}

static void
forget_identities(void)
{
	identity_free(&authority);
	identity_free(&server_id);
	identity_free(&stranger);
	identity_free(&strangers_server);
	unlink(bundle);
	unlink(keylog);
	rmdir(dir);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(whom_the_file_vouches_for_is_trusted),
	    TEST(nobody_else_is_told_a_credential),
	    TEST(versions_before_1_2_are_refused),
	    TEST(version_1_2_is_spoken),
	    TEST(the_certificates_are_read_once_for_all_connections),
	    TEST(another_connection_resumes_the_session_of_the_first),
	    TEST(no_more_are_opened_at_once_when_all_kept_ones_have_died),
	    TEST(no_secret_of_a_session_is_logged),
	    cmocka_unit_test(certificates_that_cannot_be_used_are_an_error_at_the_start),
	};
	int failed;

	make_identities();
	setenv("SSLKEYLOGFILE", keylog, 1);
	http_global_init();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	forget_identities();
	return failed;
}
