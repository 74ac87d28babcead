/* Who would miss a connection. */
#include "carillon/registry/registry.h"

enum { USERS_SHOWN = 5 };

struct gathering {
	struct str connection;
	struct buf shown;
	int n;
};

static bool
note_user(const void *record, uint64_t revision, void *arg)
{
	const rule_record *rule = record;
	struct gathering *g = arg;

	(void)revision;
	if (!rule->active || !str_eq(str_of(rule->connection), g->connection))
		return true;
	if (g->n < USERS_SHOWN)
		buf_printf(&g->shown, "%s%s", g->n > 0 ? ", " : "", rule->id);
	g->n++;
	return true;
}

bool
registry_users(struct registry *r, struct arena *a, struct str workspace, struct str connection,
    struct connection_users *out, struct err *e)
{
	struct gathering g = {.connection = connection};
	bool ok =
	    registry_each(r, a, &(struct state_list){workspace, STATE_RULE}, note_user, &g, e);

	*out = (struct connection_users){g.n, arena_str(a, buf_view(&g.shown))};
	buf_fini(&g.shown);
	return ok;
}
