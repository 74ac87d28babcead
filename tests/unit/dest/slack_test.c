#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>

#include "carillon/base/buf.h"
#include "dest/slack/render.h"

#include <cmocka.h> /* after ours: it defines fail() */

#define TOKEN "xoxb-test-not-a-real-token"

static const struct slack_body hello = {.base = {.type = &dest_slack}, .text = {"hello", 5}};
static const struct dest_message plain = {
    .channel = {"C1", 2}, .body = &hello.base, .is_plain = true};

/* A request with room, as a slot of the pool has it. */
struct fixture {
	struct http_request req;
	struct secret *token; /* bare, as it was sealed before there were credentials */
	struct dest_call call;
	struct err e;
};

static void
fixture_init(struct fixture *f, const char *token)
{
	*f = (struct fixture){.token = secret_new(SECRET_MAX)};
	f->req.auth = secret_new(SECRET_MAX);
	assert_true(secret_append(f->token, token, strlen(token)));
	f->call = (struct dest_call){.base_url = "http://a", .credential = f->token};
}

static void
fixture_fini(struct fixture *f)
{
	secret_free(f->token);
	secret_free(f->req.auth);
	buf_fini(&f->req.body);
}

static const struct dest_type *
slack(void)
{
	const struct dest_type *type = dest_find(STR("slack"));

	assert_non_null(type);
	return type;
}

static void
assert_composes(const struct dest_message *m, const char *url, const char *body)
{
	struct fixture f;

	fixture_init(&f, TOKEN);
	f.call.base_url = "https://slack.test/api";
	assert_true(slack()->compose(&f.req, m, &f.call, &f.e));
	assert_string_equal(f.req.url, url);
	assert_string_equal(f.req.body.ptr, body);
	assert_string_equal(f.req.content_type, "application/json; charset=utf-8");
	assert_string_equal(secret_bytes(f.req.auth), "Authorization: Bearer " TOKEN);
	fixture_fini(&f);
}

static void
only_known_types_are_found(void **state)
{
	(void)state;
	assert_string_equal(slack()->name, "slack");
	assert_null(dest_find(STR("slack_judge")));
	assert_null(dest_find(STR("")));
}

static void
a_text_is_composed_without_unfurling(void **state)
{
	(void)state;
	assert_composes(&plain, "https://slack.test/api/chat.postMessage",
	    "{\"channel\":\"C1\",\"text\":\"hello\",\"unfurl_links\":false,"
	    "\"unfurl_media\":false}");
}

static void
blocks_stand_on_top_without_a_color(void **state)
{
	struct dest_message m = plain;
	struct slack_body body = hello;

	(void)state;
	body.blocks = STR("[{\"type\":\"divider\"}]");
	m.body = &body.base;
	m.is_plain = false;
	m.thread_id = STR("1.2");
	m.reference = STR("d-7F3K");
	assert_composes(&m, "https://slack.test/api/chat.postMessage",
	    "{\"channel\":\"C1\",\"text\":\"hello\",\"blocks\":[{\"type\":"
	    "\"divider\"}],\"thread_ts\":\"1.2\",\"unfurl_links\":false,"
	    "\"unfurl_media\":false,\"metadata\":{\"event_type\":"
	    "\"carillon_delivery\",\"event_payload\":{\"delivery\":\"d-7F3K\"}}}");
}

static void
a_color_moves_the_blocks_into_an_attachment(void **state)
{
	struct dest_message m = plain;
	struct slack_body body = hello;

	(void)state;
	body.blocks = STR("[]");
	body.color = STR("#d92d20");
	m.body = &body.base;
	m.is_plain = false;
	assert_composes(&m, "https://slack.test/api/chat.postMessage",
	    "{\"channel\":\"C1\",\"text\":\"hello\",\"attachments\":[{\"color\":"
	    "\"#d92d20\",\"blocks\":[]}],\"unfurl_links\":false,\"unfurl_media\":"
	    "false}");
	m.is_plain = true;
	assert_composes(&m, "https://slack.test/api/chat.postMessage",
	    "{\"channel\":\"C1\",\"text\":\"hello\",\"unfurl_links\":false,"
	    "\"unfurl_media\":false}");
}

static void
a_message_to_replace_is_updated(void **state)
{
	struct dest_message m = plain;

	(void)state;
	m.update_id = STR("1.2");
	m.thread_id = STR("9.9");
	assert_composes(&m, "https://slack.test/api/chat.update",
	    "{\"channel\":\"C1\",\"text\":\"hello\",\"ts\":\"1.2\"}");
}

static void
hostile_strings_stay_inside_their_quotes(void **state)
{
	const struct slack_body body = {.base = {.type = &dest_slack},
	    .text = STR("\",\"as_user\":true,\"x\":\"\n\\\xff\x01")};
	struct dest_message m = {.channel = STR("C\"1"), .body = &body.base, .is_plain = true};

	(void)state;
	assert_composes(&m, "https://slack.test/api/chat.postMessage",
	    "{\"channel\":\"C\\\"1\",\"text\":\"\\\",\\\"as_user\\\":true,\\\"x\\\":"
	    "\\\"\\n\\\\\\ufffd\\u0001\",\"unfurl_links\":false,"
	    "\"unfurl_media\":false}");
}

static void
a_base_url_may_end_in_a_slash(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, TOKEN);
	f.call.base_url = "http://a/api//";
	assert_true(slack()->compose(&f.req, &plain, &f.call, &f.e));
	assert_string_equal(f.req.url, "http://a/api/chat.postMessage");
	fixture_fini(&f);
}

static void
a_base_url_that_does_not_fit_is_refused(void **state)
{
	char url[HTTP_URL_MAX];
	struct fixture f;

	(void)state;
	memset(url, 'a', sizeof(url) - 1);
	url[sizeof(url) - 1] = '\0';
	fixture_init(&f, TOKEN);
	f.call.base_url = url;
	assert_false(slack()->compose(&f.req, &plain, &f.call, &f.e));
	assert_int_equal(f.e.kind, ERR_INPUT);
	fixture_fini(&f);
}

static void
what_cannot_be_a_token_is_refused_and_not_repeated(void **state)
{
	static const char *const tokens[] = {
	    "", "two words", "line\r\nX-Evil: 1", "caf\xc3\xa9"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(tokens); i++) {
		struct fixture f;

		fixture_init(&f, tokens[i]);
		assert_false(slack()->compose(&f.req, &plain, &f.call, &f.e));
		assert_int_equal(f.e.kind, ERR_INPUT);
		assert_string_equal(f.e.text, "the stored credential is not a Slack token");
		assert_int_equal(secret_len(f.req.auth), 0);
		fixture_fini(&f);
	}
}

static void
the_token_is_taken_from_a_credential(void **state)
{
	struct fixture f;
	struct secret *credential = secret_new(SECRET_MAX);

	(void)state;
	fixture_init(&f, TOKEN);
	assert_int_equal(slack()->n_secrets, 1);
	assert_string_equal(
	    slack()->secrets[0].title, "bot token, or address of an incoming webhook");
	assert_true(credential_put(credential, slack()->secrets[0].tag, f.token));
	f.call.credential = credential;
	assert_true(slack()->compose_test(&f.req, &f.call, &f.e));
	assert_string_equal(secret_bytes(f.req.auth), "Authorization: Bearer " TOKEN);
	secret_free(credential);
	fixture_fini(&f);
}

static void
a_message_without_channel_is_refused(void **state)
{
	struct dest_message no_channel = plain;
	struct fixture f;

	(void)state;
	no_channel.channel = (struct str){0};
	fixture_init(&f, TOKEN);
	assert_false(slack()->compose(&f.req, &no_channel, &f.call, &f.e));
	assert_int_equal(f.e.kind, ERR_INPUT);
	fixture_fini(&f);
}

static void
questions_are_asked_as_forms(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, TOKEN);
	assert_true(slack()->compose_test(&f.req, &f.call, &f.e));
	assert_string_equal(f.req.url, "http://a/auth.test");
	assert_int_equal(f.req.body.len, 0);
	assert_true(slack()->compose_channel(&f.req, &f.call, STR("C&a=1"), &f.e));
	assert_string_equal(f.req.url, "http://a/conversations.info");
	assert_string_equal(f.req.body.ptr, "channel=C%26a%3D1");
	assert_string_equal(f.req.content_type, "application/x-www-form-urlencoded");
	fixture_fini(&f);
}

static struct outcome
judged(const struct dest_message *m, int status, const char *body)
{
	struct http_response res = {.transport = TRANSPORT_ANSWERED,
	    .status = status,
	    .retry_after_ms = -1,
	    .body = str_of(body)};
	struct outcome out;

	memset(&out, 0x5a, sizeof(out)); /* judging must leave nothing unset */
	slack()->judge(m, &res, &out);
	return out;
}

static void
assert_outcome(const struct outcome *out, enum outcome_code code, enum verdict verdict,
    bool ambiguous, bool lane_fault)
{
	assert_int_equal(out->code, code);
	assert_int_equal(out->verdict, verdict);
	assert_int_equal(out->ambiguous, ambiguous);
	assert_int_equal(out->lane_fault, lane_fault);
}

static void
ok_is_delivered_with_id_and_channel(void **state)
{
	struct outcome out = judged(&plain, 200,
	    "{\"ok\":true,\"channel\":\"C024\",\"ts\":\"1503435956."
	    "000247\",\"message\":{\"text\":\"hi\"}}");

	(void)state;
	assert_outcome(&out, OUTCOME_DELIVERED, VERDICT_DONE, false, false);
	assert_string_equal(out.message_id, "1503435956.000247");
	assert_string_equal(out.message_channel, "C024");
	assert_string_equal(out.error_code, "");
	assert_string_equal(out.reason, "");
}

static void
what_is_no_clear_answer_may_have_been_posted(void **state)
{
	static const char *const bodies[] = {
	    "",
	    "ok",
	    "{\"ok\":true",
	    "{\"ok\":true}",
	    "{\"ok\":true,\"ts\":1503435956.000247}",
	    "{\"ok\":true,\"ts\":\"\"}",
	    "{\"ok\":\"true\",\"ts\":\"1.2\"}",
	    "{\"ok\":1,\"ts\":\"1.2\"}",
	    "{\"ok\":true,\"ok\":false,\"ts\":\"1.2\"}",
	    "[{\"ok\":true,\"ts\":\"1.2\"}]",
	    "{\"error\":\"channel_not_found\"}",
	    "<html>captive portal</html>",
	    "null",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bodies); i++) {
		struct outcome out = judged(&plain, 200, bodies[i]);

		assert_outcome(&out, OUTCOME_REJECTED_SERVER_ERROR, VERDICT_LATER, true, false);
		assert_string_not_equal(out.reason, "");
	}
}

/* What each class of errors.def has to lead to, for a message that is a reply. */
static const struct {
	const char *class;
	enum outcome_code code;
	enum verdict verdict;
	bool ambiguous, lane_fault;
} expected[] = {
    {"RATE", OUTCOME_RATE_LIMITED, VERDICT_THROTTLED, false, false},
    {"AMBIGUOUS", OUTCOME_REJECTED_SERVER_ERROR, VERDICT_LATER, true, true},
    {"UNAVAILABLE", OUTCOME_REJECTED_SERVER_ERROR, VERDICT_LATER, false, true},
    {"SAFE", OUTCOME_REJECTED_SERVER_ERROR, VERDICT_LATER, false, false},
    {"AUTH", OUTCOME_AUTH_FAILED, VERDICT_HOLD_CONNECTION, false, false},
    {"CHANNEL", OUTCOME_CHANNEL_PROBLEM, VERDICT_HOLD_RULE, false, false},
    {"THREAD", OUTCOME_CHANNEL_PROBLEM, VERDICT_NO_THREAD, false, false},
    {"GONE", OUTCOME_REJECTED_CLIENT_ERROR, VERDICT_NO_THREAD, false, false},
    {"MESSAGE", OUTCOME_REJECTED_CLIENT_ERROR, VERDICT_MESSAGE, false, false},
    {"QUOTA", OUTCOME_REJECTED_CLIENT_ERROR, VERDICT_LATER_SLOWLY, false, false},
    {"BUG", OUTCOME_REJECTED_CLIENT_ERROR, VERDICT_NEVER, false, false},
};

static void
assert_code_is_judged(const char *pattern, const char *class, const char *sentence)
{
	struct dest_message m = plain;
	char code[64], body[128];
	struct outcome out;
	size_t i = 0;

	m.thread_id = STR("1.2");
	str_copy(code, sizeof(code), str_of(pattern));
	for (char *star = strchr(code, '*'); star; star = NULL)
		*star = 'x';
	snprintf(body, sizeof(body), "{\"ok\":false,\"error\":\"%s\"}", code);
	while (i < COUNT_OF(expected) && strcmp(expected[i].class, class) != 0)
		i++;
	assert_true(i < COUNT_OF(expected));
	for (int status = 200; status <= 400; status += 200) {
		out = judged(&m, status, body);
		assert_outcome(&out, expected[i].code, expected[i].verdict,
		    expected[i].ambiguous, expected[i].lane_fault);
		assert_string_equal(out.error_code, code);
		assert_string_equal(out.reason, sentence);
	}
}

static void
every_error_of_slack_has_its_consequence(void **state)
{
	(void)state;
#define SLACK_ERROR(code, CLASS, REPAIR, sentence, action) \
	assert_code_is_judged(code, #CLASS, sentence);
#include "dest/slack/errors.def"
#undef SLACK_ERROR
}

static void
every_action_fits(void **state)
{
	struct outcome out;

	(void)state;
#define SLACK_ERROR(code, CLASS, REPAIR, why, what)     \
	assert_true(sizeof(why) <= sizeof(out.reason)); \
	assert_true(sizeof(what) <= sizeof(out.action));
#include "dest/slack/errors.def"
#undef SLACK_ERROR
}

static void
chosen_codes_hold_what_they_should(void **state)
{
	static const struct {
		const char *code;
		enum verdict verdict;
	} chosen[] = {
	    {"token_revoked", VERDICT_HOLD_CONNECTION},
	    {"channel_not_found", VERDICT_HOLD_RULE},
	    {"slack_connect_canvas_sharing_blocked", VERDICT_HOLD_RULE},
	    {"slack_connect_sharing_blocked", VERDICT_LATER_FEW}, /* '*' is between two '_' */
	    {"invalid_blocks", VERDICT_MESSAGE},
	    {"draft_not_found", VERDICT_NEVER},
	    {"brand_new_error", VERDICT_LATER_FEW},
	};
	char body[128];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(chosen); i++) {
		struct outcome out;

		snprintf(body, sizeof(body), "{\"ok\":false,\"error\":\"%s\"}", chosen[i].code);
		out = judged(&plain, 200, body);
		assert_int_equal(out.verdict, chosen[i].verdict);
	}
}

static void
a_thread_error_of_a_message_without_thread_holds_the_rule(void **state)
{
	struct outcome out =
	    judged(&plain, 200, "{\"ok\":false,\"error\":\"cannot_reply_to_message\"}");

	(void)state;
	assert_int_equal(out.verdict, VERDICT_HOLD_RULE);
}

static void
a_pause_is_as_long_as_slack_says(void **state)
{
	static const char *const bodies[] = {"{\"ok\":false,\"error\":\"ratelimited\"}",
	    "{\"ok\":false,\"error\":\"rate_limited\"}", "slow"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bodies); i++) {
		struct http_response res = {.status = i == 1 ? 200 : 429,
		    .retry_after_ms = 30000,
		    .body = str_of(bodies[i])};
		struct outcome out;

		slack()->judge(&plain, &res, &out);
		assert_outcome(&out, OUTCOME_RATE_LIMITED, VERDICT_THROTTLED, false, false);
		assert_int_equal(out.retry_after_ms, 30000);
		res.retry_after_ms = -1;
		slack()->judge(&plain, &res, &out);
		assert_int_equal(out.retry_after_ms, -1);
	}
}

static void
a_status_without_slacks_json_is_judged_by_itself(void **state)
{
	struct outcome server = judged(&plain, 503, "<html>");
	struct outcome lying = judged(&plain, 500, "{\"ok\":true,\"ts\":\"1.2\"}");
	struct outcome redirect = judged(&plain, 302, "{\"ok\":true,\"ts\":\"1.2\"}");
	struct outcome missing = judged(&plain, 404, "<html>");
	struct outcome cut = judged(&plain, 408, "");

	(void)state;
	assert_outcome(&server, OUTCOME_REJECTED_SERVER_ERROR, VERDICT_LATER, true, true);
	assert_outcome(&lying, OUTCOME_REJECTED_SERVER_ERROR, VERDICT_LATER, true, true);
	assert_outcome(&redirect, OUTCOME_REJECTED_CLIENT_ERROR, VERDICT_NEVER, false, false);
	assert_non_null(strstr(redirect.action, "slack_api_url"));
	assert_outcome(
	    &missing, OUTCOME_REJECTED_CLIENT_ERROR, VERDICT_LATER_FEW, false, false);
	assert_outcome(&cut, OUTCOME_REJECTED_SERVER_ERROR, VERDICT_LATER, false, false);
}

static void
only_what_left_may_have_been_posted(void **state)
{
	static const struct {
		enum transport transport;
		enum outcome_code code;
		bool ambiguous;
	} cases[] = {
	    {TRANSPORT_NOT_SENT, OUTCOME_NETWORK_ERROR, false},
	    {TRANSPORT_TIMEOUT, OUTCOME_TIMEOUT, true},
	    {TRANSPORT_BROKEN, OUTCOME_NETWORK_ERROR, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct http_response res = {.transport = cases[i].transport,
		    .retry_after_ms = -1,
		    .detail = "could not connect"};
		struct outcome out;

		slack()->judge(&plain, &res, &out);
		assert_outcome(&out, cases[i].code, VERDICT_LATER, cases[i].ambiguous, true);
		assert_non_null(strstr(out.reason, ": could not connect"));
	}
}

static void
refused_blocks_keep_the_pointer(void **state)
{
	struct outcome out = judged(&plain, 200,
	    "{\"ok\":false,\"error\":\"invalid_blocks\",\"response_metadata\":{\"messages\":["
	    "\"[ERROR] must be less than\\n3001 characters "
	    "[json-pointer:/blocks/0/text/text]\",\"second\"]}}");

	(void)state;
	assert_string_equal(out.reason, "Slack refused the layout of the message: [ERROR] must "
					"be less than 3001 characters "
					"[json-pointer:/blocks/0/text/text]");
	assert_string_equal(out.pointer, "/blocks/0/text/text");
}

static void
a_long_remark_is_cut_between_characters(void **state)
{
	char body[2048] = "{\"ok\":false,\"error\":\"invalid_blocks\",\"response_metadata\":"
			  "{\"messages\":[\"";
	size_t len = strlen(body);
	struct outcome out;

	(void)state;
	for (int i = 0; i < 400; i++, len += 3)
		memcpy(body + len, "\xe2\x82\xac", 3);
	str_copy(body + len, sizeof(body) - len, STR("\"]}}"));
	out = judged(&plain, 200, body);
	assert_true(strlen(out.reason) > sizeof(out.reason) - 5);
	assert_true(str_is_text(str_of(out.reason)));
}

static void
a_missing_scope_is_named(void **state)
{
	struct outcome out = judged(&plain, 200,
	    "{\"ok\":false,\"error\":\"missing_scope\",\"needed\":"
	    "\"chat:write\",\"provided\":\"channels:read\"}");

	(void)state;
	assert_string_equal(
	    out.reason, "the app lacks a permission in Slack; needed: chat:write");
}

static void
nothing_like_a_token_is_repeated(void **state)
{
	static const char *const bodies[] = {
	    "{\"ok\":false,\"error\":\"" TOKEN "\"}",
	    "{\"ok\":false,\"error\":\"missing_scope\",\"needed\":\"a " TOKEN "\"}",
	    "{\"ok\":false,\"error\":\"invalid_blocks\",\"response_metadata\":{\"messages\":"
	    "[\"got " TOKEN "\"]}}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bodies); i++) {
		struct outcome out = judged(&plain, 200, bodies[i]);

		assert_null(strstr(out.reason, "xox"));
		assert_null(strstr(out.error_code, "xox"));
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_known_types_are_found),
	    cmocka_unit_test(a_text_is_composed_without_unfurling),
	    cmocka_unit_test(blocks_stand_on_top_without_a_color),
	    cmocka_unit_test(a_color_moves_the_blocks_into_an_attachment),
	    cmocka_unit_test(a_message_to_replace_is_updated),
	    cmocka_unit_test(hostile_strings_stay_inside_their_quotes),
	    cmocka_unit_test(a_base_url_may_end_in_a_slash),
	    cmocka_unit_test(a_base_url_that_does_not_fit_is_refused),
	    cmocka_unit_test(what_cannot_be_a_token_is_refused_and_not_repeated),
	    cmocka_unit_test(the_token_is_taken_from_a_credential),
	    cmocka_unit_test(a_message_without_channel_is_refused),
	    cmocka_unit_test(questions_are_asked_as_forms),
	    cmocka_unit_test(ok_is_delivered_with_id_and_channel),
	    cmocka_unit_test(what_is_no_clear_answer_may_have_been_posted),
	    cmocka_unit_test(every_error_of_slack_has_its_consequence),
	    cmocka_unit_test(every_action_fits),
	    cmocka_unit_test(chosen_codes_hold_what_they_should),
	    cmocka_unit_test(a_thread_error_of_a_message_without_thread_holds_the_rule),
	    cmocka_unit_test(a_pause_is_as_long_as_slack_says),
	    cmocka_unit_test(a_status_without_slacks_json_is_judged_by_itself),
	    cmocka_unit_test(only_what_left_may_have_been_posted),
	    cmocka_unit_test(refused_blocks_keep_the_pointer),
	    cmocka_unit_test(a_long_remark_is_cut_between_characters),
	    cmocka_unit_test(a_missing_scope_is_named),
	    cmocka_unit_test(nothing_like_a_token_is_repeated),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
