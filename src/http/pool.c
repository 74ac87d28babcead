#include "carillon/http/pool.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include "carillon/base/clock.h"
#include "carillon/vault/vault.h"

#include "kept.h"
#include "origin.h"
#include "sockets.h"
#include "tls.h"
#include "transfer.h"

enum {
	EVENTS_MAX = 256, /* read from epoll at once */
	FILES_OTHER = 96, /* descriptors of everything but requests */
	KEPT_FEW = 16,    /* connections whose memory is not worth missing what libcurl knows */
	KEPT_KB = 96,     /* of each, with TLS; as measured 40 to 95 */
	UNUSED_MS = 110000,
};

struct pool {
	CURLM *multi;
	struct limits limits;
	struct sockets sockets;
	struct tls tls;
	char *proxy; /* "": none */
	struct origins *origins;
	struct list crowded; /* of struct origin: where requests wait */
	struct transfer *slots;
	int slot_count;
	struct list free, finished; /* of struct transfer */
	struct heap deadlines;      /* of struct transfer that wait or fly */
	struct kept kept;
	mono_t timer;        /* when libcurl wants to be called; MONO_NEVER */
	mono_t unused_since; /* all connections; MONO_NEVER while one is in use */
	int wake_fd;         /* in epoll; -1: none */
	int in_flight;       /* started and not reported */
	int flying;          /* of them, those that libcurl has */
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
	MULTI_SET(p->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)p->slot_count);
}

void
pool_set_options(struct pool *p, const struct pool_options *o)
{
	struct err e;

	guard_fini(&p->limits.guard);
	p->limits = (struct limits){.connect_ms = o->connect_timeout_ms,
	    .request_ms = o->request_timeout_ms,
	    .opening_max = o->opening_max > 0 ? o->opening_max : o->slots,
	    .proxy = p->proxy,
	    .unused_ms = o->unused_ms > 0 ? o->unused_ms : UNUSED_MS};
	must(guard_init(&p->limits.guard, &o->guard, &e)); /* config_check has read it */
	/* No more than there are descriptors for: see pool_reserve_files. */
	p->kept.unused_max = o->kept_max_kb / KEPT_KB < p->slot_count
	                         ? (int)(o->kept_max_kb / KEPT_KB)
	                         : p->slot_count;
}

/* libcurl closes the one unused the longest when a request ends and there are more. */
static void
count_flying(struct pool *p, int change, mono_t now)
{
	p->flying += change;
	p->unused_since = p->flying == 0 ? now : MONO_NEVER;
	MULTI_SET(p->multi, CURLMOPT_MAXCONNECTS, (long)kept_max(&p->kept, p->flying, now));
}

/* What may fail. */
static bool
parts_new(struct pool *p, const struct pool_options *o, struct err *e)
{
	p->proxy = strdup(o->proxy ? o->proxy : "");
	must(p->proxy); /* out of memory */
	if (!sockets_init(&p->sockets, e) || !tls_init(&p->tls, o->ca_file, e) ||
	    !origins_new(&p->origins, p->proxy, e))
		return false;
	sockets_watch(&p->sockets, origins_fd(p->origins), true);
	return true;
}

static void
parts_free(struct pool *p)
{
	origins_free(p->origins);
	tls_fini(&p->tls);
	sockets_fini(&p->sockets);
	free(p->proxy);
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
	*p = (struct pool){.slot_count = o->slots,
	    .timer = MONO_NEVER,
	    .unused_since = MONO_NEVER,
	    .wake_fd = -1};
	if (!parts_new(p, o, e)) {
		parts_free(p);
		free(p);
		return false;
	}
	pool_set_options(p, o);
	multi_set_up(p);
	list_init(&p->crowded);
	list_init(&p->free);
	list_init(&p->finished);
	p->slots = calloc((size_t)o->slots, sizeof(*p->slots));
	must(p->slots); /* out of memory */
	for (int i = 0; i < o->slots; i++) {
		transfer_init(&p->slots[i], &p->sockets, &p->tls, &p->limits);
		list_append(&p->free, &p->slots[i].link);
	}
	*out = p;
	return true;
}

void
pool_free(struct pool *p)
{
	if (!p)
		return;
	for (int i = 0; i < p->slot_count; i++) {
		if (p->slots[i].state == TRANSFER_FLYING)
			curl_multi_remove_handle(p->multi, p->slots[i].easy);
		transfer_fini(&p->slots[i]);
	}
	curl_multi_cleanup(p->multi); /* closes connections: needs sockets and origins */
	parts_free(p);
	guard_fini(&p->limits.guard);
	heap_fini(&p->deadlines);
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

static int64_t
request_ms(const struct pool *p, const struct transfer *t)
{
	int64_t own_ms = t->req.timeout_ms;

	return own_ms > 0 && own_ms < p->limits.request_ms ? own_ms : p->limits.request_ms;
}

static void
launch(struct pool *p, struct transfer *t, mono_t now)
{
	transfer_arm(t);
	heap_set(&p->deadlines, &t->deadline, mono_after(now, request_ms(p, t)));
	t->state = TRANSFER_FLYING;
	must(curl_multi_add_handle(p->multi, t->easy) == CURLM_OK);
	count_flying(p, 1, now);
}

static struct transfer *
take_first(struct list *waiting)
{
	return CONTAINER_OF(list_take_first(waiting), struct transfer, link);
}

/* Gives libcurl the requests that need not wait any more. */
static void
launch_waiting(struct pool *p)
{
	mono_t now;

	if (list_is_empty(&p->crowded))
		return;
	now = clock_mono();
	LIST_EACH_SAFE (link, &p->crowded) {
		struct origin *o = CONTAINER_OF(link, struct origin, crowded);

		while (!list_is_empty(&o->waiting) &&
		       origin_may_launch(p->origins, o, p->limits.opening_max, now))
			launch(p, take_first(&o->waiting), now);
		if (list_is_empty(&o->waiting))
			list_remove(&o->crowded);
	}
}

/* No longer than a connection may take, whatever it waits for. */
static void
wait_at(struct pool *p, struct transfer *t)
{
	t->state = TRANSFER_WAITING;
	heap_set(&p->deadlines, &t->deadline, mono_after(t->started, p->limits.connect_ms));
	if (list_is_empty(&t->origin->crowded))
		list_append(&p->crowded, &t->origin->crowded);
}

static void
finish(struct pool *p, struct transfer *t, CURLcode code, mono_t now)
{
	heap_remove(&p->deadlines, &t->deadline);
	transfer_end(t, code);
	t->flight.duration_ms = now.ms - t->started.ms;
	t->state = TRANSFER_FINISHED;
	list_append(&p->finished, &t->link);
}

void
pool_start(struct pool *p, struct transfer *t, void *tag)
{
	struct err e;

	must(t->state == TRANSFER_TAKEN);
	t->is_direct = t->req.is_guarded && p->proxy[0] != '\0';
	t->url = NULL;
	t->origin = t->is_direct ? origins_find_direct(p->origins, t->req.url)
	                         : origins_find(p->origins, t->req.url, &t->url);
	t->tag = tag;
	t->started = clock_mono();
	t->flight.started_at = clock_wall();
	transfer_begin(t);
	p->in_flight++;
	if (t->req.is_guarded && !guard_url(&p->limits.guard, t->req.url, &e)) {
		transfer_forbid(t, &e);
		finish(p, t, CURLE_URL_MALFORMAT, t->started);
		return;
	}
	if (!t->origin) {
		launch(p, t, t->started); /* libcurl says what is wrong with it */
		return;
	}
	wait_at(p, t);
	list_append(&t->origin->waiting, &t->link);
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

/* Also of one that waits: not one byte of it was written. */
static void
end_transfer(struct pool *p, struct transfer *t, CURLcode code, mono_t now)
{
	if (t->state == TRANSFER_WAITING) {
		list_remove(&t->link);
		finish(p, t, code, now);
		return;
	}
	must(t->state == TRANSFER_FLYING);
	curl_multi_remove_handle(p->multi, t->easy);
	transfer_disarm(t);
	count_flying(p, -1, now);
	if (t->is_turned_away) {
		transfer_begin(t);
		wait_at(p, t);
		list_prepend(&t->origin->waiting, &t->link); /* it was the first */
	} else {
		finish(p, t, code, now);
	}
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

/* Requests to a host whose name stays unknown are over. */
static void
learn_names(struct pool *p)
{
	mono_t now = clock_mono();
	struct origin *o;
	struct err why;

	while ((o = origins_learn(p->origins, now, &why)) != NULL) {
		LIST_EACH_SAFE (link, &o->waiting) {
			struct transfer *t = CONTAINER_OF(link, struct transfer, link);

			str_copy(t->curl_text, sizeof(t->curl_text), str_of(why.text));
			end_transfer(p, t, CURLE_COULDNT_RESOLVE_HOST, now);
		}
	}
}

static void
run_socket(struct pool *p, const struct epoll_event *ev)
{
	int running, mask = 0;

	if (ev->data.fd == p->wake_fd)
		return;
	if (ev->data.fd == origins_fd(p->origins)) {
		learn_names(p);
		return;
	}
	if (!sockets_is_wanted(&p->sockets, ev->data.fd))
		return;
	if (ev->events & EPOLLIN)
		mask |= CURL_CSELECT_IN;
	if (ev->events & EPOLLOUT)
		mask |= CURL_CSELECT_OUT;
	if (ev->events & (EPOLLERR | EPOLLHUP))
		mask |= CURL_CSELECT_ERR;
	must(curl_multi_socket_action(p->multi, ev->data.fd, mask, &running) == CURLM_OK);
}

/*
 * Waits for sockets, and does what all of those want that were ready at a moment, which is
 * returned: whoever had an answer then has been given it.
 */
static mono_t
look(struct pool *p, int wait_ms)
{
	struct epoll_event events[EVENTS_MAX];
	mono_t looked;
	int count;

	do {
		looked = clock_mono();
		count = epoll_wait(p->sockets.epoll, events, EVENTS_MAX, wait_ms);
		must(count >= 0 || errno == EINTR);
		for (int i = 0; i < count; i++)
			run_socket(p, &events[i]);
		wait_ms = 0;
	} while (count == EVENTS_MAX || count < 0);
	collect(p);
	return looked;
}

/*
 * Gives up what is overdue. This thread may come late, and must not take an answer that is
 * there for one that is not: so it looks first.
 */
static void
give_up_overdue(struct pool *p)
{
	const struct heap_node *first = heap_first(&p->deadlines);
	struct heap_node *overdue;
	mono_t looked;

	if (!first || !mono_reached(clock_mono(), first->due))
		return;
	looked = look(p, 0);
	while ((overdue = heap_take_due(&p->deadlines, looked)) != NULL)
		end_transfer(p, CONTAINER_OF(overdue, struct transfer, deadline),
		    CURLE_OPERATION_TIMEDOUT, looked);
}

void
pool_give_up(struct pool *p)
{
	look(p, 0); /* whose answer is there is not given up */
	for (int i = 0; i < p->slot_count; i++) {
		struct transfer *t = &p->slots[i];

		if (t->state == TRANSFER_FLYING || t->state == TRANSFER_WAITING)
			end_transfer(p, t, CURLE_OPERATION_TIMEDOUT, clock_mono());
	}
}

/* How long epoll may sleep. */
static int
sleep_ms(const struct pool *p, int64_t wait_ms)
{
	const struct heap_node *first = heap_first(&p->deadlines);
	mono_t wake = first ? mono_earlier(p->timer, first->due) : p->timer;
	int64_t until_wake;

	if (!list_is_empty(&p->finished) || wait_ms == 0)
		return 0;
	if (wake.ms != MONO_NEVER.ms) {
		until_wake = wake.ms - clock_mono().ms;
		if (wait_ms < 0 || until_wake < wait_ms)
			wait_ms = until_wake > 0 ? until_wake : 0;
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

static void
run_due(struct pool *p)
{
	launch_waiting(p);
	run_timer(p); /* sends what was launched since */
	collect(p);
}

/*
 * libcurl closes connections only when it is given a request; and after this time it takes none
 * of them up again, for whatever lies between may have forgotten them.
 */
static void
close_unused(struct pool *p)
{
	if (p->flying > 0 || p->sockets.n_open <= KEPT_FEW ||
	    clock_mono().ms - p->unused_since.ms < p->limits.unused_ms)
		return;
	curl_multi_cleanup(p->multi);
	p->timer = MONO_NEVER;
	multi_set_up(p);
}

void
pool_turn(struct pool *p, int64_t wait_ms, int wake_fd)
{
	watch_wake_fd(p, wake_fd);
	close_unused(p);
	run_due(p);
	registers_wipe(); /* libcurl copied and searched the credential */
	look(p, sleep_ms(p, wait_ms));
	run_due(p);
	give_up_overdue(p);
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
