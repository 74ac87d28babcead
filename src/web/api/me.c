/* Who is asking. */
#include <microhttpd.h>

#include "common.h"

static void
write_scopes(struct json_writer *w, unsigned scopes)
{
	jw_key(w, "scopes");
	jw_array(w);
	for (int s = 0; s < KEY_SCOPES; s++)
		if (scopes & (1U << s))
			jw_cstr(w, key_scope_name((enum key_scope)s));
	jw_array_end(w);
}

static void
write_session(struct json_writer *w, const struct principal *p)
{
	jw_kv_cstr(w, "role", role_name(p->role));
	jw_kv_cstr(w, "session_type", session_type_name(p->session_type));
	jw_kv_string(w, "external_name", p->name);
	if (p->session_type == SESSION_RESOURCE) {
		jw_kv_string(w, "resource", p->resource);
		jw_kv_string(w, "resource_id", p->resource_id);
	}
}

/* Its name, and whether it is paused: the first that a UI shows. */
static void
write_own_workspace(struct request *q, struct json_writer *w)
{
	struct err e = {0};
	const workspace_record *r =
	    registry_workspace(q->registry, q->arena, q->who.workspace, NULL, &e);

	jw_kv_string(w, "workspace", q->who.workspace);
	jw_kv_cstr(w, "workspace_name", r != NULL ? r->name : "");
	jw_kv_bool(w, "paused", r != NULL && r->paused);
}

static void
write_workspaces(struct json_writer *w, const struct principal *p)
{
	jw_key(w, "workspaces");
	jw_array(w);
	for (size_t i = 0; i < p->n_workspaces; i++)
		jw_string(w, p->workspaces[i]);
	jw_array_end(w);
}

void
api_me_get(struct request *q)
{
	const struct principal *p = &q->who;
	struct json_writer w;

	if (!request_no_parameters(q))
		return;
	answer_json(q, MHD_HTTP_OK, &w);
	jw_object(&w);
	jw_kv_cstr(&w, "kind", principal_kind_name(p->kind));
	jw_kv_string(&w, "id", p->id);
	jw_kv_string(&w, "name", p->name);
	if (p->workspace.len > 0)
		write_own_workspace(q, &w);
	if (p->kind == PRINCIPAL_SESSION)
		write_session(&w, p);
	else
		write_workspaces(&w, p);
	write_scopes(&w, p->scopes);
	json_write_time(&w, "expires_at", p->expires_ms);
	jw_kv_cstr(&w, "product_name", request_config(q)->product_name);
	jw_kv_cstr(&w, "app_name", request_config(q)->slack_app_name);
	jw_kv_cstr(&w, "version", CARILLON_VERSION);
	jw_object_end(&w);
}
