#include "ask_keeper.h"

#include "carillon/broker/service.h"
#include "problem.h"
#include "web_private.h"

char *
request_author(struct request *q)
{
	struct str by = arena_printf(q->arena, "%s:%.*s%s%s", principal_kind_name(q->who.kind),
	    STR_ARG(q->who.id), q->who.role != ROLE_NONE ? ";role=" : "",
	    q->who.role != ROLE_NONE ? role_name(q->who.role) : "");

	return arena_cstr(q->arena, by);
}

const keeper_answer *
keeper_ask(struct request *q, struct str workspace, const char *method, keeper_request *ask,
    struct err *e)
{
	struct str bytes;
	void *answer;

	ask->workspace = arena_cstr(q->arena, workspace);
	if (ask->by[0] == '\0')
		ask->by = request_author(q);
	if (!service_ask(request_broker(q),
		&(struct service_question){
		    "keeper", method, record_pack(q->arena, ask), ASK_KEEPER_MS},
		q->arena, &bytes, e))
		return NULL;
	if (!record_unpack(
		&carillon__v1__keeper_answer__descriptor, q->arena, bytes, &answer, e))
		return NULL;
	return answer;
}

bool
problem_of_keeper(struct request *q, const Carillon__V1__KeeperProblem *p)
{
	for (enum problem i = 0; i < PROBLEMS; i++) {
		if (strcmp(problem_code(i), p->code) != 0)
			continue;
		(void)problem(q, i, "%s", p->detail);
		if (problem_status(i) == 503 || problem_status(i) == 429)
			problem_retry_after(q, (int)(p->retry_after_ms / 1000) + 1);
		return false;
	}
	return problem(q, PROBLEM_INTERNAL, "%s", p->detail);
}

const keeper_answer *
keeper_ask_for_api(struct request *q, const char *method, keeper_request *ask)
{
	struct err e = {0};
	const keeper_answer *answer = keeper_ask(q, request_part(q, 0), method, ask, &e);

	if (answer == NULL) {
		(void)problem(q, PROBLEM_DELIVERY_SERVICE_AWAY, "it did not answer in time");
		problem_retry_after(q, 5);
		return NULL;
	}
	if (answer->problem != NULL) {
		(void)problem_of_keeper(q, answer->problem);
		return NULL;
	}
	return answer;
}
