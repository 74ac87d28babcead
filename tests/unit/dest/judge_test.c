#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>

#include "dest/slack/render.h"

#include <cmocka.h> /* after ours: it defines fail() */

static struct arena *scratch;

static struct http_response
answered(int status, const char *body)
{
	return (struct http_response){.transport = TRANSPORT_ANSWERED,
	    .status = status,
	    .retry_after_ms = -1,
	    .body = str_of(body)};
}

static struct outcome
judged(const struct dest_message *m, const struct http_response *res)
{
	struct outcome out;

	memset(&out, 0x5a, sizeof(out)); /* judging must leave nothing unset */
	dest_find(STR("slack"))->judge(m, res, &out);
	return out;
}

static void
a_request_is_called_as_slack_calls_it_or_as_a_proxy_does(void **state)
{
	const struct dest_message m = {.channel = STR("C1")};
	struct http_response res = answered(500, "");

	(void)state;
	res.wanted[0] = STR("slack-1");
	res.wanted[1] = STR("proxy-1");
	assert_string_equal(judged(&m, &res).request_id, "slack-1");
	res.wanted[0] = (struct str){0};
	assert_string_equal(judged(&m, &res).request_id, "proxy-1");
	res.wanted[1] = (struct str){0};
	assert_string_equal(judged(&m, &res).request_id, "");
}

/* What repairs an error of Slack's, told of a message in a thread. */
static void
assert_repaired_by(const char *code, enum repair repair, const char *action)
{
	const struct dest_message m = {.channel = STR("C1"), .thread_id = STR("1.2")};
	char body[128];
	struct http_response res;
	struct outcome out;
	struct remedy usual = remedy_of(repair);

	snprintf(body, sizeof(body), "{\"ok\":false,\"error\":\"%s\"}", code);
	res = answered(200, body);
	out = judged(&m, &res);
	assert_int_equal(out.repair, repair);
	assert_string_equal(out.action, action[0] ? action : arena_cstr(scratch, usual.action));
}

/* What Slack repeats of the message is not what it says of it. */
static void
an_answer_counts_by_what_it_says_of_the_message(void **state)
{
	static const char *const bodies[] = {
	    "{\"ok\":true,\"channel\":\"C1\",\"ts\":\"1.2\",\"message\":{\"text\":\"cut "
	    "\\ud83d\"}}",
	    "\xef\xbb\xbf{\"ok\":true,\"channel\":\"C1\",\"ts\":\"1.2\"}",
	    "{\"ok\":true,\"channel\":\"C1\",\"ts\":\"1.2\",\"message\":{\"text\":"
	    "\"Z\xfcrich\"}}",
	    "{\"message\":{\"text\":\"\\u0000\",\"text\":\"b\"},\"ok\":true,\"channel\":\"C1\","
	    "\"ts\":\"1.2\"}",
	    "{\"ok\":true,\"channel\":\"C1\",\"ts\":\"1.2\",\"message\":{\"text\":\"the answer "
	    "was cut h",
	    "{\"ok\":true,\"channel\":\"C1\",\"message\":{\"a\":[1,,2]},\"ts\":\"1.2\"}",
	};
	const struct dest_message m = {.channel = STR("C1")};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bodies); i++) {
		struct http_response res = answered(200, bodies[i]);
		struct outcome out = judged(&m, &res);

		if (out.code != OUTCOME_DELIVERED)
			fail_msg("%s: %s", bodies[i], out.reason);
		assert_string_equal(out.message_id, "1.2");
		assert_string_equal(out.message_channel, "C1");
	}
	struct http_response res = answered(200, "{\"ok\":true,\"ts\":\"1.");
	assert_int_not_equal(judged(&m, &res).code, OUTCOME_DELIVERED);
	res = answered(200, "{\"message\":{\"ok\":true,\"ts\":\"1.2\"}, oops");
	assert_int_not_equal(judged(&m, &res).code, OUTCOME_DELIVERED);
	res = answered(200, "{\"ok\":false,\"error\":\"channel_not_found\",\"echo\":\"\\udc00");
	assert_string_equal(judged(&m, &res).error_code, "channel_not_found");
}

static void
of_several_remarks_the_one_about_the_smallest_part_is_told(void **state)
{
	const struct dest_message m = {.channel = STR("C1")};
	struct http_response res = answered(200,
	    "{\"ok\":false,\"error\":\"invalid_attachments\",\"errors\":[\"unused\"],"
	    "\"response_metadata\":{\"messages\":[\"[ERROR] failed to match all allowed "
	    "schemas [json-pointer:\\/attachments\\/0\\/blocks\\/1\\/fields\\/0]\",\"[ERROR] "
	    "must be less than 2001 characters "
	    "[json-pointer:/attachments/0/blocks/1/fields/0/text]\"]}}");
	struct outcome out = judged(&m, &res);

	(void)state;
	assert_int_equal(out.verdict, VERDICT_MESSAGE);
	assert_string_equal(out.pointer, "/attachments/0/blocks/1/fields/0/text");
	assert_non_null(strstr(out.reason, ": must be less than 2001 characters"));
	assert_null(strstr(out.reason, "[ERROR]"));
	assert_string_equal(out.slot, ""); /* of no body that is known */
	res = answered(200, "{\"ok\":false,\"error\":\"invalid_attachments\",\"errors\":["
			    "\"too long [json-pointer:/attachments/0/blocks/0]\"]}");
	assert_string_equal(judged(&m, &res).pointer, "/attachments/0/blocks/0");
}

static void
the_slot_that_a_place_comes_from_is_told(void **state)
{
	struct block_origin origins[] = {{0, 1}, {1, 1}};
	const struct slack_body body = {
	    .base = {.type = &dest_slack}, .n_origins = 2, .origins = origins};
	const struct dest_message m = {.channel = STR("C1"), .body = &body.base};
	struct http_response res =
	    answered(200, "{\"ok\":false,\"error\":\"invalid_blocks\",\"response_metadata\":{"
			  "\"messages\":[\"x [json-pointer:/blocks/1/text/text]\"]}}");

	(void)state;
	assert_string_equal(judged(&m, &res).slot, "body");
}

static void
what_is_no_place_is_not_kept(void **state)
{
	static const char *const remarks[] = {"[json-pointer:]", "[json-pointer:/a b]",
	    "[json-pointer:/blocks/0", "[json-pointer:xoxb-test]", "json-pointer:/blocks/0]"};
	const struct dest_message m = {.channel = STR("C1")};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(remarks); i++) {
		char text[200];
		struct http_response res;

		snprintf(text, sizeof(text),
		    "{\"ok\":false,\"error\":\"invalid_blocks\",\"errors\":[\"%s\",7]}",
		    remarks[i]);
		res = answered(200, text);
		assert_string_equal(judged(&m, &res).pointer, "");
	}
}

static void
every_error_says_what_repairs_it(void **state)
{
	(void)state;
	scratch = arena_new(0);
#define SLACK_ERROR(code, CLASS, REPAIR, sentence, action) \
	if (!strchr(code, '*'))                            \
		assert_repaired_by(code, REPAIR_##REPAIR, action);
#include "dest/slack/errors.def"
#undef SLACK_ERROR
	assert_repaired_by("never_heard_of", REPAIR_SUPPORT, "");
	arena_free(scratch);
}

static void
a_permission_is_granted_anew_and_a_bot_invited(void **state)
{
	(void)state;
	scratch = arena_new(0);
	assert_repaired_by(
	    "missing_scope", REPAIR_REGRANT, "reconnect and grant the permission");
	assert_repaired_by("not_in_channel", REPAIR_INVITE, "invite the app to the channel");
	assert_repaired_by("token_revoked", REPAIR_RECONNECT, "reconnect");
	assert_repaired_by(
	    "invalid_blocks", REPAIR_EDIT_MESSAGE, "correct the rule's template");
	arena_free(scratch);
}

static void
what_is_no_error_of_slacks_is_repaired_too(void **state)
{
	const struct dest_message m = {.channel = STR("C1")};
	struct http_response res = answered(503, "");

	(void)state;
	assert_int_equal(judged(&m, &res).repair, REPAIR_WAIT);
	res = answered(429, "");
	assert_int_equal(judged(&m, &res).repair, REPAIR_WAIT);
	res = answered(302, "");
	assert_int_equal(judged(&m, &res).repair, REPAIR_WAIT);
	res = (struct http_response){.transport = TRANSPORT_TIMEOUT};
	assert_int_equal(judged(&m, &res).repair, REPAIR_WAIT);
	res = answered(200, "{\"ok\":true,\"ts\":\"1.2\"}");
	assert_int_equal(judged(&m, &res).repair, REPAIR_NONE);
	assert_string_equal(judged(&m, &res).action, "");
}

/* Where there is no thread to leave, only another channel helps. */
static void
a_locked_thread_that_was_not_asked_for_is_the_channels_trouble(void **state)
{
	const struct dest_message m = {.channel = STR("C1")};
	struct http_response res =
	    answered(200, "{\"ok\":false,\"error\":\"restricted_action_thread_locked\"}");

	(void)state;
	assert_int_equal(judged(&m, &res).verdict, VERDICT_HOLD_RULE);
	assert_int_equal(judged(&m, &res).repair, REPAIR_PICK_CHANNEL);
	assert_string_equal(judged(&m, &res).action, "pick another channel");
}

static void
a_token_is_told_whose_it_is(void **state)
{
	struct http_response res = {.status = 200,
	    .body = STR("{\"ok\":true,\"url\":\"https://acme.slack.test/\",\"team\":\"Acme\","
			"\"user\":\"bell\",\"team_id\":\"T1\",\"user_id\":\"U7\"}")};
	struct dest_account account;
	struct outcome out;

	(void)state;
	assert_true(dest_find(STR("slack"))->judge_test(&res, &account, &out));
	assert_int_equal(out.verdict, VERDICT_DONE);
	assert_string_equal(account.id, "T1");
	assert_string_equal(account.name, "Acme");
	assert_string_equal(account.bot_user_id, "U7");
	res.body = STR("{\"ok\":false,\"error\":\"invalid_auth\"}");
	assert_false(dest_find(STR("slack"))->judge_test(&res, &account, &out));
	assert_int_equal(out.verdict, VERDICT_HOLD_CONNECTION);
	res.body = STR("{\"ok\":true}");
	assert_false(dest_find(STR("slack"))->judge_test(&res, &account, &out));
	assert_int_equal(out.verdict, VERDICT_LATER);
	assert_false(out.ambiguous);
}

static void
a_channel_is_described(void **state)
{
	struct http_response res = {.status = 200,
	    .body = STR("{\"ok\":true,\"channel\":{\"id\":\"C1\",\"name\":\"alerts\","
			"\"is_private\":true,\"is_archived\":false,\"is_member\":true}}")};
	struct dest_channel channel;
	struct outcome out;

	(void)state;
	assert_true(dest_find(STR("slack"))->judge_channel(&res, &channel, &out));
	assert_string_equal(channel.id, "C1");
	assert_string_equal(channel.name, "alerts");
	assert_true(channel.is_private);
	assert_false(channel.is_archived);
	assert_true(channel.is_member);
	res.body = STR("{\"ok\":false,\"error\":\"channel_not_found\"}");
	assert_false(dest_find(STR("slack"))->judge_channel(&res, &channel, &out));
	assert_int_equal(out.verdict, VERDICT_HOLD_RULE);
	assert_string_equal(channel.id, "");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_request_is_called_as_slack_calls_it_or_as_a_proxy_does),
	    cmocka_unit_test(an_answer_counts_by_what_it_says_of_the_message),
	    cmocka_unit_test(of_several_remarks_the_one_about_the_smallest_part_is_told),
	    cmocka_unit_test(the_slot_that_a_place_comes_from_is_told),
	    cmocka_unit_test(what_is_no_place_is_not_kept),
	    cmocka_unit_test(every_error_says_what_repairs_it),
	    cmocka_unit_test(a_permission_is_granted_anew_and_a_bot_invited),
	    cmocka_unit_test(what_is_no_error_of_slacks_is_repaired_too),
	    cmocka_unit_test(a_locked_thread_that_was_not_asked_for_is_the_channels_trouble),
	    cmocka_unit_test(a_token_is_told_whose_it_is),
	    cmocka_unit_test(a_channel_is_described),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
