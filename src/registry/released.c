#include "carillon/registry/released.h"

#include "carillon/base/list.h"

/* Of one rule. */
struct group {
	struct list link;
	struct str rule;
	uint64_t count;
	int64_t oldest_ms;
};

struct released {
	struct arena *arena;
	struct str workspace;
	struct list groups;
};

static struct group *
group_of(struct released *r, struct str rule)
{
	struct group *g;

	LIST_EACH (n, &r->groups) {
		g = CONTAINER_OF(n, struct group, link);
		if (str_eq(g->rule, rule))
			return g;
	}
	g = ARENA_NEW(r->arena, struct group);
	g->rule = arena_str(r->arena, rule);
	list_prepend(&r->groups, &g->link); /* most are of the one before */
	return g;
}

static bool
gather_one(const delivery_record *d, void *arg)
{
	struct group *g = group_of(arg, str_of(d->rule));

	g->count++;
	if (g->oldest_ms == 0 || d->created_ms < g->oldest_ms)
		g->oldest_ms = d->created_ms;
	return true;
}

struct released *
released_gather(struct store *s, struct arena *a, const struct held_of *of, struct err *e)
{
	struct released *r = ARENA_NEW(a, struct released);
	struct arena *records = arena_new(0);
	struct txn *t = txn_read(s, STORE_HISTORY);

	r->arena = a;
	r->workspace = arena_str(a, of->workspace);
	list_init(&r->groups);
	ledger_each_held(t, records,
	    &(struct held_list){of->workspace, of->connection, of->rule}, gather_one, r);
	arena_free(records);
	return txn_finish(t, e) ? r : NULL;
}

static void
judge(const struct group *g, const struct ruleset *rules, struct arena *a,
    struct released_count *out)
{
	const struct rule *rule = ruleset_rule(rules, g->rule);
	struct gate gate;

	if (rule == NULL || !rule->active)
		return;
	gate = gate_of(rules, rule);
	if (!gate.is_open) {
		out->still_held += g->count;
		out->why = arena_str(a, gate.reason);
		return;
	}
	out->count += g->count;
	if (out->oldest_ms == 0 || g->oldest_ms < out->oldest_ms)
		out->oldest_ms = g->oldest_ms;
}

bool
released_judge(
    const struct released *r, struct store *s, struct released_count *out, struct err *e)
{
	struct rulebook *book = rulebook_new(s, 1);
	struct ruleset *rules = rulebook_get(book, r->workspace, e);

	*out = (struct released_count){0};
	if (rules != NULL)
		LIST_EACH (n, &r->groups)
			judge(CONTAINER_OF(n, struct group, link), rules, r->arena, out);
	ruleset_unref(rules);
	rulebook_free(book);
	return rules != NULL;
}
