#include "jobs.h"

#include <microhttpd.h>

#include "handle.h"
#include "web_private.h"

enum { JOBS_MAX = 256, WORKERS_MAX = 64 };

struct jobs {
	struct web *web;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct list waiting;
	int n;
	bool is_ending;
	pthread_t threads[WORKERS_MAX];
	int n_threads;
};

static struct request *
take(struct jobs *j)
{
	struct list *first;

	pthread_mutex_lock(&j->lock);
	while ((first = list_take_first(&j->waiting)) == NULL && !j->is_ending)
		pthread_cond_wait(&j->changed, &j->lock);
	if (first != NULL)
		j->n--;
	pthread_mutex_unlock(&j->lock);
	return first == NULL ? NULL : CONTAINER_OF(first, struct request, link);
}

static void *
work(void *arg)
{
	struct jobs *j = arg;
	struct registry *r = registry_new(j->web->broker, j->web->store);
	struct request *q;

	while ((q = take(j)) != NULL) {
		handle_run(q, r);
		handle_resume(q);
	}
	registry_free(r);
	return NULL;
}

struct jobs *
jobs_new(struct web *w, int workers)
{
	struct jobs *j = calloc(1, sizeof(*j));

	must(j != NULL && workers <= WORKERS_MAX);
	j->web = w;
	list_init(&j->waiting);
	pthread_mutex_init(&j->lock, NULL);
	pthread_cond_init(&j->changed, NULL);
	for (; j->n_threads < workers; j->n_threads++)
		web_thread(&j->threads[j->n_threads], work, j, "worker");
	return j;
}

void
jobs_free(struct jobs *j)
{
	if (j == NULL)
		return;
	pthread_mutex_lock(&j->lock);
	j->is_ending = true;
	pthread_cond_broadcast(&j->changed);
	pthread_mutex_unlock(&j->lock);
	for (int i = 0; i < j->n_threads; i++)
		pthread_join(j->threads[i], NULL);
	pthread_cond_destroy(&j->changed);
	pthread_mutex_destroy(&j->lock);
	free(j);
}

bool
jobs_put(struct jobs *j, struct request *q)
{
	bool has_room;

	pthread_mutex_lock(&j->lock);
	has_room = j->n < JOBS_MAX && !j->is_ending;
	if (has_room) {
		MHD_suspend_connection(q->connection);
		list_append(&j->waiting, &q->link);
		j->n++;
		pthread_cond_signal(&j->changed);
	}
	pthread_mutex_unlock(&j->lock);
	return has_room;
}

int
jobs_waiting(struct jobs *j)
{
	int n;

	pthread_mutex_lock(&j->lock);
	n = j->n;
	pthread_mutex_unlock(&j->lock);
	return n;
}
