#include "names.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "carillon/base/list.h"

enum { ADDRESSES_MAX = 16 };

/* What the owner and the threads share; it goes with the last of them. */
struct board {
	pthread_mutex_t lock;
	struct list answered; /* of struct lookup */
	int event_fd;         /* -1: the owner is gone */
	int n_users;          /* the owner and the threads */
};

struct lookup {
	struct list link;
	struct board *board;
	void *tag;
	int result; /* of getaddrinfo */
	int system; /* errno, when that says EAI_SYSTEM */
	struct addrinfo *found;
	char host[];
};

struct names {
	struct board *board;
	struct list waiting; /* lookups that have no thread yet */
	int n_threads;
};

bool
names_new(struct names **out, struct err *e)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct names *n;

	if (fd < 0)
		return fail(e, ERR_SETUP, "eventfd: %s; raise LimitNOFILE (ulimit -n)",
		    strerror(errno));
	n = calloc(1, sizeof(*n));
	must(n); /* out of memory */
	n->board = calloc(1, sizeof(*n->board));
	must(n->board); /* out of memory */
	list_init(&n->waiting);
	*n->board = (struct board){.event_fd = fd, .n_users = 1};
	list_init(&n->board->answered);
	must(pthread_mutex_init(&n->board->lock, NULL) == 0);
	*out = n;
	return true;
}

int
names_fd(const struct names *n)
{
	return n->board->event_fd;
}

void
lookup_free(struct lookup *l)
{
	if (l->found)
		freeaddrinfo(l->found);
	free(l);
}

/* The caller holds the lock, and has it no more. */
static void
leave(struct board *b)
{
	bool is_last = --b->n_users == 0;

	pthread_mutex_unlock(&b->lock);
	if (!is_last)
		return;
	pthread_mutex_destroy(&b->lock);
	free(b);
}

/* Says the answer, if somebody is there to hear it. The caller holds the lock. */
static void
post(struct board *b, struct lookup *l)
{
	const uint64_t one = 1;

	if (b->event_fd < 0) {
		lookup_free(l);
		return;
	}
	list_append(&b->answered, &l->link);
	/* Full means readable, which is all that is wanted. */
	must(write(b->event_fd, &one, sizeof(one)) == sizeof(one) || errno == EAGAIN);
}

static void *
lookup_run(void *lookup)
{
	/* For TCP; of families only those that this machine has an address of. */
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
	struct lookup *l = lookup;
	struct board *b = l->board;

	l->result = getaddrinfo(l->host, NULL, &hints, &l->found);
	l->system = errno;
	pthread_mutex_lock(&b->lock);
	post(b, l);
	leave(b);
	return NULL;
}

/* A thread that cannot be had is an answer as well: try again later. */
static void
begin(struct names *n, struct lookup *l)
{
	pthread_attr_t attr;
	pthread_t thread;
	int r;

	pthread_mutex_lock(&l->board->lock);
	l->board->n_users++;
	must(pthread_attr_init(&attr) == 0);
	must(pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED) == 0);
	r = pthread_create(&thread, &attr, lookup_run, l);
	pthread_attr_destroy(&attr);
	n->n_threads++;
	if (r == 0) {
		pthread_mutex_unlock(&l->board->lock);
		return;
	}
	l->result = EAI_SYSTEM;
	l->system = r;
	post(l->board, l);
	leave(l->board);
}

static void
begin_waiting(struct names *n)
{
	struct list *first;

	while (n->n_threads < NAMES_AT_ONCE && (first = list_take_first(&n->waiting)) != NULL)
		begin(n, CONTAINER_OF(first, struct lookup, link));
}

void
names_ask(struct names *n, const char *host, void *tag)
{
	size_t size = strlen(host) + 1;
	struct lookup *l = calloc(1, sizeof(*l) + size);

	must(l); /* out of memory */
	l->board = n->board;
	l->tag = tag;
	memcpy(l->host, host, size);
	list_append(&n->waiting, &l->link);
	begin_waiting(n);
}

struct lookup *
names_answer(struct names *n, void **tag)
{
	struct list *first;
	struct lookup *l;
	uint64_t count;

	pthread_mutex_lock(&n->board->lock);
	first = list_take_first(&n->board->answered);
	if (list_is_empty(&n->board->answered)) /* readable no more, if it was */
		must(read(n->board->event_fd, &count, sizeof(count)) > 0 || errno == EAGAIN);
	pthread_mutex_unlock(&n->board->lock);
	if (!first)
		return NULL;
	l = CONTAINER_OF(first, struct lookup, link);
	n->n_threads--;
	begin_waiting(n);
	*tag = l->tag;
	return l;
}

static void
forget(struct list *lookups)
{
	struct list *first;

	while ((first = list_take_first(lookups)) != NULL)
		lookup_free(CONTAINER_OF(first, struct lookup, link));
}

void
names_free(struct names *n)
{
	if (!n)
		return;
	forget(&n->waiting);
	pthread_mutex_lock(&n->board->lock);
	forget(&n->board->answered);
	close(n->board->event_fd);
	n->board->event_fd = -1;
	leave(n->board);
	free(n);
}

static void
put_address(struct buf *out, const struct addrinfo *a, bool is_another)
{
	const struct sockaddr_in *v4 = (const void *)a->ai_addr;
	const struct sockaddr_in6 *v6 = (const void *)a->ai_addr;
	char text[INET6_ADDRSTRLEN];

	if (a->ai_family != AF_INET && a->ai_family != AF_INET6)
		return;
	if (is_another)
		buf_putc(out, ',');
	if (a->ai_family == AF_INET)
		buf_cstr(out, inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text)));
	else
		buf_printf(
		    out, "[%s]", inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text)));
}

bool
lookup_addresses(const struct lookup *l, struct buf *addresses, struct err *e)
{
	size_t before = addresses->len;
	int left = ADDRESSES_MAX;

	if (l->result != 0)
		return fail(e, ERR_TEMP, "%s: %s", l->host,
		    l->result == EAI_SYSTEM ? strerror(l->system) : gai_strerror(l->result));
	for (const struct addrinfo *a = l->found; a && left-- > 0; a = a->ai_next)
		put_address(addresses, a, addresses->len > before);
	return addresses->len > before || fail(e, ERR_TEMP, "%s: has no address", l->host);
}
