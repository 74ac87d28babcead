/*
 * The embedded UI: its document, which a launch URL opens once, and its files. The document
 * says in its head what the session is, and only the session's pages may frame it; what it may
 * read it learns later, by a token that its host gives it.
 */
#include <microhttpd.h>

#include "common.h"
#include "web/assets.h"
#include "web/sessions.h"

/* What the document has in its head, and is replaced there. */
#define HEAD_MARK "<meta name=\"carillon\">"

static const char *const no_document =
    "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">" HEAD_MARK
    "<title>Carillon</title></head><body><p>This build has no user "
    "interface.</p></body></html>";

static void
put_escaped(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		switch (text.ptr[i]) {
		case '&': buf_cstr(out, "&amp;"); break;
		case '<': buf_cstr(out, "&lt;"); break;
		case '>': buf_cstr(out, "&gt;"); break;
		case '"': buf_cstr(out, "&quot;"); break;
		default: buf_putc(out, text.ptr[i]);
		}
}

/* As JSON: which session, where it begins, who may frame it, or why it may not be used. */
static void
put_head(struct buf *out, struct request *q, const session_record *s, const char *error)
{
	struct buf json = {0};
	struct json_writer w;

	jw_init(&w, &json);
	jw_object(&w);
	jw_key(&w, "error");
	if (error != NULL)
		jw_cstr(&w, error);
	else
		jw_null(&w);
	jw_key(&w, "allowed_origins");
	jw_array(&w);
	for (size_t i = 0; s != NULL && i < s->n_allowed_origins; i++)
		jw_cstr(&w, s->allowed_origins[i]);
	jw_array_end(&w);
	if (s != NULL && error == NULL) {
		jw_kv_cstr(&w, "session_id", s->id);
		jw_kv_cstr(&w, "page", s->page);
		jw_kv_cstr(&w, "locale", s->locale);
		jw_kv_cstr(&w, "theme", s->theme);
	}
	jw_kv_cstr(&w, "product_name", request_config(q)->product_name);
	jw_kv_cstr(&w, "version", CARILLON_VERSION);
	jw_object_end(&w);
	buf_cstr(out, "<meta name=\"carillon\" content=\"");
	put_escaped(out, buf_view(&json));
	buf_cstr(out, "\">");
	buf_fini(&json);
}

static void
put_document(struct request *q, const session_record *s, const char *error)
{
	const struct asset *a = asset_find(STR("index.html"));
	struct str text = a != NULL ? (struct str){a->raw, (size_t)(a->raw_end - a->raw)}
	                            : str_of(no_document);
	const char *mark = memmem(text.ptr, text.len, HEAD_MARK, strlen(HEAD_MARK));
	struct buf *out = &q->answer.body;

	if (mark == NULL) {
		buf_str(out, text);
		return;
	}
	buf_str(out, (struct str){text.ptr, (size_t)(mark - text.ptr)});
	put_head(out, q, s, error);
	mark += strlen(HEAD_MARK);
	buf_str(out, (struct str){mark, text.len - (size_t)(mark - text.ptr)});
}

static struct str
policy(struct request *q, const session_record *s)
{
	struct buf out = {0};
	struct str text;

	buf_cstr(&out,
	    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
	    "img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'none'; "
	    "require-trusted-types-for 'script'; trusted-types 'none'; frame-ancestors");
	for (size_t i = 0; s != NULL && i < s->n_allowed_origins; i++)
		buf_printf(&out, " %s", s->allowed_origins[i]);
	if (s == NULL || s->n_allowed_origins == 0)
		buf_cstr(&out, " 'none'");
	text = arena_str(q->arena, buf_view(&out));
	buf_fini(&out);
	return text;
}

static void
answer_document(struct request *q, const session_record *s, const char *error)
{
	buf_clear(&q->answer.body);
	q->answer.status = error == NULL ? MHD_HTTP_OK : MHD_HTTP_GONE;
	q->answer.content_type = "text/html; charset=utf-8";
	put_document(q, s, error);
	answer_header(q, "Content-Security-Policy", policy(q, s));
	answer_header(q, "Permissions-Policy", STR("camera=(), microphone=(), geolocation=()"));
	answer_header(q, "Cross-Origin-Embedder-Policy", STR("require-corp"));
	answer_header(q, "Cross-Origin-Resource-Policy", STR("cross-origin"));
}

/* The session of the launch URL; NULL: there is none such. */
static session_record *
session_of_launch(struct request *q, uint64_t *revision)
{
	struct str text = request_parameter(q, "launch"), id, token;
	session_record *s;

	if (!session_text_parse(text, LAUNCH_TOKEN_PREFIX, &id, &token))
		return NULL;
	s = sessions_get(q->web->sessions, q->arena, id, revision);
	return s != NULL && token_proves(token, s->launch_hash.data, s->launch_hash.len) ? s
	                                                                                 : NULL;
}

/* Of two that come at once one changes the record, and the other one finds it changed. */
static const char *
use_launch(struct request *q, session_record *s, uint64_t revision)
{
	struct err e = {0};

	if (s->launch_used_ms != 0)
		return "launch_used";
	if (q->now.ms >= s->launch_expires_ms || !session_is_alive(s, q->now))
		return "launch_expired";
	s->launch_used_ms = q->now.ms;
	if (sessions_put(q->web->sessions, q->web->broker, s, revision, &revision, &e))
		return NULL;
	if (e.kind == ERR_CONFLICT)
		return "launch_used";
	(void)problem_of(q, &e);
	return "failed";
}

void
api_embed_get(struct request *q)
{
	uint64_t revision;
	session_record *s = session_of_launch(q, &revision);
	const char *error = s == NULL ? "launch_unknown" : use_launch(q, s, revision);

	if (q->answer.status == 0)
		answer_document(q, s, error);
}

static void
answer_file(struct request *q, struct str name)
{
	const struct asset *a = asset_find(name);

	if (a == NULL || str_eq(name, STR("index.html")))
		(void)problem_not_found(q);
	else
		asset_answer(q, a);
}

void
api_embed_kit_get(struct request *q)
{
	answer_file(q, STR("embed.js"));
}

void
api_embed_file_get(struct request *q)
{
	answer_file(q, request_part(q, 0));
}
