#include "rulebook.h"

#include <pthread.h>

#include "carillon/arena.h"
#include "carillon/list.h"
#include "carillon/table.h"
#include "ruleset_build.h"

struct rulebook {
	struct store *store;
	size_t limit;
	pthread_mutex_t lock;
	/* Under the lock: */
	struct table *by_workspace; /* to struct ruleset, one reference each */
	struct list lru;            /* least recently used first */
	uint64_t generation;        /* counts drops: what was read before one may be old */
};

struct rulebook *
rulebook_new(struct store *s, size_t limit)
{
	struct rulebook *b = calloc(1, sizeof(*b));

	must(b != NULL);
	b->store = s;
	b->limit = limit;
	pthread_mutex_init(&b->lock, NULL);
	b->by_workspace = table_new();
	list_init(&b->lru);
	return b;
}

static struct ruleset *
ruleset_ref(struct ruleset *r)
{
	atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed);
	return r;
}

void
ruleset_unref(struct ruleset *r)
{
	if (r == NULL)
		return;
	if (atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) == 1)
		arena_free(r->arena);
}

/* Takes `r` out of the book, with the book's reference. Under the lock. */
static void
forget(struct rulebook *b, struct ruleset *r)
{
	must(table_remove(b->by_workspace, r->workspace) == r);
	list_remove(&r->lru);
	ruleset_unref(r);
}

void
rulebook_free(struct rulebook *b)
{
	if (b == NULL)
		return;
	rulebook_drop(b, (struct str){0});
	table_free(b->by_workspace);
	pthread_mutex_destroy(&b->lock);
	free(b);
}

/* Puts a ruleset just built into the book. Under the lock. */
static void
remember(struct rulebook *b, struct ruleset *r)
{
	struct ruleset *old = table_get(b->by_workspace, r->workspace);

	if (old != NULL)
		forget(b, old);
	if (table_len(b->by_workspace) >= b->limit)
		forget(b, CONTAINER_OF(b->lru.next, struct ruleset, lru));
	table_set(b->by_workspace, r->workspace, ruleset_ref(r));
	list_append(&b->lru, &r->lru);
}

struct ruleset *
rulebook_get(struct rulebook *b, struct str workspace, struct err *e)
{
	struct ruleset *r;
	uint64_t generation;

	pthread_mutex_lock(&b->lock);
	r = table_get(b->by_workspace, workspace);
	if (r != NULL) {
		list_remove(&r->lru);
		list_append(&b->lru, &r->lru);
		ruleset_ref(r);
	}
	generation = b->generation;
	pthread_mutex_unlock(&b->lock);
	if (r != NULL)
		return r;

	r = ruleset_build(b->store, workspace, e);
	/* An unknown workspace is not remembered: it may be created the next moment, and ids
	 * that nobody owns must not push out those that somebody does. */
	if (r == NULL || !r->exists)
		return r;
	pthread_mutex_lock(&b->lock);
	if (b->generation == generation)
		remember(b, r);
	pthread_mutex_unlock(&b->lock);
	return r;
}

void
rulebook_drop(struct rulebook *b, struct str workspace)
{
	struct ruleset *r;

	pthread_mutex_lock(&b->lock);
	b->generation++;
	if (workspace.len > 0) {
		if ((r = table_get(b->by_workspace, workspace)) != NULL)
			forget(b, r);
	} else {
		while (!list_is_empty(&b->lru))
			forget(b, CONTAINER_OF(b->lru.next, struct ruleset, lru));
	}
	pthread_mutex_unlock(&b->lock);
}

struct ruleset_connection *
ruleset_connection(const struct ruleset *r, struct str id)
{
	for (int i = 0; i < r->n_connections; i++)
		if (str_eq(r->connections[i].id, id))
			return &r->connections[i];
	return NULL;
}

const struct rule *
ruleset_rule(const struct ruleset *r, struct str id)
{
	for (int i = 0; i < r->n_rules; i++)
		if (str_eq(r->rules[i].id, id))
			return &r->rules[i];
	return NULL;
}
