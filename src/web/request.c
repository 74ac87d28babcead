#include "request.h"

#include <inttypes.h>
#include <microhttpd.h>

#include "carillon/base/clock.h"
#include "carillon/base/suggest.h"
#include "problem.h"
#include "web_private.h"

enum { LIMIT_USUAL = 50, LIMIT_MOST = 200, NAMES_MAX = 32 };

struct store *
request_store(struct request *q)
{
	return q->web->store;
}

struct broker *
request_broker(struct request *q)
{
	return q->web->broker;
}

const struct config *
request_config(struct request *q)
{
	return q->web->config;
}

struct str
request_header(struct request *q, const char *name)
{
	return str_of(MHD_lookup_connection_value(q->connection, MHD_HEADER_KIND, name));
}

/* --- what is asked --- */

static bool
is_json(struct str type)
{
	const struct str wanted = STR("application/json");

	return type.len >= wanted.len && strncasecmp(type.ptr, wanted.ptr, wanted.len) == 0 &&
	       (type.len == wanted.len || type.ptr[wanted.len] == ';' ||
		   type.ptr[wanted.len] == ' ');
}

bool
request_json(struct request *q, const struct json **out)
{
	struct findings f;

	if (!is_json(request_header(q, "Content-Type")))
		return problem(q, PROBLEM_UNSUPPORTED_MEDIA, "send application/json");
	findings_init(&f, q->arena);
	if (q->json == NULL &&
	    !findings_parse(&f, q->arena, buf_view(&q->body), JSON_DEPTH_MAX, &q->json))
		return problem_found(q, PROBLEM_INVALID_JSON, &f);
	*out = q->json;
	return true;
}

bool
request_object(struct request *q, const struct json **out)
{
	static const struct json nothing = {.kind = JSON_OBJECT};

	*out = &nothing;
	if (q->body.len == 0)
		return true;
	if (!request_json(q, out))
		return false;
	return (*out)->kind == JSON_OBJECT ||
	       problem(q, PROBLEM_INVALID_VALUE, "the body is %s; it must be an object",
		   json_kind_name((*out)->kind));
}

static size_t
list_names(const char *const *names, struct str out[static NAMES_MAX])
{
	size_t n = 0;

	for (; names[n] != NULL && n < NAMES_MAX; n++)
		out[n] = str_of(names[n]);
	return n;
}

static bool
is_among(struct str name, const struct str *known, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(name, known[i]))
			return true;
	return false;
}

bool
request_members(struct request *q, const struct json *object, const char *const *names)
{
	struct str known[NAMES_MAX];
	size_t n = list_names(names, known);
	struct findings f;

	findings_init(&f, q->arena);
	JSON_EACH (v, object)
		if (!is_among(v->key, known, n)) {
			const struct pointer at = {.name = v->key};

			(void)findings_about(&f, FINDING_UNKNOWN_MEMBER, &at,
			    "there is no member \"%.*s\"", STR_ARG(v->key));
			(void)findings_suggest(&f, str_nearest(v->key, known, n));
		}
	return f.n == 0 || problem_found(q, PROBLEM_UNKNOWN_MEMBER, &f);
}

bool
request_parameters(struct request *q, const char *const *names)
{
	struct str known[NAMES_MAX];
	size_t n = list_names(names, known);

	for (int i = 0; i < q->target.n_parameters; i++) {
		struct str name = q->target.parameters[i].name;

		if (!is_among(name, known, n))
			return problem(q, PROBLEM_BAD_REQUEST,
			    "there is no parameter \"%.*s\" here", STR_ARG(name));
	}
	return true;
}

bool
request_no_parameters(struct request *q)
{
	static const char *const none[] = {NULL};

	return request_parameters(q, none);
}

struct str
request_parameter(struct request *q, const char *name)
{
	struct str value = {0};

	(void)target_get(&q->target, str_of(name), &value);
	return value;
}

bool
request_limit(struct request *q, size_t *limit)
{
	struct str text;
	uint64_t n = LIMIT_USUAL;

	if (target_get(&q->target, STR("limit"), &text) &&
	    (!str_digits(text, &n) || n < 1 || n > LIMIT_MOST))
		return problem(
		    q, PROBLEM_BAD_REQUEST, "limit: a number from 1 to %d", LIMIT_MOST);
	*limit = (size_t)n;
	return true;
}

bool
request_time(struct request *q, const char *name, int64_t *ms)
{
	struct str text;
	wall_t at;

	if (!target_get(&q->target, str_of(name), &text))
		return true;
	if (!clock_parse(text, &at))
		return problem(
		    q, PROBLEM_BAD_REQUEST, "%s: a time such as 2026-04-17T16:00:00Z", name);
	*ms = at.ms;
	return true;
}

/* The revision in "118", with its quotes; weak ones never match. */
static bool
parse_etag(struct str s, uint64_t *revision)
{
	return s.len > 2 && s.ptr[0] == '"' && s.ptr[s.len - 1] == '"' &&
	       str_digits((struct str){s.ptr + 1, s.len - 2}, revision);
}

bool
request_if_match(struct request *q, uint64_t *revision)
{
	struct str text = request_header(q, "If-Match");

	if (text.len == 0)
		return problem(q, PROBLEM_PRECONDITION_REQUIRED,
		    "send If-Match with the ETag of what you read");
	return parse_etag(text, revision) ||
	       problem(q, PROBLEM_BAD_REQUEST, "If-Match: one ETag such as \"118\"");
}

/* --- what is answered --- */

void
answer_header(struct request *q, const char *name, struct str value)
{
	must(q->answer.n_headers < ANSWER_HEADERS_MAX);
	q->answer.headers[q->answer.n_headers++] =
	    (struct header){str_of(name), arena_str(q->arena, value)};
}

void
answer_json(struct request *q, unsigned status, struct json_writer *w)
{
	buf_clear(&q->answer.body);
	q->answer.status = status;
	q->answer.content_type = "application/json";
	q->answer.fixed = (struct str){0};
	jw_init(w, &q->answer.body);
}

void
answer_nothing(struct request *q)
{
	buf_clear(&q->answer.body);
	q->answer.status = MHD_HTTP_NO_CONTENT;
	q->answer.content_type = NULL;
}

void
answer_etag(struct request *q, uint64_t revision)
{
	answer_header(q, "ETag", arena_printf(q->arena, "\"%" PRIu64 "\"", revision));
}

bool
answer_unchanged(struct request *q, uint64_t revision)
{
	uint64_t had;

	if (!parse_etag(request_header(q, "If-None-Match"), &had) || had != revision)
		return false;
	answer_nothing(q);
	q->answer.status = MHD_HTTP_NOT_MODIFIED;
	answer_etag(q, revision);
	return true;
}
