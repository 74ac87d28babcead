/*
 * What the parts of the web process share. Each part has one owner thread or a lock of its own.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "carillon/registry/registry.h"
#include "carillon/web/web.h"

struct networks;
struct admin;
struct connections;
struct emitter;
struct followers;
struct hub;
struct jobs;
struct limits;
struct metrics_book;
struct micro;
struct sessions;
struct signer;
struct MHD_Daemon;

enum { WEB_URL_MAX = 300, WEB_HOSTS_MAX = 16 };

struct web {
	const struct config *config;
	struct broker *broker;
	struct store *store;
	struct registry *registry; /* of the listener's thread, which only reads by it */

	char url[WEB_URL_MAX], public_url[WEB_URL_MAX];
	char host_names[WEB_HOSTS_MAX][256]; /* that a request may be for */
	int n_host_names;

	struct MHD_Daemon *daemon;
	struct admin *admin;
	struct micro *micro;
	char node[CONFIG_NODE_MAX];
	struct connections *connections;
	struct networks *proxies;
	struct limits *limits; /* the listener's */
	struct sessions *sessions;
	struct jobs *jobs;
	struct followers *followers;
	struct hub *hub;
	struct metrics_book *metrics;
	struct signer *slack_signer; /* NULL: Slack is not listened to */

	pthread_t ticker;
	bool has_ticker;
	atomic_bool is_ready, is_stopping, is_ending;
	atomic_int working;  /* requests that are not answered yet */
	atomic_int emitting; /* of these, that wait for the broker */

	pthread_mutex_t broken_lock;
	struct err broken;
};

static inline const char *
web_public_url(const struct web *w)
{
	return w->public_url;
}

/* Keeps the first reason; the process is to end. */
void web_break(struct web *w, const struct err *e);

/* Starts a thread with a name, without signals. */
void web_thread(pthread_t *thread, void *(*run)(void *), void *arg, const char *name);
