#include "waiting.h"

#include <poll.h>
#include <pthread.h>

#include "carillon/base/clock.h"

enum { LOOK_MS = 1000 /* how often silent connections are looked at */ };

struct waiting {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct heap due;
	struct list silent;
	mono_t next_look;
	bool is_stopping;
};

static void
resume(struct waiter *w)
{
	MHD_resume_connection(w->connection);
}

/* A client that speaks TLS says goodbye in bytes first: only the end of the stream counts. */
static bool
has_left(int fd)
{
	struct pollfd look = {.fd = fd, .events = POLLRDHUP};
	return poll(&look, 1, 0) > 0 &&
	       (look.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL));
}

static void
look_at_silent(struct waiting *room)
{
	for (struct list *at = room->silent.next, *next; at != &room->silent; at = next) {
		struct waiter *w = CONTAINER_OF(at, struct waiter, link);
		next = at->next;
		if (!has_left(w->fd))
			continue;
		list_remove(at);
		w->is_gone = true;
		resume(w);
	}
}

static void
sleep_until(struct waiting *room, mono_t when)
{
	struct timespec at = {.tv_sec = when.ms / 1000, .tv_nsec = when.ms % 1000 * 1000000};
	(void)pthread_cond_timedwait(&room->changed, &room->lock, &at);
}

static void *
keep_time(void *arg)
{
	struct waiting *room = arg;
	(void)pthread_mutex_lock(&room->lock);
	while (!room->is_stopping) {
		mono_t now = clock_mono();
		for (struct heap_node *n; (n = heap_take_due(&room->due, now));)
			resume(CONTAINER_OF(n, struct waiter, node));
		if (mono_reached(now, room->next_look)) {
			look_at_silent(room);
			room->next_look = mono_after(now, LOOK_MS);
		}
		struct heap_node *first = heap_first(&room->due);
		sleep_until(
		    room, first ? mono_earlier(first->due, room->next_look) : room->next_look);
	}
	(void)pthread_mutex_unlock(&room->lock);
	return NULL;
}

struct waiting *
waiting_new(void)
{
	struct waiting *room = calloc(1, sizeof *room);
	must(room);
	list_init(&room->silent);
	(void)pthread_mutex_init(&room->lock, NULL);
	pthread_condattr_t attr;
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&room->changed, &attr);
	(void)pthread_condattr_destroy(&attr);
	must(pthread_create(&room->thread, NULL, keep_time, room) == 0);
	return room;
}

bool
waiting_park(struct waiting *room, struct waiter *w, int64_t ms)
{
	(void)pthread_mutex_lock(&room->lock);
	bool may_park = !room->is_stopping;
	if (may_park) {
		MHD_suspend_connection(w->connection);
		if (ms < 0) {
			list_append(&room->silent, &w->link);
		} else {
			heap_set(&room->due, &w->node, mono_after(clock_mono(), ms));
			if (heap_first(&room->due) == &w->node)
				(void)pthread_cond_signal(&room->changed);
		}
	}
	(void)pthread_mutex_unlock(&room->lock);
	return may_park;
}

void
waiting_stop(struct waiting *room)
{
	(void)pthread_mutex_lock(&room->lock);
	room->is_stopping = true;
	(void)pthread_cond_signal(&room->changed);
	for (struct heap_node *n; (n = heap_take_due(&room->due, MONO_NEVER));) {
		struct waiter *w = CONTAINER_OF(n, struct waiter, node);
		w->is_gone = true;
		resume(w);
	}
	for (struct list *l; (l = list_take_first(&room->silent));) {
		struct waiter *w = CONTAINER_OF(l, struct waiter, link);
		w->is_gone = true;
		resume(w);
	}
	(void)pthread_mutex_unlock(&room->lock);
	(void)pthread_join(room->thread, NULL);
}

void
waiting_free(struct waiting *room)
{
	heap_fini(&room->due);
	(void)pthread_cond_destroy(&room->changed);
	(void)pthread_mutex_destroy(&room->lock);
	free(room);
}
