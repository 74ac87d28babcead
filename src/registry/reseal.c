/*
 * Credentials sealed anew, many at once: one after the other waits a round trip for each. The
 * broker's thread tells of each put; this one opens, seals and begins.
 */
#include <pthread.h>

#include "carillon/registry/seals.h"
#include "registry_private.h"

enum {
	UNDER_WAY_MAX = PUBLISH_BEGUN_MAX / 2,
	PROGRESS_EVERY = 256,
};

struct renewal {
	struct seals *seals;
	struct arena *arena;
	pthread_mutex_t lock;
	pthread_cond_t told;
	/* Under the lock: */
	size_t under_way, stored;
	bool has_failed;
	struct err why; /* of the first that failed */
};

static void
on_stored(const struct pub_ack *p, const struct err *e, void *arg)
{
	struct renewal *n = arg;

	pthread_mutex_lock(&n->lock);
	n->under_way--;
	n->stored += p != NULL;
	/* Changed meanwhile, perhaps by a try of ours whose PubAck was lost: looked at again.
	 */
	if (e != NULL && e->kind != ERR_CONFLICT && !n->has_failed) {
		n->has_failed = true;
		n->why = *e;
	}
	pthread_cond_signal(&n->told);
	pthread_mutex_unlock(&n->lock);
}

/* False: one has failed, and nothing more need begin. */
static bool
wait_for_room(struct renewal *n, size_t most)
{
	bool ok;

	pthread_mutex_lock(&n->lock);
	while (n->under_way > most)
		pthread_cond_wait(&n->told, &n->lock);
	ok = !n->has_failed;
	pthread_mutex_unlock(&n->lock);
	return ok;
}

static bool
begin_put(struct renewal *n, const struct seal_at *at, const connection_record *c,
    uint64_t revision, struct err *e)
{
	struct registry *r = n->seals->registry;
	char key[STATE_KEY_MAX];

	state_key(key, at->workspace, STATE_CONNECTION, at->connection);
	pthread_mutex_lock(&n->lock);
	n->under_way++;
	pthread_mutex_unlock(&n->lock);
	if (broker_state_begin(r->broker,
		&(struct state_change){
		    key, record_pack(n->arena, c), revision, str_of(r->author)},
		on_stored, n))
		return true;
	pthread_mutex_lock(&n->lock);
	n->under_way--;
	pthread_mutex_unlock(&n->lock);
	return fail(e, ERR_TEMP, "the broker takes no more at once");
}

/* False with ERR_DENIED: it does not open. */
static bool
seal_anew(struct renewal *n, const struct seal_at *at, connection_record *c, struct err *e)
{
	const struct vault *v = n->seals->vault;
	struct secret *clear = secret_new(SECRET_MAX);
	const bool opens =
	    vault_unseal(v, at->workspace, at->connection, record_bytes(&c->sealed), clear, e);

	if (opens) {
		c->sealed.data =
		    arena_must(n->arena, secret_len(clear) + (size_t)VAULT_SEALED_OVERHEAD);
		vault_seal(
		    v, at->workspace, at->connection, clear, c->sealed.data, &c->sealed.len);
	} else {
		e->kind = ERR_DENIED;
	}
	secret_free(clear);
	return opens;
}

/* False: nothing more can be begun. */
static bool
renew_one(struct renewal *n, const struct seal_at *at, struct err *e)
{
	struct seals *s = n->seals;
	connection_record *c;
	uint64_t revision;

	arena_reset(n->arena);
	c = registry_connection(
	    s->registry, n->arena, at->workspace, at->connection, &revision, e);
	if (c != NULL && c->sealed.len == 0)
		return true;
	if (c != NULL && seal_anew(n, at, c, e))
		return begin_put(n, at, c, revision, e);
	if (e->kind != ERR_DENIED && e->kind != ERR_CORRUPT)
		return e->kind == ERR_NOT_FOUND; /* deleted meanwhile: nothing to seal */
	s->pass_over(at, e->text, s->arg);
	return true;
}

bool
seals_renew(struct seals *s, const struct seal_at *at, size_t n, struct err *e)
{
	struct renewal x = {
	    .seals = s,
	    .arena = arena_new(0),
	    .lock = PTHREAD_MUTEX_INITIALIZER,
	    .told = PTHREAD_COND_INITIALIZER,
	};
	bool ok = true;

	for (size_t i = 0; ok && i < n && wait_for_room(&x, UNDER_WAY_MAX - 1); i++) {
		ok = renew_one(&x, &at[i], e);
		if (s->progress != NULL && (i % PROGRESS_EVERY == 0 || i + 1 == n))
			s->progress("sealed", i + 1, n, s->arg);
	}
	(void)wait_for_room(&x, 0);
	s->sealed += x.stored;
	if (ok && x.has_failed)
		ok = fail(e, x.why.kind, "%s", x.why.text);
	arena_free(x.arena);
	pthread_cond_destroy(&x.told);
	pthread_mutex_destroy(&x.lock);
	return ok;
}
