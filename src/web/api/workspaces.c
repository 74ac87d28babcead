#include <microhttpd.h>

#include "carillon/base/clock.h"
#include "write.h"

static void
write_one(struct request *q, struct json_writer *w, const void *record, uint64_t revision)
{
	(void)q;
	json_write_workspace(w, record, revision, NULL);
}

static struct writing
writing_of(struct request *q, struct str id)
{
	return (struct writing){
	    .q = q, .kind = STATE_WORKSPACE, .workspace = id, .id = id, .write = write_one};
}

static bool
list_one(const void *record, uint64_t revision, void *arg)
{
	struct page *p = arg;
	const workspace_record *r = record;

	if (!principal_sees(&p->q->who, str_of(r->id)))
		return true;
	if (!page_takes(p, str_of(r->id)))
		return false;
	json_write_workspace(&p->w, r, revision, NULL);
	return true;
}

void
api_workspaces_list(struct request *q)
{
	static const char *const parameters[] = {"limit", "cursor", NULL};
	struct err e = {0};
	struct page p;

	if (!request_parameters(q, parameters) || !page_begin(&p, q))
		return;
	if (registry_each_workspace(q->registry, q->arena, p.after, list_one, &p, &e))
		page_end(&p);
	else
		(void)problem_of(q, &e);
}

static void
answer_with(struct request *q, const struct held *held)
{
	uint64_t revision;
	const workspace_record *r = api_workspace(q, &revision);
	struct json_writer w;

	if (r == NULL)
		return;
	answer_json(q, MHD_HTTP_OK, &w);
	json_write_workspace(&w, r, revision, held);
	answer_etag(q, revision);
}

void
api_workspace_get(struct request *q)
{
	struct held held;

	if (request_no_parameters(q) && api_held(q, (struct str){0}, (struct str){0}, &held))
		answer_with(q, &held);
}

/* --- writing --- */

/* Which workspaces a key sees is fixed when it is made: a new one is none of them. */
static bool
may_make(struct request *q, struct str id)
{
	return principal_sees(&q->who, id) ||
	       problem(q, PROBLEM_FORBIDDEN, "this key may only see its own workspaces");
}

void
api_workspace_create(struct request *q)
{
	const struct json *object;
	struct writing w = writing_of(q, (struct str){0});
	struct err e = {0};
	workspace_record r;

	carillon__v1__workspace__init(&r);
	if (!request_object(q, &object) || !write_read(&w, object, &r, PROBLEM_INVALID_VALUE) ||
	    !may_make(q, str_of(r.id)))
		return;
	r.created_ms = q->now.ms;
	w = writing_of(q, str_of(r.id));
	if (registry_provision_workspace(q->registry, &r, &e))
		write_answer(&w, MHD_HTTP_CREATED);
	else
		(void)problem_of(q, &e);
}

void
api_workspace_patch(struct request *q)
{
	static const char *const members[] = {"name", NULL};
	const struct json *object;
	struct writing w = writing_of(q, request_part(q, 0));
	workspace_record *r = api_workspace(q, &w.revision);
	struct err e = {0};

	if (r == NULL || !write_matches(&w) || !request_object(q, &object) ||
	    !request_members(q, object, members) ||
	    !write_read(&w, object, r, PROBLEM_INVALID_VALUE))
		return;
	if (registry_put_workspace(q->registry, r, w.revision, &e))
		write_answer(&w, MHD_HTTP_OK);
	else
		(void)write_failed(&w, &e, PROBLEM_INVALID_VALUE);
}

void
api_workspace_delete(struct request *q)
{
	struct writing w = writing_of(q, request_part(q, 0));
	struct err e = {0};

	if (api_workspace(q, &w.revision) == NULL || !write_matches(&w))
		return;
	if (registry_delete_workspace(q->registry, w.id, &e))
		answer_nothing(q);
	else
		(void)write_failed(&w, &e, PROBLEM_INVALID_VALUE);
}

/* --- pause and resume --- */

static void
set_paused(struct request *q, bool paused)
{
	static const char *const members[] = {"drop_older_than", NULL};
	const struct json *object;
	struct writing w = writing_of(q, request_part(q, 0));
	struct held held = {0};
	struct err e = {0};
	int64_t older_ms = 0;
	workspace_record *r;

	if (!request_object(q, &object) || !request_members(q, object, members) ||
	    !write_duration(q, object, "drop_older_than", &older_ms) ||
	    (r = api_workspace(q, &w.revision)) == NULL)
		return;
	r->paused = paused;
	if (!paused && !write_held(q, &(struct held_of){.workspace = w.id}, older_ms, &held))
		return;
	if (registry_put_workspace(q->registry, r, w.revision, &e))
		answer_with(q, paused ? NULL : &held);
	else
		(void)write_failed(&w, &e, PROBLEM_INVALID_VALUE);
}

void
api_workspace_pause(struct request *q)
{
	set_paused(q, true);
}

void
api_workspace_resume(struct request *q)
{
	set_paused(q, false);
}
