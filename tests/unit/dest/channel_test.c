#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "carillon/dest/dest.h"

#include <cmocka.h>

static void
assert_channel(const char *text, const char *expected)
{
	char got[CHANNEL_ID_MAX + 1];

	if (!dest_default()->channel_of(str_of(text), got))
		fail_msg("\"%s\" is taken for no channel", text);
	assert_string_equal(got, expected);
}

static void
a_channel_is_an_id_a_link_or_a_mention(void **state)
{
	(void)state;
	assert_channel("C0123456789", "C0123456789");
	assert_channel("G0123456789", "G0123456789");
	assert_channel("D0123456789", "D0123456789");
	assert_channel(" C0ALERTS\r\n", "C0ALERTS");
	assert_channel("https://acme.slack.com/archives/C0ALERTS", "C0ALERTS");
	assert_channel(
	    "https://acme.slack.com/archives/C0ALERTS/p1712345678901234", "C0ALERTS");
	assert_channel("https://acme.enterprise.slack.com/archives/C0ALERTS?x=1", "C0ALERTS");
	assert_channel("https://app.slack.com/client/T0TEAM/C0ALERTS", "C0ALERTS");
	assert_channel("https://app.slack.com/client/T0TEAM/C0ALERTS/thread/x", "C0ALERTS");
	assert_channel("<#C0ALERTS|alerts>", "C0ALERTS");
	assert_channel("<#C0ALERTS>", "C0ALERTS");
}

static void
whatever_else_is_none(void **state)
{
	static const char *const none[] = {
	    "",
	    " ",
	    "#alerts",
	    "alerts",
	    "C",
	    "c0alerts",
	    "C1,C2",
	    "C1 C2",
	    "C0AL\033[31mERTS",
	    "U0PERSON",
	    "T0TEAM",
	    "C0\u00c4",
	    "https://acme.slack.com/",
	    "https://acme.slack.com",
	    "https://acme.slack.com/archives/",
	    "https://acme.slack.com/archives/alerts",
	    "https://evil.example/archives/C0ALERTS",
	    "https://slack.com.evil.example/archives/C0ALERTS",
	    "https://app.slack.com/client/T0",
	    "http://acme.slack.com/archives/C0ALERTS",
	    "<#C0ALERTS",
	    "<#>",
	    "<#|alerts>",
	    "<@C0ALERTS>",
	    "C01234567890123456789012345678901234567890123456789012345678901234567890",
	};
	char got[CHANNEL_ID_MAX + 1];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(none); i++)
		if (dest_default()->channel_of(str_of(none[i]), got))
			fail_msg("\"%s\" is taken for %s", none[i], got);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_channel_is_an_id_a_link_or_a_mention),
	    cmocka_unit_test(whatever_else_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
