/* The OpenAPI document and docs/api.md, from the table of routes. */
#include "carillon/web/web.h"
#include "problem.h"
#include "routes.h"

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

static bool
is_list(const struct route *r)
{
	size_t n = strlen(r->name);

	return n > 5 && strcmp(r->name + n - 5, "_list") == 0;
}

static void
write_parts(struct json_writer *w, const struct route *r)
{
	const char *path = r->path;
	struct str name;

	jw_key(w, "parameters");
	jw_array(w);
	if (is_list(r)) {
		jw_raw(w, STR("{\"name\":\"limit\",\"in\":\"query\",\"schema\":{\"type\":"
			      "\"integer\",\"minimum\":1,\"maximum\":200}}"));
		jw_raw(w, STR("{\"name\":\"cursor\",\"in\":\"query\",\"schema\":{\"type\":"
			      "\"string\"}}"));
	}
	while (next_part(&path, &name)) {
		jw_object(w);
		jw_kv_string(w, "name", name);
		jw_kv_cstr(w, "in", "path");
		jw_kv_bool(w, "required", true);
		jw_key(w, "schema");
		jw_raw(w, STR("{\"type\":\"string\"}"));
		jw_object_end(w);
	}
	jw_array_end(w);
}

static void
write_response(struct json_writer *w, const char *status, const char *what, const char *schema)
{
	jw_key(w, status);
	jw_object(w);
	jw_kv_cstr(w, "description", what);
	if (schema != NULL) {
		jw_key(w, "content");
		jw_raw(w, str_of(schema));
	}
	jw_object_end(w);
}

static void
write_operation(struct json_writer *w, const struct route *r)
{
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
	write_parts(w, r);
	if (r->access == ACCESS_PUBLIC) {
		jw_key(w, "security");
		jw_raw(w, STR("[]"));
	}
	if (r->body != BODY_NONE) {
		jw_key(w, "requestBody");
		jw_raw(w, STR("{\"content\":{\"application/json\":{\"schema\":{}}}}"));
	}
	jw_key(w, "responses");
	jw_object(w);
	write_response(w, "default", "an error",
	    "{\"application/problem+json\":{\"schema\":{\"$ref\":\"#/components/schemas/"
	    "problem\"}}}");
	write_response(w, "2XX", "the answer", NULL);
	jw_object_end(w);
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

static void
write_problem_schema(struct json_writer *w)
{
	jw_key(w, "problem");
	jw_object(w);
	jw_kv_cstr(w, "type", "object");
	jw_key(w, "required");
	jw_raw(w, STR("[\"type\",\"code\",\"title\",\"status\",\"detail\",\"request_id\"]"));
	jw_key(w, "properties");
	jw_object(w);
	jw_key(w, "code");
	jw_object(w);
	jw_kv_cstr(w, "type", "string");
	jw_key(w, "enum");
	jw_array(w);
	for (int p = 0; p < PROBLEMS; p++)
		jw_cstr(w, problem_code((enum problem)p));
	jw_array_end(w);
	jw_object_end(w);
	jw_key(w, "status");
	jw_raw(w, STR("{\"type\":\"integer\"}"));
	jw_key(w, "errors");
	jw_raw(w, STR("{\"type\":\"array\",\"items\":{\"type\":\"object\"}}"));
	jw_object_end(w);
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
