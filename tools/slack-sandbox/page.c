/* The page at /: three files made part of the program by embed.cmake. */
#include "constant.h"
#include "http.h"

extern const char page_html[], page_css[], page_js[];
extern const size_t page_html_len, page_css_len, page_js_len;

static const struct {
	struct str path;
	const char *content_type;
	const char *bytes;
	const size_t *len;
} parts[] = {
    {CONSTANT_STR("/"), "text/html; charset=utf-8", page_html, &page_html_len},
    {CONSTANT_STR("/page.css"), "text/css; charset=utf-8", page_css, &page_css_len},
    {CONSTANT_STR("/page.js"), "text/javascript; charset=utf-8", page_js, &page_js_len},
};

bool
page_handle(struct request *q, struct reply *r)
{
	if (!str_eq(q->verb, STR("GET")))
		return false;
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		if (!str_eq(parts[i].path, q->path))
			continue;
		r->status = 200;
		r->content_type = parts[i].content_type;
		r->fixed = (struct str){parts[i].bytes, *parts[i].len};
		reply_header(r, "content-security-policy",
		    STR("default-src 'none'; script-src 'self'; style-src 'self'; "
			"connect-src 'self'; img-src 'self' data:; base-uri 'none'; "
			"form-action 'none'; frame-ancestors 'none'"));
		reply_header(r, "x-content-type-options", STR("nosniff"));
		reply_header(r, "cache-control", STR("no-cache"));
		return true;
	}
	return false;
}
