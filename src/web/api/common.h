/* What the handlers of src/web/api share. */
#pragma once

#include "carillon/registry/held.h"
#include "carillon/registry/json_write.h"
#include "web/list.h"
#include "web/problem.h"
#include "web/request.h"
#include "web/web_private.h"

/* The workspace of the route. NULL: the answer is there. */
workspace_record *api_workspace(struct request *q, uint64_t *revision);
/* Whether the workspace is there; else the answer is. */
bool api_has_workspace(struct request *q);
/* Of the second part of the route. NULL: the answer is there. */
connection_record *api_connection(struct request *q, uint64_t *revision);
rule_record *api_rule(struct request *q, uint64_t *revision);
/* What a connection or a rule holds, or with neither the workspace. */
bool api_held(struct request *q, struct str connection, struct str rule, struct held *out);
/* A page of a kind of records of the route's workspace. */
typedef void api_write_fn(
    struct request *q, struct json_writer *w, const void *record, uint64_t revision);
void api_list(
    struct request *q, struct str workspace, enum state_kind kind, api_write_fn *write);
/* Of a rule that was made for a test message: it is in no list. */
bool api_is_hidden_rule(struct str id);
