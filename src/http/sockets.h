/*
 * The sockets libcurl uses, in one epoll. Private to the pool. A connection's socket stays in
 * epoll between requests (two system calls less a request) until it is closed, which libcurl
 * tells us, or until it becomes readable while idle: the peer hung up.
 */
#pragma once

#include <curl/curl.h>

#include "carillon/base/base.h"

struct socket {
	uint32_t registered; /* what epoll watches for; 0: not in epoll */
	uint32_t wanted;     /* what libcurl waits for; 0: idle */
	bool pooled;         /* opened and closed by us, so that we know when it is gone */
	int *counter;        /* of connections that can be used, this one among them, or NULL */
};

struct sockets {
	int epoll;
	struct socket *by_fd;
	size_t count;
	int n_open; /* of libcurl's connections, also of such as nobody can use any more */
};

MUST_USE bool sockets_init(struct sockets *s, struct err *e);
void sockets_fini(struct sockets *s);
/* Watches an fd that is none of libcurl's for input, or stops. */
void sockets_watch(struct sockets *s, int fd, bool watch);
/* Whether libcurl waits for `fd`; if not, it leaves epoll and is counted no more. */
bool sockets_is_wanted(struct sockets *s, int fd);
/* A socket for a connection, which counts in `*counter` while it is open. */
curl_socket_t sockets_open(struct sockets *s, const struct curl_sockaddr *a, int *counter);

/* CURLMOPT_SOCKETFUNCTION, CURLOPT_CLOSESOCKETFUNCTION; `sockets` is the struct sockets. */
int sockets_on_change(CURL *easy, curl_socket_t fd, int what, void *sockets, void *unused);
int sockets_on_close(void *sockets, curl_socket_t fd);
