#include "flow/deliver.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include "carillon/clock.h"
#include "carillon/table.h"
#include "carillon/vault.h"

#include "sockets.h"
#include "transfer.h"

enum {
	EVENTS_MAX = 256, /* read from epoll at once */
	URLS_MAX = 256,   /* parsed ahead; more are parsed each time */
	FILES_OTHER = 64, /* descriptors of everything but requests */
};

struct deliver {
	CURLM *multi;
	struct timeouts timeouts;
	struct sockets sockets;
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
deliver_global_init(void)
{
	signal(SIGPIPE, SIG_IGN); /* OpenSSL writes to sockets without MSG_NOSIGNAL */
	must(curl_global_init_mem(CURL_GLOBAL_DEFAULT, wiped_malloc, wiped_free, wiped_realloc,
		 wiped_strdup, wiped_calloc) == CURLE_OK);
}

static int
on_timer(CURLM *multi, long timeout_ms, void *deliver)
{
	struct deliver *d = deliver;

	(void)multi;
	d->timer = timeout_ms < 0 ? MONO_NEVER : mono_after(clock_mono(), timeout_ms);
	return 0;
}

/* As many kept connections as requests, and as many again being made. */
bool
deliver_reserve_files(int slots, struct err *e)
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
multi_set_up(struct deliver *d)
{
	d->multi = curl_multi_init();
	must(d->multi); /* out of memory */
	MULTI_SET(d->multi, CURLMOPT_SOCKETFUNCTION, sockets_on_change);
	MULTI_SET(d->multi, CURLMOPT_SOCKETDATA, &d->sockets);
	MULTI_SET(d->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	MULTI_SET(d->multi, CURLMOPT_TIMERDATA, d);
	/* Fewer, and every request makes a connection of its own. */
	MULTI_SET(d->multi, CURLMOPT_MAXCONNECTS, 2L * d->slot_count);
	MULTI_SET(d->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)d->slot_count);
}

void
deliver_set_timeouts(struct deliver *d, const struct deliver_options *o)
{
	d->timeouts = (struct timeouts){
	    .connect_ms = o->connect_timeout_ms, .request_ms = o->request_timeout_ms};
}

bool
deliver_new(struct deliver **out, const struct deliver_options *o, struct err *e)
{
	struct deliver *d;

	must(o->slots > 0);
	if (!deliver_reserve_files(o->slots, e))
		return false;
	d = calloc(1, sizeof(*d));
	must(d); /* out of memory */
	*d = (struct deliver){.slot_count = o->slots, .timer = MONO_NEVER, .wake_fd = -1};
	if (!sockets_init(&d->sockets, e)) {
		free(d);
		return false;
	}
	deliver_set_timeouts(d, o);
	d->urls = table_new();
	multi_set_up(d);
	list_init(&d->free);
	list_init(&d->finished);
	d->slots = calloc((size_t)o->slots, sizeof(*d->slots));
	must(d->slots); /* out of memory */
	for (int i = 0; i < o->slots; i++) {
		transfer_init(&d->slots[i], &d->sockets);
		list_append(&d->free, &d->slots[i].link);
	}
	*out = d;
	return true;
}

void
deliver_free(struct deliver *d)
{
	struct str key;
	size_t at = 0;

	if (!d)
		return;
	for (int i = 0; i < d->slot_count; i++) {
		if (d->slots[i].state == TRANSFER_FLYING)
			curl_multi_remove_handle(d->multi, d->slots[i].easy);
		transfer_fini(&d->slots[i]);
	}
	curl_multi_cleanup(d->multi); /* closes connections: needs the sockets */
	sockets_fini(&d->sockets);
	for (CURLU *url; (url = table_next(d->urls, &at, &key));)
		curl_url_cleanup(url);
	table_free(d->urls);
	free(d->slots);
	free(d);
}

/* The last released first: its memory is still in the cache. */
struct transfer *
deliver_slot(struct deliver *d)
{
	struct list *first = list_take_first(&d->free);
	struct transfer *t;

	if (!first)
		return NULL;
	t = CONTAINER_OF(first, struct transfer, link);
	t->state = TRANSFER_TAKEN;
	return t;
}

struct dest_request *
transfer_request(struct transfer *t)
{
	must(t->state == TRANSFER_TAKEN || t->state == TRANSFER_REPORTED);
	return &t->req;
}

/* Parsed once, for destinations have few addresses. NULL: libcurl shall parse and complain. */
static CURLU *
url_parsed(struct deliver *d, const char *text)
{
	CURLU *url = table_get(d->urls, str_of(text));

	if (url || table_len(d->urls) >= URLS_MAX)
		return url;
	url = curl_url();
	must(url); /* out of memory */
	if (curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK) {
		curl_url_cleanup(url);
		return NULL;
	}
	table_set(d->urls, str_of(text), url);
	return url;
}

void
deliver_start(struct deliver *d, struct transfer *t, void *tag)
{
	must(t->state == TRANSFER_TAKEN);
	transfer_arm(t, url_parsed(d, t->req.url), d->timeouts);
	t->tag = tag;
	t->started = clock_mono();
	t->flight.started_at = clock_wall();
	t->state = TRANSFER_FLYING;
	d->in_flight++;
	must(curl_multi_add_handle(d->multi, t->easy) == CURLM_OK);
}

static void
run_timer(struct deliver *d)
{
	int running;

	if (!mono_reached(clock_mono(), d->timer))
		return;
	d->timer = MONO_NEVER; /* libcurl sets the next */
	must(curl_multi_socket_action(d->multi, CURL_SOCKET_TIMEOUT, 0, &running) == CURLM_OK);
}

static void
run_socket(struct deliver *d, const struct epoll_event *ev)
{
	int running, mask = 0;

	if (ev->data.fd == d->wake_fd || !sockets_is_wanted(&d->sockets, ev->data.fd))
		return;
	if (ev->events & EPOLLIN)
		mask |= CURL_CSELECT_IN;
	if (ev->events & EPOLLOUT)
		mask |= CURL_CSELECT_OUT;
	if (ev->events & (EPOLLERR | EPOLLHUP))
		mask |= CURL_CSELECT_ERR;
	must(curl_multi_socket_action(d->multi, ev->data.fd, mask, &running) == CURLM_OK);
}

static void
end_transfer(struct deliver *d, struct transfer *t, CURLcode code, mono_t now)
{
	must(t->state == TRANSFER_FLYING);
	curl_multi_remove_handle(d->multi, t->easy);
	transfer_end(t, code);
	t->flight.duration_ms = now.ms - t->started.ms;
	t->state = TRANSFER_FINISHED;
	list_append(&d->finished, &t->link);
}

/* Moves what libcurl has ended to the finished list. */
static void
collect(struct deliver *d)
{
	mono_t now = clock_mono();
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(d->multi, &left))) {
		CURLcode code = message->data.result;
		struct transfer *t = NULL;

		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &t);
		must(t);
		end_transfer(d, t, code, now); /* `message` is gone */
	}
}

void
deliver_give_up(struct deliver *d)
{
	collect(d); /* whose answer is there */
	for (int i = 0; i < d->slot_count; i++)
		if (d->slots[i].state == TRANSFER_FLYING)
			end_transfer(d, &d->slots[i], CURLE_OPERATION_TIMEDOUT, clock_mono());
}

/* How long epoll may sleep. */
static int
sleep_ms(const struct deliver *d, int64_t wait_ms)
{
	int64_t until_timer;

	if (!list_is_empty(&d->finished) || wait_ms == 0)
		return 0;
	if (d->timer.ms != MONO_NEVER.ms) {
		until_timer = d->timer.ms - clock_mono().ms;
		if (wait_ms < 0 || until_timer < wait_ms)
			wait_ms = until_timer > 0 ? until_timer : 0;
	}
	if (wait_ms > INT32_MAX)
		return INT32_MAX;
	return wait_ms < 0 ? -1 : (int)wait_ms;
}

static void
watch_wake_fd(struct deliver *d, int fd)
{
	if (fd == d->wake_fd)
		return;
	if (d->wake_fd >= 0)
		sockets_watch(&d->sockets, d->wake_fd, false);
	if (fd >= 0)
		sockets_watch(&d->sockets, fd, true);
	d->wake_fd = fd;
}

void
deliver_turn(struct deliver *d, int64_t wait_ms, int wake_fd)
{
	struct epoll_event events[EVENTS_MAX];
	int count;

	watch_wake_fd(d, wake_fd);
	run_timer(d); /* sends what was started since */
	collect(d);
	registers_wipe(); /* libcurl copied and searched the credential */
	count = epoll_wait(d->sockets.epoll, events, EVENTS_MAX, sleep_ms(d, wait_ms));
	must(count >= 0 || errno == EINTR);
	for (int i = 0; i < count; i++)
		run_socket(d, &events[i]);
	run_timer(d);
	collect(d);
}

struct transfer *
deliver_finished(
    struct deliver *d, struct dest_response *res, void **tag, struct flight *flight)
{
	struct list *first = list_take_first(&d->finished);
	struct transfer *t;

	if (!first)
		return NULL;
	t = CONTAINER_OF(first, struct transfer, link);
	t->state = TRANSFER_REPORTED;
	d->in_flight--;
	*res = t->res;
	*tag = t->tag;
	*flight = t->flight;
	return t;
}

void
deliver_release(struct deliver *d, struct transfer *t)
{
	must(t->state == TRANSFER_TAKEN || t->state == TRANSFER_REPORTED);
	transfer_clear(t);
	t->state = TRANSFER_FREE;
	list_prepend(&d->free, &t->link);
}

int
deliver_in_flight(const struct deliver *d)
{
	return d->in_flight;
}
