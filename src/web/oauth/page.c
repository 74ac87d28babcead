#include "page.h"

#include <microhttpd.h>

void
oauth_page_begin(struct request *q, unsigned status, const char *title, const char *script)
{
	struct buf *out = &q->answer.body;

	buf_clear(out);
	q->answer.status = status;
	q->answer.content_type = "text/html; charset=utf-8";
	answer_header(q, "Content-Security-Policy",
	    STR("default-src 'none'; script-src 'self'; connect-src 'self'; form-action "
		"'none'; base-uri 'none'; frame-ancestors 'none'"));
	/* The address has what counts once. */
	answer_header(q, "Referrer-Policy", STR("no-referrer"));
	answer_header(q, "Cache-Control", STR("no-store"));
	buf_cstr(out, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
		      "<meta name=\"viewport\" content=\"width=device-width\">\n<title>");
	buf_html(out, str_of(title));
	buf_cstr(out, "</title>\n");
	if (script != NULL)
		buf_printf(out, "<script src=\"/oauth/slack/%s.js\" defer></script>\n", script);
	buf_cstr(out, "</head><body>\n");
}

void
oauth_page_say(struct request *q, unsigned status, const char *title, const char *sentence,
    const char *script)
{
	oauth_page_begin(q, status, title, script);
	buf_cstr(&q->answer.body, "<h1>");
	buf_html(&q->answer.body, str_of(title));
	buf_cstr(&q->answer.body, "</h1>\n<p>");
	buf_html(&q->answer.body, str_of(sentence));
	buf_cstr(&q->answer.body, "</p>\n</body></html>\n");
}
