#include "carillon/http/pool.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include "carillon/base/clock.h"
#include "carillon/base/table.h"
#include "carillon/vault/vault.h"

#include "sockets.h"
#include "tls.h"
#include "transfer.h"

enum {
	EVENTS_MAX = 256, /* read from epoll at once */
	URLS_MAX = 256,   /* parsed ahead; more are parsed each time */
	FILES_OTHER = 64, /* descriptors of everything but requests */
};

struct pool {
	CURLM *multi;
	struct timeouts timeouts;
	struct sockets sockets;
	struct tls tls;
	struct table *urls; /* text -> CURLU */
	struct transfer *slots;
	int slot_count;
	struct list free, finished; /* of struct transfer */
	mono_t timer;               /* when libcurl wants to be called; MONO_NEVER */
	int wake_fd;                /* in epoll; -1: none */
	int in_flight;
};

#define MULTI_SET(multi, option, value) \
	must(curl_multi_setopt(multi, option, value) == CURLM_OK)

void
http_global_init(void)
{
	unsetenv("SSLKEYLOGFILE");
	signal(SIGPIPE, SIG_IGN); /* OpenSSL writes to sockets without MSG_NOSIGNAL */
	must(curl_global_init_mem(CURL_GLOBAL_DEFAULT, wiped_malloc, wiped_free, wiped_realloc,
		 wiped_strdup, wiped_calloc) == CURLE_OK);
}

static int
on_timer(CURLM *multi, long timeout_ms, void *pool)
{
	struct pool *p = pool;

	(void)multi;
	p->timer = timeout_ms < 0 ? MONO_NEVER : mono_after(clock_mono(), timeout_ms);
	return 0;
}

/* As many kept connections as requests, and as many again being made. */
bool
pool_reserve_files(int slots, struct err *e)
{
	rlim_t needed = 2 * (rlim_t)slots + FILES_OTHER;
	struct rlimit limit;

	must(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	if (limit.rlim_cur >= needed)
		return true;
	if (limit.rlim_max < needed)
		return fail(e, ERR_SETUP,
		    "%d requests at once need %llu file descriptors and the limit is "
		    "%llu: raise LimitNOFILE= of the unit (ulimit -n), or lower "
		    "in_flight_max",
		    slots, (unsigned long long)needed, (unsigned long long)limit.rlim_max);
	limit.rlim_cur = needed;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		return fail(e, ERR_SETUP, "RLIMIT_NOFILE: %s", strerror(errno));
	return true;
}

static void
multi_set_up(struct pool *p)
{
	p->multi = curl_multi_init();
	must(p->multi); /* out of memory */
	MULTI_SET(p->multi, CURLMOPT_SOCKETFUNCTION, sockets_on_change);
	MULTI_SET(p->multi, CURLMOPT_SOCKETDATA, &p->sockets);
	MULTI_SET(p->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	MULTI_SET(p->multi, CURLMOPT_TIMERDATA, p);
	/* Fewer, and every request makes a connection of its own. */
	MULTI_SET(p->multi, CURLMOPT_MAXCONNECTS, 2L * p->slot_count);
	MULTI_SET(p->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)p->slot_count);
}

void
pool_set_timeouts(struct pool *p, const struct pool_options *o)
{
	p->timeouts = (struct timeouts){
	    .connect_ms = o->connect_timeout_ms, .request_ms = o->request_timeout_ms};
}

bool
pool_new(struct pool **out, const struct pool_options *o, struct err *e)
{
	struct pool *p;

	must(o->slots > 0);
	if (!pool_reserve_files(o->slots, e))
		return false;
	p = calloc(1, sizeof(*p));
	must(p); /* out of memory */
	*p = (struct pool){.slot_count = o->slots, .timer = MONO_NEVER, .wake_fd = -1};
	if (!sockets_init(&p->sockets, e) || !tls_init(&p->tls, o->ca_file, e)) {
		sockets_fini(&p->sockets);
		free(p);
		return false;
	}
	pool_set_timeouts(p, o);
	p->urls = table_new();
	multi_set_up(p);
	list_init(&p->free);
	list_init(&p->finished);
	p->slots = calloc((size_t)o->slots, sizeof(*p->slots));
	must(p->slots); /* out of memory */
	for (int i = 0; i < o->slots; i++) {
		transfer_init(&p->slots[i], &p->sockets, &p->tls);
		list_append(&p->free, &p->slots[i].link);
	}
	*out = p;
	return true;
}

void
pool_free(struct pool *p)
{
	struct str key;
	size_t at = 0;

	if (!p)
		return;
	for (int i = 0; i < p->slot_count; i++) {
		if (p->slots[i].state == TRANSFER_FLYING)
			curl_multi_remove_handle(p->multi, p->slots[i].easy);
		transfer_fini(&p->slots[i]);
	}
	curl_multi_cleanup(p->multi); /* closes connections: needs the sockets */
	sockets_fini(&p->sockets);
	tls_fini(&p->tls);
	for (CURLU *url; (url = table_next(p->urls, &at, &key));)
		curl_url_cleanup(url);
	table_free(p->urls);
	free(p->slots);
	free(p);
}

/* The last released first: its memory is still in the cache. */
struct transfer *
pool_slot(struct pool *p)
{
	struct list *first = list_take_first(&p->free);
	struct transfer *t;

	if (!first)
		return NULL;
	t = CONTAINER_OF(first, struct transfer, link);
	t->state = TRANSFER_TAKEN;
	return t;
}

struct http_request *
transfer_request(struct transfer *t)
{
	must(t->state == TRANSFER_TAKEN || t->state == TRANSFER_REPORTED);
	return &t->req;
}

/* Parsed once, for destinations have few addresses. NULL: libcurl shall parse and complain. */
static CURLU *
url_parsed(struct pool *p, const char *text)
{
	CURLU *url = table_get(p->urls, str_of(text));

	if (url || table_len(p->urls) >= URLS_MAX)
		return url;
	url = curl_url();
	must(url); /* out of memory */
	if (curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK) {
		curl_url_cleanup(url);
		return NULL;
	}
	table_set(p->urls, str_of(text), url);
	return url;
}

void
pool_start(struct pool *p, struct transfer *t, void *tag)
{
	must(t->state == TRANSFER_TAKEN);
	transfer_arm(t, url_parsed(p, t->req.url), p->timeouts);
	t->tag = tag;
	t->started = clock_mono();
	t->flight.started_at = clock_wall();
	t->state = TRANSFER_FLYING;
	p->in_flight++;
	must(curl_multi_add_handle(p->multi, t->easy) == CURLM_OK);
}

static void
run_timer(struct pool *p)
{
	int running;

	if (!mono_reached(clock_mono(), p->timer))
		return;
	p->timer = MONO_NEVER; /* libcurl sets the next */
	must(curl_multi_socket_action(p->multi, CURL_SOCKET_TIMEOUT, 0, &running) == CURLM_OK);
}

static void
run_socket(struct pool *p, const struct epoll_event *ev)
{
	int running, mask = 0;

	if (ev->data.fd == p->wake_fd || !sockets_is_wanted(&p->sockets, ev->data.fd))
		return;
	if (ev->events & EPOLLIN)
		mask |= CURL_CSELECT_IN;
	if (ev->events & EPOLLOUT)
		mask |= CURL_CSELECT_OUT;
	if (ev->events & (EPOLLERR | EPOLLHUP))
		mask |= CURL_CSELECT_ERR;
	must(curl_multi_socket_action(p->multi, ev->data.fd, mask, &running) == CURLM_OK);
}

static void
end_transfer(struct pool *p, struct transfer *t, CURLcode code, mono_t now)
{
	must(t->state == TRANSFER_FLYING);
	curl_multi_remove_handle(p->multi, t->easy);
	transfer_end(t, code);
	t->flight.duration_ms = now.ms - t->started.ms;
	t->state = TRANSFER_FINISHED;
	list_append(&p->finished, &t->link);
}

/* Moves what libcurl has ended to the finished list. */
static void
collect(struct pool *p)
{
	mono_t now = clock_mono();
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(p->multi, &left))) {
		CURLcode code = message->data.result;
		struct transfer *t = NULL;

		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &t);
		must(t);
		end_transfer(p, t, code, now); /* `message` is gone */
	}
}

void
pool_give_up(struct pool *p)
{
	collect(p); /* whose answer is there */
	for (int i = 0; i < p->slot_count; i++)
		if (p->slots[i].state == TRANSFER_FLYING)
			end_transfer(p, &p->slots[i], CURLE_OPERATION_TIMEDOUT, clock_mono());
}

/* How long epoll may sleep. */
static int
sleep_ms(const struct pool *p, int64_t wait_ms)
{
	int64_t until_timer;

	if (!list_is_empty(&p->finished) || wait_ms == 0)
		return 0;
	if (p->timer.ms != MONO_NEVER.ms) {
		until_timer = p->timer.ms - clock_mono().ms;
		if (wait_ms < 0 || until_timer < wait_ms)
			wait_ms = until_timer > 0 ? until_timer : 0;
	}
	if (wait_ms > INT32_MAX)
		return INT32_MAX;
	return wait_ms < 0 ? -1 : (int)wait_ms;
}

static void
watch_wake_fd(struct pool *p, int fd)
{
	if (fd == p->wake_fd)
		return;
	if (p->wake_fd >= 0)
		sockets_watch(&p->sockets, p->wake_fd, false);
	if (fd >= 0)
		sockets_watch(&p->sockets, fd, true);
	p->wake_fd = fd;
}

void
pool_turn(struct pool *p, int64_t wait_ms, int wake_fd)
{
	struct epoll_event events[EVENTS_MAX];
	int count;

	watch_wake_fd(p, wake_fd);
	run_timer(p); /* sends what was started since */
	collect(p);
	registers_wipe(); /* libcurl copied and searched the credential */
	count = epoll_wait(p->sockets.epoll, events, EVENTS_MAX, sleep_ms(p, wait_ms));
	must(count >= 0 || errno == EINTR);
	for (int i = 0; i < count; i++)
		run_socket(p, &events[i]);
	run_timer(p);
	collect(p);
}

struct transfer *
pool_finished(struct pool *p, struct http_response *res, void **tag, struct flight *flight)
{
	struct list *first = list_take_first(&p->finished);
	struct transfer *t;

	if (!first)
		return NULL;
	t = CONTAINER_OF(first, struct transfer, link);
	t->state = TRANSFER_REPORTED;
	p->in_flight--;
	*res = t->res;
	*tag = t->tag;
	*flight = t->flight;
	return t;
}

void
pool_release(struct pool *p, struct transfer *t)
{
	must(t->state == TRANSFER_TAKEN || t->state == TRANSFER_REPORTED);
	transfer_clear(t);
	t->state = TRANSFER_FREE;
	list_prepend(&p->free, &t->link);
}

int
pool_in_flight(const struct pool *p)
{
	return p->in_flight;
}
