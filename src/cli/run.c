#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

sigset_t
signals_block(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	must(pthread_sigmask(SIG_BLOCK, &set, NULL) == 0);
	return set;
}

static void
exit_at_once(int signal_number)
{
	(void)signal_number;
	_exit(EXIT_FAILED);
}

void
signals_exit_at_once(void)
{
	struct sigaction now = {.sa_handler = exit_at_once};
	sigset_t set;

	sigaction(SIGTERM, &now, NULL);
	sigaction(SIGINT, &now, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

bool
ready_file_write(const char *path, struct str text, struct err *e)
{
	int fd;
	bool ok;

	if (path == NULL)
		return true;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	ok = fd >= 0 && write(fd, text.ptr, text.len) == (ssize_t)text.len;
	if (!ok)
		(void)fail(e, ERR_SETUP, "--ready-file %s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return ok;
}
