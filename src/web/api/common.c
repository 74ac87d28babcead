#include "common.h"

bool
api_has_workspace(struct request *q)
{
	return api_workspace(q, NULL) != NULL;
}

workspace_record *
api_workspace(struct request *q, uint64_t *revision)
{
	struct err e = {0};
	workspace_record *r =
	    registry_workspace(q->registry, q->arena, request_part(q, 0), revision, &e);

	if (r == NULL)
		(void)problem_of(q, &e);
	return r;
}

connection_record *
api_connection(struct request *q, uint64_t *revision)
{
	struct err e = {0};
	connection_record *r = registry_connection(
	    q->registry, q->arena, request_part(q, 0), request_part(q, 1), revision, &e);

	if (r == NULL)
		(void)problem_of(q, &e);
	return r;
}

rule_record *
api_rule(struct request *q, uint64_t *revision)
{
	struct err e = {0};
	rule_record *r = registry_rule(
	    q->registry, q->arena, request_part(q, 0), request_part(q, 1), revision, &e);

	if (r == NULL)
		(void)problem_of(q, &e);
	return r;
}

bool
api_held(struct request *q, struct str connection, struct str rule, struct held *out)
{
	const struct held_of of = {request_part(q, 0), connection, rule};
	struct err e = {0};

	*out = (struct held){0};
	return held_count(q->web->store, &of, out, &e) || problem_of(q, &e);
}

/* --- lists --- */

struct listing {
	struct page page;
	enum state_kind kind;
	api_write_fn *write;
};

static struct str
id_of(enum state_kind kind, const void *record)
{
	switch (kind) {
	case STATE_WORKSPACE: return str_of(((const workspace_record *)record)->id);
	case STATE_CONNECTION: return str_of(((const connection_record *)record)->id);
	case STATE_RULE: return str_of(((const rule_record *)record)->id);
	case STATE_TYPE: return str_of(((const type_record *)record)->name);
	case STATE_REPLAY: return str_of(((const replay_record *)record)->id);
	case STATE_KEY: return str_of(((const key_record *)record)->id);
	case STATE_KINDS: break;
	}
	must(kind < STATE_KINDS);
	return (struct str){0};
}

static bool
list_one(const void *record, uint64_t revision, void *arg)
{
	struct listing *l = arg;

	if (l->kind == STATE_RULE && api_is_hidden_rule(id_of(l->kind, record)))
		return true;
	if (!page_takes(&l->page, id_of(l->kind, record)))
		return false;
	l->write(l->page.q, &l->page.w, record, revision);
	return true;
}

void
api_list(struct request *q, struct str workspace, enum state_kind kind, api_write_fn *write)
{
	static const char *const parameters[] = {"limit", "cursor", NULL};
	struct listing l = {.kind = kind, .write = write};
	struct state_list list = {.workspace = workspace, .kind = kind};
	struct err e = {0};

	if (!request_parameters(q, parameters) || !page_begin(&l.page, q))
		return;
	list.after = l.page.after;
	if (!registry_each(q->registry, q->arena, &list, list_one, &l, &e)) {
		(void)problem_of(q, &e);
		return;
	}
	page_end(&l.page);
}

bool
api_is_hidden_rule(struct str id)
{
	return str_starts_with(id, STR("test_"));
}
