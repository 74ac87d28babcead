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
beside_a_color_stands_what_is_not_on_top(void **state)
{
	struct dest_message m = plain;
	struct slack_body body = hello;

	(void)state;
	body.blocks = STR("[{\"a\":1},{\"b\":2},{\"c\":3}]");
	body.n_lead = 1;
	body.lead_len = sizeof("[{\"a\":1}") - 1;
	body.color = STR("#d92d20");
	m.body = &body.base;
	m.is_plain = false;
	assert_composes(&m, "https://slack.test/api/chat.postMessage",
	    "{\"channel\":\"C1\",\"text\":\"hello\",\"blocks\":[{\"a\":1}],"
	    "\"attachments\":[{\"color\":\"#d92d20\",\"blocks\":[{\"b\":2},{\"c\":3}]}],"
	    "\"unfurl_links\":false,\"unfurl_media\":false}");
	m.is_plain = true;
	assert_composes(&m, "https://slack.test/api/chat.postMessage",
	    "{\"channel\":\"C1\",\"text\":\"hello\",\"unfurl_links\":false,"
	    "\"unfurl_media\":false}");
}

static void
an_image_that_cannot_be_fetched_is_left_out_wherever_it_stands(void **state)
{
	struct dest_message m = plain;
	struct slack_body body = hello;

	(void)state;
	body.blocks = STR("[{\"type\":\"image\"},{\"type\":\"divider\"},{\"type\":\"image\"}]");
	body.n_origins = 3;
	body.n_lead = 2;
	m.body = &body.base;
	m.is_plain = false;
	m.without_images = true;
	assert_composes(&m, "https://slack.test/api/chat.postMessage",
	    "{\"channel\":\"C1\",\"text\":\"hello\",\"blocks\":[{\"type\":\"divider\"}],"
	    "\"attachments\":[],\"unfurl_links\":false,\"unfurl_media\":false}");
	body.color = STR("#d92d20");
	assert_composes(&m, "https://slack.test/api/chat.postMessage",
	    "{\"channel\":\"C1\",\"text\":\"hello\",\"blocks\":[{\"type\":\"divider\"}],"
	    "\"attachments\":[],\"unfurl_links\":false,\"unfurl_media\":false}");
	body.n_lead = 1;
	m.update_id = STR("1.2");
	assert_composes(&m, "https://slack.test/api/chat.update",
	    "{\"channel\":\"C1\",\"text\":\"hello\",\"attachments\":[{\"color\":\"#d92d20\","
	    "\"blocks\":[{\"type\":\"divider\"}]}],\"ts\":\"1.2\",\"parse\":\"none\","
	    "\"link_names\":false}");
}

static void
a_message_to_replace_is_updated(void **state)
{
	struct dest_message m = plain;

	(void)state;
	m.update_id = STR("1.2");
	m.thread_id = STR("9.9");
	assert_composes(&m, "https://slack.test/api/chat.update",
	    "{\"channel\":\"C1\",\"text\":\"hello\",\"ts\":\"1.2\",\"parse\":\"none\","
	    "\"link_names\":false,\"attachments\":[]}");
}

static void
an_update_with_a_color_replaces_the_attachment_by_its_own(void **state)
{
	struct dest_message m = plain;
	struct slack_body body = hello;

	(void)state;
	body.blocks = STR("[{},{}]");
	body.lead_len = 3;
	body.color = STR("#d92d20");
	m.body = &body.base;
	m.is_plain = false;
	m.update_id = STR("1.2");
	assert_composes(&m, "https://slack.test/api/chat.update",
	    "{\"channel\":\"C1\",\"text\":\"hello\",\"blocks\":[{}],\"attachments\":[{"
	    "\"color\":\"#d92d20\",\"blocks\":[{}]}],\"ts\":\"1.2\",\"parse\":\"none\","
	    "\"link_names\":false}");
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
	static const char *const tokens[] = {"", "two words", "line\r\nX-Evil: 1",
	    "caf\xc3\xa9", "Bearer xoxb-fake", "\"xoxb-fake\"", "'xoxb-fake'", "<xoxb-fake>",
	    "xoxb-fake,"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(tokens); i++) {
		struct fixture f;

		fixture_init(&f, tokens[i]);
		assert_false(slack()->compose(&f.req, &plain, &f.call, &f.e));
		assert_int_equal(f.e.kind, ERR_INPUT);
		assert_non_null(strstr(f.e.text, "this is no Slack token"));
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

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_known_types_are_found),
	    cmocka_unit_test(a_text_is_composed_without_unfurling),
	    cmocka_unit_test(blocks_stand_on_top_without_a_color),
	    cmocka_unit_test(beside_a_color_stands_what_is_not_on_top),
	    cmocka_unit_test(a_message_to_replace_is_updated),
	    cmocka_unit_test(an_update_with_a_color_replaces_the_attachment_by_its_own),
	    cmocka_unit_test(an_image_that_cannot_be_fetched_is_left_out_wherever_it_stands),
	    cmocka_unit_test(hostile_strings_stay_inside_their_quotes),
	    cmocka_unit_test(a_base_url_may_end_in_a_slash),
	    cmocka_unit_test(a_base_url_that_does_not_fit_is_refused),
	    cmocka_unit_test(what_cannot_be_a_token_is_refused_and_not_repeated),
	    cmocka_unit_test(the_token_is_taken_from_a_credential),
	    cmocka_unit_test(a_message_without_channel_is_refused),
	    cmocka_unit_test(questions_are_asked_as_forms),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
