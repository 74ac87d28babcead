#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>

#include "dest/webhook/webhook.h"

#include <cmocka.h> /* after ours: it defines fail() */

/* The example of Standard Webhooks' own documentation. */
#define SECRET   "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define SHORT    "whsec_c2hvcnQ="
#define ANOTHER  "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define NO_UNTIL ((wall_t){0})

static const struct dest_message message = {
    .channel = {"endpoint", 8}, .reference = {"evt_1:rule", 10}, .workspace = {"acme", 4}};

static bool
take(struct secret *credential, const char *text, const struct secret *own, wall_t until)
{
	struct secret *given = secret_new(SECRET_MAX);
	struct err e;
	bool ok;

	assert_true(secret_append(given, text, strlen(text)));
	ok = dest_webhook.take(credential, given, own, until, &e);
	secret_free(given);
	return ok;
}

static void
a_credential_is_a_secret_and_headers(void **state)
{
	static const char *const right[] = {SECRET, SECRET "\n", SECRET "\nX-Key: a b",
	    SECRET "\nA: 1\nB: 2\nC: 3\nD: 4\nE: 5\nF: 6\nG: 7\nH: 8"};
	static const char *const wrong[] = {"", "\n", SHORT, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
	    SECRET "x", SECRET "\nno colon", SECRET "\n: empty", SECRET "\nHost: a",
	    SECRET "\nwebhook-id: a", SECRET "\nContent-Length: 1", SECRET "\nX Y: a",
	    SECRET "\nX: a\rY: b", SECRET "\nX: \xc3\xa4",
	    SECRET "\nA: 1\nB: 2\nC: 3\nD: 4\nE: 5\nF: 6\nG: 7\nH: 8\nI: 9"};
	struct secret *credential = secret_new(SECRET_MAX);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(right); i++)
		if (!take(credential, right[i], NULL, NO_UNTIL))
			fail_msg("%s is not taken", right[i]);
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		if (take(credential, wrong[i], NULL, NO_UNTIL))
			fail_msg("%s is taken", wrong[i]);
	secret_free(credential);
}

/* Signs `body`; the values of the headers, each ended by a NUL. */
static void
sign(struct http_request *req, const struct secret *credential, int64_t now_ms, const char *id)
{
	const struct dest_call call = {
	    .base_url = "https://a.test/", .credential = credential, .now = {now_ms}};
	struct err e;

	http_request_clear(req);
	buf_cstr(&req->body, "{\"test\": 2432232314}");
	assert_true(webhook_sign(req, &call, id, &e));
}

/* By the library's own example: id, time, body, secret, signature. */
static void
a_signature_is_the_one_that_others_make(void **state)
{
	struct secret *credential = secret_new(SECRET_MAX);
	struct http_request req = {0};

	(void)state;
	http_request_init(&req);
	assert_true(take(credential, SECRET, NULL, NO_UNTIL));
	sign(&req, credential, INT64_C(1614265330999), "msg_p5jXN8AQM9LWM0D4loKWxJek");
	assert_int_equal(req.n_headers, 3);
	assert_string_equal(req.headers.ptr, "webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek");
	assert_non_null(memmem(req.headers.ptr, req.headers.len,
	    "webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", 67));
	http_request_fini(&req);
	secret_free(credential);
}

static int
count_signatures(struct http_request *req, const struct secret *credential, int64_t now_ms)
{
	const char *at;
	int n = 0;

	sign(req, credential, now_ms, "msg_1");
	at = req->headers.ptr;
	for (const char *end = at + req->headers.len; at < end; at += strlen(at) + 1)
		for (const char *v1 = at; (v1 = strstr(v1, "v1,")) != NULL; v1++)
			n++;
	return n;
}

static void
the_secret_before_counts_until_its_time(void **state)
{
	struct secret *first = secret_new(SECRET_MAX), *second = secret_new(SECRET_MAX),
		      *third = secret_new(SECRET_MAX);
	struct http_request req = {0};

	(void)state;
	http_request_init(&req);
	assert_true(take(first, SECRET "\nX-Key: value", NULL, NO_UNTIL));
	assert_true(take(second, ANOTHER, first, (wall_t){1000}));
	assert_int_equal(count_signatures(&req, first, 1), 1);
	assert_int_equal(count_signatures(&req, second, 999), 2);
	assert_string_equal(secret_bytes(req.auth), "X-Key: value");
	assert_int_equal(count_signatures(&req, second, 1000), 1);
	/* Headers alone, and an end of the overlap. */
	assert_true(take(third, "\nX-Other: value", second, NO_UNTIL));
	assert_int_equal(count_signatures(&req, third, 1), 1);
	assert_string_equal(secret_bytes(req.auth), "X-Other: value");
	http_request_fini(&req);
	secret_free(first);
	secret_free(second);
	secret_free(third);
}

static void
answers_are_judged_by_their_status(void **state)
{
	static const struct {
		int status;
		int64_t retry_after_ms;
		enum verdict verdict;
		bool lane_fault;
	} cases[] = {
	    {200, -1, VERDICT_DONE, false},
	    {204, -1, VERDICT_DONE, false},
	    {302, -1, VERDICT_LATER, true},
	    {400, -1, VERDICT_LATER, false},
	    {401, -1, VERDICT_LATER, true},
	    {404, -1, VERDICT_LATER, true},
	    {410, -1, VERDICT_HOLD_CONNECTION, false},
	    {413, -1, VERDICT_LATER, false},
	    {429, -1, VERDICT_THROTTLED, false},
	    {429, 7000, VERDICT_THROTTLED, false},
	    {500, -1, VERDICT_LATER, true},
	    {503, -1, VERDICT_LATER, true},
	    {503, 7000, VERDICT_THROTTLED, false},
	    {999, -1, VERDICT_LATER, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct http_response res = {.transport = TRANSPORT_ANSWERED,
		    .status = cases[i].status,
		    .retry_after_ms = cases[i].retry_after_ms};
		struct outcome out;

		webhook_judge(&message, &res, &out);
		if (out.verdict != cases[i].verdict || out.lane_fault != cases[i].lane_fault ||
		    out.retry_after_ms != cases[i].retry_after_ms || out.ambiguous)
			fail_msg(
			    "%d: %d %d", cases[i].status, (int)out.verdict, out.lane_fault);
		assert_true((out.reason[0] == '\0') == (out.verdict == VERDICT_DONE));
	}
}

static void
without_an_answer_it_may_have_come(void **state)
{
	static const struct {
		enum transport transport;
		enum verdict verdict;
		bool ambiguous;
	} cases[] = {
	    {TRANSPORT_NOT_SENT, VERDICT_LATER, false},
	    {TRANSPORT_TIMEOUT, VERDICT_LATER, true},
	    {TRANSPORT_BROKEN, VERDICT_LATER, true},
	    {TRANSPORT_FORBIDDEN, VERDICT_HOLD_CONNECTION, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct http_response res = {
		    .transport = cases[i].transport, .retry_after_ms = -1, .detail = "why"};
		struct outcome out;

		webhook_judge(&message, &res, &out);
		assert_int_equal(out.verdict, cases[i].verdict);
		assert_int_equal(out.ambiguous, cases[i].ambiguous);
		assert_non_null(strstr(out.reason, ": why"));
	}
}

static void
a_message_has_an_id_of_its_own(void **state)
{
	struct dest_message other = message;
	char id[WEBHOOK_ID_SIZE], another[WEBHOOK_ID_SIZE];

	(void)state;
	webhook_id(&message, id);
	webhook_id(&message, another);
	assert_string_equal(id, another);
	other.workspace = STR("acme2");
	webhook_id(&other, another);
	assert_string_not_equal(id, another);
	assert_null(strchr(id, '.')); /* which divides what is signed */
}

static void
a_secret_that_is_sent_back_is_not_kept(void **state)
{
	char text[] = "got " SECRET ", whsec_ and whsec_AAAA";

	(void)state;
	webhook_scrub(text, sizeof(text) - 1);
	assert_string_equal(
	    text, "got whsec_********************************, whsec_ and whsec_****");
	webhook_scrub(NULL, 0);
}

/* What a template makes of an event; NULL: it does not compile. */
static const char *
rendered(struct arena *a, const char *template, const char *payload, bool *is_too_costly)
{
	struct event ev = {.workspace = STR("acme"), .id = STR("e1"), .type = STR("a.b")};
	const struct dest_template *t;
	const struct dest_body *b;
	struct findings f;
	struct buf out = {0};
	struct json_writer w;

	findings_init(&f, a);
	if (!webhook_template_compile(a, str_of(template), &t, &f))
		return NULL;
	assert_true(json_parse(a, str_of(payload), JSON_DEPTH_MAX, &ev.payload, NULL));
	b = webhook_render(t, &ev, severity_default(), a);
	*is_too_costly = b->is_too_costly;
	jw_init(&w, &out);
	dest_webhook.write_native(&w, b);
	payload = arena_cstr(a, buf_view(&out));
	buf_fini(&out);
	return payload;
}

static void
a_template_is_any_json_and_breaks_none(void **state)
{
	struct arena *a = arena_new(0);
	bool costly;

	(void)state;
	assert_string_equal(
	    rendered(a, "{\"data\": {\"a\": [\"{{ payload.x }}\", 1.50, true, null]}}",
		"{\"x\": \"\\\"}\"}", &costly),
	    "{\"type\":\"a.b\",\"timestamp\":\"1970-01-01T00:00:00.000Z\",\"data\":{\"a\":["
	    "\"\\\"}\",1.50,true,null]}}");
	assert_false(costly);
	assert_null(rendered(a, "{\"data\": 1, \"more\": 2}", "{}", &costly));
	assert_null(rendered(a, "{}", "{}", &costly));
	assert_null(rendered(a, "[]", "{}", &costly));
	assert_null(rendered(a, "{\"data\": [{\"a\": \"{{ x\"}]}", "{}", &costly));
	arena_free(a);
}

static void
what_takes_too_much_goes_as_the_event_is(void **state)
{
	static const char loop[] =
	    "{% for x in payload.l %}{% for y in payload.l %}"
	    "{% for z in payload.l %}{% if z %}{% endif %}{% endfor %}{% endfor %}"
	    "{% endfor %}";
	struct arena *a = arena_new(0);
	struct buf list = {0};
	char template[256];
	const char *text;
	bool costly;

	(void)state;
	buf_cstr(&list, "{\"l\":[0");
	for (int i = 1; i < 50; i++)
		buf_cstr(&list, ",0");
	buf_cstr(&list, "]}");
	buf_putc(&list, '\0');
	snprintf(template, sizeof(template), "{\"data\": [\"%s\", \"%s\"]}", loop, "b");
	text = rendered(a, template, list.ptr, &costly);
	assert_true(costly);
	assert_non_null(strstr(text, "\"payload\":{\"l\":[0,"));
	buf_fini(&list);
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_credential_is_a_secret_and_headers),
	    cmocka_unit_test(a_signature_is_the_one_that_others_make),
	    cmocka_unit_test(the_secret_before_counts_until_its_time),
	    cmocka_unit_test(answers_are_judged_by_their_status),
	    cmocka_unit_test(without_an_answer_it_may_have_come),
	    cmocka_unit_test(a_message_has_an_id_of_its_own),
	    cmocka_unit_test(a_secret_that_is_sent_back_is_not_kept),
	    cmocka_unit_test(a_template_is_any_json_and_breaks_none),
	    cmocka_unit_test(what_takes_too_much_goes_as_the_event_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
