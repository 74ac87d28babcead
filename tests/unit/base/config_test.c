#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "carillon/base/config.h"

#include <cmocka.h> /* last: it makes a macro of fail */

static struct config config;
static struct err err;

/* The defaults, but for numbers the tests speak of: those may be tuned without asking here. */
static int
start_from_known(void **state)
{
	(void)state;
	config_defaults(&config);
	config.active_max = 1024;
	config.ack_pending_max = 20000;
	config.nak_slots_max = 4000;
	config.lane_shut_min_ms = 1000;
	config.lane_shut_max_ms = 60000;
	err = (struct err){0};
	return 0;
}

static bool
load(const char *yaml)
{
	return config_load_text(&config, str_of(yaml), "c.yaml", &err);
}

static void
assert_refused(const char *yaml, const char *text)
{
	assert_false(load(yaml));
	assert_int_equal(err.kind, ERR_INPUT);
	assert_string_equal(err.text, text);
}

static void
assert_invalid(const char *name, const char *value, const char *text)
{
	(void)start_from_known(NULL);
	if (config_set(&config, name, value, &err))
		assert_false(config_check(&config, &err));
	assert_int_equal(err.kind, ERR_INPUT);
	assert_string_equal(err.text, text);
}

static void
the_defaults_pass_their_own_check(void **state)
{
	(void)state;
	config_defaults(&config);
	if (!config_check(&config, &err))
		fail_msg("%s", err.text);
	assert_string_equal(config.nats_url, "nats://127.0.0.1:4222");
	assert_false(config.keep_delivered_requests);
}

static void
every_default_is_within_its_own_bounds(void **state)
{
	(void)state;
	config_defaults(&config);
#define TEXT_STRING(name) (void)snprintf(text, sizeof(text), "%s", config.name)
#define TEXT_INT(name)    (void)snprintf(text, sizeof(text), "%lld", (long long)config.name)
#define TEXT_BOOL(name)   (void)snprintf(text, sizeof(text), "%s", config.name ? "true" : "false")
	char text[CONFIG_STRING_MAX];
#define SETTING(type, name, def, min, max, unit, at, sentence) \
	TEXT_##type(name);                                     \
	if (!config_set(&config, #name, text, &err))           \
		fail_msg("%s", err.text);
#include "carillon/base/config.def"
#undef SETTING
}

static void
a_mapping_sets_strings_numbers_and_booleans(void **state)
{
	(void)state;
	assert_true(
	    load("# comment\nnode_name: north\n'active_max': 7\nkeep_delivered_requests: true\n"
		 "data_dir: \"C\\\\x\"\n"));
	assert_string_equal(config.node_name, "north");
	assert_int_equal(config.active_max, 7);
	assert_true(config.keep_delivered_requests);
	assert_string_equal(config.data_dir, "C\\x");
}

static void
a_file_of_comments_sets_nothing(void **state)
{
	(void)state;
	assert_true(load(""));
	assert_true(load("# nothing\n"));
	assert_true(load("---\n# nothing\n"));
	assert_true(load("{}"));
	assert_int_equal(config.active_max, 1024);
}

static void
text_that_looks_like_another_type_stays_text(void **state)
{
	(void)state;
	assert_true(load("node_name: yes\n"));
	assert_string_equal(config.node_name, "yes");
	assert_true(load("node_name: 1.10\n"));
	assert_string_equal(config.node_name, "1.10");
}

static void
an_unknown_setting_is_named_with_its_place_and_the_nearest(void **state)
{
	(void)state;
	assert_refused("node_name: a\n  \nactve_max: 3\n",
	    "c.yaml:3:1: actve_max: no such setting; did you mean active_max?");
	assert_refused(
	    "ntas_url: x", "c.yaml:1:1: ntas_url: no such setting; did you mean nats_url?");
	assert_refused("weather: fine", "c.yaml:1:1: weather: no such setting");
	assert_refused("<<: {}", "c.yaml:1:1: <<: no such setting");
	assert_refused("\"a\\e[1mb\": 1", "c.yaml:1:1: a?[1mb: no such setting");
}

static void
an_unknown_setting_of_any_length_is_cut(void **state)
{
	(void)state;
	char yaml[600];
	for (size_t i = 0; i < sizeof(yaml) - 2; i++)
		yaml[i] = 'a';
	(void)str_copy(yaml + 500, 100, STR(": 1"));
	assert_false(
	    load(yaml)); /* beyond the first 1024 bytes YAML itself would refuse the key */
	assert_true(strlen(err.text) < 120);
	assert_non_null(strstr(err.text, "aaa...: no such setting"));
}

static void
what_could_be_misread_in_yaml_is_refused(void **state)
{
	(void)state;
	assert_refused(
	    "node_name: &a x", "c.yaml:1:12: node_name: anchors are not used in settings");
	assert_refused("node_name: *a",
	    "c.yaml:1:12: node_name: aliases are not used in settings; write the value out");
	assert_refused(
	    "node_name: !!str 5", "c.yaml:1:12: node_name: tags are not used in settings");
	assert_refused(
	    "node_name: ! x", "c.yaml:1:12: node_name: tags are not used in settings");
	assert_refused(
	    "&r {node_name: x}", "c.yaml:1:1: anchors and tags are not used in settings");
	assert_refused("!!map {}", "c.yaml:1:1: anchors and tags are not used in settings");
	assert_refused("node_name: a\nnode_name: a\n", "c.yaml:2:1: node_name: is set twice");
	assert_refused("node_name: {a: b}",
	    "c.yaml:1:12: node_name: settings are not nested; write "
	    "\"name: value\" at the left margin");
	assert_refused("node_name:\n- a\n",
	    "c.yaml:2:1: node_name: lists are not used in settings; write one value");
	assert_refused("node_name: a\n---\nnode_name: b\n",
	    "c.yaml:2:1: a second document; settings are one");
	assert_refused("[a]", "c.yaml:1:1: expected settings, \"name: value\" one a line");
	assert_refused("hello", "c.yaml:1:1: expected settings, \"name: value\" one a line");
	assert_refused(
	    "? [a]\n: b", "c.yaml:1:3: lists are not used in settings; write one value");
}

static void
a_setting_without_a_value_is_refused(void **state)
{
	(void)state;
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
	for (size_t i = 0; i < COUNT_OF(nulls); i++) {
		char yaml[64];
		(void)snprintf(yaml, sizeof(yaml), "nats_creds: %s\n", nulls[i]);
		assert_false(load(yaml));
		assert_non_null(
		    strstr(err.text, "nats_creds: has no value; write \"\" for an empty one"));
	}
	assert_true(load("nats_creds: \"\"\n"));
	assert_true(load("nats_creds: 'null'\n"));
}

static void
numbers_and_booleans_are_written_without_quotes(void **state)
{
	(void)state;
	assert_refused("active_max: '7'",
	    "c.yaml:1:13: active_max: is text; write numbers without quotes");
	assert_refused("keep_delivered_requests: \"true\"",
	    "c.yaml:1:26: keep_delivered_requests: is "
	    "text; write true and false without quotes");
}

static void
broken_yaml_is_refused_with_its_place(void **state)
{
	(void)state;
	assert_false(load("node_name: \"x\n"));
	assert_non_null(strstr(err.text, "c.yaml:2:1: "));
	assert_false(load("node_name: a\n\tb: c\n"));
	assert_non_null(strstr(err.text, "c.yaml:2:"));
	assert_false(load("node_name: \x01\n"));
	assert_string_equal(err.text, "c.yaml: byte 12: control characters are not allowed");
	assert_false(load("node_name: \xff\n"));
	assert_non_null(strstr(err.text, "c.yaml: byte 12: "));
}

static void
only_whole_decimal_numbers_are_numbers(void **state)
{
	(void)state;
	static const char *const wrong[] = {
	    "", " ", "1 ", "+1", "0x10", "1e3", "1.0", "1_000", "010", "-", "--1", "many"};
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		assert_false(config_set(&config, "active_max", wrong[i], &err));
		assert_non_null(
		    strstr(err.text, "is not a whole number; it must be 1 to 65536"));
	}
	assert_int_equal(config.active_max, 1024);
	assert_true(config_set(&config, "nak_slots_max", "0", &err));
	assert_int_equal(config.nak_slots_max, 0);
}

static void
a_number_out_of_bounds_says_value_bounds_and_unit(void **state)
{
	(void)state;
	assert_invalid("active_max", "0",
	    "active_max: 0 is out of bounds; it must be 1 to 65536 deliveries");
	assert_invalid("active_max", "-5",
	    "active_max: -5 is out of bounds; it must be 1 to 65536 deliveries");
	assert_invalid(
	    "ack_wait_s", "3601", "ack_wait_s: 3601 is out of bounds; it must be 2 to 3600 s");
	assert_invalid("replicas", "99999999999999999999",
	    "replicas: 99999999999999999999 is out of bounds; it must be 1 to 5");
	assert_invalid("replicas", "18446744073709551617",
	    "replicas: 18446744073709551617 is out of bounds; it must be 1 to 5");
	assert_int_equal(config.replicas, 1);
}

static void
only_true_and_false_are_booleans(void **state)
{
	(void)state;
	static const char *const wrong[] = {"", "yes", "no", "on", "True", "FALSE", "1", "0"};
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		assert_false(config_set(&config, "keep_delivered_requests", wrong[i], &err));
		assert_non_null(strstr(err.text, "is neither true nor false"));
	}
	assert_true(config_set(&config, "keep_delivered_requests", "true", &err));
	assert_true(config.keep_delivered_requests);
}

static void
text_has_bounds_and_no_control_characters(void **state)
{
	(void)state;
	char longest[CONFIG_STRING_MAX + 1] = {0};
	for (size_t i = 0; i < CONFIG_STRING_MAX - 1; i++)
		longest[i] = 'd';
	assert_true(config_set(&config, "data_dir", longest, &err));
	assert_string_equal(config.data_dir, longest);
	longest[CONFIG_STRING_MAX - 1] = 'd';
	assert_invalid("data_dir", longest, "data_dir: has 1025 bytes; it must have 1 to 1024");
	assert_invalid("data_dir", "", "data_dir: has 0 bytes; it must have 1 to 1024");
	assert_invalid("data_dir", "/a\nb", "data_dir: has a control character at byte 3");
	assert_invalid("data_dir", "/\xc3", "data_dir: is not UTF-8 text");
	assert_refused("data_dir: \"a\\0b\"", "c.yaml:1:11: data_dir: is not UTF-8 text");
}

static void
a_later_value_replaces_the_whole_earlier_one(void **state)
{
	(void)state;
	assert_true(config_set(&config, "node_name", "a-long-name", &err));
	assert_true(config_set(&config, "node_name", "b", &err));
	assert_string_equal(config.node_name, "b");
}

static void
rules_across_settings_are_checked(void **state)
{
	(void)state;
	assert_invalid("ack_pending_max", "4095",
	    "ack_pending_max: 4095 must be at least 4 x active_max, 4096");
	assert_invalid("nak_slots_max", "10001",
	    "nak_slots_max: 10001 must be at most half of ack_pending_max, 10000");
	assert_invalid("lane_shut_min_ms", "60001",
	    "lane_shut_min_ms: 60001 must be at most lane_shut_max_ms, 60000 ms");
	assert_invalid(
	    "prefix", "Carillon", "prefix: must be made of a-z, 0-9, \"_\" and \"-\"");
	assert_invalid("prefix", "a.b", "prefix: must be made of a-z, 0-9, \"_\" and \"-\"");
	assert_invalid("log_level", "loud", "log_level: must be debug, info, warn or error");
}

static void
rules_hold_at_their_edges(void **state)
{
	(void)state;
	config.ack_pending_max = 4096;
	config.nak_slots_max = 2048;
	config.lane_shut_min_ms = config.lane_shut_max_ms;
	assert_true(config_check(&config, &err));
	config.nak_slots_max++;
	assert_false(config_check(&config, &err));
}

static void
urls_need_a_scheme_and_a_host(void **state)
{
	(void)state;
	const char *slack = "slack_api_url: must be https:// or http:// and a host";
	assert_invalid("slack_api_url", "slack.com/api", slack);
	assert_invalid("slack_api_url", "https://", slack);
	assert_invalid("slack_api_url", "https:///api", slack);
	assert_invalid("slack_api_url", "ftp://slack.com", slack);
	const char *first = "nats_url: address 1 must be nats:// or tls:// and a host";
	assert_invalid("nats_url", "127.0.0.1:4222", first);
	const char *second = "nats_url: address 2 must be nats:// or tls:// and a host";
	assert_invalid("nats_url", "nats://a,", second);
	assert_invalid("nats_url", "nats://a,b", second);
	assert_true(
	    config_set(&config, "nats_url", "nats://a:1, tls://u:p@b,tls://[::1]:3", &err));
	assert_true(config_set(&config, "slack_api_url", "http://127.0.0.1:1/api", &err));
	assert_true(config_check(&config, &err));
}

static void
no_error_shows_the_password_of_a_url(void **state)
{
	(void)state;
	assert_true(config_set(&config, "nats_url", "http://me:fake-word@host", &err));
	assert_false(config_check(&config, &err));
	assert_null(strstr(err.text, "fake-word"));
}

static void
a_retry_schedule_is_a_list_of_seconds(void **state)
{
	(void)state;
	struct retry_schedule schedule;
	assert_true(config_retry_schedule("0,5, 604800,1", &schedule, &err));
	assert_int_equal(schedule.steps, 4);
	assert_int_equal(schedule.delay_ms[0], 0);
	assert_int_equal(schedule.delay_ms[1], 5000);
	assert_int_equal(schedule.delay_ms[2], 604800000);
	assert_int_equal(schedule.delay_ms[3], 1000);
}

static void
a_wrong_retry_schedule_is_refused(void **state)
{
	(void)state;
	static const char *const wrong[] = {"", ",", "1,", ",1", "1,,2", "a", "-1", "1.5",
	    "604801", "99999999999999999999999", "1 2", "0x1"};
	struct retry_schedule schedule;
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		assert_false(config_retry_schedule(wrong[i], &schedule, &err));
	assert_true(config_retry_schedule("1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1", &schedule, &err));
	assert_int_equal(schedule.steps, RETRY_STEPS_MAX);
	assert_invalid("retry_schedule_s", "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1",
	    "retry_schedule_s: has more than 16 delays");
	assert_invalid("retry_schedule_s", "0,x",
	    "retry_schedule_s: delay 2 is not a whole number of seconds from 0 to 604800");
}

static void
the_environment_overrides(void **state)
{
	(void)state;
	setenv("CARILLON_ACTIVE_MAX", "33", 1);
	setenv("CARILLON_NODE_NAME", "", 1);
	assert_true(config_set(&config, "node_name", "old", &err));
	bool ok = config_load_env(&config, &err);
	unsetenv("CARILLON_ACTIVE_MAX");
	unsetenv("CARILLON_NODE_NAME");
	assert_true(ok);
	assert_int_equal(config.active_max, 33);
	assert_string_equal(config.node_name, "");
}

static void
assert_environment_refused(const char *variable, const char *value, const char *text)
{
	setenv(variable, value, 1);
	bool ok = config_load_env(&config, &err);
	unsetenv(variable);
	assert_false(ok);
	assert_string_equal(err.text, text);
}

static void
a_wrong_variable_is_named(void **state)
{
	(void)state;
	assert_environment_refused("CARILLON_ACTVE_MAX", "3",
	    "CARILLON_ACTVE_MAX: no such setting; did you mean CARILLON_ACTIVE_MAX?");
	assert_environment_refused("CARILLON_active_max", "3",
	    "CARILLON_active_max: no such setting; unset it (`carillon "
	    "serve --help` lists them)");
	assert_environment_refused("CARILLON_WEATHER", "3",
	    "CARILLON_WEATHER: no such setting; unset it (`carillon serve --help` lists them)");
	assert_environment_refused("CARILLON_KEEP_DELIVERED_REQUESTS", "yes",
	    "CARILLON_KEEP_DELIVERED_REQUESTS: \"yes\" is neither true nor false");
}

static void
variables_that_are_no_settings_are_left_alone(void **state)
{
	(void)state;
	static const char *const other[] = {"CARILLON_MASTER_KEY", "CARILLON_CONFIG",
	    "CARILLON_ALLOW_CORE", "CARILLON_SERVICE_HOST", "CARILLON_SERVICE_PORT_HTTP",
	    "CARILLON_PORT_8080_TCP", "CARILLON", "XCARILLON_ACTIVE_MAX"};
	for (size_t i = 0; i < COUNT_OF(other); i++)
		setenv(other[i], "x", 1);
	bool ok = config_load_env(&config, &err);
	for (size_t i = 0; i < COUNT_OF(other); i++)
		unsetenv(other[i]);
	assert_true(ok);
}

static void
file_then_environment_then_check(void **state)
{
	(void)state;
	char path[] = "config_test.XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	dprintf(fd, "active_max: 10\nack_pending_max: 64\nnak_slots_max: 1\n");
	close(fd);
	setenv("CARILLON_CONFIG", "/nonexistent/file.yaml", 1);
	bool missing = config_load(&config, NULL, "/nonexistent", &err);
	enum err_kind kind = err.kind;
	bool from_file = config_load(&config, path, "/nonexistent", &err);
	setenv("CARILLON_CONFIG", path, 1);
	setenv("CARILLON_ACTIVE_MAX", "17", 1);
	setenv("CARILLON_CONFIG", "", 1);
	unsetenv("CARILLON_ACTIVE_MAX");
	bool without = config_load(&config, NULL, path, &err) && config.active_max == 2048;
	unsetenv("CARILLON_CONFIG");
	bool usual = config_load(&config, NULL, path, &err) && config.active_max == 10;
	setenv("CARILLON_CONFIG", path, 1);
	setenv("CARILLON_ACTIVE_MAX", "17", 1);
	bool beyond = config_load(&config, NULL, "/nonexistent", &err);
	unsetenv("CARILLON_CONFIG");
	unsetenv("CARILLON_ACTIVE_MAX");
	unlink(path);
	assert_false(missing);
	assert_int_equal(kind, ERR_NOT_FOUND);
	assert_true(from_file);
	assert_true(without);
	assert_true(usual);
	assert_false(beyond);
	assert_string_equal(
	    err.text, "ack_pending_max: 64 must be at least 4 x active_max, 68");
}

static void
an_enormous_file_is_refused(void **state)
{
	(void)state;
	assert_false(config_load_file(&config, "/dev/zero", &err));
	assert_string_equal(err.text, "/dev/zero: is larger than 262144 bytes");
}

static void
the_printed_settings_load_again(void **state)
{
	(void)state;
	struct buf text = {0};
	assert_true(config_set(&config, "data_dir", "/tmp/a \"b\" \\c # d: é", &err));
	assert_true(config_set(&config, "keep_delivered_requests", "true", &err));
	config_yaml(&config, &text);
	struct config again;
	config_defaults(&again); /* of which every one is printed */
	assert_true(config_load_text(&again, buf_view(&text), "printed", &err));
	assert_memory_equal(&again, &config, sizeof(config));
	buf_fini(&text);
}

static void
the_printed_settings_hide_passwords_in_urls(void **state)
{
	(void)state;
	struct buf text = {0};
	assert_true(config_set(
	    &config, "nats_url", "nats://me:fake-one@a:1,tls://fake-two@b,nats://c", &err));
	config_yaml(&config, &text);
	assert_non_null(
	    strstr(text.ptr, "nats_url: \"nats://***@a:1,tls://***@b,nats://c\"\n"));
	buf_fini(&text);
}

static void
help_and_markdown_name_every_setting(void **state)
{
	(void)state;
	struct buf help = {0}, markdown = {0};
	config_help(&help);
	config_markdown(&markdown);
#define SETTING(type, name, def, min, max, unit, at, sentence)                  \
	assert_non_null(strstr(help.ptr, "  " #name "\n      " sentence "\n")); \
	assert_non_null(strstr(markdown.ptr, "| `" #name "` | "));
#include "carillon/base/config.def"
#undef SETTING
	assert_non_null(strstr(help.ptr, "default 30; 2 to 3600 s; changes at a restart\n"));
	assert_non_null(
	    strstr(markdown.ptr, "| `ack_wait_s` | `30` | 2 to 3600 s | restart | how long"));
	buf_fini(&help);
	buf_fini(&markdown);
}

#define TEST(name) cmocka_unit_test_setup(name, start_from_known)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_defaults_pass_their_own_check),
	    TEST(every_default_is_within_its_own_bounds),
	    TEST(a_mapping_sets_strings_numbers_and_booleans),
	    TEST(a_file_of_comments_sets_nothing),
	    TEST(text_that_looks_like_another_type_stays_text),
	    TEST(an_unknown_setting_is_named_with_its_place_and_the_nearest),
	    TEST(an_unknown_setting_of_any_length_is_cut),
	    TEST(what_could_be_misread_in_yaml_is_refused),
	    TEST(a_setting_without_a_value_is_refused),
	    TEST(numbers_and_booleans_are_written_without_quotes),
	    TEST(broken_yaml_is_refused_with_its_place),
	    TEST(only_whole_decimal_numbers_are_numbers),
	    TEST(a_number_out_of_bounds_says_value_bounds_and_unit),
	    TEST(only_true_and_false_are_booleans),
	    TEST(text_has_bounds_and_no_control_characters),
	    TEST(a_later_value_replaces_the_whole_earlier_one),
	    TEST(rules_across_settings_are_checked),
	    TEST(rules_hold_at_their_edges),
	    TEST(urls_need_a_scheme_and_a_host),
	    TEST(no_error_shows_the_password_of_a_url),
	    TEST(a_retry_schedule_is_a_list_of_seconds),
	    TEST(a_wrong_retry_schedule_is_refused),
	    TEST(the_environment_overrides),
	    TEST(a_wrong_variable_is_named),
	    TEST(variables_that_are_no_settings_are_left_alone),
	    TEST(file_then_environment_then_check),
	    TEST(an_enormous_file_is_refused),
	    TEST(the_printed_settings_load_again),
	    TEST(the_printed_settings_hide_passwords_in_urls),
	    TEST(help_and_markdown_name_every_setting),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
