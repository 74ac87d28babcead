/*
 * A disk that is slow to sync, for a program that preloads this: fsync, fdatasync and msync
 * return later by the delay that $SLOW_SYNC_FILE says at that moment, and are counted there. In
 * that file of 16 bytes: the delay in microseconds (written by tools/chaos), and how many syncs
 * were delayed (written here); both as the machine has its numbers.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct control {
	_Atomic uint64_t delay_us, delayed;
};

static struct control *control;

__attribute__((constructor)) static void
control_open(void)
{
	const char *path = getenv("SLOW_SYNC_FILE");
	const int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *map = MAP_FAILED;

	if (fd >= 0) {
		map = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		close(fd);
	}
	control = map == MAP_FAILED ? NULL : map;
}

static int
later(int result)
{
	const uint64_t us = control ? atomic_load(&control->delay_us) : 0;

	if (us > 0) {
		usleep((useconds_t)us);
		atomic_fetch_add(&control->delayed, 1);
	}
	return result;
}

int
fsync(int fd)
{
	return later((int)syscall(SYS_fsync, fd));
}

int
fdatasync(int fd)
{
	return later((int)syscall(SYS_fdatasync, fd));
}

int
msync(void *start, size_t length, int flags)
{
	return later((int)syscall(SYS_msync, start, length, flags));
}
