#include "auth.h"

#include "carillon/base/clock.h"
#include "problem.h"
#include "sessions.h"
#include "web_private.h"

static struct str
bearer(struct request *q)
{
	struct str text = request_header(q, "Authorization");
	const struct str scheme = STR("Bearer ");

	if (text.len < scheme.len || strncasecmp(text.ptr, scheme.ptr, scheme.len) != 0)
		return (struct str){0};
	return (struct str){text.ptr + scheme.len, text.len - scheme.len};
}

static struct str
publishable(struct request *q)
{
	struct str key = request_header(q, "X-Carillon-Publishable-Key");

	return key.len > 0 ? key : request_header(q, "X-Meshes-Publishable-Key");
}

static bool
refuse(struct request *q)
{
	return problem(q, PROBLEM_UNAUTHENTICATED, "the key or token does not count");
}

static struct str *
texts(struct arena *a, char *const *from, size_t n)
{
	struct str *to = ARENA_ARRAY(a, struct str, n + 1);

	for (size_t i = 0; i < n; i++)
		to[i] = str_of(from[i]);
	return to;
}

static void
fill_from_key(struct request *q, const key_record *k, struct str workspace)
{
	q->who.id = str_of(k->id);
	q->who.name = str_of(k->name);
	q->who.expires_ms = k->expires_ms;
	if (k->kind == CARILLON__V1__KEY_KIND__KEY_KIND_PUBLISHABLE) {
		q->who.kind = PRINCIPAL_PUBLISHABLE;
		q->who.workspace = workspace;
		q->who.origins = texts(q->arena, k->allowed_origins, k->n_allowed_origins);
		q->who.n_origins = k->n_allowed_origins;
		return;
	}
	q->who.kind = PRINCIPAL_SECRET;
	q->who.scopes = key_scopes_of(k->scopes, k->n_scopes);
	q->who.workspaces = texts(q->arena, k->workspaces, k->n_workspaces);
	q->who.n_workspaces = k->n_workspaces;
}

static bool
by_key(struct request *q, struct str text, bool is_publishable)
{
	const key_record *k;
	struct key_text t;
	struct str workspace;
	struct err e = {0};
	bool is_proven;

	if (!key_text_parse(text, &t) || t.is_publishable != is_publishable)
		return refuse(q);
	workspace = arena_str(q->arena, str_of(t.workspace));
	k = registry_key(q->web->registry, q->arena, workspace, t.id, NULL, &e);
	/* Also without a record: an unknown id must not be told by the time it takes. */
	is_proven =
	    token_proves(t.token, k != NULL ? k->hash.data : NULL, k != NULL ? k->hash.len : 0);
	if (k == NULL || !is_proven || (k->expires_ms != 0 && k->expires_ms <= q->now.ms))
		return refuse(q);
	fill_from_key(q, k, workspace);
	return true;
}

static bool
is_token_of(const session_record *r, struct str token, wall_t now)
{
	bool is_current = token_proves(token, r->token_hash.data, r->token_hash.len);
	bool was = token_proves(token, r->previous_hash.data, r->previous_hash.len);

	return is_current || (was && now.ms < r->previous_until_ms);
}

static bool
by_session(struct request *q, struct str text)
{
	const session_record *r;
	struct str id, token;
	uint64_t revision;

	if (!session_text_parse(text, SESSION_TOKEN_PREFIX, &id, &token))
		return refuse(q);
	r = sessions_get(q->web->sessions, q->arena, id, &revision);
	if (r == NULL || !is_token_of(r, token, q->now))
		return refuse(q);
	if (!session_is_alive(r, q->now))
		return problem(q, PROBLEM_SESSION_EXPIRED, "this session has ended");
	q->who = (struct principal){
	    .kind = PRINCIPAL_SESSION,
	    .id = str_of(r->id),
	    .name =
		str_of(r->external_name[0] != '\0' ? r->external_name : r->external_user_id),
	    .scopes = key_scopes_of(r->scopes, r->n_scopes) & (1U << KEY_SCOPE_PAYLOAD),
	    .workspace = str_of(r->workspace),
	    .role = role_of(str_of(r->role)),
	    .session_type = session_type_of(str_of(r->type)),
	    .resource = str_of(r->resource),
	    .resource_id = str_of(r->resource_id),
	    .expires_ms = r->expires_ms,
	};
	return true;
}

bool
auth_head(struct request *q)
{
	struct str token = bearer(q), key = publishable(q);

	if (token.len > 0 && str_starts_with(token, str_of(SESSION_TOKEN_PREFIX)))
		return by_session(q, token);
	if (token.len > 0)
		return by_key(q, token, false);
	return key.len == 0 || by_key(q, key, true);
}
