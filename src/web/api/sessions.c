/* Sessions of browsers: made by the product's server, used by the embedded UI. */
#include "web/sessions.h"

#include <microhttpd.h>
#include <sodium.h>

#include "carillon/base/id.h"
#include "common.h"

enum { USER_ID_MAX = 255, ORIGINS_MAX = 10, SCOPES_MAX = 20, WORD_MAX = 64 };

/* --- reading what is asked for --- */

/* Members are read one by one, and all that is wrong is told. */
struct reading {
	struct request *q;
	const struct json *object;
	struct findings f;
};

static char *
read_text(struct reading *r, const char *name, size_t max, const char *otherwise)
{
	const struct json *v = json_get(r->object, str_of(name));
	const struct pointer at = {.name = str_of(name)};

	if (v == NULL || v->kind == JSON_NULL)
		return arena_cstr(r->q->arena, str_of(otherwise));
	if (v->kind != JSON_STRING)
		(void)findings_about(&r->f, FINDING_WRONG_KIND, &at,
		    "\"%s\" is %s; it must be text", name, json_kind_name(v->kind));
	else if (v->text.len > max)
		(void)findings_about(&r->f, FINDING_TOO_LONG, &at,
		    "\"%s\" has %zu bytes; at most %zu are allowed", name, v->text.len, max);
	return arena_cstr(r->q->arena, v->text);
}

static char *
read_word(struct reading *r, const char *name, const char *const *words, const char *otherwise)
{
	char *text = read_text(r, name, WORD_MAX, otherwise);
	const struct pointer at = {.name = str_of(name)};
	struct buf all = {0};

	for (int i = 0; words[i] != NULL; i++) {
		if (strcmp(text, words[i]) == 0) {
			buf_fini(&all);
			return text;
		}
		buf_printf(&all, "%s%s", i > 0 ? ", " : "", words[i]);
	}
	(void)findings_about(&r->f, FINDING_UNKNOWN_WORD, &at, "\"%s\" must be one of %.*s",
	    name, STR_ARG(buf_view(&all)));
	buf_fini(&all);
	return text;
}

static int64_t
read_seconds(
    struct reading *r, const char *name, int64_t least, int64_t most, int64_t otherwise)
{
	const struct json *v = json_get(r->object, str_of(name));
	const struct pointer at = {.name = str_of(name)};
	int64_t n = otherwise;

	if (v != NULL && (!json_int64(v, &n) || n < least || n > most))
		(void)findings_about(&r->f, FINDING_OUT_OF_RANGE, &at,
		    "\"%s\" must be a number from %lld to %lld", name, (long long)least,
		    (long long)most);
	return n;
}

static char **
read_list(
    struct reading *r, const char *name, size_t max, bool (*is_good)(struct str), size_t *n)
{
	const struct json *v = json_get(r->object, str_of(name));
	const struct pointer list = {.name = str_of(name)};
	char **out;

	*n = 0;
	if (v == NULL)
		return NULL;
	if (v->kind != JSON_ARRAY || v->count > max) {
		(void)findings_about(&r->f, FINDING_TOO_MANY, &list,
		    "\"%s\" must be a list of at most %zu", name, max);
		return NULL;
	}
	out = ARENA_ARRAY(r->q->arena, char *, v->count + 1);
	JSON_EACH (one, v) {
		const struct pointer at = {.up = &list, .index = (uint32_t)*n};

		if (one->kind != JSON_STRING || !is_good(one->text))
			(void)findings_about(&r->f, FINDING_BAD_FORM, &at,
			    "\"%s\": that is not allowed there", name);
		out[(*n)++] = arena_cstr(r->q->arena, one->text);
	}
	return out;
}

static bool
is_session_scope(struct str s)
{
	return str_eq(s, str_of(key_scope_name(KEY_SCOPE_PAYLOAD)));
}

static void
read_resource(struct reading *r, session_record *s)
{
	s->resource = read_text(r, "resource", EVENT_ID_MAX, "");
	s->resource_id = read_text(r, "resource_id", EVENT_ID_MAX, "");
	if (strcmp(s->type, "resource") == 0 &&
	    (s->resource[0] == '\0' || s->resource_id[0] == '\0'))
		(void)findings_about(&r->f, FINDING_MISSING, POINTER_TO("resource"),
		    "a session of the type resource needs \"resource\" and \"resource_id\"");
}

static void
read_session(struct reading *r, session_record *s, int64_t *launch_s)
{
	static const char *const roles[] = {"member", "admin", "owner", NULL};
	static const char *const types[] = {"workspace", "resource", "dashboard", NULL};
	static const char *const pages[] = {
	    "dashboard", "connections", "rules", "events", NULL};

	s->workspace = read_text(r, "workspace_id", WORKSPACE_ID_MAX, "");
	s->role = read_word(r, "role", roles, "member");
	s->type = read_word(r, "session_type", types, "workspace");
	read_resource(r, s);
	s->external_user_id = read_text(r, "external_user_id", USER_ID_MAX, "");
	s->external_name = read_text(r, "external_name", USER_ID_MAX, "");
	s->page = read_word(r, "launch_page", pages, "dashboard");
	s->locale = read_text(r, "locale", WORD_MAX, "");
	s->theme = read_text(r, "theme", WORD_MAX, "");
	s->ttl_s = (uint32_t)read_seconds(
	    r, "ttl_seconds", SESSION_TTL_MIN_S, SESSION_TTL_MAX_S, SESSION_TTL_USUAL_S);
	*launch_s = read_seconds(
	    r, "launch_ttl_seconds", LAUNCH_TTL_MIN_S, LAUNCH_TTL_MAX_S, LAUNCH_TTL_USUAL_S);
	s->allowed_origins = read_list(
	    r, "allowed_origins", ORIGINS_MAX, origin_is_valid, &s->n_allowed_origins);
	s->scopes = read_list(r, "scopes", SCOPES_MAX, is_session_scope, &s->n_scopes);
	if (s->workspace[0] == '\0')
		(void)findings_about(&r->f, FINDING_MISSING, POINTER_TO("workspace_id"),
		    "there is no \"workspace_id\"");
}

static bool
read_request(struct request *q, session_record *s, int64_t *launch_s)
{
	static const char *const members[] = {"workspace_id", "role", "session_type",
	    "external_user_id", "external_name", "ttl_seconds", "launch_ttl_seconds",
	    "launch_page", "resource", "resource_id", "allowed_origins", "scopes", "locale",
	    "theme", NULL};
	struct reading r = {.q = q};

	if (!request_object(q, &r.object) || !request_members(q, r.object, members))
		return false;
	findings_init(&r.f, q->arena);
	read_session(&r, s, launch_s);
	return r.f.n == 0 || problem_found(q, PROBLEM_INVALID_VALUE, &r.f);
}

/* --- answering --- */

static void
write_open(struct json_writer *w, const session_record *s)
{
	jw_object(w);
	jw_kv_cstr(w, "session_id", s->id);
	jw_kv_cstr(w, "workspace_id", s->workspace);
	jw_kv_cstr(w, "role", s->role);
	jw_kv_cstr(w, "session_type", s->type);
	if (s->resource[0] != '\0') {
		jw_kv_cstr(w, "resource", s->resource);
		jw_kv_cstr(w, "resource_id", s->resource_id);
	}
	json_write_time(w, "expires_at", s->expires_ms);
}

static void
write_token(
    struct json_writer *w, struct request *q, const session_record *s, const char *token)
{
	char text[SESSION_TEXT_MAX];

	session_token_text(text, SESSION_TOKEN_PREFIX, str_of(s->id), token);
	jw_kv_cstr(w, "access_token", text);
	jw_kv_int(w, "expires_in", (s->expires_ms - q->now.ms) / 1000);
	sodium_memzero(text, sizeof(text));
	q->answer.is_secret = true;
}

static void
write_launch(
    struct json_writer *w, struct request *q, const session_record *s, const char *token)
{
	char text[SESSION_TEXT_MAX];
	struct buf url = {0};

	session_token_text(text, LAUNCH_TOKEN_PREFIX, str_of(s->id), token);
	buf_printf(&url, "%s/embed?launch=%s", web_public_url(q->web), text);
	jw_kv_cstr(w, "launch_token", text);
	json_write_time(w, "launch_expires_at", s->launch_expires_ms);
	jw_kv_string(w, "launch_url", buf_view(&url));
	sodium_memzero(text, sizeof(text));
	sodium_memzero(url.ptr, url.cap);
	buf_fini(&url);
}

/* --- create --- */

struct tokens {
	char access[TOKEN_TEXT_MAX], launch[TOKEN_TEXT_MAX];
	uint8_t access_hash[TOKEN_HASH], launch_hash[TOKEN_HASH];
};

static void
name_session(struct request *q, session_record *s, int64_t launch_s, struct tokens *t)
{
	char id[NEW_ID_SIZE];

	id_new(id, "ses");
	s->id = arena_cstr(q->arena, str_of(id));
	token_new(t->access, t->access_hash);
	token_new(t->launch, t->launch_hash);
	s->token_hash = (ProtobufCBinaryData){TOKEN_HASH, t->access_hash};
	s->launch_hash = (ProtobufCBinaryData){TOKEN_HASH, t->launch_hash};
	s->created_ms = q->now.ms;
	s->expires_ms = q->now.ms + (int64_t)s->ttl_s * 1000;
	s->launch_expires_ms = q->now.ms + launch_s * 1000;
}

static void
create(struct request *q, session_record *s, int64_t launch_s)
{
	struct err e = {0};
	struct json_writer w;
	struct tokens t;
	uint64_t revision;

	name_session(q, s, launch_s, &t);
	if (!sessions_put(q->web->sessions, q->web->broker, s, 0, &revision, &e)) {
		(void)problem_of(q, &e);
	} else {
		answer_json(q, MHD_HTTP_OK, &w);
		write_open(&w, s);
		write_token(&w, q, s, t.access);
		write_launch(&w, q, s, t.launch);
		jw_object_end(&w);
	}
	sodium_memzero(&t, sizeof(t));
}

void
api_session_create(struct request *q)
{
	struct err e = {0};
	session_record s;
	int64_t launch_s;

	carillon__v1__session__init(&s);
	if (!read_request(q, &s, &launch_s))
		return;
	if (!principal_sees(&q->who, str_of(s.workspace)))
		(void)problem_not_found(q);
	else if (registry_workspace(q->registry, q->arena, str_of(s.workspace), NULL, &e) ==
		 NULL)
		(void)problem_of(q, &e);
	else
		create(q, &s, launch_s);
}

/* --- refresh and end --- */

static session_record *
session_of_route(struct request *q, uint64_t *revision)
{
	session_record *s =
	    sessions_get(q->web->sessions, q->arena, request_part(q, 0), revision);

	if (s == NULL || !principal_sees(&q->who, str_of(s->workspace))) {
		(void)problem_not_found(q);
		return NULL;
	}
	return s;
}

static bool
put(struct request *q, const session_record *s, uint64_t expected)
{
	struct err e = {0};
	uint64_t revision;

	if (sessions_put(q->web->sessions, q->web->broker, s, expected, &revision, &e))
		return true;
	return e.kind == ERR_CONFLICT ? problem(q, PROBLEM_CHANGED_MEANWHILE,
					    "somebody else changed it: ask again")
	                              : problem_of(q, &e);
}

void
api_session_refresh(struct request *q)
{
	static const char *const members[] = {"ttl_seconds", NULL};
	const struct json *object;
	struct json_writer w;
	struct tokens t;
	uint64_t revision;
	session_record *s;

	if (!request_object(q, &object) || !request_members(q, object, members) ||
	    (s = session_of_route(q, &revision)) == NULL)
		return;
	if (!session_is_alive(s, q->now)) {
		(void)problem(q, PROBLEM_SESSION_EXPIRED, "this session has ended");
		return;
	}
	token_new(t.access, t.access_hash);
	s->previous_hash = s->token_hash;
	s->previous_until_ms = q->now.ms + SESSION_OVERLAP_MS;
	s->token_hash = (ProtobufCBinaryData){TOKEN_HASH, t.access_hash};
	s->expires_ms = q->now.ms + (int64_t)s->ttl_s * 1000;
	if (put(q, s, revision)) {
		answer_json(q, MHD_HTTP_OK, &w);
		write_open(&w, s);
		write_token(&w, q, s, t.access);
		jw_object_end(&w);
	}
	sodium_memzero(&t, sizeof(t));
}

void
api_session_delete(struct request *q)
{
	struct json_writer w;
	uint64_t revision;
	session_record *s = session_of_route(q, &revision);

	if (s == NULL)
		return;
	if (s->revoked_ms == 0) {
		s->revoked_ms = q->now.ms;
		if (!put(q, s, revision))
			return;
	}
	answer_json(q, MHD_HTTP_OK, &w);
	jw_object(&w);
	jw_kv_bool(&w, "revoked", true);
	jw_object_end(&w);
}

/* --- list --- */

struct listing {
	struct page page;
	struct str workspace, status;
};

static bool
list_one(const session_record *s, uint64_t revision, void *arg)
{
	struct listing *l = arg;
	struct request *q = l->page.q;
	bool is_alive = session_is_alive(s, q->now);
	const char *status = s->revoked_ms != 0 ? "revoked" : is_alive ? "active" : "expired";

	(void)revision;
	if (!principal_sees(&q->who, str_of(s->workspace)) ||
	    (l->workspace.len > 0 && !str_eq(l->workspace, str_of(s->workspace))) ||
	    (l->status.len > 0 && !str_eq(l->status, str_of(status))) ||
	    (l->page.after.len > 0 && str_cmp(str_of(s->id), l->page.after) >= 0))
		return true;
	if (!page_takes(&l->page, str_of(s->id)))
		return false;
	write_open(&l->page.w, s);
	jw_kv_cstr(&l->page.w, "status", status);
	jw_kv_cstr(&l->page.w, "external_user_id", s->external_user_id);
	json_write_time(&l->page.w, "created_at", s->created_ms);
	json_write_time(&l->page.w, "launched_at", s->launch_used_ms);
	json_write_time(&l->page.w, "revoked_at", s->revoked_ms);
	jw_object_end(&l->page.w);
	return true;
}

void
api_sessions_list(struct request *q)
{
	static const char *const parameters[] = {
	    "limit", "cursor", "workspace_id", "status", NULL};
	struct listing l = {0};

	if (!request_parameters(q, parameters) || !page_begin(&l.page, q))
		return;
	l.workspace = request_parameter(q, "workspace_id");
	l.status = request_parameter(q, "status");
	sessions_each(q->web->sessions, q->arena, list_one, &l);
	page_end(&l.page);
}
