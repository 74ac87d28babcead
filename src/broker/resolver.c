#include "carillon/broker/resolver.h"

#include "broker/private.h"

#define UPDATE_SUBJECT "$SYS.REQ.CLAIMS.UPDATE"

/* {"data": {"code": 200, ...}}, or {"error": {"description": ...}}. */
static bool
answer_read(natsMsg *answer, struct err *e)
{
	struct str text = {natsMsg_GetData(answer), (size_t)natsMsg_GetDataLength(answer)};
	struct arena *a = arena_new(0);
	const struct json *root, *error;
	int64_t code = 0;
	bool ok = json_parse(a, text, JSON_DEPTH_MAX, &root, e);

	if (!ok) {
		(void)fail_within(e, "answer of nats");
	} else if ((error = json_get(root, STR("error"))) != NULL) {
		ok = fail(e, ERR_DENIED, "nats does not take the account: %.*s",
		    STR_ARG(json_string(error, STR("description"))));
	} else if (!json_int64(json_path(root, STR("data.code")), &code) || code != 200) {
		ok = fail(e, ERR_DENIED, "nats does not take the account: %.*s", STR_ARG(text));
	}
	arena_free(a);
	return ok;
}

bool
broker_push_account(struct broker *system, struct str token, int64_t wait_ms, struct err *e)
{
	natsMsg *request, *answer;

	must(natsMsg_Create(&request, UPDATE_SUBJECT, NULL, token.ptr, (int)token.len) ==
	     NATS_OK);
	bool ok = api_request(system, request, wait_ms, &answer, e);
	natsMsg_Destroy(request);
	if (!ok && e->kind == ERR_SETUP)
		return fail(e, ERR_SETUP,
		    "the server keeps no accounts that can be changed: its configuration "
		    "needs a resolver of type full, and the user one of its system account");
	if (!ok)
		return false;
	ok = answer_read(answer, e);
	natsMsg_Destroy(answer);
	return ok;
}
