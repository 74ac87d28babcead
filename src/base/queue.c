#include "carillon/base/queue.h"

#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "carillon/base/deadline.h"

struct queue {
	pthread_mutex_t lock;
	pthread_cond_t has_entry, has_room;
	struct list entries;
	size_t len, limit;
	int fd; /* counts above 0 while there are entries */
};

struct queue *
queue_new(size_t limit)
{
	struct queue *q = malloc(sizeof *q);

	must(q); /* out of memory */
	must(limit > 0);
	*q = (struct queue){.limit = limit, .fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
	must(q->fd >= 0); /* out of file descriptors */
	must(pthread_mutex_init(&q->lock, NULL) == 0);
	deadline_cond_init(&q->has_entry);
	deadline_cond_init(&q->has_room);
	list_init(&q->entries);
	return q;
}

void
queue_free(struct queue *q)
{
	if (!q)
		return;
	must(list_is_empty(&q->entries));
	must(pthread_cond_destroy(&q->has_room) == 0);
	must(pthread_cond_destroy(&q->has_entry) == 0);
	must(pthread_mutex_destroy(&q->lock) == 0);
	close(q->fd);
	free(q);
}

static void
lock(struct queue *q)
{
	must(pthread_mutex_lock(&q->lock) == 0);
}

static void
unlock(struct queue *q)
{
	must(pthread_mutex_unlock(&q->lock) == 0);
}

static void
fd_raise(struct queue *q)
{
	uint64_t one = 1;

	must(write(q->fd, &one, sizeof one) == sizeof one);
}

static void
fd_clear(struct queue *q)
{
	uint64_t count;

	must(read(q->fd, &count, sizeof count) == sizeof count || errno == EAGAIN);
}

/* The rest hold the lock. */

static void
put_locked(struct queue *q, struct list *node)
{
	list_append(&q->entries, node);
	if (q->len++ > 0)
		return; /* whoever takes has been told already */
	fd_raise(q);
	must(pthread_cond_signal(&q->has_entry) == 0);
}

static size_t
take_all_locked(struct queue *q, struct list *into)
{
	size_t taken = q->len;

	if (taken == 0)
		return 0;
	fd_clear(q);
	list_move_all(&q->entries, into);
	q->len = 0;
	must(pthread_cond_broadcast(&q->has_room) == 0);
	return taken;
}

bool
queue_try_put(struct queue *q, struct list *node)
{
	lock(q);
	bool ok = q->len < q->limit;
	if (ok)
		put_locked(q, node);
	unlock(q);
	return ok;
}

void
queue_put_all(struct queue *q, struct list *from)
{
	lock(q);
	while (!list_is_empty(from)) {
		if (q->len < q->limit)
			put_locked(q, list_take_first(from));
		else
			must(pthread_cond_wait(&q->has_room, &q->lock) == 0);
	}
	unlock(q);
}

size_t
queue_take_all(struct queue *q, struct list *into)
{
	lock(q);
	size_t taken = take_all_locked(q, into);
	unlock(q);
	return taken;
}

static void
wait_locked(struct queue *q, int64_t wait_ms)
{
	struct timespec deadline = deadline_after(wait_ms);
	int rc = wait_ms > 0 ? 0 : ETIMEDOUT;

	while (q->len == 0 && rc == 0)
		rc = pthread_cond_timedwait(&q->has_entry, &q->lock, &deadline);
	must(rc == 0 || rc == ETIMEDOUT);
}

size_t
queue_wait_all(struct queue *q, struct list *into, int64_t wait_ms)
{
	lock(q);
	wait_locked(q, wait_ms);
	size_t taken = take_all_locked(q, into);
	unlock(q);
	return taken;
}

size_t
queue_wait_one(struct queue *q, struct list *into, int64_t wait_ms)
{
	lock(q);
	wait_locked(q, wait_ms);
	size_t taken = q->len == 1 ? take_all_locked(q, into) : 0;
	if (q->len > 1) {
		list_append(into, list_take_first(&q->entries));
		taken = 1;
		q->len--;
		must(pthread_cond_signal(&q->has_entry) == 0); /* there is more */
		must(pthread_cond_broadcast(&q->has_room) == 0);
	}
	unlock(q);
	return taken;
}

int
queue_fd(const struct queue *q)
{
	return q->fd;
}

size_t
queue_len(struct queue *q)
{
	lock(q);
	size_t len = q->len;
	unlock(q);
	return len;
}
