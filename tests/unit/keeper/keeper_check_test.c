#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "carillon/keeper/check.h"

#include <cmocka.h>

struct heard {
	char text[256];
	int n_good, n_bad;
};

static void
hear(const struct keeper_answer *answer, void *arg)
{
	struct heard *h = arg;

	(void)snprintf(h->text, sizeof(h->text), "%s %s (%s)", answer->what, answer->sentence,
	    answer->code);
	h->n_good += answer->ok;
	h->n_bad += !answer->ok;
}

/* A connection whose destination listens nowhere. */
static bool
ask_nobody(keeper_answer_fn *each, struct heard *heard, connection_record *rec, struct err *e)
{
	static struct config config;
	struct arena *a = arena_new(0);
	struct secret *token = secret_new(SECRET_MAX);
	struct keeper_question q = {
	    .arena = a, .config = &config, .credential = token, .each = each, .arg = heard};
	bool ok;

	assert_true(secret_append(token, "xoxb-test-nobody", 16));
	config_defaults(&config);
	(void)snprintf(
	    config.slack_api_url, sizeof(config.slack_api_url), "http://127.0.0.1:9");
	config.connect_timeout_ms = 500;
	ok = keeper_check_account(&q, rec, e);
	secret_free(token);
	arena_free(a);
	return ok;
}

static void
a_type_of_a_newer_version_is_an_error(void **state)
{
	connection_record rec = CARILLON__V1__CONNECTION__INIT;
	struct err e = {0};

	(void)state;
	rec.dest = (char *)(uintptr_t) "pigeon";
	assert_false(ask_nobody(NULL, NULL, &rec, &e));
	assert_int_equal(e.kind, ERR_SETUP);
	assert_non_null(strstr(e.text, "\"pigeon\""));
}

static void
no_answer_is_an_error_or_bad_news(void **state)
{
	Carillon__V1__Channel channel = CARILLON__V1__CHANNEL__INIT, *channels[] = {&channel};
	connection_record rec = CARILLON__V1__CONNECTION__INIT;
	struct heard heard = {0};
	struct err e = {0};

	(void)state;
	rec.dest = (char *)(uintptr_t) "slack";
	rec.channels = channels;
	rec.n_channels = 1;
	assert_false(ask_nobody(NULL, NULL, &rec, &e));
	assert_int_equal(e.kind, ERR_TEMP);
	assert_int_equal(strncmp(e.text, "credential: ", 12), 0);
	assert_true(ask_nobody(hear, &heard, &rec, &e));
	assert_int_equal(heard.n_good, 0);
	assert_int_equal(heard.n_bad, 1); /* and nothing of the channel */
	assert_int_equal(strncmp(heard.text, "credential ", 11), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_type_of_a_newer_version_is_an_error),
	    cmocka_unit_test(no_answer_is_an_error_or_bad_news),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
