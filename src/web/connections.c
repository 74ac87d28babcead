#include "connections.h"

#include <microhttpd.h>
#include <pthread.h>
#include <sys/socket.h>

#include "carillon/base/clock.h"
#include "carillon/base/list.h"

enum {
	HEAD_MS = 10000, /* for the head of a request, from its first line on */
	NEW_MS = 10000,  /* for the first line of a new connection */
	KEEP_MS = 40000, /* the same of one that was kept; the library closes it sooner */
	BODY_MS = 30000,
};

struct connection {
	struct list link;
	int fd;
	enum connection_is is;
	bool is_kept; /* had a request before */
	mono_t since;
};

struct connections {
	pthread_mutex_t lock;
	struct list all;
	int n;
};

struct connections *
connections_new(void)
{
	struct connections *c = calloc(1, sizeof(*c));

	must(c != NULL);
	list_init(&c->all);
	pthread_mutex_init(&c->lock, NULL);
	return c;
}

void
connections_free(struct connections *c)
{
	if (c == NULL)
		return;
	must(list_is_empty(&c->all));
	pthread_mutex_destroy(&c->lock);
	free(c);
}

static int
fd_of(struct MHD_Connection *m)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(m, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info != NULL ? info->connect_fd : -1;
}

void
connections_notify(
    struct connections *c, struct MHD_Connection *m, void **socket_context, bool has_begun)
{
	struct connection *one = *socket_context;

	if (has_begun) {
		one = calloc(1, sizeof(*one));
		must(one != NULL);
		list_init(&one->link);
		one->fd = fd_of(m);
		one->since = clock_mono();
		*socket_context = one;
	}
	if (one == NULL)
		return;
	pthread_mutex_lock(&c->lock);
	if (has_begun)
		list_append(&c->all, &one->link);
	else
		list_remove(&one->link);
	c->n += has_begun ? 1 : -1;
	pthread_mutex_unlock(&c->lock);
	if (has_begun)
		return;
	*socket_context = NULL;
	free(one);
}

void
connection_is(struct MHD_Connection *m, struct connections *c, enum connection_is what)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(m, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct connection *one = info != NULL ? info->socket_context : NULL;
	mono_t now = clock_mono();

	if (one == NULL)
		return;
	pthread_mutex_lock(&c->lock);
	one->is = what;
	one->since = now;
	one->is_kept = one->is_kept || what == CONNECTION_IDLE;
	pthread_mutex_unlock(&c->lock);
}

static int64_t
limit_of(const struct connection *one)
{
	switch (one->is) {
	case CONNECTION_IDLE: return one->is_kept ? KEEP_MS : NEW_MS;
	case CONNECTION_HEAD: return HEAD_MS;
	case CONNECTION_BODY: return BODY_MS;
	case CONNECTION_ANSWER: break;
	}
	return 0; /* the library's own time-out, and heartbeats of live streams, see to it */
}

void
connections_sweep(struct connections *c)
{
	mono_t now = clock_mono();

	pthread_mutex_lock(&c->lock);
	LIST_EACH (node, &c->all) {
		struct connection *one = CONTAINER_OF(node, struct connection, link);
		int64_t limit = limit_of(one);

		if (limit > 0 && mono_reached(now, mono_after(one->since, limit)))
			(void)shutdown(one->fd, SHUT_RDWR);
	}
	pthread_mutex_unlock(&c->lock);
}

int
connections_count(struct connections *c)
{
	int n;

	pthread_mutex_lock(&c->lock);
	n = c->n;
	pthread_mutex_unlock(&c->lock);
	return n;
}

int
connections_expecting(struct connections *c)
{
	int n = 0;

	pthread_mutex_lock(&c->lock);
	LIST_EACH (node, &c->all) {
		const struct connection *one = CONTAINER_OF(node, struct connection, link);

		n += one->is == CONNECTION_IDLE && !one->is_kept;
	}
	pthread_mutex_unlock(&c->lock);
	return n;
}
