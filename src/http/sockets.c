#include "sockets.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

bool
sockets_init(struct sockets *s, struct err *e)
{
	*s = (struct sockets){.epoll = epoll_create1(EPOLL_CLOEXEC)};
	if (s->epoll < 0)
		return fail(
		    e, ERR_SETUP, "epoll: %s; raise LimitNOFILE (ulimit -n)", strerror(errno));
	return true;
}

void
sockets_fini(struct sockets *s)
{
	if (s->epoll >= 0)
		close(s->epoll);
	free(s->by_fd);
}

static struct socket *
socket_at(struct sockets *s, int fd)
{
	size_t count = s->count ? s->count : 64;

	must(fd >= 0);
	while (count <= (size_t)fd)
		count *= 2;
	if (count > s->count) {
		s->by_fd = realloc(s->by_fd, count * sizeof(*s->by_fd));
		must(s->by_fd); /* out of memory */
		memset(s->by_fd + s->count, 0, (count - s->count) * sizeof(*s->by_fd));
		s->count = count;
	}
	return &s->by_fd[fd];
}

static void
socket_register(struct sockets *s, int fd, uint32_t events)
{
	struct socket *sock = socket_at(s, fd);
	struct epoll_event ev = {.events = events, .data.fd = fd};

	if (sock->registered == events)
		return;
	if (!events)
		epoll_ctl(s->epoll, EPOLL_CTL_DEL, fd, &ev); /* may be closed already */
	else if (!sock->registered || epoll_ctl(s->epoll, EPOLL_CTL_MOD, fd, &ev) != 0)
		must(epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &ev) == 0);
	sock->registered = events;
}

void
sockets_watch(struct sockets *s, int fd, bool watch)
{
	socket_register(s, fd, watch ? EPOLLIN : 0);
}

static void
uncount(struct socket *sock)
{
	if (sock->counter)
		--*sock->counter;
	sock->counter = NULL;
}

bool
sockets_is_wanted(struct sockets *s, int fd)
{
	struct socket *sock = socket_at(s, fd);

	if (sock->wanted)
		return true;
	uncount(sock);
	socket_register(s, fd, 0);
	return false;
}

int
sockets_on_change(CURL *easy, curl_socket_t fd, int what, void *sockets, void *unused)
{
	struct sockets *s = sockets;
	struct socket *sock = socket_at(s, fd);

	(void)easy;
	(void)unused;
	sock->wanted = 0;
	if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
		sock->wanted |= EPOLLIN;
	if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
		sock->wanted |= EPOLLOUT;
	if (sock->wanted || !sock->pooled)
		socket_register(s, fd, sock->wanted);
	return 0;
}

curl_socket_t
sockets_open(struct sockets *s, const struct curl_sockaddr *a, int *counter)
{
	int fd = socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);

	if (fd < 0)
		return CURL_SOCKET_BAD;
	*socket_at(s, fd) = (struct socket){.pooled = true, .counter = counter};
	++*counter;
	s->n_open++;
	return fd;
}

int
sockets_on_close(void *sockets, curl_socket_t fd)
{
	struct sockets *s = sockets;
	struct socket *sock = socket_at(s, fd);

	uncount(sock);
	s->n_open--;
	*sock = (struct socket){0}; /* closing takes it out of epoll */
	return close(fd);
}
