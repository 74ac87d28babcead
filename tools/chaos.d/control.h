/*
 * What a preloaded fault is told and tells: a file of 16 bytes that both sides map, with the
 * delay in microseconds (written by tools/chaos), and how many calls were delayed (written by
 * the fault); both as the machine has its numbers.
 */
#pragma once

#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct control {
	_Atomic uint64_t delay_us, delayed;
};

/* Of the file that the environment names; NULL: it names none, and nothing is delayed. */
static inline struct control *
control_open(const char *variable)
{
	const char *path = getenv(variable);
	const int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *map = MAP_FAILED;

	if (fd >= 0) {
		map = mmap(
		    NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		close(fd);
	}
	return map == MAP_FAILED ? NULL : map;
}
