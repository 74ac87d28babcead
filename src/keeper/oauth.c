/*
 * What a consent granted, taken in: the code is exchanged, and the credential is sealed and
 * stored before anybody is answered. A workspace has one connection for each account; who
 * connects an account that is there already has reconnected it.
 */
#include <stdio.h>

#include "carillon/base/clock.h"
#include "carillon/base/id.h"
#include "carillon/base/log.h"
#include "renewals.h"
#include "siblings.h"

#define NEW_CONNECTION_TYPE dest_default() /* that of who connects anew */

/* --- which connection --- */

struct lookup {
	const char *team, *app, *ticket;
	const struct dest_type *dest;
	connection_record *by_team, *by_ticket;
	int n;
};

static bool
note(const void *record, uint64_t revision, void *arg)
{
	connection_record *rec = (void *)(uintptr_t)record;
	struct lookup *f = arg;

	(void)revision;
	f->n++;
	if (f->ticket[0] != '\0' && strcmp(rec->ticket, f->ticket) == 0)
		f->by_ticket = rec;
	if (f->team != NULL && strcmp(rec->dest, f->dest->name) == 0 &&
	    strcmp(rec->team_id, f->team) == 0 &&
	    (rec->app_id[0] == '\0' || strcmp(rec->app_id, f->app) == 0))
		f->by_team = rec;
	return true;
}

static bool
find(struct job *j, struct lookup *f)
{
	struct err e;

	return registry_each(j->worker->registry, j->arena,
		   &(struct state_list){job_workspace(j), STATE_CONNECTION}, note, f, &e) ||
	       job_failed(j, &e);
}

/* --- putting it there --- */

struct taken {
	struct granted granted;
	struct job *job;
	const char *api_host;
	bool is_other; /* it is another account's */
	bool is_new;
	char previous_id[64], previous_name[128];
};

static bool
has_channel(const connection_record *rec, const char *id)
{
	for (size_t i = 0; i < rec->n_channels; i++)
		if (strcmp(rec->channels[i]->id, id) == 0)
			return true;
	return false;
}

static Carillon__V1__Channel *
channel_new(struct job *j, const struct dest_grant *grant)
{
	Carillon__V1__Channel *c = ARENA_NEW(j->arena, Carillon__V1__Channel);

	carillon__v1__channel__init(c);
	c->id = arena_cstr(j->arena, str_of(grant->channel_id));
	c->name = arena_cstr(j->arena, str_of(grant->channel_name));
	return c;
}

static void
take_channel(struct job *j, connection_record *rec, const struct dest_grant *grant)
{
	Carillon__V1__Channel **more;

	if (grant->channel_id[0] == '\0')
		return;
	rec->granted_channel = channel_new(j, grant);
	if (has_channel(rec, grant->channel_id))
		return;
	more = ARENA_ARRAY(j->arena, Carillon__V1__Channel *, rec->n_channels + 1);
	if (rec->n_channels > 0)
		memcpy(more, rec->channels, rec->n_channels * sizeof(*more));
	more[rec->n_channels++] = rec->granted_channel;
	rec->channels = more;
}

/* What is of another account waits beside what there is. */
static bool
put_aside(struct job *j, struct str workspace, connection_record *rec, const struct taken *t)
{
	const struct dest_grant *grant = t->granted.grant;
	other_account *o = ARENA_NEW(j->arena, other_account);
	struct arena *a = j->arena;

	carillon__v1__other_account__init(o);
	o->sealed = job_seal(j, workspace, rec->id, t->granted.credential);
	o->team_id = arena_cstr(a, str_of(grant->account.id));
	o->team_name = arena_cstr(a, str_of(grant->account.name));
	o->bot_user_id = arena_cstr(a, str_of(grant->account.bot_user_id));
	o->scopes = arena_cstr(a, str_of(grant->scopes));
	o->app_id = arena_cstr(a, str_of(grant->app_id));
	o->enterprise_id = arena_cstr(a, str_of(grant->enterprise_id));
	o->connected_by = arena_cstr(a, str_of(grant->granted_by));
	o->issued_ms = t->granted.at_ms;
	o->expires_ms = grant->expires_in_s ? t->granted.at_ms + grant->expires_in_s * 1000 : 0;
	if (grant->channel_id[0] != '\0')
		o->granted_channel = channel_new(j, grant);
	rec->other = o;
	return true;
}

static bool
take(struct job *j, struct str workspace, connection_record *rec, void *arg)
{
	struct taken *t = arg;
	const struct dest_grant *grant = t->granted.grant;

	str_copy(t->previous_id, sizeof(t->previous_id), str_of(rec->team_id));
	str_copy(t->previous_name, sizeof(t->previous_name), str_of(rec->team_name));
	t->is_other = rec->team_id[0] != '\0' && strcmp(rec->team_id, grant->account.id) != 0;
	rec->ticket = j->ask->ticket;
	if (t->is_other)
		return put_aside(j, workspace, rec, t);
	if (!record_take_grant(j, workspace, rec, &t->granted, false))
		return false;
	rec->connected_by = arena_cstr(j->arena, str_of(grant->granted_by));
	rec->api_host = j->ask->api_host;
	rec->other = NULL;
	take_channel(j, rec, grant);
	return true;
}

static bool
make(struct job *j, struct taken *t, struct account *out, struct err *e)
{
	connection_record *rec = ARENA_NEW(j->arena, connection_record);
	char id[NEW_ID_SIZE];

	carillon__v1__connection__init(rec);
	id_new(id, "conn");
	rec->id = arena_cstr(j->arena, str_of(id));
	rec->dest = arena_cstr(j->arena, str_of(NEW_CONNECTION_TYPE->name));
	rec->name = arena_cstr(j->arena, str_of(t->granted.grant->account.name));
	rec->created_ms = t->granted.at_ms;
	if (!take(j, job_workspace(j), rec, t))
		return fail(e, ERR_FULL, "what was granted is longer than a credential may be");
	out->rec = rec;
	out->revision = 0;
	return job_store(j, job_workspace(j), rec, &out->revision, e);
}

/* --- the answer --- */

static Carillon__V1__KeeperTeam *
team(struct job *j, const char *id, const char *name)
{
	Carillon__V1__KeeperTeam *t = ARENA_NEW(j->arena, Carillon__V1__KeeperTeam);

	carillon__v1__keeper_team__init(t);
	t->id = arena_cstr(j->arena, str_of(id));
	t->name = arena_cstr(j->arena, str_of(name));
	return t;
}

static void
list_scopes(struct job *j, struct str missing)
{
	size_t n = missing.len > 0;

	for (size_t i = 0; i < missing.len; i++)
		n += missing.ptr[i] == ',';
	j->answer.missing_scopes = ARENA_ARRAY(j->arena, char *, n);
	while (missing.len > 0) {
		const char *comma = memchr(missing.ptr, ',', missing.len);
		struct str one = {
		    missing.ptr, comma ? (size_t)(comma - missing.ptr) : missing.len};
		size_t taken = one.len + (comma ? 1 : 0);

		j->answer.missing_scopes[j->answer.n_missing_scopes++] =
		    arena_cstr(j->arena, one);
		missing = (struct str){missing.ptr + taken, missing.len - taken};
	}
}

static void
answer_with(struct job *j, const connection_record *rec, uint64_t revision)
{
	const other_account *o = rec->other;

	j->answer.connection = rec->id;
	j->answer.revision = revision;
	j->answer.needs_choice = o != NULL;
	j->answer.team =
	    o ? team(j, o->team_id, o->team_name) : team(j, rec->team_id, rec->team_name);
	if (o != NULL)
		j->answer.previous_team = team(j, rec->team_id, rec->team_name);
	list_scopes(j, scopes_missing(j->arena, str_of(j->ask->scopes),
			   str_of(o ? o->scopes : rec->scopes)));
}

/* --- exchange --- */

static bool
refuse(struct job *j, const struct dest_grant *grant, const struct outcome *o)
{
	if (grant->fault == GRANT_AWAY)
		return job_refused(j, o, KEEPER_SLACK_UNAVAILABLE);
	if (grant->fault != GRANT_APP)
		return job_refused(j, o, KEEPER_SLACK_REFUSED);
	job_tell(j, job_workspace(j), "app.misconfigured", "",
	    arena_cstr(j->arena, str_of(o->reason)), arena_cstr(j->arena, str_of(o->action)));
	return job_refused(j, o, KEEPER_NOT_CONFIGURED);
}

static bool
ask(struct job *j, const struct dest_type *dest, struct dest_grant *grant,
    struct secret *credential)
{
	struct worker *w = j->worker;
	const struct dest_app app = {
	    .base_url = dest->host_url(&w->config, str_of(j->ask->api_host)),
	    .client_id = str_of(dest->oauth->app(&w->config).client_id),
	    .client_secret = keeper_client_secret(w->keeper),
	};
	struct http_response res;
	struct outcome o;
	struct err e;
	bool ok;

	if (app.base_url == NULL)
		return job_problem(
		    j, KEEPER_INVALID_VALUE, "there is no host \"%.60s\"", j->ask->api_host);
	if (app.client_id.len == 0 || app.client_secret == NULL)
		return job_problem(j, KEEPER_NOT_CONFIGURED,
		    "slack_client_id and slack_client_secret_file are not set");
	if (!dest->oauth->compose_exchange(
		&w->req, &app, str_of(j->ask->code), str_of(j->ask->redirect_uri), &e))
		return job_failed(j, &e);
	job_send(j, &res);
	ok = dest->oauth->judge_grant(&res, grant, credential, &o);
	job_forget(j);
	return ok || refuse(j, grant, &o);
}

/* The connection that it goes to: the one that was asked for, else the account's, else none. */
static connection_record *
target(struct job *j, const struct lookup *f, struct err *e)
{
	*e = (struct err){0};
	if (j->ask->connection[0] == '\0')
		return f->by_team;
	return registry_connection(j->worker->registry, j->arena, job_workspace(j),
	    str_of(j->ask->connection), NULL, e);
}

static bool
store(struct job *j, struct taken *t, struct account *out)
{
	struct lookup f = {.team = t->granted.grant->account.id,
	    .app = t->granted.grant->app_id,
	    .ticket = "",
	    .dest = NEW_CONNECTION_TYPE};
	const connection_record *to;
	struct siblings s;
	struct err e;
	bool ok;

	if (!find(j, &f))
		return false;
	to = target(j, &f, &e);
	t->is_new = to == NULL;
	if (to == NULL && e.kind != ERR_NONE && e.kind != ERR_NOT_FOUND)
		return job_failed(j, &e);
	ok = to != NULL
	         ? connection_change(j, job_workspace(j), str_of(to->id), take, t, out, &e)
	         : make(j, t, out, &e);
	if (!ok)
		return job_failed(j, &e);
	if (t->is_other)
		return true;
	/* The destination may have put the new one in the place of the others'. */
	if (siblings_find(j, job_workspace(j), out->rec, &s, &e))
		siblings_share(j, &s, &t->granted);
	else
		log_error("keeper.share", L_STR("error", e.text));
	return true;
}

/* A code counts once: nothing may be refused for after it was shown. */
static bool
may_store(struct job *j, const struct lookup *f)
{
	struct err e;

	if (j->ask->connection[0] != '\0')
		return registry_connection(j->worker->registry, j->arena, job_workspace(j),
			   str_of(j->ask->connection), NULL, &e) != NULL ||
		       job_failed(j, &e);
	if (registry_workspace(j->worker->registry, j->arena, job_workspace(j), NULL, &e) ==
	    NULL)
		return job_failed(j, &e);
	return f->n < CONNECTIONS_MAX ||
	       job_problem(j, KEEPER_LIMIT_REACHED, "the workspace has %d connections", f->n);
}

void
keeper_exchange(struct job *j)
{
	struct lookup f = {.ticket = j->ask->ticket, .dest = NEW_CONNECTION_TYPE};
	struct secret *credential;
	struct dest_grant grant;
	struct account stored = {0};

	if (!find(j, &f))
		return;
	if (f.by_ticket != NULL) { /* asked again: the first answer was not heard */
		struct err e;
		uint64_t revision = 0;
		const connection_record *rec = registry_connection(j->worker->registry,
		    j->arena, job_workspace(j), str_of(f.by_ticket->id), &revision, &e);

		answer_with(j, rec != NULL ? rec : f.by_ticket, revision);
		return;
	}
	if (f.dest->oauth == NULL) {
		(void)job_problem(j, KEEPER_NOT_CONFIGURED, "nothing is granted by OAuth here");
		return;
	}
	if (!may_store(j, &f))
		return;
	credential = secret_new(SECRET_MAX);
	if (ask(j, f.dest, &grant, credential)) {
		struct taken t = {.granted = {&grant, credential, clock_wall().ms}, .job = j};

		if (store(j, &t, &stored)) {
			answer_with(j, stored.rec, stored.revision);
			j->answer.reconnected = !t.is_new && !t.is_other;
			renewals_look(keeper_renewals(j->worker->keeper));
		}
	}
	secret_free(credential);
}

/* --- choose --- */

static bool
use_other(struct job *j, struct str workspace, connection_record *rec, void *arg)
{
	other_account *o = rec->other;

	(void)j;
	(void)workspace;
	(void)arg;
	if (o == NULL)
		return false;
	rec->sealed = o->sealed;
	rec->team_id = o->team_id;
	rec->team_name = o->team_name;
	rec->bot_user_id = o->bot_user_id;
	rec->scopes = o->scopes;
	rec->app_id = o->app_id;
	rec->enterprise_id = o->enterprise_id;
	rec->connected_by = o->connected_by;
	rec->issued_ms = o->issued_ms;
	rec->expires_ms = o->expires_ms;
	rec->renewing_ms = 0;
	rec->granted_channel = o->granted_channel;
	rec->channels = &rec->granted_channel;
	rec->n_channels = o->granted_channel != NULL;
	rec->status = CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_ACTIVE;
	rec->status_reason = rec->status_code = (char *)(uintptr_t)protobuf_c_empty_string;
	rec->repair = CARILLON__V1__REPAIR__REPAIR_UNSPECIFIED;
	rec->other = NULL;
	return true;
}

static bool
drop_other(struct job *j, struct str workspace, connection_record *rec, void *arg)
{
	(void)j;
	(void)workspace;
	(void)arg;
	if (rec->other == NULL)
		return false;
	rec->other = NULL;
	return true;
}

struct rules {
	struct job *job;
	const char *connection;
	rule_record *items[RULES_MAX];
	uint64_t revisions[RULES_MAX];
	int n;
};

static bool
note_rule(const void *record, uint64_t revision, void *arg)
{
	const rule_record *rec = record;
	struct rules *r = arg;

	if (strcmp(rec->connection, r->connection) == 0 && r->n < RULES_MAX) {
		r->items[r->n] = (void *)(uintptr_t)rec;
		r->revisions[r->n++] = revision;
	}
	return true;
}

/* Their channels are of the account before: a person picks them again, before anything is sent
 * to whatever has the same id there. */
static bool
hold_rules(struct job *j, const char *connection, struct err *e)
{
	struct rules *r = ARENA_NEW(j->arena, struct rules);
	struct str workspace = job_workspace(j);

	*r = (struct rules){.job = j, .connection = connection};
	if (!registry_each(j->worker->registry, j->arena,
		&(struct state_list){workspace, STATE_RULE}, note_rule, r, e))
		return false;
	for (int i = 0; i < r->n; i++) {
		rule_record *rec = r->items[i];

		rec->hold_reason =
		    (char *)(uintptr_t) "the connection is of another account now";
		rec->hold_code = (char *)(uintptr_t) "account_changed";
		rec->repair = (Carillon__V1__Repair)REPAIR_PICK_CHANNEL;
		rec->updated_ms = clock_wall().ms;
		if (!registry_put_rule(
			j->worker->registry, workspace, rec, r->revisions[i], NULL, e) &&
		    e->kind != ERR_CONFLICT && e->kind != ERR_NOT_FOUND)
			return false;
	}
	return true;
}

/* What was granted and is not wanted is given back, unless another connection has the account.
 */
static bool
give_back(struct job *j, struct account *a)
{
	connection_record as_other = *a->rec;
	struct siblings s;
	struct err e = {0};

	as_other.team_id = a->rec->other->team_id;
	as_other.app_id = a->rec->other->app_id;
	if (!siblings_find(j, job_workspace(j), &as_other, &s, &e))
		return job_failed(j, &e);
	j->answer.shared_with = (uint32_t)s.n;
	if (s.n > 0)
		return true;
	if (!vault_unseal(keeper_parts_of(j->worker->keeper)->vault, job_workspace(j),
		str_of(a->rec->id), a->rec->other->sealed.data, a->rec->other->sealed.len,
		a->credential, &e))
		return job_problem(j, KEEPER_INTERNAL, "what was granted could not be opened");
	j->answer.revoked = account_give_back(j, a);
	return true;
}

void
keeper_choose(struct job *j)
{
	struct account a;
	struct err e = {0};
	bool ok;

	if (!job_account(j, str_of(j->ask->connection), &a))
		return;
	if (a.rec->other == NULL)
		ok = job_problem(j, KEEPER_NOT_FOUND, "there is nothing to choose");
	else
		/* Rules first: interrupted, nothing is sent to a channel nobody picked. */
		ok = j->ask->use ? hold_rules(j, a.rec->id, &e) || job_failed(j, &e)
		                 : give_back(j, &a);
	if (ok &&
	    !connection_change(j, job_workspace(j), str_of(j->ask->connection),
		j->ask->use ? use_other : drop_other, NULL, &a, &e) &&
	    e.kind != ERR_NONE)
		ok = job_failed(j, &e);
	if (ok)
		answer_with(j, a.rec, a.revision);
	account_close(&a);
	renewals_look(keeper_renewals(j->worker->keeper));
}
