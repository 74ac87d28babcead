#include "carillon/http/http.h"

/* One line of visible characters and blanks: nothing that could begin another header. */
static bool
is_one_line(struct str value)
{
	for (size_t i = 0; i < value.len; i++)
		if ((unsigned char)value.ptr[i] < ' ' || value.ptr[i] == 0x7f)
			return false;
	return true;
}

bool
http_header_add(struct http_request *req, const char *name, struct str value, struct err *e)
{
	if (req->n_headers == HTTP_HEADERS_MAX)
		return fail(e, ERR_INPUT, "header %s: a request has at most %d of its own",
		    name, HTTP_HEADERS_MAX);
	if (!is_one_line(value))
		return fail(e, ERR_INPUT, "header %s: its value is not one line of text", name);
	buf_cstr(&req->headers, name);
	buf_cstr(&req->headers, ": ");
	buf_str(&req->headers, value);
	buf_putc(&req->headers, '\0');
	req->n_headers++;
	return true;
}

static int
count_secret_lines(const struct http_request *req)
{
	const char *bytes = secret_bytes(req->auth);
	int n = secret_len(req->auth) > 0;

	for (size_t i = 0; i < secret_len(req->auth); i++)
		n += bytes[i] == '\0';
	return n;
}

bool
http_secret_header_add(struct http_request *req, const char *line, size_t len, struct err *e)
{
	if (len == 0 || !is_one_line((struct str){line, len}))
		return fail(e, ERR_INPUT, "a secret header is not one line of text");
	if (count_secret_lines(req) == HTTP_AUTH_LINES_MAX ||
	    (secret_len(req->auth) > 0 && !secret_append(req->auth, "", 1)) ||
	    !secret_append(req->auth, line, len))
		return fail(e, ERR_INPUT, "there are too many secret headers");
	return true;
}

void
http_secret_lines(const struct http_request *req, http_secret_line_fn *each, void *arg)
{
	const char *at, *end;

	if (req->auth == NULL)
		return;
	at = secret_bytes(req->auth);
	end = at + secret_len(req->auth);
	while (at < end) {
		size_t len = strnlen(at, (size_t)(end - at));

		each(at, len, arg);
		at += len + 1;
	}
}

void
http_request_init(struct http_request *req)
{
	req->auth = secret_new(SECRET_MAX);
}

struct secret *
http_secret_url(struct http_request *req)
{
	if (!req->secret_url)
		req->secret_url = secret_new(SECRET_MAX);
	secret_clear(req->secret_url);
	return req->secret_url;
}

void
http_request_fini(struct http_request *req)
{
	secret_free(req->auth);
	secret_free(req->secret_url);
	buf_fini_wiped(&req->body);
	buf_fini(&req->headers);
}

void
http_request_clear(struct http_request *req)
{
	secret_clear(req->auth);
	if (req->secret_url)
		secret_clear(req->secret_url);
	req->is_private = req->is_guarded = false;
	req->timeout_ms = 0;
	buf_clear(&req->body);
	buf_clear(&req->headers);
	req->n_headers = 0;
	req->content_type = NULL;
	req->wanted = NULL;
	req->url[0] = '\0';
}
