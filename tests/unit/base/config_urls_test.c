#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "carillon/base/config.h"

#include <cmocka.h>

static struct config config;
static struct err err;

static void
nats_over_websocket_is_refused_as_such(void **state)
{
	static const char *const urls[] = {"wss://user:fake-word@host", "ws://host:8080"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(urls); i++) {
		config_defaults(&config);
		assert_true(config_set(&config, "nats_url", urls[i], &err));
		assert_false(config_check(&config, &err));
		assert_non_null(strstr(err.text, "nats_url: address 1: NATS is not spoken"));
		assert_null(strstr(err.text, "fake-word"));
	}
}

static void
tokens_do_not_travel_in_clear(void **state)
{
	static const char *const refused[] = {
	    "http://192.0.2.2/api",
	    "http://127.0.0.1.evil.example",
	    "http://127.0.0.1@evil.example/api",
	    "http://localhost.evil.example/api",
	    "http://slack.com/api",
	    "https://me:fake-word@slack.com/api",
	    "http://localhost:99999/api",
	    "https://slack.com:44x/api",
	    "https://slack.com/api?fake-word=1",
	    "https://slack.com/api#x",
	    "https://slack.com/a pi",
	};
	static const char *const taken[] = {"http://127.0.0.1:8080/api", "http://localhost/api",
	    "http://[::1]:1/api", "https://slack.example/api"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		config_defaults(&config);
		assert_true(config_set(&config, "slack_api_url", refused[i], &err));
		if (config_check(&config, &err))
			fail_msg("%s is taken", refused[i]);
		assert_non_null(strstr(err.text, "slack_api_url: "));
		assert_null(strstr(err.text, "fake-word"));
	}
	for (size_t i = 0; i < COUNT_OF(taken); i++) {
		config_defaults(&config);
		assert_true(config_set(&config, "slack_api_url", taken[i], &err));
		if (!config_check(&config, &err))
			fail_msg("%s: %s", taken[i], err.text);
	}
}

static void
a_proxy_is_a_host_and_a_port(void **state)
{
	static const char *const refused[] = {
	    "proxy:3128",
	    "http://proxy",
	    "http://proxy:",
	    "http://proxy:0",
	    "http://proxy:65536",
	    "http://proxy:31 28",
	    "http://proxy:3128/pac",
	    "https://proxy:3128",
	    "socks5://proxy:1080",
	    "http://me:fake-word@proxy:3128",
	};
	static const char *const taken[] = {
	    "", "http://proxy:3128", "http://10.0.0.1:65535/", "http://[fd00::1]:8080"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		config_defaults(&config);
		assert_true(config_set(&config, "slack_proxy", refused[i], &err));
		if (config_check(&config, &err))
			fail_msg("%s is taken", refused[i]);
		assert_non_null(strstr(err.text, "slack_proxy: "));
		assert_null(strstr(err.text, "fake-word"));
	}
	for (size_t i = 0; i < COUNT_OF(taken); i++) {
		config_defaults(&config);
		assert_true(config_set(&config, "slack_proxy", taken[i], &err));
		if (!config_check(&config, &err))
			fail_msg("%s: %s", taken[i], err.text);
	}
}

static void
who_we_are_is_said_in_one_way(void **state)
{
	static const struct {
		const char *first, *second, *says;
	} pairs[] = {
	    {"nats_creds", "nats_token_file", "nats_token_file: nats_creds is set too"},
	    {"nats_token_file", "nats_nkey_file", "nats_nkey_file: nats_token_file is set too"},
	    {"nats_user", "prefix", "nats_user and nats_password_file: set both"},
	    {"nats_cert", "prefix", "nats_cert and nats_key: set both"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(pairs); i++) {
		config_defaults(&config);
		assert_true(config_set(&config, pairs[i].first, "x", &err));
		assert_true(config_set(&config, pairs[i].second, "x", &err));
		assert_false(config_check(&config, &err));
		assert_non_null(strstr(err.text, pairs[i].says));
	}
	config_defaults(&config);
	assert_true(config_set(&config, "nats_user", "x", &err));
	assert_true(config_set(&config, "nats_password_file", "x", &err));
	assert_true(config_set(&config, "nats_cert", "x", &err));
	assert_true(config_set(&config, "nats_key", "x", &err));
	assert_true(config_check(&config, &err));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nats_over_websocket_is_refused_as_such),
	    cmocka_unit_test(tokens_do_not_travel_in_clear),
	    cmocka_unit_test(a_proxy_is_a_host_and_a_port),
	    cmocka_unit_test(who_we_are_is_said_in_one_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
