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

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_request_is_called_as_slack_calls_it_or_as_a_proxy_does),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
