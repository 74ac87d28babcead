/*
 * The state bucket: what the index has of a later revision than the stream's last good one is
 * put again, in the order in which it was written first, unless somebody has written that key
 * since. Revisions are sequences, so they change: the index is then made anew from the stream.
 */
#include <stdlib.h>

#include "carillon/base/log.h"
#include "carillon/index/repair.h"

struct version {
	char *key;
	uint64_t revision;
};

struct versions {
	struct arena *arena;
	struct version *items; /* by revision */
	size_t n, cap;
};

static bool
gather(struct str key, struct str bytes, uint64_t revision, void *arg)
{
	struct versions *v = arg;

	(void)bytes;
	if (v->n == v->cap) {
		v->cap = v->cap > 0 ? 2 * v->cap : 256;
		v->items = realloc(v->items, v->cap * sizeof(*v->items));
		must(v->items != NULL);
	}
	v->items[v->n++] = (struct version){arena_cstr(v->arena, key), revision};
	return true;
}

static int
by_revision(const void *a, const void *b)
{
	const struct version *x = a, *y = b;

	return x->revision < y->revision ? -1 : x->revision > y->revision;
}

static bool
gather_all(const struct index_parts *p, struct versions *v, struct err *e)
{
	struct txn *t = txn_read(p->store, STORE_STATE);
	bool ok;

	state_each_version(t, gather, v);
	ok = txn_finish(t, e);
	if (v->n > 0)
		qsort(v->items, v->n, sizeof(v->items[0]), by_revision);
	return ok;
}

/* What the index has under a key; empty if it was deleted. */
static bool
read_value(const struct index_parts *p, const char *key, struct arena *a, struct str *bytes,
    struct err *e)
{
	struct txn *t = txn_read(p->store, STORE_STATE);
	struct state_value value;
	struct str workspace, id;
	enum state_kind kind;

	*bytes = (struct str){0};
	if (state_key_parse(str_of(key), &workspace, &kind, &id) &&
	    state_get(t, workspace, kind, id, &value))
		*bytes = arena_str(a, value.bytes);
	return txn_finish(t, e);
}

static bool
is_value(const struct broker_message *m, struct str bytes)
{
	return m->is_delete ? bytes.len == 0 : str_eq(m->data, bytes);
}

/* Whether the stream has, under this very revision, what the index has. */
static bool
look_for(const struct index_parts *p, const struct version *v, bool *is_there, struct err *e)
{
	struct arena *a = arena_new(0);
	struct broker_message m;
	struct str bytes;
	bool ok = read_value(p, v->key, a, &bytes, e);

	*is_there = false;
	if (ok && broker_get(p->broker, STREAM_STATE, v->revision, &m, e)) {
		*is_there = str_eq(broker_state_key(p->broker, m.subject), str_of(v->key)) &&
		            is_value(&m, bytes);
		broker_message_free(&m);
	} else if (ok) {
		ok = e->kind == ERR_NOT_FOUND;
	}
	arena_free(a);
	return ok;
}

/* The first version that the stream lost; all later ones are lost, too. */
static bool
find_first_lost(
    const struct index_parts *p, const struct versions *v, size_t *first, struct err *e)
{
	size_t low = 0, high = v->n;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		bool is_there;

		if (!look_for(p, &v->items[middle], &is_there, e))
			return false;
		if (is_there)
			low = middle + 1;
		else
			high = middle;
	}
	*first = low;
	return true;
}

static bool
put(const struct index_parts *p, const char *key, struct str bytes, uint64_t expected,
    struct err *e)
{
	const struct state_change c = {key, bytes, expected};
	const bool ok = bytes.len > 0 ? broker_state_put(p->broker, &c, NULL, e)
	                              : broker_state_delete(p->broker, &c, NULL, e);

	/* Who wrote it in this moment wrote something newer. */
	return ok || e->kind == ERR_CONFLICT;
}

/* A revision after `good` is somebody's since, or ours of a repair that was interrupted. */
static bool
put_back(
    const struct index_parts *p, const char *key, uint64_t good, uint64_t *n, struct err *e)
{
	struct arena *a = arena_new(0);
	struct broker_message m = {0};
	struct str bytes;
	bool ok = read_value(p, key, a, &bytes, e);
	bool is_there = ok && broker_state_get(p->broker, key, &m, e);

	ok = ok && (is_there || e->kind == ERR_NOT_FOUND);
	if (ok && (is_there ? m.seq <= good && !is_value(&m, bytes) : bytes.len > 0)) {
		ok = put(p, key, bytes, m.seq, e);
		*n += ok;
	}
	if (is_there)
		broker_message_free(&m);
	arena_free(a);
	return ok;
}

static bool
reset(struct txn *t, void *arg, struct err *e)
{
	(void)arg;
	(void)e;
	state_reset(t);
	return true;
}

static bool
put_all_back(const struct index_parts *p, struct tail *tail, struct versions *v, uint64_t *n,
    struct err *e)
{
	size_t first = 0;

	if (!gather_all(p, v, e))
		return false;
	if (!tail->is_resumed && !tail->is_anew) {
		if (!find_first_lost(p, v, &first, e))
			return false;
		if (first < v->n && v->items[first].revision - 1 < tail->good)
			tail->good = v->items[first].revision - 1;
	}
	if (!repair_write_begun(p, STORE_STATE, tail, e))
		return false;
	for (size_t i = 0; i < v->n; i++)
		if (v->items[i].revision > tail->good &&
		    !put_back(p, v->items[i].key, tail->good, n, e))
			return false;
	return store_write(p->store, STORE_STATE, reset, NULL, e);
}

bool
repair_state(const struct index_parts *p, struct err *e)
{
	struct versions v = {0};
	struct tail tail;
	char done[120];
	bool needed, ok;
	uint64_t n = 0;

	if (!repair_is_needed(p, STREAM_STATE, &tail, &needed, e))
		return false;
	if (!needed)
		return true;
	v.arena = arena_new(0);
	ok = put_all_back(p, &tail, &v, &n, e);
	arena_free(v.arena);
	free(v.items);
	if (!ok)
		return fail_within(e, "repair of stream %s", tail.info.name);
	snprintf(done, sizeof(done), "%llu of its records were put back from the index",
	    (unsigned long long)n);
	repair_is_done(p, &tail, done);
	return true;
}
