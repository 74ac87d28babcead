/*
 * A nats-server of our own for a test: a free loopback port, a temporary store, gone with the
 * test program whatever happens. Started and killed as often as a test likes. NATS_SERVER in
 * the environment is another program to test against.
 */
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "carillon/base/base.h"
#include "carillon/base/clock.h"

struct live_server {
	pid_t pid;
	int port;
	char dir[64], config[96], url[64];
};

static inline const char *
live_program(void)
{
	static const char *const places[] = {
	    "/usr/sbin/nats-server", "/usr/bin/nats-server", "/usr/local/bin/nats-server"};

	if (getenv("NATS_SERVER"))
		return getenv("NATS_SERVER");
	for (size_t i = 0; i < COUNT_OF(places); i++)
		if (access(places[i], X_OK) == 0)
			return places[i];
	return NULL;
}

static inline void
live_sleep_ms(long ms)
{
	nanosleep(
	    &(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static inline int
live_socket(int port, bool to_connect)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int rc = to_connect ? connect(fd, (struct sockaddr *)&at, len)
	                    : bind(fd, (struct sockaddr *)&at, len);

	if (rc == 0 && !to_connect && getsockname(fd, (struct sockaddr *)&at, &len) == 0)
		rc = ntohs(at.sin_port);
	close(fd);
	return rc;
}

static inline void
live_start(struct live_server *s)
{
	s->pid = fork();
	if (s->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!freopen("/dev/null", "w", stderr))
			_exit(126);
		execl(live_program(), "nats-server", "-c", s->config, (char *)NULL);
		_exit(127);
	}
	must(s->pid > 0);
	while (live_socket(s->port, true) != 0) {
		must(waitpid(s->pid, NULL, WNOHANG) == 0);
		live_sleep_ms(5);
	}
}

/* kill -9 */
static inline void
live_kill(struct live_server *s)
{
	if (s->pid <= 0)
		return;
	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
	s->pid = 0;
}

/* `more` goes into the server's configuration. */
static inline void
live_open(struct live_server *s, const char *more)
{
	*s = (struct live_server){.dir = "/tmp/carillon-broker-XXXXXX"};
	must(mkdtemp(s->dir) != NULL);
	s->port = live_socket(0, false);
	snprintf(s->url, sizeof s->url, "nats://127.0.0.1:%d", s->port);
	snprintf(s->config, sizeof s->config, "%s/nats.conf", s->dir);
	FILE *f = fopen(s->config, "w");
	must(f != NULL);
	fprintf(f, "listen: \"127.0.0.1:%d\"\n%s\n", s->port, more);
	if (!strstr(more, "no_jetstream"))
		fprintf(f, "jetstream: {store_dir: \"%s/js\"}\n", s->dir);
	fclose(f);
	live_start(s);
}

static inline void
live_close(struct live_server *s)
{
	char command[128];

	live_kill(s);
	snprintf(command, sizeof command, "rm -rf '%s'", s->dir);
	if (s->dir[0] && system(command) != 0)
		fprintf(stderr, "left behind: %s\n", s->dir);
	s->dir[0] = '\0';
}
