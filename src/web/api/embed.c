/*
 * The embedded UI: its document, which a launch URL opens once, and its files. The document
 * says in its head what the session is, and only the session's pages may frame it; what it may
 * read it learns later, by a token that its host gives it.
 */
#include <microhttpd.h>

#include "common.h"
#include "web/assets.h"
#include "web/sessions.h"

/* Words in the document that say what the session is; without files there is this one. */
static const char *const no_document =
    "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
    "<meta name=\"carillon-origins\" content=\"@ORIGINS@\">"
    "<meta name=\"carillon-error\" content=\"@ERROR@\">"
    "<title>Carillon</title></head><body><p>This build has no user "
    "interface.</p></body></html>";

/* Takes the next word of `known` off the text, with what stands before it into `out`; -1: there
 * is none any more, and the rest is there. */
static int
take_word(struct buf *out, struct str *text, const char *const *known, int n)
{
	const char *first = NULL;
	int which = -1;

	for (int i = 0; i < n; i++) {
		const char *at = memmem(text->ptr, text->len, known[i], strlen(known[i]));

		if (at != NULL && (first == NULL || at < first)) {
			first = at;
			which = i;
		}
	}
	if (which < 0) {
		buf_str(out, *text);
		return -1;
	}
	buf_str(out, (struct str){text->ptr, (size_t)(first - text->ptr)});
	first += strlen(known[which]);
	*text = (struct str){first, text->len - (size_t)(first - text->ptr)};
	return which;
}

static void
put_origins(struct buf *out, const session_record *s)
{
	for (size_t i = 0; s != NULL && i < s->n_allowed_origins; i++) {
		if (i > 0)
			buf_putc(out, ' ');
		buf_html(out, str_of(s->allowed_origins[i]));
	}
}

/* The session's page as the UI knows it. */
static const char *
path_of_page(const char *page)
{
	static const struct {
		const char *page, *path;
	} paths[] = {
	    {"connections", "/connections"}, {"rules", "/rules"}, {"events", "/activity"}};

	for (size_t i = 0; i < COUNT_OF(paths); i++)
		if (strcmp(page, paths[i].page) == 0)
			return paths[i].path;
	return "";
}

enum word { WORD_ORIGINS, WORD_ERROR, WORD_PAGE, WORD_LOCALE, WORD_THEME };

static void
put_word(struct buf *out, enum word word, const session_record *s, const char *error)
{
	const bool is_known = s != NULL && error == NULL;

	switch (word) {
	case WORD_ORIGINS: put_origins(out, s); break;
	case WORD_ERROR: buf_html(out, str_of(error != NULL ? error : "")); break;
	case WORD_PAGE: buf_cstr(out, is_known ? path_of_page(s->page) : ""); break;
	case WORD_LOCALE: buf_html(out, str_of(is_known ? s->locale : "")); break;
	case WORD_THEME: buf_html(out, str_of(is_known ? s->theme : "")); break;
	}
}

static void
put_document(struct request *q, const session_record *s, const char *error)
{
	static const char *const words[] = {
	    "@ORIGINS@", "@ERROR@", "@PAGE@", "@LOCALE@", "@THEME@"};
	const struct asset *a = asset_find(STR("index.html"));
	struct str text = a != NULL ? (struct str){a->raw, (size_t)(a->raw_end - a->raw)}
	                            : str_of(no_document);
	struct buf *out = &q->answer.body;
	int word;

	while ((word = take_word(out, &text, words, COUNT_OF(words))) >= 0)
		put_word(out, (enum word)word, s, error);
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
	const char *error = s == NULL ? "launch_invalid" : use_launch(q, s, revision);

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
