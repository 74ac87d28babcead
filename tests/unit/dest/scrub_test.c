#include "dest/slack/scrub.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define TOKEN   \
	"xoxb-" \
	"123456789012-AbCdEfGhIjKl" /* in two: it is none */

/* What is left of `text`, in a buffer of the test's. */
static const char *
scrubbed(const char *text)
{
	static char out[16384];
	const size_t len = strlen(text);

	assert_true(len < sizeof(out));
	memcpy(out, text, len + 1);
	slack_scrub(out, len);
	assert_int_equal(strlen(out), len);
	return out;
}

static void
assert_gone(const char *text)
{
	const char *left = scrubbed(text);

	if (strstr(left, "AbCdEf") || strstr(left, "12345678"))
		fail_msg("%s is left of %s", left, text);
	assert_true(slack_has_secret(str_of(text)));
}

static void
a_token_of_any_letter_goes_and_what_is_around_it_stays(void **state)
{
	(void)state;
	assert_string_equal(
	    scrubbed("your \"" TOKEN "\"!"), "your \"******************************\"!");
	assert_gone("xoxp-"
		    "123456789012-AbCdEfGhIjKl");
	assert_gone("xoxe.xoxp-1-AbCdEfGhIjKlMnOp12345678");
	assert_gone("xoxe-1-AbCdEfGhIjKlMnOp12345678");
	assert_gone("xapp-1-A0123-12345678-AbCdEf");
	assert_gone("Bearer " TOKEN TOKEN);
}

static void
the_secret_of_a_webhook_goes(void **state)
{
	(void)state;
	assert_gone("https://hooks.slack.com/services/T0/B0/AbCdEfGhIjKl12345678");
	assert_gone("https:\\/\\/hooks.slack.com\\/services\\/T0\\/B0\\/AbCdEfGhIjKl12345678");
	assert_gone(
	    "https%3A%2F%2Fhooks.slack.com%2Fservices%2FT0%2FB0%2FAbCdEfGhIjKl12345678");
}

static void
escaped_characters_hide_nothing(void **state)
{
	char all[8 * sizeof(TOKEN)] = "";
	size_t at = 0;

	(void)state;
	assert_gone("xoxb%2D123456789012%2dAbCdEfGhIjKl");
	assert_gone("{\"a\":\"xoxb\\u002d123456789012\\u002DAbCdEfGhIjKl\"}");
	assert_gone("xoxb%252D123456789012%252DAbCdEfGhIjKl");
	assert_gone("xoxb\\\\u002d123456789012\\\\u002dAbCdEfGhIjKl");
	for (const char *c = TOKEN; *c; c++)
		at += (size_t)snprintf(all + at, sizeof(all) - at, "%%%02x", (unsigned)*c);
	assert_true(strchr(scrubbed(all), '%') == NULL);
	at = 0;
	for (const char *c = TOKEN; *c; c++)
		at += (size_t)snprintf(all + at, sizeof(all) - at, "\\u%04X", (unsigned)*c);
	assert_true(strchr(scrubbed(all), 'u') == NULL);
}

/* In base64 it may begin at any of three places, and be of either alphabet. */
static void
base64_and_hexadecimal_digits_hide_nothing(void **state)
{
	static const int variants[] = {
	    sodium_base64_VARIANT_ORIGINAL, sodium_base64_VARIANT_URLSAFE_NO_PADDING};
	char clear[128], digits[256], text[300];

	(void)state;
	for (int before = 0; before < 24; before++)
		for (size_t v = 0; v < COUNT_OF(variants); v++) {
			snprintf(clear, sizeof(clear), "%.*s%s", before,
			    "Authorization: Bearer of", TOKEN);
			sodium_bin2base64(digits, sizeof(digits), (const uint8_t *)clear,
			    strlen(clear), variants[v]);
			snprintf(text, sizeof(text), "{\"echo\":\"%s\"}", digits);
			assert_null(strstr(scrubbed(text), digits + strlen(digits) - 12));
			assert_true(slack_has_secret(str_of(text)));
		}
	sodium_bin2hex(digits, sizeof(digits), (const uint8_t *)TOKEN, strlen(TOKEN));
	assert_null(strstr(scrubbed(digits), "78"));
}

static void
what_is_no_credential_stays_as_it_is(void **state)
{
	static const char *const texts[] = {"", "x", "xo", "xox", "xoxb", "xox--",
	    "a box of xoxo kisses", "100%", "%2", "\\", "\\u12", "invalid_auth",
	    "1776441720.000100", "C0123456789", "T0123ABCD", "/blocks/0/text/text",
	    "deadbeefdeadbeefdeadbeef", "Zm9vYmFyYmF6cXV4",
	    "{\"ok\":false,\"error\":\"channel_not_found\",\"req\":\"\\u00e9%C3%A9\"}"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		assert_string_equal(scrubbed(texts[i]), texts[i]);
		assert_false(slack_has_secret(str_of(texts[i])));
	}
}

static void
it_is_found_wherever_it_stands_in_a_long_text(void **state)
{
	static char text[12000];

	(void)state;
	for (size_t at = 0; at + sizeof(TOKEN) < sizeof(text); at += 97) {
		memset(text, ' ', sizeof(text) - 1);
		memcpy(text + at, TOKEN, sizeof(TOKEN) - 1);
		slack_scrub(text, sizeof(text) - 1);
		assert_null(memmem(text, sizeof(text), "xox", 3));
		assert_null(memmem(text, sizeof(text), "AbCd", 4));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_token_of_any_letter_goes_and_what_is_around_it_stays),
	    cmocka_unit_test(the_secret_of_a_webhook_goes),
	    cmocka_unit_test(escaped_characters_hide_nothing),
	    cmocka_unit_test(base64_and_hexadecimal_digits_hide_nothing),
	    cmocka_unit_test(what_is_no_credential_stays_as_it_is),
	    cmocka_unit_test(it_is_found_wherever_it_stands_in_a_long_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
