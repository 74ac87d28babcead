/* Who changed what: the revisions that the bucket keeps of a record; and going back to one. */
#include <microhttpd.h>

#include "carillon/registry/check.h"
#include "write.h"

enum { VALUE_BYTES_MAX = 4096 };

static const char *const kind_names[] = {"rule", "connection", "workspace", "event_type"};
static const enum state_kind kinds[] = {
    STATE_RULE, STATE_CONNECTION, STATE_WORKSPACE, STATE_TYPE};

static void
write_record(struct json_writer *w, enum state_kind kind, const void *record, uint64_t revision)
{
	switch (kind) {
	case STATE_RULE: json_write_rule(w, record, revision, NULL); break;
	case STATE_CONNECTION: json_write_connection(w, record, revision, NULL); break;
	case STATE_WORKSPACE: json_write_workspace(w, record, revision, NULL); break;
	default: json_write_type(w, record, revision); break;
	}
}

/* --- what an author is --- */

/* "session:ses_1;role=admin;ip=192.0.2.1;request=r-1": the value of a name in it. */
static struct str
named(struct str by, const char *name)
{
	size_t n = strlen(name);

	while (by.len > 0) {
		const char *end = memchr(by.ptr, ';', by.len);
		struct str part = {by.ptr, end != NULL ? (size_t)(end - by.ptr) : by.len};

		if (part.len > n && memcmp(part.ptr, name, n) == 0 && part.ptr[n] == '=')
			return (struct str){part.ptr + n + 1, part.len - n - 1};
		by = (struct str){
		    part.ptr + part.len + (end != NULL), by.len - part.len - (end != NULL)};
	}
	return (struct str){0};
}

static void
write_author(struct json_writer *w, struct str by)
{
	const char *colon = by.len > 0 ? memchr(by.ptr, ':', by.len) : NULL;
	const char *end = by.len > 0 ? memchr(by.ptr, ';', by.len) : NULL;
	size_t kind = colon != NULL ? (size_t)(colon - by.ptr) : 0;
	size_t whole = end != NULL ? (size_t)(end - by.ptr) : by.len;

	jw_key(w, "by");
	jw_object(w);
	jw_kv_string(w, "kind", kind > 0 ? (struct str){by.ptr, kind} : STR("service"));
	jw_kv_string(w, "id",
	    kind > 0 && whole > kind ? (struct str){by.ptr + kind + 1, whole - kind - 1}
				     : (struct str){0});
	jw_kv_string(w, "role", named(by, "role"));
	jw_kv_string(w, "address", named(by, "ip"));
	jw_kv_string(w, "request_id", named(by, "request"));
	jw_object_end(w);
}

/* --- revisions, each compared with the one before --- */

struct version {
	struct registry_revision at;
	const struct json *view; /* the record's JSON, parsed; NULL: deleted */
};

struct versions {
	struct request *q;
	enum state_kind kind;
	struct version all[STATE_KEEP];
	int n;
};

static const struct json *
view_of(struct request *q, enum state_kind kind, const struct registry_revision *v)
{
	const struct json *view = NULL;
	struct buf text = {0};
	struct json_writer w;

	if (v->record == NULL)
		return NULL;
	jw_init(&w, &text);
	write_record(&w, kind, v->record, v->revision);
	if (!json_parse(
		q->arena, arena_str(q->arena, buf_view(&text)), JSON_DEPTH_MAX, &view, NULL))
		view = NULL;
	buf_fini(&text);
	return view;
}

static bool
take_version(const struct registry_revision *v, void *arg)
{
	struct versions *all = arg;

	all->all[all->n++] = (struct version){*v, view_of(all->q, all->kind, v)};
	return all->n < STATE_KEEP;
}

static struct str
text_of(struct request *q, const struct json *v)
{
	struct str text = v != NULL ? json_text(q->arena, v) : STR("null");

	return text.len <= VALUE_BYTES_MAX ? text : STR("\"(long)\"");
}

static bool
is_told(struct str key)
{
	return !str_eq(key, STR("revision")) && !str_eq(key, STR("updated_at"));
}

static void
write_change(struct request *q, struct json_writer *w, struct str key, const struct json *was,
    const struct json *is)
{
	struct str before = text_of(q, was), now = text_of(q, is);

	if (!is_told(key) || str_eq(before, now))
		return;
	jw_object(w);
	jw_kv_string(w, "member", key);
	jw_key(w, "was");
	jw_raw(w, before);
	jw_key(w, "is");
	jw_raw(w, now);
	jw_object_end(w);
}

static void
write_changes(
    struct request *q, struct json_writer *w, const struct json *was, const struct json *is)
{
	jw_key(w, "changes");
	jw_array(w);
	if (was != NULL && is != NULL)
		JSON_EACH (v, is)
			write_change(q, w, v->key, json_get(was, v->key), v);
	jw_array_end(w);
}

static void
write_version(struct versions *all, struct json_writer *w, int i)
{
	const struct version *v = &all->all[i];
	const struct version *before = i + 1 < all->n ? &all->all[i + 1] : NULL;

	jw_object(w);
	jw_kv_int(w, "revision", (int64_t)v->at.revision);
	json_write_time(w, "at", v->at.at.ms);
	write_author(w, v->at.by);
	jw_kv_cstr(w, "what",
	    v->at.is_delete        ? "deleted"
	    : before == NULL       ? all->n < STATE_KEEP ? "created" : "changed"
	    : before->at.is_delete ? "created"
				   : "changed");
	write_changes(all->q, w, before != NULL ? before->view : NULL, v->view);
	jw_object_end(w);
}

static bool
look_up(struct request *q, struct versions *all, struct str id)
{
	const struct stored_key key = {request_part(q, 0), all->kind, id};
	struct err e = {0};

	all->q = q;
	return registry_history(q->registry, q->arena, &key, take_version, all, &e) ||
	       problem_of(q, &e);
}

static void
answer_versions(struct request *q, enum state_kind kind, struct str id)
{
	struct versions *all = ARENA_NEW(q->arena, struct versions);
	struct json_writer w;

	all->kind = kind;
	if (!api_has_workspace(q) || !look_up(q, all, id))
		return;
	if (all->n == 0) {
		(void)problem_not_found(q);
		return;
	}
	answer_json(q, MHD_HTTP_OK, &w);
	jw_object(&w);
	jw_key(&w, "records");
	jw_array(&w);
	for (int i = 0; i < all->n; i++)
		write_version(all, &w, i);
	jw_array_end(&w);
	jw_kv_int(&w, "count", all->n);
	jw_object_end(&w);
}

void
api_audit_list(struct request *q)
{
	static const char *const parameters[] = {"kind", "id", NULL};
	struct str kind = request_parameter(q, "kind"), id = request_parameter(q, "id");

	if (!request_parameters(q, parameters))
		return;
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (str_eq(kind, str_of(kind_names[i]))) {
			answer_versions(
			    q, kinds[i], kinds[i] == STATE_WORKSPACE ? request_part(q, 0) : id);
			return;
		}
	(void)problem(q, PROBLEM_BAD_REQUEST,
	    "kind: rule, connection, workspace or event_type, and its id");
}

void
api_rule_versions_list(struct request *q)
{

	if (request_no_parameters(q))
		answer_versions(q, STATE_RULE, request_part(q, 1));
}

/* --- going back --- */

static void
write_rule(struct request *q, struct json_writer *w, const void *record, uint64_t revision)
{
	(void)q;
	json_write_rule(w, record, revision, NULL);
}

static const rule_record *
version_of(struct versions *all, uint64_t revision)
{
	for (int i = 0; i < all->n; i++)
		if (all->all[i].at.revision == revision && all->all[i].at.record != NULL)
			return all->all[i].at.record;
	return NULL;
}

static bool
read_revision(struct request *q, uint64_t *revision)
{
	static const char *const members[] = {"revision", NULL};
	const struct json *object;
	int64_t n = 0;

	if (!request_object(q, &object) || !request_members(q, object, members))
		return false;
	if (json_get(object, STR("revision")) == NULL ||
	    !json_int64(json_get(object, STR("revision")), &n) || n < 1)
		return problem(q, PROBLEM_INVALID_VALUE, "revision: a number of the versions");
	*revision = (uint64_t)n;
	return true;
}

/* Its old self becomes the newest; whether it holds anything is as it is now. */
void
api_rule_revert(struct request *q)
{
	struct writing w = {.q = q,
	    .kind = STATE_RULE,
	    .workspace = request_part(q, 0),
	    .id = request_part(q, 1),
	    .write = write_rule};
	struct versions *all = ARENA_NEW(q->arena, struct versions);
	const rule_record *now = api_rule(q, &w.revision), *old;
	struct err e = {0};
	rule_record back;
	uint64_t revision = 0;

	all->kind = STATE_RULE;
	if (now == NULL || !write_matches(&w) || !read_revision(q, &revision) ||
	    !look_up(q, all, w.id))
		return;
	old = version_of(all, revision);
	if (old == NULL) {
		(void)problem(q, PROBLEM_INVALID_VALUE, "that version is not kept any more");
		return;
	}
	back = *old;
	back.hold_reason = now->hold_reason;
	back.hold_code = now->hold_code;
	back.repair = now->repair;
	back.updated_ms = q->now.ms;
	findings_init(&w.found, q->arena);
	if (registry_put_rule(q->registry, w.workspace, &back, w.revision, &w.found, &e))
		write_answer(&w, MHD_HTTP_OK);
	else
		(void)write_failed(&w, &e, PROBLEM_INVALID_RULE);
}
