/*
 * getaddrinfo in place of the system's, for a program that includes this once: names end as
 * their last label says. All in this header, since a test is one program of one file.
 *
 *     x.local     127.0.0.1
 *     x.both      ::1 and 127.0.0.1
 *     x.nowhere   no such name
 *     x.slow      127.0.0.1, once resolver_let_go was called
 *     x.gone      127.0.0.1 for the first who asks in the program, then no such name
 */
#pragma once

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "carillon/base/base.h"

static atomic_int resolver_asked;   /* questions so far */
static atomic_int resolver_at_once; /* threads asking now */
static atomic_int resolver_most;    /* the most there were */
static atomic_int resolver_gone;
static pthread_mutex_t resolver_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t resolver_change = PTHREAD_COND_INITIALIZER;
static bool resolver_hangs = true;

static void
resolver_let_go(bool let_go)
{
	pthread_mutex_lock(&resolver_lock);
	resolver_hangs = !let_go;
	pthread_cond_broadcast(&resolver_change);
	pthread_mutex_unlock(&resolver_lock);
}

static void
resolver_hang(void)
{
	pthread_mutex_lock(&resolver_lock);
	while (resolver_hangs)
		pthread_cond_wait(&resolver_change, &resolver_lock);
	pthread_mutex_unlock(&resolver_lock);
}

static bool
resolver_name_ends(const char *name, const char *label)
{
	const char *dot = strrchr(name, '.');

	return dot && strcmp(dot + 1, label) == 0;
}

/* As the system's, in one block of memory. */
static struct addrinfo *
resolver_address(int family, struct addrinfo *next)
{
	struct {
		struct addrinfo info;
		struct sockaddr_storage address;
	} *a = calloc(1, sizeof(*a));
	struct sockaddr_in *v4 = (void *)&a->address;
	struct sockaddr_in6 *v6 = (void *)&a->address;

	must(a);
	a->info = (struct addrinfo){.ai_family = family,
	    .ai_socktype = SOCK_STREAM,
	    .ai_addr = (void *)&a->address,
	    .ai_addrlen = family == AF_INET ? sizeof(*v4) : sizeof(*v6),
	    .ai_next = next};
	a->address.ss_family = (sa_family_t)family;
	if (family == AF_INET)
		v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		v6->sin6_addr = in6addr_loopback;
	return &a->info;
}

int
getaddrinfo(
    const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
	int now = ++resolver_at_once, most = resolver_most;

	(void)service, (void)hints;
	while (now > most && !atomic_compare_exchange_weak(&resolver_most, &most, now))
		;
	resolver_asked++;
	if (resolver_name_ends(name, "slow"))
		resolver_hang();
	resolver_at_once--;
	if (resolver_name_ends(name, "nowhere") ||
	    (resolver_name_ends(name, "gone") && resolver_gone++ > 0))
		return EAI_NONAME;
	*out = resolver_address(AF_INET, NULL);
	if (resolver_name_ends(name, "both"))
		*out = resolver_address(AF_INET6, *out);
	return 0;
}

void
freeaddrinfo(struct addrinfo *a)
{
	while (a) {
		struct addrinfo *next = a->ai_next;

		free(a);
		a = next;
	}
}
