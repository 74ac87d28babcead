#include "single_instance.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
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
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 && errno == ENOENT && mkdir(data_dir, 0700) == 0)
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	return fd;
}

/* The number that the file begins with; 0: none. */
static long
pid_in(int fd)
{
	char pid[24] = "";
	ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);

	pid[n > 0 ? n : 0] = '\0';
	return strtol(pid, NULL, 10);
}

/* Whether one of its words is the verb: a pid may be another process's by now. */
static bool
runs(long pid, const char *verb)
{
	char path[40], words[PATH_MAX + 64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%ld/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, words, sizeof(words) - 1);
	close(fd);
	words[n > 0 ? n : 0] = '\0';
	for (ssize_t at = 0; at < n; at += (ssize_t)strlen(words + at) + 1)
		if (at > 0 && strcmp(words + at, verb) == 0)
			return true;
	return false;
}

long
single_instance_of(const char *verb, const char *data_dir)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/%s.lock", data_dir, verb);
	int fd = n < 0 || (size_t)n >= sizeof(path) ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	long pid = fd < 0 ? 0 : pid_in(fd);

	if (fd >= 0)
		close(fd);
	return pid > 0 && runs(pid, verb) ? pid : 0;
}

static bool
is_taken(int fd, const char *verb, const char *dir, struct err *e)
{
	long pid = pid_in(fd);
	char who[32] = "unknown";

	if (pid > 0)
		snprintf(who, sizeof(who), "%ld", pid);
	close(fd);
	return fail(e, ERR_CONFLICT,
	    "%s: another `carillon %s` (pid %s) uses it: stop that one first", dir, verb, who);
}

bool
single_instance(const char *verb, const char *data_dir, struct err *e)
{
	int fd = lock_file(verb, data_dir);

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
