/* The OpenAPI document and docs/api.md, from the table of routes. */
#include "carillon/web/web.h"
#include "problem.h"
#include "routes.h"
#include "shapes.h"

/* --- a path's parts --- */

/* The next "{part}" of a path; false after the last. */
static bool
next_part(const char **at, struct str *name)
{
	const char *open = strchr(*at, '{'), *close;

	if (open == NULL)
		return false;
	close = strchr(open, '}');
	*name = (struct str){open + 1, (size_t)(close - open) - 1};
	if (name->len > 3 && memcmp(name->ptr + name->len - 3, "...", 3) == 0)
		name->len -= 3;
	*at = close;
	return true;
}

/* "/embed/{file...}" is "/embed/{file}" there. */
static struct str
path_text(struct buf *out, const char *path)
{
	const char *dots = strstr(path, "...}");

	buf_clear(out);
	if (dots == NULL)
		buf_cstr(out, path);
	else
		buf_printf(out, "%.*s%s", (int)(dots - path), path, dots + 3);
	return buf_view(out);
}

/* --- OpenAPI --- */

static void
write_parameter(struct json_writer *w, struct str name, const char *in, struct str type)
{
	jw_object(w);
	jw_kv_string(w, "name", name);
	jw_kv_cstr(w, "in", in);
	jw_kv_bool(w, "required", strcmp(in, "path") == 0);
	jw_key(w, "schema");
	shape_write_type(w, type);
	jw_object_end(w);
}

/* A header's name begins with a capital letter, a parameter's never does. */
static bool
is_header(struct str name)
{
	return name.ptr[0] >= 'A' && name.ptr[0] <= 'Z';
}

static bool
has_parameter(const struct exchange *x, const char *wanted)
{
	struct str left = str_of(x->parameters), member, name, type;

	while (shape_next(&left, &member)) {
		(void)shape_cut(member, &name, &type);
		if (str_eq(name, str_of(wanted)))
			return true;
	}
	return false;
}

static bool
is_repeatable(const struct route *r)
{
	return r->method == METHOD_POST && r->where == WORKER && r->access != ACCESS_PUBLIC;
}

static void
write_parameters(struct json_writer *w, const struct route *r, const struct exchange *x)
{
	struct str left = str_of(x->parameters), member, name, type;
	const char *path = r->path;

	jw_key(w, "parameters");
	jw_array(w);
	while (next_part(&path, &name))
		write_parameter(w, name, "path", STR("text"));
	while (shape_next(&left, &member)) {
		(void)shape_cut(member, &name, &type);
		write_parameter(w, name, is_header(name) ? "header" : "query", type);
	}
	if (str_starts_with(str_of(x->gives), STR("page:"))) {
		write_parameter(w, STR("limit"), "query", STR("limit"));
		write_parameter(w, STR("cursor"), "query", STR("text"));
	}
	if (is_repeatable(r))
		write_parameter(w, STR("Idempotency-Key"), "header", STR("text"));
	jw_array_end(w);
}

static void
write_body(struct json_writer *w, const struct exchange *x)
{
	struct str takes = str_of(x->takes);

	if (str_eq(takes, STR("NONE")))
		return;
	jw_key(w, "requestBody");
	jw_object(w);
	jw_kv_bool(w, "required", shape_is_needed(takes));
	jw_key(w, "content");
	jw_object(w);
	jw_key(w, "application/json");
	jw_object(w);
	jw_key(w, "schema");
	shape_write_type(w, takes);
	jw_object_end(w);
	jw_object_end(w);
	jw_object_end(w);
}

/* --- answers --- */

static void
write_member(struct json_writer *w, const char *name, const char *type)
{
	jw_key(w, name);
	shape_write_type(w, str_of(type));
}

/* A page of a list, or a list that is whole. */
static void
write_list(struct json_writer *w, struct str of, bool is_page)
{
	jw_object(w);
	jw_kv_cstr(w, "type", "object");
	jw_key(w, "properties");
	jw_object(w);
	write_member(w, "count", "number");
	jw_key(w, "records");
	jw_object(w);
	jw_kv_cstr(w, "type", "array");
	jw_key(w, "items");
	shape_write_type(w, of);
	jw_object_end(w);
	if (is_page) {
		write_member(w, "limit", "number");
		write_member(w, "next_cursor", "text|null");
		write_member(w, "looked_back_to", "time");
	}
	jw_object_end(w);
	jw_key(w, "required");
	jw_raw(w, is_page ? STR("[\"count\",\"records\",\"limit\",\"next_cursor\"]")
			  : STR("[\"count\",\"records\"]"));
	jw_kv_bool(w, "additionalProperties", false);
	jw_object_end(w);
}

static void
write_schema(struct json_writer *w, struct str gives)
{
	const struct str page = STR("page:"), list = STR("list:");
	bool is_page = str_starts_with(gives, page);

	if (is_page || str_starts_with(gives, list))
		write_list(
		    w, (struct str){gives.ptr + page.len, gives.len - page.len}, is_page);
	else if (memchr(gives.ptr, '/', gives.len) != NULL)
		jw_raw(w, STR("{}"));
	else
		shape_write_type(w, gives);
}

static void
write_media(struct json_writer *w, struct str media, struct str gives)
{
	jw_keyn(w, media);
	jw_object(w);
	jw_key(w, "schema");
	write_schema(w, gives);
	jw_object_end(w);
}

static void
write_problem_media(struct json_writer *w)
{
	write_media(w, STR("application/problem+json"), STR("problem"));
}

static void
write_problem(struct json_writer *w, struct str status)
{
	jw_keyn(w, status);
	jw_object(w);
	jw_kv_cstr(w, "description", "a problem");
	jw_key(w, "content");
	jw_object(w);
	write_problem_media(w);
	jw_object_end(w);
	jw_object_end(w);
}

static struct str
media_of(struct str gives)
{
	return gives.len > 0 && memchr(gives.ptr, '/', gives.len) != NULL
	           ? gives
	           : STR("application/json");
}

/* Whether a request by this route can be answered with this error. */
static bool
can_answer(const struct route *r, const struct exchange *x, unsigned status)
{
	const bool is_ours = r->access != ACCESS_PUBLIC;
	const bool may_wait = r->where != INLINE;

	switch (status) {
	case 400:
	case 413:
	case 500:
	case 503: return true;
	case 401:
	case 403:
	case 429: return is_ours;
	case 404: return is_ours || strchr(r->path, '{') != NULL;
	case 409:
	case 422: return may_wait;
	/* Whoever writes may find that somebody else was faster. */
	case 412: return may_wait && r->method != METHOD_GET;
	case 428: return has_parameter(x, "If-Match");
	case 415: return r->body != BODY_NONE;
	default: return false;
	}
}

/* One number has several problems: it is told once. */
static bool
is_first_of_status(int p)
{
	for (int i = 0; i < p; i++)
		if (problem_status((enum problem)i) == problem_status((enum problem)p))
			return false;
	return true;
}

static bool
is_named(const struct exchange *x, struct str status)
{
	struct str left = str_of(x->statuses), one;

	while (shape_next(&left, &one))
		if (str_eq(one, status))
			return true;
	return false;
}

static void
write_problems(struct json_writer *w, const struct route *r, const struct exchange *x)
{
	struct buf number = {0};

	for (int p = 0; p < PROBLEMS; p++) {
		unsigned status = problem_status((enum problem)p);

		buf_clear(&number);
		buf_printf(&number, "%u", status);
		if (is_first_of_status(p) && can_answer(r, x, status) &&
		    !is_named(x, buf_view(&number)))
			write_problem(w, buf_view(&number));
	}
	buf_fini(&number);
}

/* A route that gives pages also gives one about what went wrong in the person's way. */
static void
write_answer(struct json_writer *w, const struct route *r, struct str status, struct str gives)
{
	jw_keyn(w, status);
	jw_object(w);
	jw_kv_cstr(w, "description", r->summary);
	if (gives.len > 0) {
		jw_key(w, "content");
		jw_object(w);
		write_media(w, media_of(gives), gives);
		if (status.ptr[0] >= '4')
			write_problem_media(w);
		jw_object_end(w);
	}
	jw_object_end(w);
}

static void
write_answers(struct json_writer *w, const struct route *r)
{
	const struct exchange *x = exchange_of(r->name);
	struct str left = str_of(x->statuses), status, gives = str_of(x->gives);
	bool has_pages = str_eq(gives, STR("text/html"));

	jw_key(w, "responses");
	jw_object(w);
	while (shape_next(&left, &status))
		if (status.ptr[0] >= '4' && !has_pages)
			write_problem(w, status);
		else
			write_answer(w, r, status, gives);
	if (has_parameter(x, "If-None-Match"))
		write_answer(w, r, STR("304"), (struct str){0});
	write_problems(w, r, x);
	jw_object_end(w);
}

static void
write_operation(struct json_writer *w, const struct route *r)
{
	const struct exchange *x = exchange_of(r->name);

	jw_key(w, r->method == METHOD_GET     ? "get"
		  : r->method == METHOD_POST  ? "post"
		  : r->method == METHOD_PUT   ? "put"
		  : r->method == METHOD_PATCH ? "patch"
					      : "delete");
	jw_object(w);
	jw_kv_cstr(w, "operationId", r->name);
	jw_kv_cstr(w, "summary", r->summary);
	jw_kv_cstr(w, "description", access_sentence(r->access));
	access_write(w, r->access);
	write_parameters(w, r, x);
	if (r->access == ACCESS_PUBLIC) {
		jw_key(w, "security");
		jw_raw(w, STR("[]"));
	}
	write_body(w, x);
	write_answers(w, r);
	jw_object_end(w);
}

static bool
is_first_of_path(int i)
{
	return i == 0 || strcmp(routes[i].path, routes[i - 1].path) != 0;
}

static void
write_paths(struct json_writer *w)
{
	struct buf path = {0};

	jw_key(w, "paths");
	jw_object(w);
	for (int i = 0; i < n_routes; i++) {
		if (is_first_of_path(i))
			jw_keyn(w, path_text(&path, routes[i].path));
		if (is_first_of_path(i))
			jw_object(w);
		write_operation(w, &routes[i]);
		if (i + 1 == n_routes || is_first_of_path(i + 1))
			jw_object_end(w);
	}
	jw_object_end(w);
	buf_fini(&path);
}

/* The codes are those of the table; the rest is the shape of every problem. */
static void
write_problem_schema(struct json_writer *w)
{
	jw_key(w, "problem_code");
	jw_object(w);
	jw_kv_cstr(w, "type", "string");
	jw_key(w, "enum");
	jw_array(w);
	for (int p = 0; p < PROBLEMS; p++)
		jw_cstr(w, problem_code((enum problem)p));
	jw_array_end(w);
	jw_object_end(w);
}

void
web_openapi(struct buf *out, const char *public_url)
{
	struct json_writer w;

	jw_init(&w, out);
	jw_object(&w);
	jw_kv_cstr(&w, "openapi", "3.1.0");
	jw_key(&w, "info");
	jw_object(&w);
	jw_kv_cstr(&w, "title", "Carillon");
	jw_kv_cstr(&w, "version", CARILLON_VERSION);
	jw_object_end(&w);
	jw_key(&w, "servers");
	jw_array(&w);
	jw_object(&w);
	jw_kv_cstr(&w, "url", public_url[0] != '\0' ? public_url : "/");
	jw_object_end(&w);
	jw_array_end(&w);
	jw_key(&w, "security");
	jw_raw(&w, STR("[{\"bearer\":[]},{\"publishable\":[]}]"));
	write_paths(&w);
	jw_key(&w, "components");
	jw_object(&w);
	jw_key(&w, "securitySchemes");
	jw_raw(&w, STR("{\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\"},"
		       "\"publishable\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":"
		       "\"X-Carillon-Publishable-Key\"}}"));
	jw_key(&w, "schemas");
	jw_object(&w);
	write_problem_schema(&w);
	shapes_write(&w);
	jw_object_end(&w);
	jw_object_end(&w);
	jw_object_end(&w);
}

/* --- docs/api.md --- */

void
web_api_markdown(struct buf *out)
{
	buf_cstr(out, "# The HTTP API\n\nMade from the tables by `carillon docs api`. "
		      "README has how to begin.\n\n");
	buf_cstr(out, "| route | who | what it does |\n|---|---|---|\n");
	for (int i = 0; i < n_routes; i++)
		buf_printf(out, "| `%s %s` | %s | %s |\n", method_name(routes[i].method),
		    routes[i].path, access_sentence(routes[i].access), routes[i].summary);
	buf_cstr(out, "\n## Errors\n\nApplication errors are `application/problem+json` "
		      "(RFC 9457); programs go by `code`.\n\n");
	buf_cstr(out, "| code | status | what it means and what to do |\n|---|---|---|\n");
	for (int p = 0; p < PROBLEMS; p++)
		buf_printf(out, "| `%s` | %u | %s |\n", problem_code((enum problem)p),
		    problem_status((enum problem)p), problem_sentence((enum problem)p));
}
