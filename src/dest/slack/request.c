#include "request.h"

#include "judge.h"

enum { TOKEN_MAX = 512 /* bytes; Slack's have at most 255 */ };

/* Whoever pastes may take the quotes along, or the word before it. */
static bool
token_is_sane(struct secret_view token)
{
	static const char marks[] = "-_.+/=";

	for (size_t i = 0; i < token.len; i++) {
		char c = token.ptr[i];
		bool is_word =
		    (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

		if (!is_word && memchr(marks, c, sizeof(marks) - 1) == NULL)
			return false;
	}
	return token.len > 0 && token.len <= TOKEN_MAX;
}

bool
slack_request_to(
    struct http_request *req, const char *base_url, const char *method, struct err *e)
{
	static const char *const wanted[] = {SLACK_WANTED, NULL};
	size_t base_len = strlen(base_url);

	must(req->auth);
	http_request_clear(req);
	req->wanted = wanted;
	while (base_len > 0 && base_url[base_len - 1] == '/')
		base_len--;
	if (base_len + 1 + strlen(method) >= sizeof(req->url))
		return fail(e, ERR_INPUT, "slack_api_url is longer than %zu bytes",
		    sizeof(req->url) - 32);
	snprintf(req->url, sizeof(req->url), "%.*s/%s", (int)base_len, base_url, method);
	return true;
}

bool
slack_request_begin(
    struct http_request *req, const struct dest_call *call, const char *method, struct err *e)
{
	static const char bearer[] = "Authorization: Bearer ";
	struct secret_view token = credential_get(call->credential, SLACK_TAG_TOKEN);

	if (!slack_request_to(req, call->base_url, method, e))
		return false;
	if (!token_is_sane(token) || !secret_append(req->auth, bearer, sizeof(bearer) - 1) ||
	    !secret_append(req->auth, token.ptr, token.len)) {
		secret_clear(req->auth);
		return fail(e, ERR_INPUT,
		    "this is no Slack token: one is a single word, like xoxb-..., without "
		    "quotes or anything before it");
	}
	return true;
}

void
slack_form_add(struct buf *out, const char *name, struct str value)
{
	if (out->len > 0)
		buf_putc(out, '&');
	buf_printf(out, "%s=", name);
	for (size_t i = 0; i < value.len; i++) {
		char c = value.ptr[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
			buf_putc(out, c);
		else
			buf_printf(out, "%%%02X", (unsigned)(unsigned char)c);
	}
}
