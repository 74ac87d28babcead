/*
 * The cheapest HTTP server that Slack's client would believe: for measuring the service, not
 * itself. One thread, one epoll. It finds the mark "bench-t:<nanoseconds>" in each body, counts
 * each once, and keeps the time from due to POST.
 *
 *     bench-sink PORT_FILE [LATENCY_MS]     answers after LATENCY_MS
 *     GET /stats                            JSON of what was counted; POST /reset clears it
 *     GET /marks                            each mark that came, and how often: "NS TIMES" a
 * line
 *
 * Channels C0HANGS, C0LIMIT, C0ERROR and C0GONE misbehave: no answer, 429, 500, token revoked.
 *
 * Speaks TLS if BENCH_TLS_CERT and BENCH_TLS_KEY name files in PEM; connections may resume each
 * other's sessions, as Slack's may.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "carillon/base/base.h"
#include "carillon/base/buf.h"

enum {
	REQUEST_MAX = 65536,
	BUCKETS = 200000, /* of 50 us: 10 s */
	BUCKET_US = 50,
	EVENTS = 256,
	SLOTS = 1 << 21, /* of marks; a power of two */
};

struct client {
	int fd;
	gnutls_session_t tls; /* NULL: none is spoken */
	bool is_greeted;      /* the handshake is done */
	size_t len;
	char in[REQUEST_MAX];
	struct client
	    *next_due; /* answers waiting, in order: the latency is the same for all */
	int64_t due_ns;
	struct str answer;
};

static struct {
	uint64_t count, requests, connections, resumed, marked, histogram[BUCKETS];
	int64_t first_ns, last_ns;
} seen;

static struct {
	uint64_t ns; /* 0: the slot is free */
	uint64_t times;
} marks[SLOTS];

static gnutls_certificate_credentials_t credentials; /* NULL: no TLS */
static gnutls_datum_t ticket_key;
static int64_t latency_ns;
static struct client *due_first, *due_last;
static struct buf stats;

static const char posted_body[] =
    "{\"ok\":true,\"channel\":\"C0BENCH\",\"ts\":\"1712345678.000100\","
    "\"message\":{\"text\":\"posted\"}}";
static struct buf posted;

static int64_t
now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* How often the mark has come, this time included. */
static uint64_t
note_mark(uint64_t ns)
{
	size_t i = (size_t)((ns * 0x9e3779b97f4a7c15ULL) >> 40) & (SLOTS - 1);

	while (marks[i].ns != 0 && marks[i].ns != ns)
		i = (i + 1) & (SLOTS - 1);
	if (marks[i].ns == 0)
		must(++seen.marked < SLOTS / 2);
	marks[i].ns = ns;
	return ++marks[i].times;
}

static void
count(const char *body, size_t len)
{
	const char *mark = memmem(body, len, "bench-t:", 8);
	int64_t now = now_ns(CLOCK_REALTIME), us;
	uint64_t due;

	seen.requests++;
	if (mark == NULL)
		return;
	due = strtoull(mark + 8, NULL, 10);
	if (note_mark(due) > 1)
		return;
	seen.last_ns = now;
	if (seen.count++ == 0)
		seen.first_ns = now;
	us = (now - (int64_t)due) / 1000 / BUCKET_US;
	seen.histogram[us < 0 ? 0 : us >= BUCKETS ? BUCKETS - 1 : us]++;
}

static double
percentile_ms(double share)
{
	uint64_t want = (uint64_t)((double)seen.marked * share), sum = 0;

	for (size_t i = 0; i < BUCKETS; i++)
		if ((sum += seen.histogram[i]) > want)
			return (double)(i * BUCKET_US) / 1000.0;
	return 0;
}

static struct str
stats_answer(void)
{
	char body[256];
	int n = snprintf(body, sizeof(body),
	    "{\"count\":%llu,\"requests\":%llu,\"seconds\":%.3f,\"p50_ms\":%.2f,\"p99_ms\":%."
	    "2f,"
	    "\"connections\":%llu,\"resumed\":%llu}\n",
	    (unsigned long long)seen.count, (unsigned long long)seen.requests,
	    (double)(seen.last_ns - seen.first_ns) / 1e9, percentile_ms(0.5),
	    percentile_ms(0.99), (unsigned long long)seen.connections,
	    (unsigned long long)seen.resumed);

	buf_clear(&stats);
	buf_printf(&stats, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", n, body);
	return buf_view(&stats);
}

static struct str
marks_answer(void)
{
	struct buf body = {0};

	for (size_t i = 0; i < SLOTS; i++)
		if (marks[i].ns != 0)
			buf_printf(&body, "%llu %llu\n", (unsigned long long)marks[i].ns,
			    (unsigned long long)marks[i].times);
	buf_clear(&stats);
	buf_printf(&stats, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", body.len);
	buf_str(&stats, buf_view(&body));
	buf_fini(&body);
	return buf_view(&stats);
}

/* --- a connection, with TLS or without --- */

static void
tls_set_up(void)
{
	const char *cert = getenv("BENCH_TLS_CERT"), *key = getenv("BENCH_TLS_KEY");

	if (cert == NULL || key == NULL)
		return;
	must(gnutls_certificate_allocate_credentials(&credentials) >= 0);
	if (gnutls_certificate_set_x509_key_file(credentials, cert, key, GNUTLS_X509_FMT_PEM) <
	    0) {
		fprintf(stderr, "bench-sink: %s, %s: no certificate and its key\n", cert, key);
		exit(1);
	}
	must(gnutls_session_ticket_key_generate(&ticket_key) >= 0);
}

static void
tls_begin(struct client *c)
{
	if (credentials == NULL)
		return;
	must(gnutls_init(&c->tls, GNUTLS_SERVER | GNUTLS_NONBLOCK) >= 0);
	must(gnutls_set_default_priority(c->tls) >= 0);
	must(gnutls_credentials_set(c->tls, GNUTLS_CRD_CERTIFICATE, credentials) >= 0);
	must(gnutls_session_ticket_enable_server(c->tls, &ticket_key) >= 0);
	gnutls_transport_set_int(c->tls, c->fd);
}

/* False when the client has to say more first, or will never be understood. */
static bool
is_greeted(struct client *c, bool *is_over)
{
	int r = 0;

	if (c->tls == NULL || c->is_greeted)
		return true;
	r = gnutls_handshake(c->tls);
	c->is_greeted = r == 0;
	if (c->is_greeted)
		seen.resumed += gnutls_session_is_resumed(c->tls) != 0;
	*is_over = r < 0 && gnutls_error_is_fatal(r);
	return c->is_greeted;
}

/* As read, with EAGAIN. */
static ssize_t
client_read(struct client *c, char *into, size_t room)
{
	ssize_t n;

	if (c->tls == NULL)
		return read(c->fd, into, room);
	n = gnutls_record_recv(c->tls, into, room);
	errno = n < 0 && !gnutls_error_is_fatal((int)n) ? EAGAIN : EPIPE;
	return n;
}

/* The struct stays: an answer may be waiting with its address. */
static void
client_close(struct client *c)
{
	close(c->fd);
	c->fd = -1;
	if (c->tls != NULL)
		gnutls_deinit(c->tls);
	c->tls = NULL;
}

static void
answer_now(struct client *c, struct str answer)
{
	if (c->tls != NULL) {
		if (gnutls_record_send(c->tls, answer.ptr, answer.len) < 0)
			fprintf(stderr, "bench-sink: an answer could not be sent\n");
		return;
	}
	if (c->fd >= 0 && write(c->fd, answer.ptr, answer.len) < 0 && errno != EPIPE &&
	    errno != ECONNRESET)
		perror("bench-sink: write");
}

static void
answer(struct client *c, struct str what)
{
	if (latency_ns == 0) {
		answer_now(c, what);
		return;
	}
	c->answer = what;
	c->due_ns = now_ns(CLOCK_MONOTONIC) + latency_ns;
	c->next_due = NULL;
	if (due_last != NULL)
		due_last->next_due = c;
	else
		due_first = c;
	due_last = c;
}

static void
answer_due(void)
{
	int64_t now = now_ns(CLOCK_MONOTONIC);

	while (due_first != NULL && due_first->due_ns <= now) {
		struct client *c = due_first;

		due_first = c->next_due;
		if (due_first == NULL)
			due_last = NULL;
		answer_now(c, c->answer);
	}
}

/* A destination that misbehaves beside others that do not; "" is no answer at all. */
static const struct {
	const char *channel, *answer;
} bad_channels[] = {
    {"C0HANGS", ""},
    {"C0LIMIT",
	"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"},
    {"C0ERROR", "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"},
    {"C0GONE", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 36\r\n\r\n"
	       "{\"ok\":false,\"error\":\"token_revoked\"}"},
};

static bool
is_answered_badly(struct client *c, const char *body, size_t len)
{
	for (size_t i = 0; i < COUNT_OF(bad_channels); i++) {
		const char *channel = bad_channels[i].channel, *words = bad_channels[i].answer;

		if (memmem(body, len, channel, strlen(channel)) == NULL)
			continue;
		if (*words != '\0')
			answer_now(c, str_of(words));
		return true;
	}
	return false;
}

static void
handle(struct client *c, const char *body, size_t len)
{
	if (strncmp(c->in, "GET /stats", 10) == 0) {
		answer_now(c, stats_answer());
	} else if (strncmp(c->in, "GET /marks", 10) == 0) {
		answer_now(c, marks_answer());
	} else if (strncmp(c->in, "POST /reset", 11) == 0) {
		memset(&seen, 0, sizeof(seen));
		memset(marks, 0, sizeof(marks));
		answer_now(c, stats_answer());
	} else if (!is_answered_badly(c, body, len)) {
		count(body, len);
		answer(c, buf_view(&posted));
	}
}

/* Length of the first whole request in the buffer, or 0. */
static size_t
take_request(struct client *c)
{
	const char *end = memmem(c->in, c->len, "\r\n\r\n", 4), *length;
	size_t head, body = 0;

	if (end == NULL)
		return 0;
	head = (size_t)(end - c->in) + 4;
	length = memmem(c->in, head, "ontent-Length:", 14);
	if (length != NULL)
		body = (size_t)strtoul(length + 14, NULL, 10);
	if (c->len < head + body)
		return 0;
	handle(c, c->in + head, body);
	return head + body;
}

/* False when there is nothing more for now. */
static bool
receive_some(struct client *c)
{
	ssize_t n = client_read(c, c->in + c->len, sizeof(c->in) - 1 - c->len);
	size_t used;

	if (n < 0 && errno == EAGAIN)
		return false;
	if (n <= 0) {
		client_close(c);
		return false;
	}
	c->len += (size_t)n;
	c->in[c->len] = '\0';
	while ((used = take_request(c)) > 0) {
		memmove(c->in, c->in + used, c->len - used);
		c->len -= used;
		c->in[c->len] = '\0';
	}
	return c->tls != NULL; /* of which more may be decrypted already */
}

static void
receive(struct client *c)
{
	bool is_over = false;

	if (is_greeted(c, &is_over))
		while (receive_some(c))
			;
	if (is_over)
		client_close(c);
}

static void
accept_one(int epoll, int listener)
{
	struct client *c = calloc(1, sizeof(*c));
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};

	must(c != NULL);
	c->fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | (credentials ? SOCK_NONBLOCK : 0));
	if (c->fd < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &ev) != 0) {
		free(c);
		return;
	}
	seen.connections++;
	tls_begin(c);
}

static int
listen_on_loopback(const char *port_file)
{
	struct sockaddr_in addr = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	FILE *f;

	must(fd >= 0 && bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0 &&
	     listen(fd, 4096) == 0);
	must(getsockname(fd, (struct sockaddr *)&addr, &len) == 0);
	f = fopen(port_file, "w");
	must(f != NULL);
	fprintf(f, "%d\n", ntohs(addr.sin_port));
	fclose(f);
	return fd;
}

int
main(int argc, char **argv)
{
	struct epoll_event events[EVENTS], ev = {.events = EPOLLIN, .data.ptr = NULL};
	int epoll = epoll_create1(EPOLL_CLOEXEC), listener;

	if (argc < 2) {
		fprintf(stderr, "usage: bench-sink PORT_FILE [LATENCY_MS]\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	latency_ns = argc > 2 ? strtoll(argv[2], NULL, 10) * 1000000 : 0;
	buf_printf(&posted,
	    "HTTP/1.1 200 OK\r\nContent-Type: application/json; "
	    "charset=utf-8\r\nContent-Length: %zu\r\n\r\n%s",
	    sizeof(posted_body) - 1, posted_body);
	tls_set_up();
	listener = listen_on_loopback(argv[1]);
	epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &ev);
	for (;;) {
		int n = epoll_wait(epoll, events, EVENTS, due_first ? 1 : -1);

		for (int i = 0; i < n; i++) {
			if (events[i].data.ptr == NULL)
				accept_one(epoll, listener);
			else
				receive(events[i].data.ptr);
		}
		answer_due();
	}
}
