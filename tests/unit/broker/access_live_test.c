/* What a server that refuses, lacks or encrypts something makes of us. A server each test. */
#include "live_broker.h"

static int
server_gone(void **state)
{
	(void)state;
	live_close(&server);
	return 0;
}

static void
server_configure(const char *more)
{
	log_set_level(LOG_LEVEL_ERROR + 1); /* the refusals are wanted here */
	live_open(&server, more);
}

static void
url_with_password(char *out, size_t size, const char *password)
{
	snprintf(out, size, "nats://carillon:%s@127.0.0.1:%d", password, server.port);
}

static const char users[] =
    "authorization: {users: [{user: carillon, password: \"fake-1\"}]}\n";

static void
a_wrong_password_is_said_at_once(void **state)
{
	struct broker_options o = options_of("pw");
	struct broker *b = NULL;
	char url[128];

	(void)state;
	server_configure(users);
	url_with_password(url, sizeof url, "fake-2");
	o.url = url;
	o.connect_wait_ms = WAIT_MS * 1000;
	REFUSED(ERR_DENIED, broker_connect(&b, &o, &e));
	assert_non_null(strstr(e.text, "refused our credentials"));
	assert_null(strstr(e.text, "fake-2"));
}

static void
an_unreadable_credentials_file_is_named(void **state)
{
	struct broker_options o = options_of("creds");
	struct broker *b = NULL;

	(void)state;
	server_configure("");
	o.creds = "/nonexistent/carillon.creds";
	REFUSED(ERR_SETUP, broker_connect(&b, &o, &e));
	assert_non_null(strstr(e.text, "nats_creds: cannot read /nonexistent/carillon.creds"));
}

static void
config_rewrite(const char *from, const char *to)
{
	char text[1024];
	FILE *f = fopen(server.config, "r+");
	size_t len = fread(text, 1, sizeof text - 1, f);

	text[len] = '\0';
	char *at = strstr(text, from);
	assert_non_null(at);
	assert_int_equal(strlen(from), strlen(to));
	memcpy(at, to, strlen(to));
	rewind(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	fclose(f);
}

/* libnats gives up for ever after two refusals; the broker must not. */
static void
credentials_refused_for_a_while_do_not_end_the_connection(void **state)
{
	struct broker_options o = options_of("back");
	struct broker_message m;
	struct puller *p;
	char url[128];

	(void)state;
	server_configure(users);
	url_with_password(url, sizeof url, "fake-1");
	o.url = url;
	struct broker *b = broker_open(&o);
	OK(broker_ensure(b, &e));
	OK(puller_open(&p, b, &e));
	natsConnection *first = b->nc;
	live_kill(&server);
	config_rewrite("fake-1", "fake-2");
	live_start(&server);
	for (int i = 0; i < WAIT_MS / 10 && !natsConnection_IsClosed(first); i++)
		live_sleep_ms(10);
	assert_true(natsConnection_IsClosed(first));
	assert_false(broker_is_connected(b));
	live_kill(&server);
	config_rewrite("fake-2", "fake-1");
	live_start(&server);
	wait_until_connected(b);
	events_publish(b, 0, 10);
	for (int i = 0; i < 10; i++) {
		m = pull_one(p, 10);
		OK(broker_ack(b, m.reply, &e));
		broker_message_free(&m);
	}
	wait_until_settled(b);
	puller_close(p);
	broker_close(b);
}

static void
a_refused_permission_is_reported(void **state)
{
	struct broker_options o = options_of("perm");
	char url[128];

	(void)state;
	server_configure("authorization: {users: [{user: carillon, password: \"fake-1\", "
			 "permissions: {publish: {deny: [\"perm.ops.>\"]}}}]}\n");
	url_with_password(url, sizeof url, "fake-1");
	o.url = url;
	struct broker *b = broker_open(&o);
	OK(broker_ensure(b, &e));
	assert_false(broker_take_denied(b, &e));
	REFUSED(ERR_DENIED,
	    broker_publish(b, &(struct publication){"perm.ops.acme.x", STR("x"), NULL, WAIT_MS},
		NULL, &e));
	assert_non_null(strstr(e.text, "perm.ops.acme.x"));
	assert_true(broker_take_denied(b, &e));
	assert_int_equal(e.kind, ERR_DENIED);
	assert_non_null(strstr(e.text, "Permissions Violation for Publish to"));
	assert_false(broker_take_denied(b, &e));
	broker_close(b);
}

static void
a_server_without_jetstream_is_said(void **state)
{
	struct broker_options o = options_of("nojs");

	(void)state;
	server_configure("# no_jetstream\n");
	struct broker *b = broker_open(&o);
	REFUSED(ERR_SETUP, broker_ensure(b, &e));
	assert_non_null(strstr(e.text, "start nats-server with -js"));
	broker_close(b);
}

static void
finding_find(bool ok, const char *sentence, void *arg)
{
	if (!ok && strstr(sentence, "max_payload"))
		*(bool *)arg = true;
}

static void
a_server_that_takes_only_small_messages_is_a_finding(void **state)
{
	struct broker_options o = options_of("small");
	bool found = false;

	(void)state;
	server_configure("max_payload: 65536\n");
	struct broker *b = broker_open(&o);
	OK(broker_check(b, finding_find, &found, &e));
	assert_true(found);
	REFUSED(ERR_SETUP, broker_ensure(b, &e));
	assert_non_null(strstr(e.text, "max_payload: 1MB"));
	broker_close(b);
}

/* A certificate for `name`, signed by itself, into the directory `dir`. */
static bool
certificate_make(const char *dir, const char *name)
{
	char command[512];

	snprintf(command, sizeof command,
	    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "
	    "-days 2 -keyout %s/key.pem -out %s/cert.pem -subj /CN=%s "
	    "-addext subjectAltName=%s >/dev/null 2>&1",
	    dir, dir, name, name);
	return system(command) == 0;
}

static bool
tls_connect(const char *dir, const char *host, const char *ca, struct broker **b)
{
	struct broker_options o = options_of("tls");
	char ca_path[128], url[64];

	snprintf(url, sizeof url, "tls://%s:%d", host, server.port);
	snprintf(ca_path, sizeof ca_path, "%s/%s", dir, ca);
	o.url = url;
	o.ca = *ca ? ca_path : "";
	o.connect_wait_ms = 500;
	return broker_connect(b, &o, &e);
}

static void
tls_trusts_only_the_right_name_of_the_right_authority(void **state)
{
	char dir[] = "/tmp/carillon-tls-XXXXXX", more[256];
	struct broker *b = NULL;

	(void)state;
	assert_non_null(mkdtemp(dir));
	if (!certificate_make(dir, "DNS:localhost"))
		skip();
	snprintf(more, sizeof more,
	    "tls: {cert_file: \"%s/cert.pem\", key_file: \"%s/key.pem\"}\n", dir, dir);
	server_configure(more);
	OK(tls_connect(dir, "localhost", "cert.pem", &b));
	OK(broker_ensure(b, &e));
	broker_close(b);
	assert_false(tls_connect(dir, "127.0.0.1", "cert.pem", &b)); /* another name */
	assert_false(tls_connect(dir, "localhost", "", &b));         /* not trusted */
	snprintf(more, sizeof more, "rm -rf '%s'", dir);
	assert_int_equal(system(more), 0);
}

#define OWN_SERVER(f) cmocka_unit_test_teardown(f, server_gone)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    OWN_SERVER(a_wrong_password_is_said_at_once),
	    OWN_SERVER(an_unreadable_credentials_file_is_named),
	    OWN_SERVER(credentials_refused_for_a_while_do_not_end_the_connection),
	    OWN_SERVER(a_refused_permission_is_reported),
	    OWN_SERVER(a_server_without_jetstream_is_said),
	    OWN_SERVER(a_server_that_takes_only_small_messages_is_a_finding),
	    OWN_SERVER(tls_trusts_only_the_right_name_of_the_right_authority),
	};

	if (!live_program()) {
		fprintf(stderr, "SKIPPED: no nats-server; apt install nats-server\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, server_down);
}
