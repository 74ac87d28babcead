#include <microhttpd.h>

#include "common.h"

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
	if (!registry_each_workspace(q->registry, q->arena, p.after, list_one, &p, &e)) {
		(void)problem_of(q, &e);
		return;
	}
	page_end(&p);
}

void
api_workspace_get(struct request *q)
{
	static const char *const parameters[] = {NULL};
	uint64_t revision;
	const workspace_record *r;
	struct json_writer w;
	struct held held;

	if (!request_parameters(q, parameters) || (r = api_workspace(q, &revision)) == NULL ||
	    answer_unchanged(q, revision) ||
	    !api_held(q, (struct str){0}, (struct str){0}, &held))
		return;
	answer_json(q, MHD_HTTP_OK, &w);
	json_write_workspace(&w, r, revision, &held);
	answer_etag(q, revision);
}
