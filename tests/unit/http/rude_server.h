/*
 * A server on a random loopback port, a thread a connection, that behaves as the path asks: see
 * `manners`. All in this header, since a test is one program of one file.
 */
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "carillon/base/base.h"

enum { RUDE_CONNECTIONS_MAX = 2048, RUDE_HUGE = 10 << 20, RUDE_PAGE = 200000 };

struct rude_server {
	int listener, port;
	pthread_t acceptor;
	pthread_t threads[RUDE_CONNECTIONS_MAX];
	int fds[RUDE_CONNECTIONS_MAX];
	atomic_int connections;  /* accepted */
	atomic_int requests;     /* read whole */
	atomic_int answers_from; /* so many must have come before one is answered */
	atomic_bool ends;
	atomic_int answered;  /* whose answers are on their way */
	atomic_int ended;     /* connections that the server has shut */
	pthread_mutex_t lock; /* of `last` */
	char last[4096];      /* the request read last */
};

struct rude_connection {
	struct rude_server *server;
	int fd, requests;
	char text[4096]; /* the request */
};

/* True: the connection goes on. */
typedef bool manner_fn(struct rude_connection *c);

static bool
say(int fd, const char *text)
{
	size_t len = strlen(text);

	return send(fd, text, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static bool
say_ok(struct rude_connection *c)
{
	return say(c->fd, "HTTP/1.1 200 OK\r\nX-Slack-Req-Id: req-1\r\nContent-Length: 11"
			  "\r\n\r\n{\"ok\":true}");
}

/* A header longer than anybody keeps, and a second that is not. */
static bool
say_wordily(struct rude_connection *c)
{
	char text[600];

	snprintf(text, sizeof(text),
	    "HTTP/1.1 200 OK\r\nX-Slack-Req-Id: %0400d\r\nX-Request-Id: second\r\n"
	    "Content-Length: 0\r\n\r\n",
	    7);
	return say(c->fd, text);
}

static bool
hang(struct rude_connection *c)
{
	struct pollfd p = {.fd = c->fd, .events = POLLRDHUP};

	poll(&p, 1, -1);
	return false;
}

static bool
hang_up(struct rude_connection *c)
{
	(void)c;
	return false;
}

static bool
hang_up_the_second_time(struct rude_connection *c)
{
	return c->requests == 1 && say_ok(c);
}

static bool
hang_up_after(struct rude_connection *c)
{
	say_ok(c);
	return false;
}

static bool
say_half_a_header(struct rude_connection *c)
{
	say(c->fd, "HTTP/1.1 200 OK\r\nContent-Le");
	return false;
}

static bool
say_half_a_body(struct rude_connection *c)
{
	say(c->fd, "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"ok\"");
	return false;
}

static bool
say_garbage(struct rude_connection *c)
{
	say(c->fd, "EHLO there\r\n\r\n");
	return false;
}

static bool
say_too_much(struct rude_connection *c)
{
	static const char chunk[65536];

	say(c->fd, "HTTP/1.1 200 OK\r\nContent-Length: 10485760\r\n\r\n");
	for (int sent = 0; sent < RUDE_HUGE; sent += (int)sizeof(chunk)) {
		if (send(c->fd, chunk, sizeof(chunk), MSG_NOSIGNAL) < 0)
			break;
	}
	return false;
}

/* As a proxy does that explains itself with a page, and keeps the connection. */
static bool
refuse_at_length(struct rude_connection *c)
{
	static char page[RUDE_PAGE + 1];

	memset(page, 'x', RUDE_PAGE);
	return say(c->fd, "HTTP/1.1 429 Too Many\r\nContent-Length: 200000\r\n\r\n") &&
	       say(c->fd, page);
}

static bool
say_in_chunks(struct rude_connection *c)
{
	return say(c->fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
			  "5\r\n{\"ok\"\r\n6\r\n:true}\r\n0\r\n\r\n");
}

static bool
say_continue_first(struct rude_connection *c)
{
	return say(c->fd, "HTTP/1.1 100 Continue\r\nRetry-After: 7\r\n\r\n") && say_ok(c);
}

static bool
trickle(struct rude_connection *c)
{
	const char *text = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"ok\":true}";

	for (; *text; text++) {
		usleep(1000);
		if (send(c->fd, text, 1, MSG_NOSIGNAL) != 1)
			return false;
	}
	return true;
}

static bool
throttle(struct rude_connection *c)
{
	return say(c->fd, "HTTP/1.1 429 Too Many\r\nretry-after: 30\r\nContent-Length: 0"
			  "\r\n\r\n");
}

static bool
be_busy(struct rude_connection *c)
{
	return say(c->fd, "HTTP/1.1 503 Busy\r\nRetry-After:  0.5 \r\nContent-Length: 0"
			  "\r\n\r\n");
}

static bool
be_busy_until_a_date(struct rude_connection *c)
{
	return say(c->fd, "HTTP/1.1 503 Busy\r\nRetry-After: Wed, 21 Oct 2099 07:28:00 GMT"
			  "\r\nContent-Length: 0\r\n\r\n");
}

static bool
redirect(struct rude_connection *c)
{
	return say(c->fd, "HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n");
}

static const struct {
	const char *path;
	manner_fn *manner;
} manners[] = {
    {"/ok", say_ok},
    {"/wordy", say_wordily},
    {"/hang", hang},
    {"/close", hang_up},
    {"/close-second", hang_up_the_second_time},
    {"/close-after", hang_up_after},
    {"/half-header", say_half_a_header},
    {"/half-body", say_half_a_body},
    {"/garbage", say_garbage},
    {"/huge", say_too_much},
    {"/refuse-at-length", refuse_at_length},
    {"/chunked", say_in_chunks},
    {"/continue", say_continue_first},
    {"/trickle", trickle},
    {"/throttle", throttle},
    {"/busy", be_busy},
    {"/busy-date", be_busy_until_a_date},
    {"/redirect", redirect},
};

/* Reads one request with its body. */
static bool
read_request(struct rude_connection *c)
{
	size_t len = 0;

	while (len < sizeof(c->text) - 1) {
		ssize_t got = recv(c->fd, c->text + len, sizeof(c->text) - 1 - len, 0);
		const char *end, *length;

		if (got <= 0)
			return false;
		len += (size_t)got;
		c->text[len] = '\0';
		end = strstr(c->text, "\r\n\r\n");
		length = strstr(c->text, "Content-Length: ");
		if (end &&
		    c->text + len >= end + 4 + (length ? strtol(length + 16, NULL, 10) : 0))
			return true;
	}
	return false;
}

static bool
answer(struct rude_connection *c)
{
	const char *path = strchr(c->text, ' ');

	for (size_t i = 0; path && i < COUNT_OF(manners); i++) {
		size_t len = strlen(manners[i].path);

		if (strncmp(path + 1, manners[i].path, len) == 0 && path[1 + len] == ' ')
			return manners[i].manner(c);
	}
	return false;
}

static void *
connection_run(void *arg)
{
	struct rude_connection *c = arg;

	while (read_request(c)) {
		c->requests++;
		pthread_mutex_lock(&c->server->lock);
		str_copy(c->server->last, sizeof(c->server->last), str_of(c->text));
		pthread_mutex_unlock(&c->server->lock);
		c->server->requests++;
		while (c->server->requests < c->server->answers_from && !c->server->ends)
			usleep(500);
		if (!answer(c))
			break;
		c->server->answered++;
	}
	shutdown(c->fd, SHUT_RDWR); /* closed when the server stops: its number stays ours */
	c->server->ended++;
	free(c);
	return NULL;
}

static void *
acceptor_run(void *arg)
{
	struct rude_server *s = arg;
	int fd;

	while ((fd = accept(s->listener, NULL, NULL)) >= 0) {
		struct rude_connection *c = calloc(1, sizeof(*c));
		int n = s->connections;

		must(c && n < RUDE_CONNECTIONS_MAX);
		*c = (struct rude_connection){.server = s, .fd = fd};
		s->fds[n] = fd;
		s->connections++; /* before it can be seen to do anything */
		must(pthread_create(&s->threads[n], NULL, connection_run, c) == 0);
	}
	return NULL;
}

static void
rude_server_start(struct rude_server *s)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(a);

	memset(s, 0, sizeof(*s));
	pthread_mutex_init(&s->lock, NULL);
	s->listener = socket(AF_INET, SOCK_STREAM, 0);
	must(bind(s->listener, (struct sockaddr *)&a, len) == 0);
	must(listen(s->listener, 128) == 0);
	must(getsockname(s->listener, (struct sockaddr *)&a, &len) == 0);
	s->port = ntohs(a.sin_port);
	must(pthread_create(&s->acceptor, NULL, acceptor_run, s) == 0);
}

/* Ends every connection and waits for the threads. */
static void
rude_server_stop(struct rude_server *s)
{
	s->ends = true;
	shutdown(s->listener, SHUT_RDWR);
	pthread_join(s->acceptor, NULL);
	for (int i = 0; i < s->connections; i++)
		shutdown(s->fds[i], SHUT_RDWR);
	for (int i = 0; i < s->connections; i++) {
		pthread_join(s->threads[i], NULL);
		close(s->fds[i]);
	}
	close(s->listener);
	pthread_mutex_destroy(&s->lock);
}
