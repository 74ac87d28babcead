/*
 * A resolver that is slow, for a program that preloads this: getaddrinfo of a name, not of an
 * address, returns later by the delay that $SLOW_NAMES_FILE says at that moment, and is counted
 * there. In that file of 16 bytes: the delay in microseconds (written by tools/chaos), and how
 * many names were delayed (written here); both as the machine has its numbers. A name that ends
 * in ".test", which no real one does, is 127.0.0.1.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct control {
	_Atomic uint64_t delay_us, delayed;
};

typedef int getaddrinfo_fn(
    const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **out);

static struct control *control;
static getaddrinfo_fn *system_getaddrinfo;

__attribute__((constructor)) static void
control_open(void)
{
	const char *path = getenv("SLOW_NAMES_FILE");
	const int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *map = MAP_FAILED;

	if (fd >= 0) {
		map = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		close(fd);
	}
	control = map == MAP_FAILED ? NULL : map;
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
