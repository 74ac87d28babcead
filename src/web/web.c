#include "carillon/web/web.h"

#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addresses.h"
#include "carillon/web/admin.h"
#include "carillon/base/clock.h"
#include "carillon/base/log.h"
#include "carillon/broker/micro.h"
#include "carillon/index/catch_up.h"
#include "connections.h"
#include "followers.h"
#include "guard.h"
#include "handle.h"
#include "hub.h"
#include "jobs.h"
#include "limits.h"
#include "listener_url.h"
#include "metrics.h"
#include "sessions.h"
#include "web/slack/signature.h"
#include "web_private.h"

enum {
	TICK_MS = 250,
	SWEEP_TICKS = 4,    /* a second */
	EXPIRE_TICKS = 240, /* a minute */
	LOOK_MS = 5,
	SILENCE_MS = 1000, /* for which a new connection may say nothing at the end */
};

void
web_thread(pthread_t *thread, void *(*run)(void *), void *arg, const char *name)
{
	sigset_t all, before;

	/* Signals are the main thread's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	must(pthread_create(thread, NULL, run, arg) == 0);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_setname_np(*thread, name);
}

void
web_break(struct web *w, const struct err *e)
{
	pthread_mutex_lock(&w->broken_lock);
	if (w->broken.kind == ERR_NONE)
		w->broken = *e;
	pthread_mutex_unlock(&w->broken_lock);
}

bool
web_is_broken(struct web *w, struct err *e)
{
	bool broken;

	pthread_mutex_lock(&w->broken_lock);
	broken = w->broken.kind != ERR_NONE;
	if (broken)
		*e = w->broken;
	pthread_mutex_unlock(&w->broken_lock);
	return broken;
}

const char *
web_url(const struct web *w)
{
	return w->url;
}

const char *
web_admin_url(const struct web *w)
{
	return admin_url(w->admin);
}

/* --- time --- */

static void *
tick(void *web)
{
	struct web *w = web;

	for (unsigned n = 1; !atomic_load(&w->is_ending); n++) {
		clock_sleep(TICK_MS);
		hub_tick(w->hub, clock_mono(), clock_wall());
		if (n % SWEEP_TICKS == 0)
			connections_sweep(w->connections);
		if (n % EXPIRE_TICKS == 0)
			sessions_expire(w->sessions, clock_wall());
	}
	return NULL;
}

/* --- start --- */

static struct web *
web_new(const struct web_parts *parts)
{
	struct web *w = calloc(1, sizeof(*w));

	must(w != NULL);
	w->config = parts->config;
	w->broker = parts->broker;
	w->store = parts->store;
	w->registry = registry_new(w->broker, w->store);
	w->connections = connections_new();
	w->limits = limits_new();
	w->sessions = sessions_new();
	w->hub = hub_new(w->sessions);
	w->metrics = metrics_new();
	pthread_mutex_init(&w->broken_lock, NULL);
	return w;
}

static void
web_free(struct web *w)
{
	connections_free(w->connections);
	networks_free(w->proxies);
	limits_free(w->limits);
	hub_free(w->hub);
	sessions_free(w->sessions);
	metrics_free(w->metrics);
	signer_close(w->slack_signer);
	registry_free(w->registry);
	pthread_mutex_destroy(&w->broken_lock);
	free(w);
}

static bool
catch_up(struct web *w, struct err *e)
{
	return registry_catch_up(w->registry, 0, e) &&
	       history_catch_up(w->broker, w->store, e) && followers_start(&w->followers, w, e);
}

static bool
listen_for_all(struct web *w, struct err *e)
{
	w->jobs = jobs_new(w, (int)w->config->web_workers);
	web_thread(&w->ticker, tick, w, "ticker");
	w->has_ticker = true;
	w->daemon = handle_listen(w, e);
	if (w->daemon == NULL)
		return false;
	listener_url(w->url, w->daemon, w->config->http_listen);
	str_copy(w->public_url, sizeof(w->public_url),
	    str_of(w->config->public_url[0] != '\0' ? w->config->public_url : w->url));
	guard_learn_hosts(w);
	atomic_store(&w->is_ready, true);
	return true;
}

static bool
is_ready(void *web)
{
	const struct web *w = web;

	return atomic_load(&w->is_ready) && !atomic_load(&w->is_stopping);
}

static void
put_metrics(struct metrics_page *p, void *web)
{
	metrics_write(p, web);
}

static void
put_data(struct json_writer *w, void *web)
{
	jw_key(w, "metrics");
	jw_object(w);
	metrics_write(&(struct metrics_page){.json = w}, web);
	jw_object_end(w);
}

/* As NATS's services see it. */
static size_t
look_at_web(struct micro_endpoint out[MICRO_ENDPOINTS_MAX], struct arena *a, void *web)
{
	struct web *w = web;

	out[0] = (struct micro_endpoint){.name = STR("http"),
	    .subject = arena_str(a, STR("http")),
	    .data = put_data,
	    .arg = w};
	metrics_total(w->metrics, &out[0].requests, &out[0].errors, &out[0].took_us);
	return 1;
}

static void
answer_services(struct web *w)
{
	const struct micro_service service = {MICRO_WEB, CARILLON_VERSION,
	    "the HTTP API, the emit gateway and the embedded UI", w->node, look_at_web, w};

	config_node(w->config, w->node);
	w->micro = micro_start(w->broker, &service, 1);
}

static bool
listen_for_admins(struct web *w, struct err *e)
{
	const struct admin_pages pages = {
	    .is_ready = is_ready, .metrics = put_metrics, .arg = w};

	return networks_parse(&w->proxies, "trusted_proxy", w->config->trusted_proxy, e) &&
	       admin_open(
		   &w->admin, "http_admin_listen", w->config->http_admin_listen, &pages, e);
}

/* --- stop: who asks is answered first --- */

/*
 * Takes no more: who connects from now on is refused. Whoever had connected before, and was not
 * taken by the library yet, would be reset without an answer: it is handed to the library.
 */
static void
stop_listening(struct web *w)
{
	int listening = MHD_quiesce_daemon(w->daemon);
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	int fd;

	if (listening < 0)
		return;
	while ((fd = accept4(listening, (struct sockaddr *)&address, &len,
		    SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		(void)MHD_add_connection(w->daemon, fd, (struct sockaddr *)&address, len);
		len = sizeof(address);
	}
	close(listening);
}

static bool
everything_is_answered(struct web *w)
{
	const mono_t now = clock_mono(), until = mono_after(now, w->config->drain_s * 500);
	const mono_t heard = mono_after(now, SILENCE_MS);

	while (atomic_load(&w->working) > 0 || (connections_expecting(w->connections) > 0 &&
						   !mono_reached(clock_mono(), heard))) {
		if (mono_reached(clock_mono(), until))
			return false;
		clock_sleep(LOOK_MS);
	}
	return true;
}

/* The broker tells of each, if need be that it gave up. */
static void
wait_for_emitting(struct web *w)
{
	while (atomic_load(&w->emitting) > 0)
		clock_sleep(LOOK_MS);
}

static void
stop_threads(struct web *w)
{
	wait_for_emitting(w);
	jobs_free(w->jobs);
	atomic_store(&w->is_ending, true);
	if (w->has_ticker)
		pthread_join(w->ticker, NULL);
	followers_stop(w->followers);
}

bool
web_stop(struct web *w)
{
	bool finished = true;

	atomic_store(&w->is_stopping, true);
	if (w->daemon != NULL) {
		stop_listening(w);
		hub_end(w->hub);
		finished = everything_is_answered(w);
	}
	/* A connection that is suspended now would abort the library's stop: whoever works on
	 * one resumes it before its thread ends. */
	stop_threads(w);
	if (w->daemon != NULL)
		MHD_stop_daemon(w->daemon);
	micro_stop(w->micro);
	admin_close(w->admin);
	log_info("web.stopped", L_BOOL("finished", finished));
	web_free(w);
	return finished;
}

bool
web_start(struct web **out, const struct web_parts *parts, struct err *e)
{
	struct web *w = web_new(parts);

	answer_services(w);
	if (signer_open(&w->slack_signer, w->config->slack_signing_secret_file, e) &&
	    listen_for_admins(w, e) && catch_up(w, e) && listen_for_all(w, e)) {
		*out = w;
		return true;
	}
	(void)web_stop(w);
	return false;
}
