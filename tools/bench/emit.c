/*
 * bench-emit PORT KEY CONNECTIONS SECONDS: emits events over so many connections, each sending
 * the next when the one before was answered, and prints as JSON how many were stored in a
 * second and how long that took. One thread.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "carillon/base/base.h"
#include "carillon/base/buf.h"

enum {
	CONNECTIONS_MAX = 1024,
	ANSWER_MAX = 8192,
	SAMPLES_MAX = 4 << 20,
	EVENTS = 64,
};

struct connection {
	int fd;
	int64_t sent_us;
	size_t len;
	char answer[ANSWER_MAX + 1];
};

static struct connection connections[CONNECTIONS_MAX];
static uint32_t samples[SAMPLES_MAX];
static size_t n_samples, n_refused;
static struct buf request;

static int64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

static void
compose(const char *port, const char *key)
{
	static const char body[] =
	    "{\"event\":\"alert.triggered\",\"resource\":\"alert\",\"resource_id\":\"a_42\","
	    "\"payload\":{\"severity\":\"high\",\"value\":1840,\"threshold\":1000,"
	    "\"account_id\":\"acc_casterly\"}}";

	buf_printf(&request,
	    "POST /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1:%s\r\n"
	    "X-Carillon-Publishable-Key: %s\r\nContent-Type: application/json\r\n"
	    "Content-Length: %zu\r\n\r\n%s",
	    port, key, sizeof(body) - 1, body);
}

static void
send_next(struct connection *c)
{
	c->len = 0;
	c->sent_us = now_us();
	must(write(c->fd, request.ptr, request.len) == (ssize_t)request.len);
}

static void
open_one(struct connection *c, uint16_t port, int epoll)
{
	const struct sockaddr_in to = {.sin_family = AF_INET,
	    .sin_port = htons(port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(c->fd >= 0 && connect(c->fd, (const struct sockaddr *)&to, sizeof(to)) == 0);
	must(epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &ev) == 0);
	send_next(c);
}

/* Whether the whole answer is there. */
static bool
is_complete(const struct connection *c)
{
	const char *end = strstr(c->answer, "\r\n\r\n");
	const char *length = strstr(c->answer, "Content-Length: ");

	if (end == NULL)
		return false;
	must(length != NULL);
	return c->len >= (size_t)(end + 4 - c->answer) + strtoul(length + 16, NULL, 10);
}

static void
read_some(struct connection *c)
{
	ssize_t n = read(c->fd, c->answer + c->len, ANSWER_MAX - c->len);

	if (n <= 0) {
		fprintf(stderr, "bench-emit: a connection ended: %s\n", strerror(errno));
		exit(1);
	}
	c->len += (size_t)n;
	c->answer[c->len] = '\0';
	if (!is_complete(c))
		return;
	if (strncmp(c->answer, "HTTP/1.1 201", 12) != 0) {
		if (n_refused++ == 0)
			fprintf(stderr, "bench-emit: %.200s\n", c->answer);
	} else if (n_samples < SAMPLES_MAX) {
		samples[n_samples++] = (uint32_t)(now_us() - c->sent_us);
	}
	send_next(c);
}

static int
compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static double
percentile_ms(double share)
{
	return n_samples == 0 ? 0 : samples[(size_t)((double)(n_samples - 1) * share)] / 1000.0;
}

int
main(int argc, char **argv)
{
	struct epoll_event events[EVENTS];
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	long connected, seconds;
	int64_t begun, until;

	if (argc != 5) {
		fprintf(stderr, "usage: bench-emit PORT KEY CONNECTIONS SECONDS\n");
		return 2;
	}
	compose(argv[1], argv[2]);
	connected = strtol(argv[3], NULL, 10);
	seconds = strtol(argv[4], NULL, 10);
	must(connected > 0 && connected <= CONNECTIONS_MAX && seconds > 0);
	for (long i = 0; i < connected; i++)
		open_one(&connections[i], (uint16_t)strtoul(argv[1], NULL, 10), epoll);
	begun = now_us();
	until = begun + seconds * 1000000;
	while (now_us() < until) {
		int n = epoll_wait(epoll, events, EVENTS, 100);

		for (int i = 0; i < n; i++)
			read_some(events[i].data.ptr);
	}
	qsort(samples, n_samples, sizeof(*samples), compare);
	printf("{\"connections\": %ld, \"stored\": %zu, \"refused\": %zu, \"per_s\": %.0f, "
	       "\"p50_ms\": %.2f, \"p99_ms\": %.2f}\n",
	    connected, n_samples, n_refused, (double)n_samples / (double)seconds,
	    percentile_ms(0.5), percentile_ms(0.99));
	return 0;
}
