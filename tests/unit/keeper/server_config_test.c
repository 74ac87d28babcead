#include "carillon/keeper/server_config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct server_plan
plan_of(const char *hosts, const char *tls)
{
	struct server_plan p = {
	    .store_dir = "/var/lib/nats", .tls_cert = tls, .tls_key = tls, .tls_ca = tls};
	struct err e;

	if (!server_plan_parse(&p, str_of(hosts), &e) || !server_plan_check(&p, &e))
		fail_msg("%s: %s", hosts, e.text);
	return p;
}

static void
hosts_have_ports(void **state)
{
	struct server_plan p = plan_of("127.0.0.1:1:2,n2.example.com:70,n3", "");

	(void)state;
	assert_int_equal(p.n, 3);
	assert_string_equal(p.nodes[0].host, "127.0.0.1");
	assert_int_equal(p.nodes[0].port, 1);
	assert_int_equal(p.nodes[0].route_port, 2);
	assert_int_equal(p.nodes[1].port, 70);
	assert_int_equal(p.nodes[1].route_port, 6222);
	assert_string_equal(p.nodes[2].name, "n3");
	assert_int_equal(p.nodes[2].port, 4222);
}

static void
what_is_no_list_of_servers_is_refused(void **state)
{
	static const char *const wrong[] = {"", "a,b", "a,b,c,d", "a:0", "a:65536", "a:1:2:3",
	    "a b", "a\"", "a,,b", ":1", "a:1x", "1,2,3,4,5,6"};
	struct server_plan p = {0};
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		if (server_plan_parse(&p, str_of(wrong[i]), &e))
			fail_msg("\"%s\" was taken", wrong[i]);
		assert_int_equal(e.kind, ERR_INPUT);
	}
}

static void
paths_that_would_end_a_string_are_refused(void **state)
{
	struct server_plan p = plan_of("a", "");
	struct err e;

	(void)state;
	p.store_dir = "/a\" b";
	assert_false(server_plan_check(&p, &e));
	p.store_dir = "/a\nb";
	assert_false(server_plan_check(&p, &e));
	p = plan_of("a", "");
	p.tls_cert = "/c";
	assert_false(server_plan_check(&p, &e));
	assert_non_null(strstr(e.text, "--tls-key"));
	p = plan_of("a,b,c", "");
	p.tls_cert = p.tls_key = "/c";
	assert_false(server_plan_check(&p, &e));
	assert_non_null(strstr(e.text, "--tls-ca"));
}

static bool
config_has(const struct server_plan *p, size_t node, const char *words)
{
	static struct nats_dir d = {.prefix = "carillon"};
	struct buf text = {0};

	server_config_write(&text, &d, p, node, STR("eyJ-operator"));
	bool has = strstr(text.ptr, words) != NULL;
	buf_fini(&text);
	return has;
}

static void
a_server_alone_has_no_routes_and_a_cluster_has(void **state)
{
	struct server_plan alone = plan_of("127.0.0.1", ""), three = plan_of("a,b,c", "/t.pem");

	(void)state;
	assert_true(config_has(&alone, 0, "listen: \"127.0.0.1:4222\""));
	assert_true(config_has(&alone, 0, "operator: eyJ-operator"));
	assert_true(config_has(&alone, 0, "  # sync_interval")); /* 2.9 would not start */
	assert_false(config_has(&alone, 0, "cluster {"));
	assert_false(config_has(&alone, 0, "tls {"));
	assert_true(config_has(&three, 1, "server_name: n2"));
	assert_true(config_has(&three, 1, "listen: \"0.0.0.0:4222\""));
	assert_true(config_has(&three, 1, "\"nats://c:6222\""));
	assert_true(config_has(&three, 1, "verify: true"));
	assert_true(config_has(&three, 1, "\n  sync_interval: \"2s\""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hosts_have_ports),
	    cmocka_unit_test(what_is_no_list_of_servers_is_refused),
	    cmocka_unit_test(paths_that_would_end_a_string_are_refused),
	    cmocka_unit_test(a_server_alone_has_no_routes_and_a_cluster_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
