#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "notify.h"
#include "reload.h"

static sigset_t
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

static void
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

static void
ready_file_remove(const struct command *c)
{
	if (c->options[OPTION_READY_FILE] != NULL)
		unlink(c->options[OPTION_READY_FILE]);
}

bool
run_until_ended(struct command *c, run_fn *run, struct err *e)
{
	sigset_t signals;

	if (!command_load(c, e))
		return false;
	serve_log_level(&c->config);
	ready_file_remove(c);
	signals = signals_block();
	return run(c, &signals, e);
}

void
run_is_ending(const struct command *c)
{
	notify_manager("STOPPING=1");
	ready_file_remove(c);
	signals_exit_at_once();
}

bool
ready_file_write(const struct command *c, struct str text, struct err *e)
{
	const char *path = c->options[OPTION_READY_FILE];
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
