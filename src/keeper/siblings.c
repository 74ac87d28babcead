#include "siblings.h"

#include "carillon/base/clock.h"
#include "carillon/base/log.h"

enum { CONFLICTS_MAX = 5 /* with a customer who is editing */ };

struct search {
	struct job *job;
	struct str workspace;
	const connection_record *own;
	struct arena *scratch;
	struct siblings *out;
	size_t cap;
};

static bool
is_sibling(const struct search *s, struct str workspace, const connection_record *rec)
{
	if (str_eq(workspace, s->workspace) && strcmp(rec->id, s->own->id) == 0)
		return false;
	return strcmp(rec->dest, s->own->dest) == 0 &&
	       strcmp(rec->app_id, s->own->app_id) == 0 &&
	       strcmp(rec->team_id, s->own->team_id) == 0;
}

static void
add(struct search *s, struct str workspace, const connection_record *rec)
{
	struct arena *a = s->job->arena;

	if (s->out->n == s->cap) {
		size_t cap = s->cap ? 2 * s->cap : 8;
		struct sibling *more = ARENA_ARRAY(a, struct sibling, cap);

		if (s->out->n > 0)
			memcpy(more, s->out->items, s->out->n * sizeof(*more));
		s->out->items = more;
		s->cap = cap;
	}
	s->out->items[s->out->n++] = (struct sibling){
	    arena_str(a, workspace), arena_str(a, str_of(rec->id)), rec->issued_ms};
}

static bool
look(struct str workspace, struct str id, const struct state_value *v, void *arg)
{
	struct search *s = arg;
	void *rec;

	(void)id;
	arena_reset(s->scratch);
	if (record_unpack(
		&carillon__v1__connection__descriptor, s->scratch, v->bytes, &rec, NULL) &&
	    is_sibling(s, workspace, rec))
		add(s, workspace, rec);
	return true;
}

bool
siblings_find(struct job *j, struct str workspace, const connection_record *own,
    struct siblings *out, struct err *e)
{
	struct search s = {.job = j, .workspace = workspace, .own = own, .out = out};
	struct txn *t;

	*out = (struct siblings){0};
	if (own->team_id[0] == '\0' || own->app_id[0] == '\0')
		return true; /* typed in: nobody knows whose app it is */
	s.scratch = arena_new(0);
	t = txn_read(keeper_parts_of(j->worker->keeper)->store, STORE_STATE);
	state_each_of_kind(t, STATE_CONNECTION, look, &s);
	arena_free(s.scratch);
	return txn_finish(t, e);
}

static bool
change_once(
    struct job *j, const struct connection_update *u, struct account *out, struct err *e)
{
	uint64_t revision;
	connection_record *rec = registry_connection(
	    j->worker->registry, j->arena, u->workspace, u->connection, &revision, e);

	if (rec == NULL)
		return false;
	*e = (struct err){0};
	if (!u->change(j, u->workspace, rec, u->arg) ||
	    !job_store(j, u->workspace, rec, &revision, e))
		return false;
	if (out != NULL) {
		out->rec = rec;
		out->revision = revision;
	}
	return true;
}

bool
connection_change(
    struct job *j, const struct connection_update *u, struct account *out, struct err *e)
{
	for (int i = 0;; i++) {
		if (change_once(j, u, out, e))
			return true;
		if (e->kind != ERR_CONFLICT || i == CONFLICTS_MAX)
			return false;
		if (!registry_catch_up(j->worker->registry, 0, e))
			return false;
	}
}

static void
take_words(struct job *j, connection_record *rec, const struct granted *g)
{
	const struct dest_grant *grant = g->grant;
	struct arena *a = j->arena;

	rec->team_id = arena_cstr(a, str_of(grant->account.id));
	rec->team_name = arena_cstr(a, str_of(grant->account.name));
	rec->bot_user_id = arena_cstr(a, str_of(grant->account.bot_user_id));
	rec->app_id = arena_cstr(a, str_of(grant->app_id));
	rec->enterprise_id = arena_cstr(a, str_of(grant->enterprise_id));
	rec->scopes = arena_cstr(a, str_of(grant->scopes));
	rec->issued_ms = g->at_ms;
	rec->expires_ms = grant->expires_in_s ? g->at_ms + grant->expires_in_s * 1000 : 0;
	rec->renewing_ms = 0;
	rec->status = CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_ACTIVE;
	rec->status_reason = rec->status_code = (char *)(uintptr_t)protobuf_c_empty_string;
	rec->repair = CARILLON__V1__REPAIR__REPAIR_UNSPECIFIED;
}

static bool
seal_combined(struct job *j, struct str workspace, connection_record *rec,
    const struct granted *g, bool is_sibling)
{
	const struct dest_type *dest = dest_find(str_of(rec->dest));
	struct secret *own = secret_new(SECRET_MAX), *both = secret_new(SECRET_MAX);
	struct err e;
	bool ok;

	if (rec->sealed.len > 0 &&
	    !vault_unseal(keeper_parts_of(j->worker->keeper)->vault, workspace, str_of(rec->id),
		record_bytes(&rec->sealed), own, &e))
		secret_clear(own); /* what it had cannot be used: the new one can */
	ok = dest != NULL && dest->oauth != NULL &&
	     dest->oauth->combine(both, g->credential, own, is_sibling);
	if (ok)
		rec->sealed = job_seal(j, workspace, rec->id, both);
	secret_free(own);
	secret_free(both);
	return ok;
}

bool
record_take_grant(struct job *j, struct str workspace, connection_record *rec,
    const struct granted *g, bool is_sibling)
{
	/* One that a person switched off stays so. */
	bool is_disabled =
	    rec->status == CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_DISABLED;
	char *reason = rec->status_reason;

	if (!seal_combined(j, workspace, rec, g, is_sibling))
		return false;
	take_words(j, rec, g);
	if (is_disabled && is_sibling) {
		rec->status = CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_DISABLED;
		rec->status_reason = reason;
	}
	return true;
}

static bool
share_one(struct job *j, struct str workspace, connection_record *rec, void *arg)
{
	const struct granted *g = arg;

	return rec->issued_ms < g->at_ms && record_take_grant(j, workspace, rec, g, true);
}

void
siblings_share(struct job *j, const struct siblings *s, const struct granted *g)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct sibling *one = &s->items[i];
		struct err e = {0};

		if (!connection_change(j,
			&(struct connection_update){
			    one->workspace, one->connection, share_one, (void *)(uintptr_t)g},
			NULL, &e) &&
		    e.kind != ERR_NONE && e.kind != ERR_NOT_FOUND)
			log_error("keeper.share", L_STRN("workspace", one->workspace),
			    L_STRN("connection", one->connection), L_STR("error", e.text));
	}
}
