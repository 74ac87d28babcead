#include "unreadable.h"

#include <stdlib.h>

#include "carillon/base/id.h"
#include "carillon/base/log.h"
#include "carillon/base/table.h"
#include "carillon/registry/registry.h"

enum {
	SCAN_STEP = 64,  /* workspaces */
	TOLD_MAX = 4096, /* records; of more, `carillon check` knows */
};

struct unreadable {
	struct store *store;
	struct arena *arena;
	struct table *told; /* by KV key */
	bool has_begun;     /* the scan */
	char after[WORKSPACE_ID_MAX + 1];
	/* While looking: */
	struct txn *txn;
	int left;
	unreadable_fn *each;
	void *arg;
};

struct unreadable *
unreadable_new(struct store *s)
{
	struct unreadable *u = calloc(1, sizeof(*u));

	must(u != NULL);
	u->store = s;
	u->arena = arena_new(0);
	u->told = table_new();
	return u;
}

void
unreadable_free(struct unreadable *u)
{
	table_free(u->told);
	arena_free(u->arena);
	free(u);
}

static void
begin(struct unreadable *u, unreadable_fn *each, void *arg)
{
	u->txn = txn_read(u->store, STORE_STATE);
	u->each = each;
	u->arg = arg;
}

static void
end(struct unreadable *u)
{
	struct err e;

	if (!txn_finish(u->txn, &e))
		log_error("follower.look", L_STR("error", e.text));
	u->txn = NULL;
}

static void
tell(struct unreadable *u, const struct stored *s)
{
	char key[STATE_KEY_MAX];

	state_key(key, s->key.workspace, s->key.kind, s->key.id);
	if (table_len(u->told) >= TOLD_MAX || table_set(u->told, str_of(key), u) != NULL)
		return;
	u->each(s, u->arg);
}

static void
forget(struct unreadable *u, const struct stored_key *k)
{
	char key[STATE_KEY_MAX];

	state_key(key, k->workspace, k->kind, k->id);
	(void)table_remove(u->told, str_of(key));
}

static bool
look_at(const struct stored *s, void *arg)
{
	struct unreadable *u = arg;

	if (s->record == NULL)
		tell(u, s);
	arena_reset(u->arena);
	return true;
}

static void
look_at_list(struct unreadable *u, struct str workspace, enum state_kind kind)
{
	stored_each(u->txn, u->arena, &(struct state_list){workspace, kind}, look_at, u);
}

/* --- what there was at the start --- */

static bool
scan_workspace(struct str id, const struct state_value *v, void *arg)
{
	struct unreadable *u = arg;

	(void)v;
	str_copy(u->after, sizeof(u->after), id);
	for (enum state_kind kind = 0; kind < STATE_KINDS; kind++)
		look_at_list(u, id, kind);
	return --u->left > 0;
}

bool
unreadable_scan(struct unreadable *u, unreadable_fn *each, void *arg)
{
	begin(u, each, arg);
	if (!u->has_begun)
		look_at_list(u, CATALOGUE_WORKSPACE, STATE_TYPE);
	u->has_begun = true;
	u->left = SCAN_STEP;
	state_each_workspace(u->txn, str_of(u->after), scan_workspace, u);
	end(u);
	return u->left <= 0;
}

/* --- what is written since --- */

/* Which of a list are beyond its limit only the whole list tells. */
static void
look_at_limit(struct unreadable *u, const struct stored_key *key)
{
	const struct state_list list = {key->workspace, key->kind};
	const size_t limit = stored_limit(key->kind);

	if (limit != 0 && state_count(u->txn, &list) > limit)
		look_at_list(u, key->workspace, key->kind);
}

void
unreadable_look(
    struct unreadable *u, const struct stored_key *key, unreadable_fn *each, void *arg)
{
	struct stored s;

	begin(u, each, arg);
	if (stored_get(u->txn, u->arena, key, &s) && s.record == NULL)
		tell(u, &s);
	else
		forget(u, key);
	arena_reset(u->arena);
	look_at_limit(u, key);
	end(u);
}
