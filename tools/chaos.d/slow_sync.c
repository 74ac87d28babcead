/*
 * A disk that is slow to sync, for a program that preloads this: fsync, fdatasync and msync
 * return later by the delay that $SLOW_SYNC_FILE says at that moment (control.h), and are
 * counted there.
 */
#include <sys/syscall.h>

#include "control.h"

static struct control *control;

__attribute__((constructor)) static void
begin(void)
{
	control = control_open("SLOW_SYNC_FILE");
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
