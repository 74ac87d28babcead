/* The catalogue of event types: the workspace's own, before those that all share. */
#include <microhttpd.h>

#include "common.h"

static void
write_one(struct request *q, struct json_writer *w, const void *record, uint64_t revision)
{
	(void)q;
	json_write_type(w, record, revision);
}

struct merging {
	struct page page;
	struct str workspace; /* of the shared ones: whose own take precedence */
	bool is_shared;
};

/* Own ones come first, then the shared ones that no own one replaces; the cursor says where. */
static bool
merge_one(const void *record, uint64_t revision, void *arg)
{
	struct merging *m = arg;
	const type_record *r = record;
	struct request *q = m->page.q;
	struct err e = {0};

	if (m->is_shared && registry_type(q->registry, q->arena, m->workspace, str_of(r->name),
				NULL, &e) != NULL)
		return true;
	if (!page_takes(
		&m->page, arena_printf(q->arena, "%c%s", m->is_shared ? 's' : 'o', r->name)))
		return false;
	write_one(q, &m->page.w, r, revision);
	return true;
}

static bool
merge_from(struct merging *m, struct str workspace, char prefix, struct err *e)
{
	struct request *q = m->page.q;
	struct str after = m->page.after;
	struct state_list list = {.workspace = workspace, .kind = STATE_TYPE};

	if (after.len > 0 && after.ptr[0] == prefix)
		list.after = (struct str){after.ptr + 1, after.len - 1};
	return registry_each(q->registry, q->arena, &list, merge_one, m, e);
}

void
api_types_list(struct request *q)
{
	static const char *const parameters[] = {"limit", "cursor", NULL};
	struct merging m = {.workspace = request_part(q, 0)};
	struct err e = {0};
	bool ok = true;

	if (!request_parameters(q, parameters) || !api_has_workspace(q) ||
	    !page_begin(&m.page, q))
		return;
	if (m.page.after.len == 0 || m.page.after.ptr[0] == 'o')
		ok = merge_from(&m, m.workspace, 'o', &e);
	m.is_shared = true;
	if (ok && !m.page.has_more)
		ok = merge_from(&m, CATALOGUE_WORKSPACE, 's', &e);
	if (ok)
		page_end(&m.page);
	else
		(void)problem_of(q, &e);
}

void
api_type_get(struct request *q)
{
	static const char *const parameters[] = {NULL};
	const type_record *r;
	uint64_t revision;
	struct json_writer w;
	struct err e = {0};

	if (!request_parameters(q, parameters) || !api_has_workspace(q))
		return;
	r = registry_type(
	    q->registry, q->arena, request_part(q, 0), request_part(q, 1), &revision, &e);
	if (r == NULL && e.kind == ERR_NOT_FOUND)
		r = registry_type(q->registry, q->arena, CATALOGUE_WORKSPACE,
		    request_part(q, 1), &revision, &e);
	if (r == NULL) {
		(void)problem_of(q, &e);
		return;
	}
	answer_json(q, MHD_HTTP_OK, &w);
	write_one(q, &w, r, revision);
	answer_etag(q, revision);
}
