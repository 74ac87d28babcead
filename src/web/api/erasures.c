/*
 * Erasing a workspace: what is asked for stands in the short bucket, and the service does it.
 * It is proved when this process, which only follows, has nothing of the workspace any more
 * either.
 */
#include "carillon/registry/erasing.h"

#include <microhttpd.h>

#include "carillon/base/id.h"
#include "carillon/store/workspaces.h"
#include "common.h"
#include "web/ask_keeper.h"

/* Who may see some workspaces only: one that is gone is known by its hash. */
static bool
sees(const struct request *q, const erasure_record *r)
{
	for (size_t i = 0; i < q->who.n_workspaces; i++)
		if (erasure_is_of(r, q->who.workspaces[i]))
			return true;
	return q->who.n_workspaces == 0;
}

static bool
history_knows(struct request *q, const erasure_record *r)
{
	struct txn *t = txn_read(request_store(q), STORE_HISTORY);
	char name[WORKSPACE_ID_MAX + 1] = "";
	bool found = true, is_known = false;

	while (!is_known && (found = history_next_workspace(t, str_of(name), name)))
		is_known = erasure_is_of(r, str_of(name));
	txn_end(t);
	return is_known;
}

struct search {
	const erasure_record *r;
	bool is_known;
};

static bool
is_another(const void *record, uint64_t revision, void *arg)
{
	struct search *s = arg;

	(void)revision;
	s->is_known = erasure_is_of(s->r, str_of(((const workspace_record *)record)->id));
	return !s->is_known;
}

static bool
state_knows(struct request *q, const erasure_record *r)
{
	struct search s = {.r = r};
	struct err e = {0};

	return !registry_each_workspace(
		   q->registry, q->arena, (struct str){0}, is_another, &s, &e) ||
	       s.is_known;
}

static void
answer(struct request *q, unsigned status, const erasure_record *r)
{
	bool is_done = r->done_ms != 0;
	struct json_writer w;

	answer_json(q, status, &w);
	jw_object(&w);
	jw_kv_cstr(&w, "id", r->id);
	jw_key(&w, "workspace");
	if (is_done)
		jw_null(&w);
	else
		jw_cstr(&w, r->workspace);
	jw_kv_cstr(&w, "status", is_done ? "done" : "running");
	jw_kv_bool(&w, "proved", is_done && !history_knows(q, r) && !state_knows(q, r));
	json_write_time(&w, "requested_at", r->requested_ms);
	json_write_time(&w, "done_at", r->done_ms);
	jw_kv_int(&w, "stream_messages", (int64_t)r->messages);
	jw_kv_int(&w, "history_batches", (int64_t)r->batches);
	jw_kv_int(&w, "index_records", (int64_t)r->records);
	jw_object_end(&w);
}

/* The id once more: what goes does not come back. */
static bool
is_confirmed(struct request *q)
{
	static const char *const members[] = {"confirm", NULL};
	const struct json *object;

	if (!request_object(q, &object) || !request_members(q, object, members))
		return false;
	return str_eq(json_string(object, STR("confirm")), request_part(q, 0)) ||
	       problem(q, PROBLEM_INVALID_VALUE,
		   "confirm: the workspace's id once more, for nothing of it comes back");
}

void
api_workspace_erase(struct request *q)
{
	struct err e = {0};
	erasure_record r;

	if (!is_confirmed(q) || !api_has_workspace(q))
		return;
	erasure_new(&r, q->arena, request_part(q, 0), q->now);
	r.by = request_author(q);
	if (erasure_put(q->web->broker, &r, 0, &e))
		answer(q, MHD_HTTP_ACCEPTED, &r);
	else
		(void)problem_of(q, &e);
}

void
api_erasure_get(struct request *q)
{
	struct err e = {0};
	uint64_t revision;
	erasure_record *r;

	if (!request_no_parameters(q))
		return;
	if (!erasure_get(q->web->broker, q->arena, request_part(q, 0), &r, &revision, &e))
		(void)problem_of(q, &e);
	else if (!sees(q, r))
		(void)problem_not_found(q);
	else
		answer(q, MHD_HTTP_OK, r);
}
