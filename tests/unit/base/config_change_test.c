/* What SIGHUP finds changed, and what of it counts. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>

#include "carillon/base/config.h"

#include <cmocka.h> /* last: it makes a macro of fail */

static struct config config, wanted;
static struct err err;

static int
start_from_defaults(void **state)
{
	(void)state;
	config_defaults(&config);
	wanted = config;
	return 0;
}

struct changes {
	int n;
	char text[512];
};

static void
note_change(const char *name, bool at_reload, const char *was, const char *is, void *arg)
{
	struct changes *c = arg;
	size_t len = strlen(c->text);

	c->n++;
	snprintf(c->text + len, sizeof(c->text) - len, "%s%s %s>%s;", name,
	    at_reload ? "" : "!", was, is);
}

static void
what_changed_is_told_with_both_values_and_whether_a_reload_is_enough(void **state)
{
	struct changes c = {0};

	(void)state;
	config_each_change(&config, &wanted, note_change, &c);
	assert_int_equal(c.n, 0);
	wanted.lane_window_max = 7;
	wanted.keep_delivered_requests = true;
	assert_true(config_set(&wanted, "data_dir", "/tmp/d", &err));
	assert_true(config_set(&wanted, "slack_api_url", "https://me:fake@p/api", &err));
	config_each_change(&config, &wanted, note_change, &c);
	assert_string_equal(c.text,
	    "data_dir! \"/var/lib/carillon\">\"/tmp/d\";"
	    "slack_api_url \"https://slack.com/api\">\"https://***@p/api\";"
	    "lane_window_max 64>7;keep_delivered_requests false>true;");
}

static void
what_is_left_of_a_longer_value_is_no_change(void **state)
{
	struct changes c = {0};

	(void)state;
	assert_true(config_set(&wanted, "log_level", "error", &err));
	assert_true(config_set(&wanted, "log_level", "info", &err));
	config_each_change(&config, &wanted, note_change, &c);
	assert_int_equal(c.n, 0);
}

static void
a_reload_takes_over_what_needs_no_restart(void **state)
{
	(void)state;
	wanted.active_max = 12;
	wanted.ack_wait_s = 12;
	assert_true(config_set(&wanted, "retry_schedule_s", "0,1", &err));
	assert_true(config_set(&wanted, "prefix", "other", &err));
	config_take_reloadable(&config, &wanted);
	assert_int_equal(config.active_max, 12);
	assert_string_equal(config.retry_schedule_s, "0,1");
	assert_int_equal(config.ack_wait_s, 30);
	assert_string_equal(config.prefix, "carillon");
}

#define TEST(name) cmocka_unit_test_setup(name, start_from_defaults)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_changed_is_told_with_both_values_and_whether_a_reload_is_enough),
	    TEST(what_is_left_of_a_longer_value_is_no_change),
	    TEST(a_reload_takes_over_what_needs_no_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
