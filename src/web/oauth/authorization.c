#include "authorization.h"

#include <stdio.h>

#include "carillon/base/id.h"
#include "carillon/base/log.h"
#include "carillon/registry/json_write.h"
#include "carillon/registry/keys.h"
#include "web/web_private.h"

enum { KEY_MAX = 96 };

static void
key_of(char out[static KEY_MAX], struct str id)
{
	snprintf(out, KEY_MAX, "authorization.%.*s", STR_ARG(id));
}

void
authorization_text(char out[static AUTHORIZATION_TEXT_MAX], const char *id, const char *token)
{
	snprintf(out, AUTHORIZATION_TEXT_MAX, "%s.%s", id, token);
}

authorization_record *
authorization_get(struct request *q, struct str id, uint64_t *revision)
{
	struct broker_message m;
	char key[KEY_MAX];
	void *r = NULL;
	struct err e;

	if (!id_is_record(id))
		return NULL;
	key_of(key, id);
	if (!broker_short_get(request_broker(q), key, &m, &e))
		return NULL;
	*revision = m.seq;
	if (m.is_delete || !record_unpack(&carillon__v1__authorization__descriptor, q->arena,
			       arena_str(q->arena, m.data), &r, &e))
		r = NULL;
	broker_message_free(&m);
	return r;
}

authorization_record *
authorization_of(struct request *q, struct str text, struct str *token, uint64_t *revision)
{
	const char *dot = text.len ? memchr(text.ptr, '.', text.len) : NULL;
	struct str id;

	if (dot == NULL)
		return NULL;
	id = (struct str){text.ptr, (size_t)(dot - text.ptr)};
	*token = (struct str){dot + 1, text.len - id.len - 1};
	return authorization_get(q, id, revision);
}

bool
authorization_put(
    struct request *q, const authorization_record *r, uint64_t *revision, struct err *e)
{
	char key[KEY_MAX];

	key_of(key, str_of(r->id));
	return broker_short_put(request_broker(q),
	    &(struct state_change){
		.key = key, .bytes = record_pack(q->arena, r), .expected = *revision},
	    revision, e);
}

bool
authorization_is_waiting(const authorization_record *r, wall_t now)
{
	return strcmp(r->status, "waiting") == 0 && now.ms < r->expires_ms;
}

void
authorization_end(
    authorization_record *r, const char *status, const char *code, const char *detail)
{
	r->status = (char *)(uintptr_t)status;
	r->code = (char *)(uintptr_t)code;
	r->detail = (char *)(uintptr_t)detail;
}

ProtobufCBinaryData
hash_keep(struct request *q, const uint8_t hash[static 32])
{
	return (ProtobufCBinaryData){.len = TOKEN_HASH,
	    .data = (uint8_t *)(uintptr_t)arena_str(
		q->arena, (struct str){(const char *)hash, TOKEN_HASH})
	                .ptr};
}

static void
write_team(struct json_writer *w, const char *key, const char *id, const char *name)
{
	jw_key(w, key);
	if (id[0] == '\0') {
		jw_null(w);
		return;
	}
	jw_object(w);
	jw_kv_cstr(w, "id", id);
	jw_kv_cstr(w, "name", name);
	jw_object_end(w);
}

void
authorization_write(struct json_writer *w, const authorization_record *r, const char *url,
    const char *proof, wall_t now)
{
	bool is_over = strcmp(r->status, "waiting") == 0 && now.ms >= r->expires_ms;

	jw_object(w);
	jw_kv_cstr(w, "id", r->id);
	jw_kv_cstr(w, "status", is_over ? "expired" : r->status);
	jw_kv_cstr(w, "code", r->code);
	jw_kv_cstr(w, "detail", r->detail);
	jw_key(w, "connection");
	if (r->result[0] != '\0')
		jw_cstr(w, r->result);
	else
		jw_null(w);
	write_team(w, "team", r->team_id, r->team_name);
	write_team(w, "previous_team", r->previous_team_id, r->previous_team_name);
	jw_key(w, "missing_scopes");
	jw_array(w);
	for (size_t i = 0; i < r->n_missing_scopes; i++)
		jw_cstr(w, r->missing_scopes[i]);
	jw_array_end(w);
	if (url != NULL) {
		jw_kv_cstr(w, "url", url);
		jw_kv_cstr(w, "proof", proof);
	}
	json_write_time(w, "expires_at", r->expires_ms);
	jw_object_end(w);
}

struct str
authorization_redirect(struct request *q)
{
	return arena_printf(q->arena, "%s/oauth/slack/callback", web_public_url(q->web));
}

void
authorization_tell(
    struct request *q, const authorization_record *r, const char *what, const char *reason)
{
	struct err e;
	ops_event ops;

	carillon__v1__ops_event__init(&ops);
	ops.what = (char *)(uintptr_t)what;
	ops.workspace = r->workspace;
	ops.connection = r->connection;
	ops.reason = (char *)(uintptr_t)reason;
	log_warn(what, L_STR("workspace", r->workspace), L_STR("by", r->by),
	    L_STR("reason", reason), L_STR("address", q->address), L_STR("request", q->id));
	if (!ops_publish(request_broker(q), &ops, &e))
		log_error("web.ops", L_STR("error", e.text));
}
