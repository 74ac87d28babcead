/*
 * LMDB may not resize a map under a transaction of its own process. Everybody passes this gate;
 * a thread that resizes closes it for newcomers and waits until it is alone.
 *
 * A thread that is already inside one gate is let into any other even when it is closed: if it
 * had to wait there, two threads that resize could wait for each other's readers for ever.
 * What is left (each reads what the other resizes) ends by the time limit.
 */
#include <errno.h>

#include "carillon/base/deadline.h"
#include "store_private.h"

enum { RESIZE_WAIT_S = 10 };

static _Thread_local int gates_inside; /* transactions of this thread, of all environments */

void
gate_init(struct gate *g)
{
	must(pthread_mutex_init(&g->lock, NULL) == 0);
	deadline_cond_init(&g->changed);
}

void
gate_fini(struct gate *g)
{
	pthread_cond_destroy(&g->changed);
	pthread_mutex_destroy(&g->lock);
}

void
env_enter(struct env *env)
{
	struct gate *g = &env->gate;

	pthread_mutex_lock(&g->lock);
	while (g->closed && gates_inside == 0)
		pthread_cond_wait(&g->changed, &g->lock);
	g->inside++;
	pthread_mutex_unlock(&g->lock);
	gates_inside++;
}

void
env_leave(struct env *env)
{
	struct gate *g = &env->gate;

	gates_inside--;
	pthread_mutex_lock(&g->lock);
	if (--g->inside == 0 && g->closed)
		pthread_cond_broadcast(&g->changed);
	pthread_mutex_unlock(&g->lock);
}

size_t
env_map_size(const struct env *env)
{
	MDB_envinfo known;

	must(mdb_env_info(env->mdb, &known) == 0);
	return known.me_mapsize;
}

/* Under the lock. Another thread may have resized while this one waited: enough is enough. */
static int
resize_alone(struct env *env, size_t full)
{
	const size_t size = env_map_size(env);
	int dead;

	if (full && size > full)
		return 0;
	if (full)
		(void)mdb_reader_check(env->mdb, &dead); /* dead readers keep pages in use */
	return mdb_env_set_mapsize(env->mdb, full ? size * 2 : 0);
}

static bool
gate_wait_alone(struct gate *g)
{
	const struct timespec until = deadline_after(RESIZE_WAIT_S * 1000);

	while (g->inside > 0) {
		if (pthread_cond_timedwait(&g->changed, &g->lock, &until) == ETIMEDOUT)
			return g->inside == 0;
	}
	return true;
}

bool
env_resize(struct env *env, size_t full, struct err *e)
{
	struct gate *g = &env->gate;

	pthread_mutex_lock(&g->lock);
	while (g->closed) /* somebody else resizes: look again afterwards */
		pthread_cond_wait(&g->changed, &g->lock);
	g->closed = true;
	const bool alone = gate_wait_alone(g);
	const int rc = alone ? resize_alone(env, full) : 0;
	g->closed = false;
	pthread_cond_broadcast(&g->changed);
	pthread_mutex_unlock(&g->lock);
	if (!alone)
		return fail(e, ERR_TEMP, "%s must grow, but a reader did not end within %d s",
		    env->path, RESIZE_WAIT_S);
	return rc == 0 || env_fail(env, e, rc);
}
