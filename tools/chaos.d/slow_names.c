/*
 * A resolver that is slow, for a program that preloads this: getaddrinfo of a name, not of an
 * address, returns later by the delay that $SLOW_NAMES_FILE says at that moment (control.h),
 * and is counted there. A name that ends in ".test", which no real one does, is 127.0.0.1.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <stdbool.h>
#include <string.h>

#include "control.h"

typedef int getaddrinfo_fn(
    const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **out);

static struct control *control;
static getaddrinfo_fn *system_getaddrinfo;

__attribute__((constructor)) static void
begin(void)
{
	control = control_open("SLOW_NAMES_FILE");
	*(void **)&system_getaddrinfo = dlsym(RTLD_NEXT, "getaddrinfo");
}

static bool
is_name(const char *name)
{
	struct in6_addr address;

	return name && inet_pton(AF_INET, name, &address) != 1 &&
	       inet_pton(AF_INET6, name, &address) != 1;
}

static bool
is_test(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && strcmp(dot, ".test") == 0;
}

int
getaddrinfo(
    const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
	const uint64_t us = control && is_name(name) ? atomic_load(&control->delay_us) : 0;

	if (us > 0) {
		atomic_fetch_add(&control->delayed, 1);
		usleep((useconds_t)us);
	}
	if (name && is_test(name))
		name = "127.0.0.1";
	return system_getaddrinfo(name, service, hints, out);
}
