/* What is asked about one connection: whose it is, what its channels are, to be taken back, to
 * be stored. */
#include <stdio.h>

#include "carillon/base/clock.h"
#include "carillon/base/id.h"
#include "carillon/keeper/check.h"
#include "lists.h"
#include "renewals.h"
#include "siblings.h"

/* --- slack.check --- */

struct heard {
	struct job *job;
	size_t cap;
};

static void
hear(const struct keeper_answer *heard, void *arg)
{
	struct heard *h = arg;
	struct arena *a = h->job->arena;
	keeper_answer *answer = &h->job->answer;
	Carillon__V1__KeeperFinding *f = ARENA_NEW(a, Carillon__V1__KeeperFinding);

	carillon__v1__keeper_finding__init(f);
	f->what = arena_cstr(a, str_of(heard->what));
	f->ok = heard->ok;
	f->sentence = arena_cstr(a, str_of(heard->sentence));
	if (answer->n_findings < h->cap)
		answer->findings[answer->n_findings++] = f;
}

void
keeper_check(struct job *j)
{
	struct heard h = {.job = j};
	struct account a;
	struct err e = {0};

	if (!job_account(j, str_of(j->ask->connection), &a))
		return;
	h.cap = a.rec->n_channels + 2;
	j->answer.findings = ARENA_ARRAY(j->arena, Carillon__V1__KeeperFinding *, h.cap);
	const struct keeper_question q = {.arena = j->arena,
	    .config = &j->worker->config,
	    .credential = a.credential,
	    .each = hear,
	    .arg = &h};
	if (!keeper_check_account(&q, a.rec, &e))
		(void)job_failed(j, &e);
	account_close(&a);
}

/* --- slack.channel, slack.channels --- */

static bool
has_directory(struct job *j, const struct account *a)
{
	return a->dest->directory != NULL || job_problem(j, KEEPER_INVALID_VALUE,
						 "%s has no list of channels", a->dest->title);
}

static bool
ask_channel(struct job *j, const struct account *a, struct str id)
{
	const struct dest_call call = job_call(a);
	Carillon__V1__KeeperChannel *c = ARENA_NEW(j->arena, Carillon__V1__KeeperChannel);
	struct dest_channel found;
	struct http_response res;
	struct outcome o;
	struct err e;

	if (!a->dest->compose_channel(&j->worker->req, &call, id, &e))
		return job_failed(j, &e);
	job_send(j, &res);
	if (!a->dest->judge_channel(&res, &found, &o))
		return job_refused(j, &o,
		    o.code == OUTCOME_NETWORK_ERROR || o.code == OUTCOME_TIMEOUT ||
			    o.code == OUTCOME_RATE_LIMITED
			? KEEPER_SLACK_UNAVAILABLE
			: KEEPER_SLACK_REFUSED);
	carillon__v1__keeper_channel__init(c);
	c->id = arena_cstr(j->arena, str_of(found.id));
	c->name = arena_cstr(j->arena, str_of(found.name));
	c->private_ = found.is_private;
	c->member = found.is_member;
	c->archived = found.is_archived;
	j->answer.channels = ARENA_ARRAY(j->arena, Carillon__V1__KeeperChannel *, 1);
	j->answer.channels[j->answer.n_channels++] = c;
	return true;
}

void
keeper_channel(struct job *j)
{
	struct account a;
	struct str id;

	if (!job_account(j, str_of(j->ask->connection), &a))
		return;
	if (has_directory(j, &a)) {
		id = a.dest->directory->channel_of(str_of(j->ask->channel));
		if (id.len == 0)
			(void)job_problem(j, KEEPER_INVALID_VALUE,
			    "this is neither the id of a channel nor a link to one");
		else
			(void)ask_channel(j, &a, id);
	}
	account_close(&a);
}

void
keeper_channels(struct job *j)
{
	const keeper_request *ask = j->ask;
	struct account a;

	if (!job_account(j, str_of(ask->connection), &a))
		return;
	if (has_directory(j, &a)) {
		const struct list_query q = {
		    .workspace = job_workspace(j),
		    .connection = str_of(ask->connection),
		    .team = str_of(a.rec->team_id),
		    .part = str_of(ask->query),
		    .after = str_of(ask->after),
		    .limit = ask->limit == 0              ? LIST_PAGE_USUAL
		             : ask->limit > LIST_PAGE_MAX ? LIST_PAGE_MAX
		                                          : ask->limit,
		    .refresh = ask->refresh,
		};

		/* Of what was typed in nobody knows the scopes: the destination will say. */
		bool may_read =
		    a.rec->scopes[0] == '\0' ||
		    a.dest->directory->may_read(DIRECTORY_ALL, str_of(a.rec->scopes));
		lists_search(
		    keeper_lists(j->worker->keeper), &q, may_read, j->arena, &j->answer);
	}
	account_close(&a);
}

/* --- slack.revoke --- */

bool
account_give_back(struct job *j, const struct account *a)
{
	const struct dest_call call = job_call(a);
	struct http_response res;
	struct outcome o;
	struct err e;

	if (a->dest->oauth == NULL ||
	    !a->dest->oauth->compose_return(&j->worker->req, &call, &e))
		return false;
	job_send(j, &res);
	return a->dest->oauth->judge_return(&res, &o);
}

void
keeper_revoke(struct job *j)
{
	struct account a;
	struct siblings s;
	struct err e = {0};

	if (!job_account(j, str_of(j->ask->connection), &a))
		return;
	if (!siblings_find(j, job_workspace(j), a.rec, &s, &e)) {
		(void)job_failed(j, &e);
	} else {
		if (a.dest->oauth == NULL)
			s.n = 0; /* nobody shares what is nobody's account */
		j->answer.connection = a.rec->id;
		j->answer.shared_with = (uint32_t)s.n;
		j->answer.revoked = s.n == 0 && account_give_back(j, &a);
	}
	account_close(&a);
}

/* --- connection.put --- */

enum { TEST_MS = 7000 }; /* of an endpoint that is saved: who asks waits */

/* What is in the box, as its type makes a credential of it; what it replaces may count too. */
static bool
take(struct job *j, const connection_record *was, const connection_record *rec,
    struct secret *credential, struct err *e)
{
	const struct vault *v = keeper_parts_of(j->worker->keeper)->vault;
	const struct dest_type *dest = dest_find(str_of(rec->dest));
	int64_t overlap_ms = j->ask->overlap_ms;
	wall_t until = {overlap_ms > 0 ? clock_wall().ms + overlap_ms : 0};
	struct secret *given, *own;
	bool ok;

	if (dest == NULL || dest->take == NULL)
		return true;
	given = secret_new(SECRET_MAX);
	own = secret_new(SECRET_MAX);
	ok = secret_append(given, secret_bytes(credential), secret_len(credential));
	if (ok && was != NULL)
		ok = vault_unseal(
		    v, job_workspace(j), str_of(rec->id), record_bytes(&was->sealed), own, e);
	ok = ok && dest->take(credential, given, was != NULL ? own : NULL, until, e);
	secret_free(given);
	secret_free(own);
	return ok;
}

/* The credential of the record: the one in the box, or what is there. */
static bool
open_put(struct job *j, const connection_record *was, connection_record *rec,
    struct secret *credential)
{
	const struct vault *v = keeper_parts_of(j->worker->keeper)->vault;
	struct str box = {(const char *)rec->sealed.data, rec->sealed.len};
	struct err e = {0};
	bool ok;

	if (box.len == 0 && was != NULL)
		rec->sealed = was->sealed;
	ok = box.len > 0
	         ? vault_unbox(v, job_workspace(j), str_of(rec->id), box, credential, &e) &&
	               take(j, was, rec, credential, &e)
	     : was != NULL ? vault_unseal(v, job_workspace(j), str_of(rec->id),
				 record_bytes(&was->sealed), credential, &e)
	                   : fail(&e, ERR_INPUT, "there is no credential");
	if (!ok)
		return job_problem(j, KEEPER_INVALID_VALUE, "the credential %s", e.text);
	if (box.len > 0)
		rec->sealed = job_seal(j, job_workspace(j), rec->id, credential);
	return true;
}

/* What nobody but the keeper says of a connection stays as it was; what was granted ends with
 * the credential that it was granted with. */
static void
keep_own(connection_record *rec, const connection_record *was, bool is_new_credential)
{
	connection_record none = CARILLON__V1__CONNECTION__INIT;

	if (was == NULL || is_new_credential) {
		was = &none;
		rec->status = CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_ACTIVE;
		rec->status_reason = rec->status_code =
		    (char *)(uintptr_t)protobuf_c_empty_string;
		rec->repair = CARILLON__V1__REPAIR__REPAIR_UNSPECIFIED;
	}
	rec->scopes = was->scopes;
	rec->app_id = was->app_id;
	rec->enterprise_id = was->enterprise_id;
	rec->connected_by = was->connected_by;
	rec->issued_ms = was->issued_ms;
	rec->expires_ms = was->expires_ms;
	rec->renewing_ms = was->renewing_ms;
	rec->granted_channel = was->granted_channel;
	rec->other = was->other;
	rec->ticket = was->ticket;
}

static bool
put(struct job *j, const connection_record *was, connection_record *rec, bool is_new_credential,
    const struct secret *credential)
{
	const struct keeper_question q = {.arena = j->arena,
	    .config = &j->worker->config,
	    .credential = credential,
	    .timeout_ms = TEST_MS};
	const char *team = was != NULL ? was->team_id : "";
	uint64_t revision = j->ask->revision;
	struct err e = {0};

	const struct dest_type *dest = dest_find(str_of(rec->dest));
	if (dest == NULL ||
	    dest_base_url(dest, &j->worker->config, str_of(rec->api_host), rec->url) == NULL)
		return job_problem(j, KEEPER_INVALID_VALUE, "there is no such type or host");
	if (!keeper_check_url(&j->worker->config, rec, &e))
		return job_failed(j, &e);
	keep_own(rec, was, is_new_credential);
	if (!j->ask->untested && !keeper_check_account(&q, rec, &e))
		return e.kind == ERR_TEMP
		           ? job_problem(j, KEEPER_SLACK_UNAVAILABLE, "%s", e.text)
		           : job_failed(j, &e);
	if (team[0] != '\0' && strcmp(team, rec->team_id) != 0)
		return job_problem(j, KEEPER_SLACK_REFUSED,
		    "this credential belongs to %s, the connection to %s", rec->team_name,
		    was->team_name);
	rec->created_ms = was != NULL ? was->created_ms : clock_wall().ms;
	if (!job_store(j, job_workspace(j), rec, &revision, &e))
		return job_failed(j, &e);
	j->answer.connection = rec->id;
	j->answer.revision = revision;
	return true;
}

void
keeper_put(struct job *j)
{
	connection_record *rec = j->ask->put, *was = NULL;
	struct secret *credential;
	struct err e = {0};
	bool has_box;

	if (rec == NULL || !id_is_record(str_of(rec->id))) {
		(void)job_problem(j, KEEPER_INVALID_VALUE, "there is no connection to store");
		return;
	}
	if (j->ask->revision != 0) {
		was = registry_connection(
		    j->worker->registry, j->arena, job_workspace(j), str_of(rec->id), NULL, &e);
		if (was == NULL) {
			(void)job_failed(j, &e);
			return;
		}
	}
	credential = secret_new(SECRET_MAX);
	has_box = rec->sealed.len > 0;
	if (open_put(j, was, rec, credential))
		(void)put(j, was, rec, has_box, credential);
	secret_free(credential);
}
