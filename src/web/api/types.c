/* The catalogue of event types: the workspace's own, before those that all share. */
#include <microhttpd.h>

#include "carillon/rules/schema.h"
#include "write.h"

static void
write_one(struct request *q, struct json_writer *w, const void *record, uint64_t revision)
{
	(void)q;
	json_write_type(w, record, revision);
}

/* --- the fields that its events have: what a condition can be about --- */

enum { FIELDS_MAX = 200, FIELD_DEPTH_MAX = 4 };

struct fields {
	struct request *q;
	struct json_writer *w;
	const struct schema *schema;
	int n;
};

static const char *
type_name(unsigned types, enum json_kind kind)
{
	static const struct {
		unsigned type;
		const char *name;
	} names[] = {{SCHEMA_STRING, "string"}, {SCHEMA_INTEGER, "integer"},
	    {SCHEMA_NUMBER, "number"}, {SCHEMA_BOOLEAN, "boolean"}, {SCHEMA_ARRAY, "array"},
	    {SCHEMA_OBJECT, "object"}};

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (types & names[i].type)
			return names[i].name;
	switch (kind) {
	case JSON_TRUE:
	case JSON_FALSE: return "boolean";
	case JSON_NUMBER: return "number";
	case JSON_ARRAY: return "array";
	case JSON_OBJECT: return "object";
	case JSON_STRING: return "string";
	case JSON_NULL: break;
	}
	return "null";
}

static void
write_field(struct fields *f, struct str path, const struct json *v)
{
	f->n++;
	jw_object(f->w);
	jw_kv_string(f->w, "path", path);
	jw_kv_cstr(f->w, "type",
	    type_name(f->schema != NULL ? schema_type_of(f->schema, path) : 0, v->kind));
	jw_key(f->w, "example");
	jw_value(f->w, v);
	jw_object_end(f->w);
}

static void
write_fields_of(struct fields *f, struct str prefix, const struct json *object, int depth)
{
	JSON_EACH (v, object) {
		struct str path = arena_printf(f->q->arena, "%.*s%s%.*s", STR_ARG(prefix),
		    prefix.len > 0 ? "." : "", STR_ARG(v->key));

		if (f->n == FIELDS_MAX)
			return;
		if (v->kind == JSON_OBJECT && depth < FIELD_DEPTH_MAX)
			write_fields_of(f, path, v, depth + 1);
		else
			write_field(f, path, v);
	}
}

static void
write_with_fields(
    struct request *q, struct json_writer *w, const type_record *r, uint64_t revision)
{
	struct fields f = {.q = q, .w = w};
	const struct json *sample = NULL;
	struct schema *schema = NULL;
	struct findings found;

	findings_init(&found, q->arena);
	if (schema_compile(q->arena, str_of(r->schema), &schema, &found))
		f.schema = schema;
	json_write_type_open(w, r, revision);
	jw_key(w, "fields");
	jw_array(w);
	if (r->sample[0] != '\0' &&
	    json_parse(q->arena, str_of(r->sample), JSON_DEPTH_MAX, &sample, NULL))
		write_fields_of(&f, (struct str){0}, sample, 0);
	jw_array_end(w);
	jw_object_end(w);
}

struct merging {
	struct page page;
	struct str workspace; /* of the shared ones: whose own take precedence */
	bool is_shared;
};

/* Own ones come first, then the shared ones that no own one replaces; the cursor says where. */
static bool
merge_one(const void *record, uint64_t revision, void *arg)
{
	struct merging *m = arg;
	const type_record *r = record;
	struct request *q = m->page.q;
	struct err e = {0};

	if (m->is_shared && registry_type(q->registry, q->arena, m->workspace, str_of(r->name),
				NULL, &e) != NULL)
		return true;
	if (!page_takes(
		&m->page, arena_printf(q->arena, "%c%s", m->is_shared ? 's' : 'o', r->name)))
		return false;
	write_one(q, &m->page.w, r, revision);
	return true;
}

static bool
merge_from(struct merging *m, struct str workspace, char prefix, struct err *e)
{
	struct request *q = m->page.q;
	struct str after = m->page.after;
	struct state_list list = {.workspace = workspace, .kind = STATE_TYPE};

	if (after.len > 0 && after.ptr[0] == prefix)
		list.after = (struct str){after.ptr + 1, after.len - 1};
	return registry_each(q->registry, q->arena, &list, merge_one, m, e);
}

void
api_types_list(struct request *q)
{
	static const char *const parameters[] = {"limit", "cursor", NULL};
	struct merging m = {.workspace = request_part(q, 0)};
	struct err e = {0};
	bool ok = true;

	if (!request_parameters(q, parameters) || !api_has_workspace(q) ||
	    !page_begin(&m.page, q))
		return;
	if (m.page.after.len == 0 || m.page.after.ptr[0] == 'o')
		ok = merge_from(&m, m.workspace, 'o', &e);
	m.is_shared = true;
	if (ok && !m.page.has_more)
		ok = merge_from(&m, CATALOGUE_WORKSPACE, 's', &e);
	if (ok)
		page_end(&m.page);
	else
		(void)problem_of(q, &e);
}

void
api_type_get(struct request *q)
{
	const type_record *r;
	uint64_t revision;
	struct json_writer w;
	struct err e = {0};

	if (!request_no_parameters(q) || !api_has_workspace(q))
		return;
	r = registry_type(
	    q->registry, q->arena, request_part(q, 0), request_part(q, 1), &revision, &e);
	if (r == NULL && e.kind == ERR_NOT_FOUND)
		r = registry_type(q->registry, q->arena, CATALOGUE_WORKSPACE,
		    request_part(q, 1), &revision, &e);
	if (r == NULL) {
		(void)problem_of(q, &e);
		return;
	}
	if (answer_unchanged(q, revision))
		return;
	answer_json(q, MHD_HTTP_OK, &w);
	write_with_fields(q, &w, r, revision);
	answer_etag(q, revision);
}

/* --- writing: a workspace's own, or with the shared route those of all --- */

static struct writing
writing_of(struct request *q, bool is_shared)
{
	return (struct writing){
	    .q = q,
	    .kind = STATE_TYPE,
	    .workspace = is_shared ? CATALOGUE_WORKSPACE : request_part(q, 0),
	    .id = request_part(q, is_shared ? 0 : 1),
	    .write = write_one,
	};
}

/* A key of some workspaces only does not change what all of them have. */
static bool
may_share(struct request *q)
{
	return q->who.n_workspaces == 0 ||
	       problem(q, PROBLEM_FORBIDDEN, "this key may only see its own workspaces");
}

static bool
is_there(struct writing *w, uint64_t *revision)
{
	struct err e = {0};

	*revision = 0;
	return registry_type(w->q->registry, w->q->arena, w->workspace, w->id, revision, &e) !=
	       NULL;
}

static void
put(struct request *q, bool is_shared)
{
	const struct json *object;
	struct writing w = writing_of(q, is_shared);
	struct err e = {0};
	type_record r;
	bool is_new = !is_there(&w, &w.revision);

	carillon__v1__event_type__init(&r);
	if (!request_object(q, &object) || (!is_new && !write_matches(&w)) ||
	    !write_read(&w, object, &r, PROBLEM_INVALID_VALUE))
		return;
	r.name = arena_cstr(q->arena, w.id);
	for (size_t i = 0; i < r.n_default_rules; i++)
		if (r.default_rules[i]->event_type[0] == '\0')
			r.default_rules[i]->event_type = r.name;
	findings_init(&w.found, q->arena);
	if (registry_put_type(q->registry, w.workspace, &r, w.revision, &w.found, &e))
		write_answer(&w, is_new ? MHD_HTTP_CREATED : MHD_HTTP_OK);
	else
		(void)write_failed(&w, &e, PROBLEM_INVALID_VALUE);
}

static void
remove_type(struct request *q, bool is_shared)
{
	struct writing w = writing_of(q, is_shared);
	struct err e = {0};

	if (!is_there(&w, &w.revision)) {
		(void)problem_not_found(q);
		return;
	}
	if (!write_matches(&w))
		return;
	if (registry_delete(q->registry, w.workspace, STATE_TYPE, w.id, w.revision, &e))
		answer_nothing(q);
	else
		(void)write_failed(&w, &e, PROBLEM_INVALID_VALUE);
}

void
api_type_put(struct request *q)
{
	if (api_has_workspace(q))
		put(q, false);
}

void
api_type_delete(struct request *q)
{
	if (api_has_workspace(q))
		remove_type(q, false);
}

void
api_shared_types_list(struct request *q)
{
	api_list(q, CATALOGUE_WORKSPACE, STATE_TYPE, write_one);
}

void
api_shared_type_put(struct request *q)
{
	if (may_share(q))
		put(q, true);
}

void
api_shared_type_delete(struct request *q)
{
	if (may_share(q))
		remove_type(q, true);
}
