#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>

#include "dest/slack/render.h"

#include <cmocka.h> /* after ours: it defines fail() */

#define TOKEN "xoxb-test-not-a-real-token"

static const struct slack_body hello = {.base = {.type = &dest_slack}, .text = {"hello", 5}};
static const struct dest_message plain = {
    .channel = {"C1", 2}, .body = &hello.base, .is_plain = true};

static const struct dest_type *
slack(void)
{
	return dest_find(STR("slack"));
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
	    {"slack_connect_blocked_file_type", VERDICT_HOLD_RULE},
	    {"slack_connec", VERDICT_LATER_FEW},
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
	struct outcome strange = judged(&plain, 400, "<html>");
	struct outcome cut = judged(&plain, 408, "");

	(void)state;
	assert_outcome(&server, OUTCOME_REJECTED_SERVER_ERROR, VERDICT_LATER, true, true);
	assert_string_equal(server.reason, "Slack had an internal error (HTTP status 503)");
	assert_outcome(&lying, OUTCOME_REJECTED_SERVER_ERROR, VERDICT_LATER, true, true);
	assert_outcome(
	    &strange, OUTCOME_REJECTED_CLIENT_ERROR, VERDICT_LATER_FEW, false, false);
	assert_outcome(&cut, OUTCOME_REJECTED_SERVER_ERROR, VERDICT_LATER, false, false);
}

/* A portal, a maintenance page, a proxy: transient, and nothing was posted. */
static void
what_stands_before_slack_goes_away_by_itself(void **state)
{
	static const int statuses[] = {300, 301, 302, 303, 304, 307, 308, 399, 401, 402, 403,
	    404, 405, 407, 421, 451, 499};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(statuses); i++) {
		struct outcome out =
		    judged(&plain, statuses[i], "{\"ok\":true,\"ts\":\"1.2\"}");

		assert_int_equal(out.verdict, VERDICT_LATER);
		assert_false(out.ambiguous);
		assert_non_null(strstr(out.action, "slack_api_url"));
	}
	assert_true(judged(&plain, 302, "").lane_fault);
	assert_false(judged(&plain, 403, "").lane_fault); /* it may be this message alone */
}

static void
a_body_too_large_may_go_as_plain_text(void **state)
{
	static const char *const bodies[] = {
	    "", "<html>", "{\"ok\":false,\"error\":\"request_too_big\"}", "{\"ok\":true}"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bodies); i++) {
		struct outcome out = judged(&plain, 413, bodies[i]);

		assert_outcome(
		    &out, OUTCOME_REJECTED_CLIENT_ERROR, VERDICT_MESSAGE, false, false);
		assert_non_null(strstr(out.reason, "too large"));
	}
}

static struct outcome
judged_with_pause(int status, int64_t pause_ms)
{
	struct http_response res = {.status = status, .retry_after_ms = pause_ms};
	struct outcome out;

	slack()->judge(&plain, &res, &out);
	return out;
}

static void
a_busy_slack_is_asked_again_when_it_says(void **state)
{
	struct outcome busy = judged_with_pause(503, 20000);
	struct outcome now = judged_with_pause(503, 0);
	struct outcome silent = judged_with_pause(503, -1);
	struct outcome gateway = judged_with_pause(502, 7000);
	struct outcome portal = judged_with_pause(302, 9000);

	(void)state;
	assert_outcome(&busy, OUTCOME_REJECTED_SERVER_ERROR, VERDICT_THROTTLED, false, false);
	assert_int_equal(busy.retry_after_ms, 20000);
	assert_int_equal(now.verdict, VERDICT_THROTTLED);
	assert_int_equal(silent.verdict, VERDICT_LATER);
	assert_int_equal(gateway.verdict, VERDICT_LATER);
	assert_true(gateway.ambiguous);
	assert_int_equal(gateway.retry_after_ms, 7000);
	assert_int_equal(portal.verdict, VERDICT_LATER);
	assert_int_equal(portal.retry_after_ms, 9000);
}

static void
a_reply_that_slack_put_elsewhere_says_so(void **state)
{
	static const struct {
		const char *body;
		bool left;
	} answers[] = {
	    {"{\"ok\":true,\"ts\":\"2.2\",\"message\":{\"text\":\"a\"}}", true},
	    {"{\"ok\":true,\"ts\":\"2.2\",\"message\":{\"thread_ts\":\"\"}}", true},
	    {"{\"ok\":true,\"ts\":\"2.2\",\"message\":{\"thread_ts\":\"1.2\"}}", false},
	    {"{\"ok\":true,\"ts\":\"2.2\",\"message\":{\"thread_ts\":\"0.9\"}}", false},
	    {"{\"ok\":true,\"ts\":\"2.2\"}", false}, /* no echo says nothing */
	};
	struct dest_message m = plain;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(answers); i++) {
		struct outcome out;

		m.thread_id = STR("1.2");
		m.update_id = (struct str){0};
		out = judged(&m, 200, answers[i].body);
		assert_int_equal(out.verdict, VERDICT_DONE);
		assert_int_equal(out.left_thread, answers[i].left);
		assert_int_equal(out.reason[0] != '\0', answers[i].left);
		m.update_id = STR("1.3");
		assert_false(judged(&m, 200, answers[i].body).left_thread);
		assert_false(judged(&plain, 200, answers[i].body).left_thread);
	}
}

static void
what_slack_left_off_is_told(void **state)
{
	struct outcome out = judged(&plain, 200,
	    "{\"ok\":true,\"ts\":\"1.2\",\"warning\":\"superfluous_charset,message_truncated"
	    "\",\"response_metadata\":{\"warnings\":[\"superfluous_charset\","
	    "\"message_truncated\",\"invalid_metadata_schema\",7]}}");

	(void)state;
	assert_int_equal(out.verdict, VERDICT_DONE);
	assert_string_equal(out.reason, "Slack cut the text; Slack left off what tells "
					"machines which delivery this is");
	assert_string_equal(
	    judged(
		&plain, 200, "{\"ok\":true,\"ts\":\"1.2\",\"warning\":\"superfluous_charset\"}")
		.reason,
	    "");
}

static void
an_image_is_no_reason_to_lose_the_layout(void **state)
{
	static const char answer[] =
	    "{\"ok\":false,\"error\":\"invalid_blocks\",\"errors\":[\"downloading image failed "
	    "[json-pointer:/blocks/0/image_url]\"]}";
	struct dest_message m = plain;

	(void)state;
	assert_int_equal(judged(&m, 200, answer).verdict, VERDICT_MESSAGE); /* it had none */
	m.is_plain = false;
	assert_int_equal(judged(&m, 200, answer).verdict, VERDICT_IMAGE);
	m.without_images = true;
	assert_int_equal(judged(&m, 200, answer).verdict, VERDICT_MESSAGE);
	assert_string_equal(judged(&m, 200, "{\"ok\":true,\"ts\":\"1.2\"}").reason,
	    "Slack could not fetch an image, so it went without images");
}

static void
one_channels_refusal_is_not_the_connections(void **state)
{
	static const char *const codes[] = {"no_permission", "access_denied",
	    "ekm_access_denied", "is_inactive", "channel_is_limited_access",
	    "posting_to_channel_denied"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(codes); i++) {
		char body[96];

		snprintf(body, sizeof(body), "{\"ok\":false,\"error\":\"%s\"}", codes[i]);
		assert_int_equal(judged(&plain, 200, body).verdict, VERDICT_HOLD_RULE);
	}
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
	assert_string_equal(out.reason, "Slack refused the layout of the message: must "
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
	    cmocka_unit_test(an_image_is_no_reason_to_lose_the_layout),
	    cmocka_unit_test(a_reply_that_slack_put_elsewhere_says_so),
	    cmocka_unit_test(what_slack_left_off_is_told),
	    cmocka_unit_test(one_channels_refusal_is_not_the_connections),
	    cmocka_unit_test(what_stands_before_slack_goes_away_by_itself),
	    cmocka_unit_test(a_body_too_large_may_go_as_plain_text),
	    cmocka_unit_test(a_busy_slack_is_asked_again_when_it_says),
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
