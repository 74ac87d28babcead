#include "single_instance.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int
lock_file(const char *verb, const char *data_dir)
{
	char path[PATH_MAX];
	int fd, n = snprintf(path, sizeof(path), "%s/%s.lock", data_dir, verb);

	if (n < 0 || (size_t)n >= sizeof(path))
		return -1;
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 && errno == ENOENT && mkdir(data_dir, 0700) == 0)
		fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd;
}

static bool
is_taken(int fd, const char *verb, const char *dir, struct err *e)
{
	char pid[24] = "";
	ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);

	pid[n > 0 ? strcspn(pid, "\n") : 0] = '\0';
	close(fd);
	return fail(e, ERR_CONFLICT,
	    "%s: another `carillon %s` (pid %s) uses it: stop that one first", dir, verb,
	    pid[0] != '\0' ? pid : "unknown");
}

bool
single_instance(const char *verb, const char *data_dir, struct err *e)
{
	int fd = lock_file(verb, data_dir);

	if (fd < 0 && errno == ELOOP) /* what it points at would be emptied */
		return fail(e, ERR_SETUP,
		    "%s/%s.lock is a link, which we never make: remove it, and see who may "
		    "write "
		    "there",
		    data_dir, verb);
	if (fd < 0)
		return true;
	if (flock(fd, LOCK_EX | LOCK_NB) != 0)
		return errno == EWOULDBLOCK ? is_taken(fd, verb, data_dir, e)
		                            : (close(fd), true);
	/* The lock goes with the process, so the descriptor stays open; the pid is for people.
	 */
	if (ftruncate(fd, 0) == 0)
		dprintf(fd, "%d\n", getpid());
	return true;
}
