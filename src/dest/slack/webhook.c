/*
 * Incoming webhooks: an address that is a credential, and reaches one channel also where the
 * app is no member. It names no message, so nothing can reply to it, change it, or find it
 * again.
 */
#include "request.h"

#include "judge.h"

static const struct webhook_code {
	struct str code;
	enum slack_class class;
	enum repair repair;
	const char *sentence;
} codes[] = {
#define WEBHOOK_CODE(code, CLASS, REPAIR, sentence) \
	{{code, sizeof(code) - 1}, SLACK_##CLASS, REPAIR_##REPAIR, sentence},
#include "webhook_codes.def"
#undef WEBHOOK_CODE
};

static const struct str hosts[] = {
    {"https://hooks.slack.com/", sizeof("https://hooks.slack.com/") - 1},
    {"https://hooks.slack-gov.com/", sizeof("https://hooks.slack-gov.com/") - 1},
};

static bool
is_address(struct secret_view v)
{
	static const char https[] = "https://", http[] = "http://";

	return (v.len > sizeof(https) && memcmp(v.ptr, https, sizeof(https) - 1) == 0) ||
	       (v.len > sizeof(http) && memcmp(v.ptr, http, sizeof(http) - 1) == 0);
}

struct secret_view
slack_webhook_of(const struct secret *credential)
{
	struct secret_view v = credential_get(credential, SLACK_TAG_WEBHOOK);

	if (v.len > 0)
		return v;
	v = credential_get(credential, SLACK_TAG_TOKEN);
	return is_address(v) ? v : (struct secret_view){0};
}

/* "https://slack.com/api" -> "https://slack.com/" */
static struct str
origin_of(struct str url)
{
	const char *host = memmem(url.ptr, url.len, "://", 3), *slash;

	if (!host)
		return (struct str){0};
	host += 3;
	slash = memchr(host, '/', (size_t)(url.ptr + url.len - host));
	return slash ? (struct str){url.ptr, (size_t)(slash + 1 - url.ptr)} : (struct str){0};
}

/* The beginning of the address that is no secret; empty: it is no place for our messages. */
static struct str
allowed_origin(struct str address, const char *base_url)
{
	struct str own = origin_of(str_of(base_url));

	for (size_t i = 0; i < COUNT_OF(hosts); i++)
		if (str_starts_with(address, hosts[i]))
			return hosts[i];
	return own.len > 0 && str_starts_with(address, own) ? own : (struct str){0};
}

static bool
is_visible(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] <= ' ' || s.ptr[i] > '~')
			return false;
	return true;
}

bool
slack_webhook_begin(struct http_request *req, const struct dest_call *call, struct err *e)
{
	struct secret_view view = slack_webhook_of(call->credential);
	struct str address = {view.ptr, view.len};
	struct str origin = allowed_origin(address, call->base_url);

	if (!slack_request_to(req, call->base_url, "", e))
		return false;
	if (origin.len == 0 || !is_visible(address) ||
	    !secret_append(http_secret_url(req), address.ptr, address.len) ||
	    !str_copy(req->url, sizeof(req->url), origin))
		return fail(
		    e, ERR_INPUT, "the stored credential is no incoming webhook of Slack's");
	req->content_type = "application/json; charset=utf-8";
	return true;
}

static const struct webhook_code *
code_find(struct str body)
{
	while (body.len > 0 && (unsigned char)body.ptr[body.len - 1] <= ' ')
		body.len--;
	for (size_t i = 0; i < COUNT_OF(codes); i++)
		if (str_eq(codes[i].code, body))
			return &codes[i];
	return NULL;
}

bool
slack_judge_webhook(const struct http_response *res, struct outcome *out)
{
	const struct webhook_code *c = code_find(res->body);

	if (res->transport != TRANSPORT_ANSWERED || res->status == 429)
		return false;
	if (res->status == 200 && str_eq(res->body, STR("ok"))) {
		slack_set_done(out);
		return true;
	}
	if (c == NULL || res->status < 400)
		return false;
	slack_set_class(out, c->class, c->sentence);
	slack_set_remedy(out, c->repair, "");
	str_copy(out->error_code, sizeof(out->error_code), c->code);
	return true;
}

bool
slack_webhook_counts(const struct http_response *res)
{
	const struct webhook_code *c = code_find(res->body);

	return res->status == 400 && c != NULL && c->class == SLACK_MESSAGE;
}
