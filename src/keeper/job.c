#include "job.h"

#include <stdarg.h>
#include <stdio.h>

#include "carillon/base/clock.h"
#include "carillon/base/log.h"

enum {
	ANSWER_MARGIN_MS = 1500, /* of the deadline, for what comes after the request */
	REQUEST_LEAST_MS = 500,
	DETAIL_MAX = 600,
};

static const char *const codes[] = {
#define PROBLEM(NAME, code, sentence) [KEEPER_##NAME] = code,
#include "carillon/keeper/problems.def"
#undef PROBLEM
};

const char *
keeper_problem_code(enum keeper_problem p)
{
	must((unsigned)p < KEEPER_PROBLEMS);
	return codes[p];
}

bool
job_problem(struct job *j, enum keeper_problem p, const char *fmt, ...)
{
	Carillon__V1__KeeperProblem *problem = ARENA_NEW(j->arena, Carillon__V1__KeeperProblem);
	char detail[DETAIL_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(detail, sizeof(detail), fmt, args);
	va_end(args);
	carillon__v1__keeper_problem__init(problem);
	problem->code = (char *)(uintptr_t)keeper_problem_code(p);
	problem->detail = arena_cstr(j->arena, str_of(detail));
	carillon__v1__keeper_answer__init(&j->answer);
	j->answer.problem = problem;
	return false;
}

bool
job_failed(struct job *j, const struct err *e)
{
	static const enum keeper_problem of[] = {
	    [ERR_NONE] = KEEPER_INTERNAL,
	    [ERR_INPUT] = KEEPER_INVALID_VALUE,
	    [ERR_TEMP] = KEEPER_BROKER_UNAVAILABLE,
	    [ERR_CONFLICT] = KEEPER_CHANGED_MEANWHILE,
	    [ERR_NOT_FOUND] = KEEPER_NOT_FOUND,
	    [ERR_DENIED] = KEEPER_SLACK_REFUSED,
	    [ERR_FULL] = KEEPER_LIMIT_REACHED,
	    [ERR_CORRUPT] = KEEPER_INTERNAL,
	    [ERR_SETUP] = KEEPER_INTERNAL,
	};

	return job_problem(j, of[e->kind], "%s", e->text);
}

bool
job_refused(struct job *j, const struct outcome *o, enum keeper_problem p)
{
	job_problem(j, p, "%s", o->reason);
	j->answer.problem->error_code = arena_cstr(j->arena, str_of(o->error_code));
	j->answer.problem->repair = (Carillon__V1__Repair)o->repair;
	j->answer.problem->retry_after_ms = o->retry_after_ms > 0 ? o->retry_after_ms : 0;
	return false;
}

struct str
job_workspace(const struct job *j)
{
	return str_of(j->ask->workspace);
}

bool
job_account(struct job *j, struct str connection, struct account *out)
{
	const struct keeper_parts *parts = keeper_parts_of(j->worker->keeper);
	struct err e = {0};

	*out = (struct account){0};
	out->rec = registry_connection(
	    j->worker->registry, j->arena, job_workspace(j), connection, &out->revision, &e);
	if (out->rec == NULL)
		return job_failed(j, &e);
	out->dest = dest_find(str_of(out->rec->dest));
	if (out->dest == NULL)
		return job_problem(j, KEEPER_INTERNAL, "connections of type \"%s\" are unknown",
		    out->rec->dest);
	out->base_url = dest_base_url(
	    out->dest, &j->worker->config, str_of(out->rec->api_host), out->rec->url);
	if (out->base_url == NULL)
		return job_problem(j, KEEPER_INTERNAL, "the connection has no known host");
	out->credential = secret_new(SECRET_MAX);
	if (vault_unseal(parts->vault, job_workspace(j), connection,
		record_bytes(&out->rec->sealed), out->credential, &e))
		return true;
	account_close(out);
	/* No refusal of the destination's. */
	return job_problem(j, KEEPER_INTERNAL, "the stored credential could not be opened");
}

void
account_close(struct account *a)
{
	secret_free(a->credential);
	a->credential = NULL;
}

ProtobufCBinaryData
job_seal(struct job *j, struct str workspace, const char *connection,
    const struct secret *credential)
{
	ProtobufCBinaryData out = {
	    .data = arena_must(j->arena, secret_len(credential) + VAULT_SEALED_OVERHEAD)};

	vault_seal(keeper_parts_of(j->worker->keeper)->vault, workspace, str_of(connection),
	    credential, out.data, &out.len);
	return out;
}

void
job_send(struct job *j, struct http_response *res)
{
	struct worker *w = j->worker;
	struct pool_options o = pool_options_of(&w->config, 1);
	int64_t left_ms = j->deadline.ms - clock_mono().ms - ANSWER_MARGIN_MS;

	if (left_ms < REQUEST_LEAST_MS)
		left_ms = REQUEST_LEAST_MS;
	if (o.request_timeout_ms > left_ms)
		o.request_timeout_ms = left_ms;
	if (o.connect_timeout_ms > left_ms)
		o.connect_timeout_ms = left_ms;
	http_once(&w->req, &o, res, &w->answer);
}

void
job_forget(struct job *j)
{
	struct worker *w = j->worker;

	if (w->req.is_private) {
		buf_fini_wiped(&w->req.body);
		buf_fini_wiped(&w->answer);
	}
	http_request_clear(&w->req);
}

struct dest_call
job_call(const struct account *a)
{
	return (struct dest_call){
	    .base_url = a->base_url, .credential = a->credential, .now = clock_wall()};
}

bool
job_store(struct job *j, struct str workspace, connection_record *rec, uint64_t *revision,
    struct err *e)
{
	struct registry *r = j->worker->registry;

	rec->updated_ms = clock_wall().ms;
	return registry_put_connection(r, workspace, rec, *revision, e) &&
	       registry_connection(r, j->arena, workspace, str_of(rec->id), revision, e) !=
	           NULL;
}

void
job_tell(struct job *j, struct str workspace, const char *what, const char *connection,
    const char *reason, const char *action)
{
	struct err e = {0};
	ops_event ops;

	carillon__v1__ops_event__init(&ops);
	ops.what = (char *)(uintptr_t)what;
	ops.workspace = arena_cstr(j->arena, workspace);
	ops.connection = (char *)(uintptr_t)connection;
	ops.reason = (char *)(uintptr_t)reason;
	ops.action = (char *)(uintptr_t)action;
	log_warn(what, L_STRN("workspace", workspace), L_STR("connection", connection),
	    L_STR("reason", reason), L_STR("action", action));
	if (!ops_publish(keeper_parts_of(j->worker->keeper)->broker, &ops, &e))
		log_error("keeper.ops", L_STR("error", e.text));
}
