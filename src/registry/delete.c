/* Deleting a workspace with all that was configured in it. */
#include <stdlib.h>

#include "registry_private.h"

enum { TRIES_MAX = 10 };

/* Ids of one kind, gathered before deleting: a transaction must not outlive a round trip. */
struct ids {
	struct arena *arena;
	struct {
		struct str id;
		uint64_t revision;
	} * items;
	size_t n, cap;
};

static bool
gather_id(struct str id, const struct state_value *v, void *arg)
{
	struct ids *ids = arg;

	if (ids->n == ids->cap) {
		ids->cap = ids->cap ? 2 * ids->cap : 64;
		ids->items = realloc(ids->items, ids->cap * sizeof(*ids->items));
		must(ids->items != NULL);
	}
	ids->items[ids->n].id = arena_str(ids->arena, id);
	ids->items[ids->n++].revision = v->revision;
	return true;
}

static bool
gather_ids(struct registry *r, struct str workspace, enum state_kind kind, struct ids *ids,
    struct err *e)
{
	struct txn *t = txn_read(r->store, STORE_STATE);

	state_each(t, &(struct state_list){workspace, kind}, gather_id, ids);
	return txn_finish(t, e);
}

/* Whatever the records say: they need not be read for that. */
static bool
delete_found(struct registry *r, struct str workspace, enum state_kind kind, struct err *e)
{
	struct ids ids = {.arena = arena_new(0)};
	bool ok = gather_ids(r, workspace, kind, &ids, e);

	for (size_t i = 0; ok && i < ids.n; i++)
		ok = registry_delete(
		    r, workspace, kind, ids.items[i].id, ids.items[i].revision, e);
	free(ids.items);
	arena_free(ids.arena);
	return ok;
}

/* A replay that goes on writes how far it is: what changed meanwhile is looked at again. */
static bool
delete_all(struct registry *r, struct str workspace, enum state_kind kind, struct err *e)
{
	struct err why = {0};

	for (int tries = 0; !delete_found(r, workspace, kind, &why); tries++)
		if (why.kind != ERR_CONFLICT || tries == TRIES_MAX ||
		    !registry_catch_up(r, 0, &why))
			return fail(e, why.kind, "%s", why.text);
	return true;
}

bool
registry_delete_workspace(struct registry *r, struct str workspace, struct err *e)
{
	/* Rules first: nothing may match while its connection is going away; the workspace
	 * last, so that an interrupted delete can be found and finished. */
	return registry_has_workspace(r, workspace, e) &&
	       delete_all(r, workspace, STATE_RULE, e) &&
	       delete_all(r, workspace, STATE_CONNECTION, e) &&
	       delete_all(r, workspace, STATE_TYPE, e) &&
	       delete_all(r, workspace, STATE_REPLAY, e) &&
	       delete_all(r, workspace, STATE_KEY, e) &&
	       delete_all(r, workspace, STATE_WORKSPACE, e);
}
