/*
 * Arbitrary answers to Slack's judges. The first byte chooses transport and status. Nothing may
 * crash, and a message is only delivered if ok is true and ts a string, as jansson sees it.
 */
#include <stdbool.h>
#include <stddef.h>

/* Ours and jansson have the same names; jansson's are JANSSON_... up to where ours begin. */
#define JSON_OBJECT JANSSON_OBJECT
#define JSON_ARRAY  JANSSON_ARRAY
#define JSON_STRING JANSSON_STRING
#define JSON_TRUE   JANSSON_TRUE
#define JSON_FALSE  JANSSON_FALSE
#define JSON_NULL   JANSSON_NULL
#define json_string jansson_string
#include <jansson.h>

static bool
says_delivered(const char *body, size_t len)
{
	json_error_t error;
	json_t *root = json_loadb(body, len, JSON_REJECT_DUPLICATES, &error);
	bool delivered = json_is_true(json_object_get(root, "ok")) &&
	                 json_is_string(json_object_get(root, "ts"));

	json_decref(root);
	return delivered;
}

#undef JSON_OBJECT
#undef JSON_ARRAY
#undef JSON_STRING
#undef JSON_TRUE
#undef JSON_FALSE
#undef JSON_NULL
#undef json_string

#include "carillon/dest/dest.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static bool
was_delivered(const struct http_response *res)
{
	return res->status / 100 == 2 && res->transport == TRANSPORT_ANSWERED &&
	       says_delivered(res->body.ptr, res->body.len);
}

static void
check_texts(const struct outcome *out)
{
	must(memchr(out->error_code, 0, sizeof(out->error_code)));
	must(memchr(out->message_id, 0, sizeof(out->message_id)));
	must(memchr(out->message_channel, 0, sizeof(out->message_channel)));
	must(memchr(out->action, 0, sizeof(out->action)));
	must(memchr(out->pointer, 0, sizeof(out->pointer)));
	must(memchr(out->slot, 0, sizeof(out->slot)));
	must(str_is_text(str_of(out->reason)) && !strstr(out->reason, "xox"));
	must(out->verdict == VERDICT_DONE || out->reason[0]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const int statuses[] = {200, 200, 200, 201, 302, 400, 404, 429, 500, 0};
	const struct dest_type *slack = dest_find(STR("slack"));
	const struct dest_message m = {.channel = STR("C1")};
	struct http_response res = {.retry_after_ms = -1};
	struct dest_account account;
	struct dest_channel channel;
	struct outcome out;

	if (len == 0 || len > HTTP_BODY_MAX)
		return 0;
	res.status = statuses[bytes[0] % COUNT_OF(statuses)];
	res.transport = bytes[0] >= 0xf0 ? (enum transport)(bytes[0] % 4) : TRANSPORT_ANSWERED;
	res.body = (struct str){(const char *)bytes + 1, len - 1};
	slack->judge(&m, &res, &out);
	check_texts(&out);
	must(out.verdict != VERDICT_DONE || was_delivered(&res));
	must(out.verdict != VERDICT_DONE || out.message_id[0]);
	(void)!slack->judge_test(&res, &account, &out);
	check_texts(&out);
	(void)!slack->judge_channel(&res, &channel, &out);
	check_texts(&out);
	return 0;
}
