#include "carillon/registry/rulebook.h"

#include <pthread.h>

#include "carillon/base/arena.h"
#include "carillon/base/list.h"
#include "carillon/base/table.h"
#include "ruleset_build.h"

/* Of a big rulebook, so that a table that grows or is emptied stops others for microseconds. */
enum { SHARDS = 64, SHARD_LEAST = 64 };

struct shard {
	pthread_mutex_t lock;
	/* Under the lock: */
	struct table *by_workspace; /* to struct ruleset, one reference each */
	struct list lru;            /* least recently used first */
	uint64_t generation;        /* counts drops: what was read before one may be old */
};

struct rulebook {
	struct store *store;
	size_t shard_limit; /* rulesets in one shard */
	size_t n_shards;
	struct shard shards[SHARDS];
	pthread_mutex_t catalogue_lock; /* never held together with a shard's */
	struct catalogue *catalogue;    /* NULL: to be made; one reference */
	uint64_t catalogue_generation;
};

struct rulebook *
rulebook_new(struct store *s, size_t limit)
{
	struct rulebook *b = calloc(1, sizeof(*b));

	must(b != NULL);
	b->store = s;
	b->n_shards = limit >= SHARDS * SHARD_LEAST ? SHARDS : 1;
	b->shard_limit = limit / b->n_shards;
	pthread_mutex_init(&b->catalogue_lock, NULL);
	for (size_t i = 0; i < b->n_shards; i++) {
		pthread_mutex_init(&b->shards[i].lock, NULL);
		b->shards[i].by_workspace = table_new();
		list_init(&b->shards[i].lru);
	}
	return b;
}

void
rulebook_free(struct rulebook *b)
{
	if (b == NULL)
		return;
	rulebook_drop(b, (struct str){0});
	for (size_t i = 0; i < b->n_shards; i++) {
		table_free(b->shards[i].by_workspace);
		pthread_mutex_destroy(&b->shards[i].lock);
	}
	pthread_mutex_destroy(&b->catalogue_lock);
	free(b);
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
	if (r == NULL || atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) != 1)
		return;
	catalogue_unref(r->catalogue);
	arena_free(r->arena);
}

/* FNV-1a. Somebody who fills one shard on purpose only shares it with himself. */
static struct shard *
shard_of(struct rulebook *b, struct str workspace)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < workspace.len; i++)
		hash = (hash ^ (unsigned char)workspace.ptr[i]) * 16777619u;
	return &b->shards[hash % b->n_shards];
}

/* --- the catalogue --- */

/* A reference to the catalogue as of now, made if need be. NULL: the index cannot be read. */
static struct catalogue *
catalogue_now(struct rulebook *b, struct err *e)
{
	struct catalogue *c, *old = NULL;
	uint64_t generation;

	pthread_mutex_lock(&b->catalogue_lock);
	c = b->catalogue ? catalogue_ref(b->catalogue) : NULL;
	generation = b->catalogue_generation;
	pthread_mutex_unlock(&b->catalogue_lock);
	if (c != NULL || (c = catalogue_build(b->store, e)) == NULL)
		return c;
	pthread_mutex_lock(&b->catalogue_lock);
	if (b->catalogue_generation == generation) {
		old = b->catalogue;
		b->catalogue = catalogue_ref(c);
	}
	pthread_mutex_unlock(&b->catalogue_lock);
	catalogue_unref(old);
	return c;
}

static void
catalogue_drop(struct rulebook *b)
{
	struct catalogue *old;

	pthread_mutex_lock(&b->catalogue_lock);
	b->catalogue_generation++;
	old = b->catalogue;
	b->catalogue = NULL;
	pthread_mutex_unlock(&b->catalogue_lock);
	catalogue_unref(old);
}

/* --- rulesets --- */

/* Takes `r` out of the shard, to be freed by let_go. Under the lock. */
static void
forget(struct shard *s, struct ruleset *r, struct list *gone)
{
	must(table_remove(s->by_workspace, r->workspace) == r);
	list_remove(&r->lru);
	list_append(gone, &r->lru);
}

/* Drops the shard's references of those forgotten. Outside the lock: freeing takes its time. */
static void
let_go(struct list *gone)
{
	while (!list_is_empty(gone))
		ruleset_unref(CONTAINER_OF(list_take_first(gone), struct ruleset, lru));
}

/* Puts a ruleset just built into its shard. Under the lock. */
static void
remember(struct rulebook *b, struct shard *s, struct ruleset *r, struct list *gone)
{
	struct ruleset *old = table_get(s->by_workspace, r->workspace);

	if (old != NULL)
		forget(s, old, gone);
	if (table_len(s->by_workspace) >= b->shard_limit)
		forget(s, CONTAINER_OF(s->lru.next, struct ruleset, lru), gone);
	table_set(s->by_workspace, r->workspace, ruleset_ref(r));
	list_append(&s->lru, &r->lru);
}

/* A reference, or NULL if it has to be built. */
static struct ruleset *
look_up(struct shard *s, struct str workspace, uint64_t *generation)
{
	struct ruleset *r;

	pthread_mutex_lock(&s->lock);
	r = table_get(s->by_workspace, workspace);
	if (r != NULL) {
		list_remove(&r->lru);
		list_append(&s->lru, &r->lru);
		ruleset_ref(r);
	}
	*generation = s->generation;
	pthread_mutex_unlock(&s->lock);
	return r;
}

struct ruleset *
rulebook_get(struct rulebook *b, struct str workspace, struct err *e)
{
	struct shard *s = shard_of(b, workspace);
	uint64_t generation;
	struct ruleset *r = look_up(s, workspace, &generation);
	struct catalogue *c;
	struct list gone;

	if (r != NULL || (c = catalogue_now(b, e)) == NULL)
		return r;
	r = ruleset_build(b->store, c, workspace, e);
	catalogue_unref(c);
	/* An unknown workspace is not remembered: it may be created the next moment, and ids
	 * that nobody owns must not push out those that somebody does. */
	if (r == NULL || !r->exists)
		return r;
	list_init(&gone);
	pthread_mutex_lock(&s->lock);
	if (s->generation == generation)
		remember(b, s, r, &gone);
	pthread_mutex_unlock(&s->lock);
	let_go(&gone);
	return r;
}

static void
drop_one(struct shard *s, struct str workspace, struct list *gone)
{
	struct ruleset *r = table_get(s->by_workspace, workspace);

	if (r != NULL)
		forget(s, r, gone);
}

static void
drop_all(struct shard *s, struct list *gone)
{
	while (!list_is_empty(&s->lru))
		forget(s, CONTAINER_OF(s->lru.next, struct ruleset, lru), gone);
}

static void
drop(struct shard *s, struct str workspace)
{
	struct list gone;

	list_init(&gone);
	pthread_mutex_lock(&s->lock);
	s->generation++;
	if (workspace.len > 0)
		drop_one(s, workspace, &gone);
	else
		drop_all(s, &gone);
	pthread_mutex_unlock(&s->lock);
	let_go(&gone);
}

void
rulebook_drop(struct rulebook *b, struct str workspace)
{
	if (workspace.len > 0) {
		drop(shard_of(b, workspace), workspace);
		return;
	}
	/* First the catalogue: what is built from now on is built with the new one. */
	catalogue_drop(b);
	for (size_t i = 0; i < b->n_shards; i++)
		drop(&b->shards[i], workspace);
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
	static const struct rule cut_off = {.active = true, .left_out = LEFT_OUT_BEYOND};

	for (int i = 0; i < r->n_rules; i++)
		if (str_eq(r->rules[i].id, id))
			return &r->rules[i];
	return r->is_cut ? &cut_off : NULL;
}
