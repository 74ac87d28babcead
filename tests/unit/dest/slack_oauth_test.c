#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "carillon/dest/directory.h"
#include "carillon/dest/grant.h"
#include "dest/slack/render.h"

#include <cmocka.h> /* last: it makes a macro of fail */

static struct http_request req;
static struct secret *credential, *other;
static struct outcome outcome;
static struct dest_grant grant;
static struct err err;

#define OAUTH     (dest_slack.oauth)
#define DIRECTORY (dest_slack.directory)

static int
set_up(void **state)
{
	(void)state;
	http_request_init(&req);
	credential = secret_new(SECRET_MAX);
	other = secret_new(SECRET_MAX);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	http_request_fini(&req);
	req = (struct http_request){0};
	secret_free(credential);
	secret_free(other);
	return 0;
}

static bool
judge(const char *body)
{
	const struct http_response res = {.transport = TRANSPORT_ANSWERED,
	    .status = 200,
	    .retry_after_ms = -1,
	    .body = str_of(body)};

	return OAUTH->judge_grant(&res, &grant, credential, &outcome);
}

static bool
has(const struct secret *s, uint8_t tag, struct str value)
{
	struct secret_view v = credential_get(s, tag);

	return str_eq((struct str){v.ptr, v.len}, value);
}

#define WHOLE                                                                                  \
	"{\"ok\":true,\"access_token\":\"xoxe.xoxb-test-1\",\"token_type\":\"bot\","           \
	"\"scope\":\"chat:write,incoming-webhook\",\"bot_user_id\":\"U0BOT\","                 \
	"\"app_id\":\"A0APP\",\"team\":{\"id\":\"T1\",\"name\":\"Acme Inc.\"},"                \
	"\"enterprise\":null,\"is_enterprise_install\":false,\"authed_user\":{\"id\":\"U7\"}," \
	"\"refresh_token\":\"xoxe-test-r1\",\"expires_in\":43200,"                             \
	"\"incoming_webhook\":{\"channel\":\"#ops\",\"channel_id\":\"C1\","                    \
	"\"url\":\"https:\\/\\/hooks.slack.com\\/services\\/test\"}}"

static void
a_grant_is_read_whole(void **state)
{
	(void)state;
	assert_true(judge(WHOLE));
	assert_int_equal(grant.fault, GRANT_FINE);
	assert_string_equal(grant.account.id, "T1");
	assert_string_equal(grant.account.name, "Acme Inc.");
	assert_string_equal(grant.app_id, "A0APP");
	assert_string_equal(grant.scopes, "chat:write,incoming-webhook");
	assert_string_equal(grant.granted_by, "U7");
	assert_string_equal(grant.channel_id, "C1");
	assert_string_equal(grant.channel_name, "ops");
	assert_int_equal(grant.expires_in_s, 43200);
	assert_true(has(credential, 1, STR("xoxe.xoxb-test-1")));
	assert_true(has(credential, 2, STR("xoxe-test-r1")));
	assert_true(has(credential, 3, STR("https://hooks.slack.com/services/test")));
}

static void
what_is_no_grant_leaves_no_secret(void **state)
{
	static const struct {
		const char *body;
		enum grant_fault fault;
	} cases[] = {
	    {"{\"ok\":false,\"error\":\"invalid_code\"}", GRANT_AGAIN},
	    {"{\"ok\":false,\"error\":\"bad_client_secret\"}", GRANT_APP},
	    {"{\"ok\":false,\"error\":\"bad_redirect_uri\"}", GRANT_APP},
	    {"{\"ok\":false,\"error\":\"invalid_refresh_token\"}", GRANT_LOST},
	    {"{\"ok\":false,\"error\":\"user_email_unverified\"}", GRANT_PERSON},
	    {"{\"ok\":false,\"error\":\"ratelimited\"}", GRANT_AWAY},
	    {"{\"ok\":false,\"error\":\"internal_error\"}", GRANT_AWAY},
	    {"{\"ok\":false,\"error\":\"new_error_of_2027\"}", GRANT_PERSON},
	    {"<html>", GRANT_AWAY},
	    {"", GRANT_AWAY},
	    {"{\"ok\":true,\"team\":{\"id\":\"T1\"}}", GRANT_AWAY},
	    {"{\"ok\":true,\"access_token\":\"xoxb-test-1\",\"team\":null,"
	     "\"is_enterprise_install\":true}",
		GRANT_PERSON},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_false(judge(cases[i].body));
		assert_int_equal(grant.fault, cases[i].fault);
		assert_int_equal(secret_len(credential), 0);
		assert_true(outcome.reason[0] != '\0');
		assert_null(strstr(outcome.reason, "xoxb"));
	}
}

static void
a_request_has_its_secrets_where_they_are_wiped(void **state)
{
	const struct dest_app app = {"https://slack.com/api/", STR("1.2"), credential};

	(void)state;
	assert_true(secret_append(credential, "test-client-secret", 18));
	assert_true(OAUTH->compose_exchange(
	    &req, &app, STR("a b&c"), STR("https://x.example/cb"), &err));
	assert_string_equal(req.url, "https://slack.com/api/oauth.v2.access");
	assert_string_equal(
	    req.body.ptr, "code=a%20b%26c&redirect_uri=https%3A%2F%2Fx%2Eexample%2Fcb");
	assert_string_equal(
	    secret_bytes(req.auth), "Authorization: Basic MS4yOnRlc3QtY2xpZW50LXNlY3JldA==");
	assert_true(req.is_private);
	assert_false(OAUTH->compose_exchange(&req, &app, STR(""), STR("u"), &err));
}

static void
only_what_ends_is_renewed(void **state)
{
	const struct dest_app app = {"https://slack.com/api", STR("1.2"), other};

	(void)state;
	assert_true(secret_append(other, "s", 1));
	assert_true(judge(WHOLE));
	assert_true(OAUTH->compose_renewal(&req, &app, credential, &err));
	assert_string_equal(
	    req.body.ptr, "grant_type=refresh%5Ftoken&refresh_token=xoxe%2Dtest%2Dr1");
	secret_clear(credential);
	assert_true(secret_append(credential, "xoxb-test-1", 11));
	assert_false(OAUTH->compose_renewal(&req, &app, credential, &err));
}

static void
a_channels_own_way_stays_with_its_connection(void **state)
{
	struct secret *out = secret_new(SECRET_MAX);

	(void)state;
	assert_true(judge(WHOLE));
	assert_true(OAUTH->combine(out, credential, other, false));
	assert_true(has(out, 3, STR("https://hooks.slack.com/services/test")));
	/* Another connection of the account does not get it. */
	assert_true(OAUTH->combine(out, credential, other, true));
	assert_true(has(out, 1, STR("xoxe.xoxb-test-1")) && has(out, 3, STR("")));
	/* What was there stays, when more was asked for without it. */
	assert_true(OAUTH->combine(other, credential, out, false));
	assert_true(judge("{\"ok\":true,\"access_token\":\"xoxb-test-2\","
			  "\"team\":{\"id\":\"T1\"}}"));
	assert_true(OAUTH->combine(out, credential, other, false));
	assert_true(has(out, 1, STR("xoxb-test-2")) && has(out, 2, STR("")));
	assert_true(has(out, 3, STR("https://hooks.slack.com/services/test")));
	secret_free(out);
}

static void
what_is_gone_counts_as_given_back(void **state)
{
	static const struct {
		const char *body;
		bool ok;
	} cases[] = {
	    {"{\"ok\":true,\"revoked\":true}", true},
	    {"{\"ok\":false,\"error\":\"token_revoked\"}", true},
	    {"{\"ok\":false,\"error\":\"account_inactive\"}", true},
	    {"{\"ok\":false,\"error\":\"internal_error\"}", false},
	    {"", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct http_response res = {.transport = TRANSPORT_ANSWERED,
		    .status = 200,
		    .body = str_of(cases[i].body)};
		assert_int_equal(OAUTH->judge_return(&res, &outcome), cases[i].ok);
	}
}

static void
scopes_are_compared_whole(void **state)
{
	struct arena *a = arena_new(0);

	(void)state;
	assert_true(scopes_have(STR("chat:write.public, chat:write"), STR("chat:write")));
	assert_false(scopes_have(STR("chat:write.public"), STR("chat:write")));
	assert_true(str_eq(scopes_missing(a, STR("a,b,c,d"), STR("b, d,e")), STR("a,c")));
	assert_int_equal(scopes_missing(a, STR("a"), STR("a")).len, 0);
	arena_free(a);
}

static void
count(const struct dest_channel *c, void *arg)
{
	(void)c;
	++*(int *)arg;
}

static void
pages_may_be_short_and_end_with_an_empty_cursor(void **state)
{
	struct http_response res = {.transport = TRANSPORT_ANSWERED, .status = 200};
	struct dest_page page;
	int n = 0;

	(void)state;
	res.body = STR("{\"ok\":true,\"channels\":[],\"response_metadata\":"
		       "{\"next_cursor\":\"abc=\"}}");
	assert_true(DIRECTORY->judge_page(&res, count, &n, &page, &outcome));
	assert_string_equal(page.next, "abc=");
	assert_int_equal(n, 0);
	res.body =
	    STR("{\"ok\":true,\"channels\":[{\"id\":\"C1\",\"name\":\"x\"},{\"no\":1}]}");
	assert_true(DIRECTORY->judge_page(&res, count, &n, &page, &outcome));
	assert_string_equal(page.next, "");
	assert_int_equal(n, 1);
	res.status = 429;
	res.retry_after_ms = 30000;
	assert_false(DIRECTORY->judge_page(&res, count, &n, &page, &outcome));
	assert_int_equal(outcome.verdict, VERDICT_THROTTLED);
	assert_int_equal(outcome.retry_after_ms, 30000);
}

static void
an_id_is_found_in_what_a_person_pastes(void **state)
{
	static const struct {
		const char *text, *id;
	} cases[] = {
	    {"C0123456789", "C0123456789"},
	    {"https://acme.slack.com/archives/C01AB/p17", "C01AB"},
	    {"https://app.slack.com/client/T01AB/G01AB?x=1", "G01AB"},
	    {"#general", ""},
	    {"", ""},
	    {"https://acme.slack.com/", ""},
	    {"c0123", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_true(
		    str_eq(DIRECTORY->channel_of(str_of(cases[i].text)), str_of(cases[i].id)));
}

static void
there_are_two_hosts_and_no_third(void **state)
{
	struct config c;

	(void)state;
	config_defaults(&c);
	assert_string_equal(dest_slack.host_url(&c, STR("")), "https://slack.com/api");
	assert_string_equal(dest_slack.host_url(&c, STR("slack.com")), "https://slack.com/api");
	assert_string_equal(
	    dest_slack.host_url(&c, STR("slack-gov.com")), "https://slack-gov.com/api");
	assert_null(dest_slack.host_url(&c, STR("slack.com.evil.example")));
}

static void
a_person_is_sent_with_all_that_was_asked(void **state)
{
	struct buf url = {0};
	struct config c;
	const struct dest_consent consent = {.scopes = STR("incoming-webhook,chat:write"),
	    .redirect_uri = STR("https://x.example/oauth/slack/callback"),
	    .state = STR("s"),
	    .team = STR("T1")};

	(void)state;
	config_defaults(&c);
	OAUTH->authorize_url(&url, &c, &consent);
	assert_string_equal(url.ptr,
	    "https://slack.com/oauth/v2/authorize?client_id=&scope=incoming%2Dwebhook%2Cchat%"
	    "3Awrite&redirect_uri=https%3A%2F%2Fx%2Eexample%2Foauth%2Fslack%2Fcallback&state=s"
	    "&team=T1");
	buf_fini(&url);
}

/* --- webhooks --- */

static bool
compose_test(const char *secret)
{
	const struct dest_call call = {
	    .base_url = "http://127.0.0.1:8099/api", .credential = credential};

	secret_clear(credential);
	assert_true(secret_append(credential, secret, strlen(secret)));
	return dest_slack.compose_test(&req, &call, &err);
}

static void
a_webhooks_address_is_a_secret_of_slacks_hosts(void **state)
{
	(void)state;
	assert_true(compose_test("https://hooks.slack.com/services/test/1"));
	assert_string_equal(req.url, "https://hooks.slack.com/");
	assert_string_equal(
	    secret_bytes(req.secret_url), "https://hooks.slack.com/services/test/1");
	assert_int_equal(secret_len(req.auth), 0);
	assert_true(compose_test("http://127.0.0.1:8099/services/test/1"));
	assert_false(compose_test("https://hooks.slack.com.evil.example/services/test"));
	assert_false(compose_test("https://evil.example/services/test"));
	assert_false(compose_test("http://127.0.0.1:80991/services/test"));
	assert_false(compose_test("https://hooks.slack.com/services/te st"));
	/* The next request of the slot shows nothing of it. */
	assert_true(compose_test("xoxb-test-1"));
	assert_int_equal(secret_len(req.secret_url), 0);
}

static struct outcome
judge_message(int status, struct str body, bool has_other_way, bool other_way)
{
	const struct http_response res = {.transport = TRANSPORT_ANSWERED,
	    .status = status,
	    .retry_after_ms = -1,
	    .body = body};
	const struct dest_message m = {
	    .channel = STR("C1"), .has_other_way = has_other_way, .other_way = other_way};
	struct outcome o;

	dest_slack.judge(&m, &res, &o);
	return o;
}

static void
the_other_way_is_taken_where_the_app_is_no_member(void **state)
{
	const struct str no = STR("{\"ok\":false,\"error\":\"not_in_channel\"}");

	(void)state;
	assert_int_equal(judge_message(200, no, true, false).verdict, VERDICT_OTHER_WAY);
	assert_int_equal(judge_message(200, no, false, false).verdict, VERDICT_HOLD_RULE);
	assert_int_equal(
	    judge_message(200, STR("{\"ok\":false,\"error\":\"is_archived\"}"), true, false)
		.verdict,
	    VERDICT_HOLD_RULE);
	assert_int_equal(judge_message(200, STR("ok"), true, true).verdict, VERDICT_DONE);
	/* The webhook is gone, the token may count: the channel is held, not the connection. */
	assert_int_equal(
	    judge_message(404, STR("no_service"), true, true).verdict, VERDICT_HOLD_RULE);
	assert_int_equal(judge_message(404, STR("no_service"), false, true).verdict,
	    VERDICT_HOLD_CONNECTION);
	assert_int_equal(
	    judge_message(400, STR("invalid_blocks"), true, true).verdict, VERDICT_MESSAGE);
	assert_int_equal(
	    judge_message(500, STR("rollup_error"), true, true).verdict, VERDICT_LATER);
	assert_int_equal(judge_message(200, STR("okay"), true, true).verdict, VERDICT_LATER);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_grant_is_read_whole),
	    TEST(what_is_no_grant_leaves_no_secret),
	    TEST(a_request_has_its_secrets_where_they_are_wiped),
	    TEST(only_what_ends_is_renewed),
	    TEST(a_channels_own_way_stays_with_its_connection),
	    TEST(what_is_gone_counts_as_given_back),
	    TEST(scopes_are_compared_whole),
	    TEST(pages_may_be_short_and_end_with_an_empty_cursor),
	    TEST(an_id_is_found_in_what_a_person_pastes),
	    TEST(there_are_two_hosts_and_no_third),
	    TEST(a_person_is_sent_with_all_that_was_asked),
	    TEST(a_webhooks_address_is_a_secret_of_slacks_hosts),
	    TEST(the_other_way_is_taken_where_the_app_is_no_member),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
