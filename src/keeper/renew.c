/*
 * Renewing a credential that ends. What renews it counts once, so the order is: the mark into
 * the record, by compare-and-set, so that one keeper does it; the question; the answer into the
 * record before anything uses it. Cut short in between, the answer is lost: what there was is
 * tried once more, and if the destination does not take it any more a person must reconnect.
 */
#include "renewals.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "carillon/base/clock.h"
#include "carillon/base/id.h"
#include "carillon/base/log.h"
#include "siblings.h"

enum {
	LOOK_EVERY_MS = 5 * 60 * 1000,
	LOOK_AGAIN_MS = 1000,
	/* After which a mark is of a renewal that was cut short. */
	RENEWING_MAX_MS = 30 * 1000,
};

/* --- when --- */

struct renewals {
	struct keeper *keeper;
	wall_t look_at;
	atomic_bool must_look;
};

/* A job's own. */
struct due {
	char workspace[WORKSPACE_ID_MAX + 1], connection[RECORD_ID_MAX + 1];
};

struct look {
	struct renewals *renewals;
	struct arena *scratch;
	wall_t now;
	int64_t next_ms;
};

struct renewals *
renewals_new(struct keeper *k)
{
	struct renewals *r = calloc(1, sizeof(*r));

	must(r != NULL);
	r->keeper = k;
	return r;
}

void
renewals_free(struct renewals *r)
{
	free(r);
}

void
renewals_look(struct renewals *r)
{
	atomic_store(&r->must_look, true);
}

static bool
ends(const connection_record *rec)
{
	return rec->expires_ms > 0 &&
	       rec->status !=
	           CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_NEEDS_RECONNECT;
}

static int64_t
due_ms(const connection_record *rec)
{
	if (rec->renewing_ms > 0)
		return rec->renewing_ms + RENEWING_MAX_MS;
	return rec->issued_ms + (rec->expires_ms - rec->issued_ms) / 2;
}

static void renew_due(struct job *j);

static bool
begin(struct look *l, struct str workspace, struct str connection)
{
	struct due *due = calloc(1, sizeof(*due));

	must(due != NULL);
	if (str_copy(due->workspace, sizeof(due->workspace), workspace) &&
	    str_copy(due->connection, sizeof(due->connection), connection) &&
	    keeper_do(l->renewals->keeper, renew_due, due))
		return true;
	free(due);
	return false;
}

static bool
look_at(struct str workspace, struct str id, const struct state_value *v, void *arg)
{
	struct look *l = arg;
	const connection_record *rec;
	void *unpacked;
	int64_t at;

	arena_reset(l->scratch);
	if (!record_unpack(
		&carillon__v1__connection__descriptor, l->scratch, v->bytes, &unpacked, NULL))
		return true;
	rec = unpacked;
	if (!ends(rec))
		return true;
	at = due_ms(rec);
	if (at <= l->now.ms)
		at = l->now.ms + (begin(l, workspace, id) ? RENEWING_MAX_MS : LOOK_AGAIN_MS);
	if (at < l->next_ms)
		l->next_ms = at;
	return true;
}

void
renewals_turn(struct renewals *r, wall_t now)
{
	struct look l = {.renewals = r, .now = now, .next_ms = now.ms + LOOK_EVERY_MS};
	struct txn *t;
	struct err e;

	/* The wall clock may have been set back. */
	if (now.ms < r->look_at.ms && r->look_at.ms - now.ms <= LOOK_EVERY_MS &&
	    !atomic_exchange(&r->must_look, false))
		return;
	l.scratch = arena_new(0);
	t = txn_read(keeper_parts_of(r->keeper)->store, STORE_STATE);
	state_each_of_kind(t, STATE_CONNECTION, look_at, &l);
	arena_free(l.scratch);
	if (!txn_finish(t, &e))
		log_warn("keeper.renewals", L_STR("error", e.text));
	r->look_at.ms = l.next_ms;
}

/* --- how --- */

/* Why it is renewed now. */
enum why { WHY_DUE, WHY_REFUSED };

struct mark {
	enum why why;
	int64_t now_ms;
	int64_t issued_ms; /* of the credential that is about to be shown */
	bool was_cut_short;
};

/* Whoever puts the mark does it. */
static bool
put_mark(struct job *j, struct str workspace, connection_record *rec, void *arg)
{
	struct mark *m = arg;

	(void)j;
	(void)workspace;
	m->was_cut_short = rec->renewing_ms > 0;
	if (rec->issued_ms != m->issued_ms || !ends(rec) ||
	    (rec->renewing_ms > 0 && m->now_ms < rec->renewing_ms + RENEWING_MAX_MS))
		return false;
	if (m->why == WHY_DUE && due_ms(rec) > m->now_ms)
		return false;
	rec->renewing_ms = m->now_ms;
	return true;
}

static bool
take_renewed(struct job *j, struct str workspace, connection_record *rec, void *arg)
{
	return record_take_grant(j, workspace, rec, arg, false);
}

struct loss {
	const char *reason, *code;
};

static bool
mark_lost(struct job *j, struct str workspace, connection_record *rec, void *arg)
{
	const struct loss *l = arg;

	(void)j;
	(void)workspace;
	rec->renewing_ms = 0;
	rec->status = CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_NEEDS_RECONNECT;
	rec->status_reason = (char *)(uintptr_t)l->reason;
	rec->status_code = (char *)(uintptr_t)l->code;
	rec->repair = CARILLON__V1__REPAIR__REPAIR_RECONNECT;
	return true;
}

static bool
lose(struct job *j, struct str workspace, struct account *a, const struct mark *m,
    const struct outcome *o)
{
	struct loss l = {
	    .reason =
		m->was_cut_short
		    ? "the token was being renewed when the service was stopped, and what "
		      "it was renewed to is lost"
		    : arena_cstr(j->arena, str_of(o->reason)),
	    .code = arena_cstr(j->arena, str_of(o->error_code)),
	};
	struct err e = {0};

	if (!connection_change(j,
		&(struct connection_update){workspace, str_of(a->rec->id), mark_lost, &l}, NULL,
		&e) &&
	    e.kind != ERR_NONE)
		log_error("keeper.renew", L_STR("error", e.text));
	job_tell(j, workspace, "connection.broken", a->rec->id, l.reason, "reconnect it");
	return job_refused(j, o, KEEPER_SLACK_REFUSED);
}

/* A renewal that another one of the account went through counts for this one too. */
static bool
copy_newer(struct job *j, struct str workspace, struct account *a, const struct siblings *s)
{
	const struct sibling *newest = NULL;
	struct err e = {0};
	connection_record *from;
	struct dest_grant grant = {0};
	struct secret *credential;
	bool ok;

	for (size_t i = 0; i < s->n; i++)
		if (s->items[i].issued_ms > a->rec->issued_ms &&
		    (newest == NULL || s->items[i].issued_ms > newest->issued_ms))
			newest = &s->items[i];
	if (newest == NULL)
		return false;
	from = registry_connection(
	    j->worker->registry, j->arena, newest->workspace, newest->connection, NULL, &e);
	if (from == NULL || !ends(from))
		return false;
	credential = secret_new(SECRET_MAX);
	grant =
	    (struct dest_grant){.expires_in_s = (from->expires_ms - from->issued_ms) / 1000};
	str_copy(grant.account.id, sizeof(grant.account.id), str_of(from->team_id));
	str_copy(grant.account.name, sizeof(grant.account.name), str_of(from->team_name));
	str_copy(grant.account.bot_user_id, sizeof(grant.account.bot_user_id),
	    str_of(from->bot_user_id));
	str_copy(grant.app_id, sizeof(grant.app_id), str_of(from->app_id));
	str_copy(grant.enterprise_id, sizeof(grant.enterprise_id), str_of(from->enterprise_id));
	str_copy(grant.scopes, sizeof(grant.scopes), str_of(from->scopes));
	struct granted g = {&grant, credential, from->issued_ms};
	ok = vault_unseal(keeper_parts_of(j->worker->keeper)->vault, newest->workspace,
		 newest->connection, record_bytes(&from->sealed), credential, &e) &&
	     connection_change(j,
		 &(struct connection_update){workspace, str_of(a->rec->id), take_renewed, &g},
		 a, &e);
	secret_free(credential);
	return ok;
}

static bool
compose(struct job *j, const struct account *a, struct err *e)
{
	const struct dest_app app = {
	    .base_url = a->base_url,
	    .client_id = str_of(a->dest->oauth->app(&j->worker->config).client_id),
	    .client_secret = keeper_client_secret(j->worker->keeper),
	};

	if (app.client_id.len == 0 || app.client_secret == NULL)
		return fail(e, ERR_SETUP,
		    "slack_client_id and slack_client_secret_file are "
		    "not set");
	return a->dest->oauth->compose_renewal(&j->worker->req, &app, a->credential, e);
}

static bool
ask(struct job *j, struct str workspace, struct account *a, const struct mark *m,
    const struct siblings *s)
{
	struct secret *granted = secret_new(SECRET_MAX);
	struct dest_grant grant;
	struct http_response res;
	struct outcome o;
	struct err e = {0};
	bool ok;

	job_send(j, &res);
	ok = a->dest->oauth->judge_grant(&res, &grant, granted, &o);
	job_forget(j);
	struct granted g = {&grant, granted, clock_wall().ms};
	if (ok &&
	    !connection_change(j,
		&(struct connection_update){workspace, str_of(a->rec->id), take_renewed, &g}, a,
		&e))
		ok = job_failed(j, &e);
	else if (ok)
		siblings_share(j, s, &g);
	else if (grant.fault == GRANT_LOST)
		(void)lose(j, workspace, a, m, &o);
	else
		(void)job_refused(j, &o,
		    grant.fault == GRANT_AWAY ? KEEPER_SLACK_UNAVAILABLE
					      : KEEPER_SLACK_REFUSED);
	secret_free(granted);
	log_info("keeper.renewed", L_STRN("workspace", workspace),
	    L_STR("connection", a->rec->id), L_BOOL("ok", ok), L_STR("error", o.error_code));
	return ok;
}

static bool
renew_account(struct job *j, struct str workspace, struct account *a, enum why why)
{
	struct mark m = {.why = why, .now_ms = clock_wall().ms, .issued_ms = a->rec->issued_ms};
	struct siblings s;
	struct err e = {0};

	if (!siblings_find(j, workspace, a->rec, &s, &e))
		return job_failed(j, &e);
	if (copy_newer(j, workspace, a, &s))
		return true;
	/* What is put down must be asked at once: nothing that can fail comes between. */
	if (!compose(j, a, &e))
		return job_failed(j, &e);
	if (!connection_change(j,
		&(struct connection_update){workspace, str_of(a->rec->id), put_mark, &m}, a,
		&e)) {
		job_forget(j);
		return e.kind == ERR_NONE ? job_problem(j, KEEPER_CHANGED_MEANWHILE,
						"it is being renewed, or needs not be")
		                          : job_failed(j, &e);
	}
	return ask(j, workspace, a, &m, &s);
}

static bool
renew(struct job *j, struct str connection, enum why why)
{
	struct account a;
	bool ok;

	if (!job_account(j, connection, &a))
		return false;
	if (!ends(a.rec) || a.dest->oauth == NULL)
		ok = job_problem(j, KEEPER_INVALID_VALUE,
		    "the connection's credential does not "
		    "end, or needs a person");
	else
		ok = renew_account(j, job_workspace(j), &a, why);
	j->answer.connection = arena_cstr(j->arena, connection);
	j->answer.revision = a.revision;
	account_close(&a);
	renewals_look(keeper_renewals(j->worker->keeper));
	return ok;
}

static void
renew_due(struct job *j)
{
	struct due *due = j->arg;
	keeper_request *own = ARENA_NEW(j->arena, keeper_request);

	carillon__v1__keeper_request__init(own);
	own->workspace = arena_cstr(j->arena, str_of(due->workspace));
	own->connection = arena_cstr(j->arena, str_of(due->connection));
	free(due);
	j->arg = NULL;
	j->ask = own;
	if (!renew(j, str_of(own->connection), WHY_DUE) &&
	    strcmp(j->answer.problem->code, keeper_problem_code(KEEPER_CHANGED_MEANWHILE)) != 0)
		log_warn("keeper.renew", L_STR("workspace", own->workspace),
		    L_STR("connection", own->connection),
		    L_STR("problem", j->answer.problem->code),
		    L_STR("detail", j->answer.problem->detail));
	j->ask = NULL;
}

void
keeper_refresh(struct job *j)
{
	(void)renew(j, str_of(j->ask->connection), WHY_REFUSED);
}
