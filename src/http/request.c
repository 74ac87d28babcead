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
	req->is_private = false;
	buf_clear(&req->body);
	buf_clear(&req->headers);
	req->n_headers = 0;
	req->content_type = NULL;
	req->wanted = NULL;
	req->url[0] = '\0';
}
