#include "broker/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "carillon/base/arena.h"
#include "carillon/base/clock.h"
#include "carillon/base/json.h"
#include "carillon/base/url.h"

enum { INFO_MAX = 32 * 1024 };

static struct addrinfo *
resolve(const struct url *u, struct probe *out)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
	char host[256], port[16] = "4222";
	int rc = EAI_NONAME;

	if (u->port.len > 0)
		(void)str_copy(port, sizeof port, u->port);
	if (str_copy(host, sizeof host, u->host))
		rc = getaddrinfo(host, port, &hints, &found);
	if (rc == 0)
		return found;
	out->found = PROBE_NO_NAME;
	(void)str_copy(out->why, sizeof out->why, str_of(gai_strerror(rc)));
	return NULL;
}

/* Whether `fd` becomes ready in time. */
static bool
wait_for(int fd, short events, mono_t until)
{
	struct pollfd one = {.fd = fd, .events = events};
	int64_t left = until.ms - clock_mono().ms;

	return left > 0 && poll(&one, 1, (int)left) == 1;
}

static int
connect_error(int fd, const struct addrinfo *at)
{
	mono_t until = mono_after(clock_mono(), PROBE_WAIT_MS);
	socklen_t len = sizeof(int);
	int error = 0;

	if (connect(fd, at->ai_addr, at->ai_addrlen) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return errno;
	if (!wait_for(fd, POLLOUT, until))
		return ETIMEDOUT;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 ? error : errno;
}

/* -1 when none of the addresses takes a connection. */
static int
connect_any(const struct addrinfo *first, struct probe *out)
{
	int error = 0;

	for (const struct addrinfo *at = first; at != NULL; at = at->ai_next) {
		int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

		if (fd < 0)
			continue;
		error = connect_error(fd, at);
		if (error == 0)
			return fd;
		close(fd);
	}
	out->found = PROBE_NOBODY;
	(void)str_copy(out->why, sizeof out->why, str_of(strerror(error)));
	return -1;
}

/* The first line, without its end; empty: there was none in time. */
static struct str
read_line(int fd, char text[static INFO_MAX])
{
	mono_t until = mono_after(clock_mono(), PROBE_WAIT_MS);
	size_t len = 0;

	while (len < INFO_MAX && wait_for(fd, POLLIN, until)) {
		ssize_t got = read(fd, text + len, INFO_MAX - len);
		const char *end = got > 0 ? memchr(text + len, '\n', (size_t)got) : NULL;

		if (got <= 0)
			break;
		if (end != NULL)
			return (struct str){text, (size_t)(end - text)};
		len += (size_t)got;
	}
	return (struct str){0};
}

static void
take_info(struct str line, struct probe *out)
{
	struct str prefix = STR("INFO ");
	const struct json *info, *verify;
	struct arena *a;

	out->found = PROBE_OTHER;
	if (!str_starts_with(line, prefix))
		return;
	a = arena_new(0);
	line = (struct str){line.ptr + prefix.len, line.len - prefix.len};
	if (json_parse(a, line, JSON_DEPTH_MAX, &info, NULL)) {
		verify = json_get(info, STR("tls_verify"));
		out->found = PROBE_SERVER;
		(void)str_copy(
		    out->version, sizeof out->version, json_string(info, STR("version")));
		out->wants_certificate = verify != NULL && verify->kind == JSON_TRUE;
	}
	arena_free(a);
}

void
probe_server(const char *urls, struct probe *out)
{
	char text[INFO_MAX];
	struct addrinfo *found;
	struct url u;
	int fd;

	*out = (struct probe){.found = PROBE_NO_NAME, .why = "it is no address"};
	if (!url_parse(&u, (struct str){urls, strcspn(urls, ", ")}))
		return;
	found = resolve(&u, out);
	if (found == NULL)
		return;
	fd = connect_any(found, out);
	freeaddrinfo(found);
	if (fd < 0)
		return;
	take_info(read_line(fd, text), out);
	close(fd);
}
