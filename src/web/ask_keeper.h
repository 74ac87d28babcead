/*
 * Questions to the keeper, the part of the service that opens credentials: by NATS, for at most
 * ASK_KEEPER_MS. A worker's.
 */
#pragma once

#include "request.h"

enum { ASK_KEEPER_MS = 10500 };

/* "session:s_1;role=admin": who changes what the request changes. In the request's arena. */
char *request_author(struct request *q);
/*
 * Asks by `method`; the workspace of the question and who asks are filled in here. NULL and
 * `e`: nobody answered. What the keeper refuses is in the answer.
 */
const keeper_answer *keeper_ask(struct request *q, struct str workspace, const char *method,
    keeper_request *ask, struct err *e);
/* The same for a route of the API: NULL: the answer is there, a problem. */
const keeper_answer *keeper_ask_for_api(
    struct request *q, const char *method, keeper_request *ask);
/* The keeper's problem as the API's. Returns false. */
bool problem_of_keeper(struct request *q, const Carillon__V1__KeeperProblem *p);
