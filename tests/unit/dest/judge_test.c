#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>

#include "carillon/dest/dest.h"

#include <cmocka.h> /* after ours: it defines fail() */

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
	    cmocka_unit_test(a_token_is_told_whose_it_is),
	    cmocka_unit_test(a_channel_is_described),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
