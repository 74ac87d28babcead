#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "web/slack/signature.h"

#include <cmocka.h> /* last: it makes a macro of fail */

/* Slack's own example, from its page about signed requests. */
#define SECRET    "8f742231b10e8888abcd99yyyzzz85a5"
#define TIMESTAMP STR("1531420618")
#define BODY                                                                                  \
	STR("token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&"       \
	    "channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner" \
	    "&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2F" \
	    "commands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id="      \
	    "398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c")
#define SIGNATURE STR("v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503")

static const wall_t now = {1531420618000};
static struct signer *signer;
static char path[] = "signature_test.XXXXXX";
static struct err e;

static int
set_up(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	must(fd >= 0 && write(fd, SECRET "\n", sizeof(SECRET)) == sizeof(SECRET));
	close(fd);
	must(signer_open(&signer, path, &e));
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	signer_close(signer);
	unlink(path);
	return 0;
}

static void
slacks_own_example_is_accepted(void **state)
{
	(void)state;
	assert_true(signer_accepts(signer, TIMESTAMP, SIGNATURE, BODY, now));
}

static void
nothing_of_it_may_differ(void **state)
{
	char text[80];

	(void)state;
	for (size_t i = 0; i < SIGNATURE.len; i++) {
		memcpy(text, SIGNATURE.ptr, SIGNATURE.len);
		text[i] = text[i] == 'x' ? 'y' : 'x';
		assert_false(signer_accepts(
		    signer, TIMESTAMP, (struct str){text, SIGNATURE.len}, BODY, now));
		assert_false(signer_accepts(
		    signer, TIMESTAMP, (struct str){SIGNATURE.ptr, i}, BODY, now));
	}
	assert_false(signer_accepts(signer, STR("1531420619"), SIGNATURE, BODY, now));
	assert_false(signer_accepts(signer, STR("1531420618 "), SIGNATURE, BODY, now));
	assert_false(signer_accepts(signer, STR(""), SIGNATURE, BODY, now));
	assert_false(signer_accepts(signer, STR("99999999999999999999"), SIGNATURE, BODY, now));
	assert_false(signer_accepts(
	    signer, TIMESTAMP, SIGNATURE, (struct str){BODY.ptr, BODY.len - 1}, now));
	assert_false(signer_accepts(signer, TIMESTAMP, SIGNATURE, STR(""), now));
}

static void
five_minutes_either_way_are_enough(void **state)
{
	(void)state;
	assert_true(
	    signer_accepts(signer, TIMESTAMP, SIGNATURE, BODY, (wall_t){now.ms + 300 * 1000}));
	assert_true(
	    signer_accepts(signer, TIMESTAMP, SIGNATURE, BODY, (wall_t){now.ms - 300 * 1000}));
	assert_false(
	    signer_accepts(signer, TIMESTAMP, SIGNATURE, BODY, (wall_t){now.ms + 301 * 1000}));
	assert_false(
	    signer_accepts(signer, TIMESTAMP, SIGNATURE, BODY, (wall_t){now.ms - 301 * 1000}));
}

static void
a_secret_that_others_may_read_is_refused(void **state)
{
	struct signer *none;

	(void)state;
	assert_int_equal(chmod(path, 0644), 0);
	assert_false(signer_open(&none, path, &e));
	assert_int_equal(e.kind, ERR_SETUP);
	assert_null(strstr(e.text, SECRET));
	assert_int_equal(chmod(path, 0600), 0);
	assert_true(signer_open(&none, "", &e));
	assert_null(none);
	assert_false(signer_open(&none, "no-such-file", &e));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(slacks_own_example_is_accepted),
	    cmocka_unit_test(nothing_of_it_may_differ),
	    cmocka_unit_test(five_minutes_either_way_are_enough),
	    cmocka_unit_test(a_secret_that_others_may_read_is_refused),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
