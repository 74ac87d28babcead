#include "settings.h"

#include <pthread.h>
#include <stdatomic.h>

struct settings {
	atomic_uint_least64_t version; /* of `newest`: looked at before every turn */
	pthread_mutex_t lock;          /* guards what follows */
	struct config newest;
};

struct settings *
settings_new(const struct config *c)
{
	struct settings *s = calloc(1, sizeof(*s));

	must(s != NULL);
	pthread_mutex_init(&s->lock, NULL);
	s->newest = *c;
	atomic_init(&s->version, 1);
	return s;
}

void
settings_free(struct settings *s)
{
	if (s == NULL)
		return;
	pthread_mutex_destroy(&s->lock);
	free(s);
}

void
settings_change(struct settings *s, const struct config *c)
{
	pthread_mutex_lock(&s->lock);
	s->newest = *c;
	atomic_fetch_add(&s->version, 1);
	pthread_mutex_unlock(&s->lock);
}

bool
settings_take(struct settings *s, struct settings_view *v)
{
	if (atomic_load_explicit(&s->version, memory_order_relaxed) == v->version)
		return false;
	pthread_mutex_lock(&s->lock);
	v->config = s->newest;
	v->version = atomic_load(&s->version);
	pthread_mutex_unlock(&s->lock);
	return true;
}
