#include "figures.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "carillon/base/clock.h"
#include "carillon/base/deadline.h"
#include "carillon/base/log.h"
#include "carillon/broker/micro.h"
#include "carillon/web/admin.h"

enum { SAMPLE_EVERY_MS = 5000 };

static const struct {
	enum stream stream;
	const char *label;
	bool is_applied;    /* the index has it, */
	enum store_env env; /* there */
} followed[] = {
    {STREAM_EVENTS, "events", false, STORE_HISTORY},
    {STREAM_STATE, "state", true, STORE_STATE},
    {STREAM_HISTORY, "history", true, STORE_HISTORY},
};

/* What takes an answer of the broker's, or a look at every table. */
struct sample {
	mono_t at; /* 0: there is none yet */
	struct consumer_info consumer;
	struct stream_info streams[COUNT_OF(followed)];
	uint64_t applied[COUNT_OF(followed)];
	struct store_stats store;
};

struct figures {
	struct config config; /* as at the start */
	struct broker *broker;
	struct store *store;
	struct flow *flow;
	struct keeper *keeper;
	struct admin *admin; /* NULL: its address could not be had */
	struct micro *micro;
	char node[CONFIG_NODE_MAX];

	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool is_stopping;
	struct sample sample;
};

/* --- sampling --- */

static bool
take_sample(struct figures *f, struct sample *s)
{
	struct err e = {0};

	if (!broker_is_connected(f->broker) ||
	    !broker_consumer_info(f->broker, &s->consumer, &e))
		return false;
	for (size_t i = 0; i < COUNT_OF(followed); i++) {
		/* The index first: it is never ahead of what is asked for after it. */
		s->applied[i] = store_applied_now(f->store, followed[i].env);
		if (!broker_stream_info(f->broker, followed[i].stream, &s->streams[i], &e))
			return false;
	}
	store_stats(f->store, &s->store);
	s->at = clock_mono();
	return true;
}

static void *
sample_run(void *figures)
{
	struct figures *f = figures;
	struct sample s = {0};
	struct timespec until;

	pthread_mutex_lock(&f->lock);
	while (!f->is_stopping) {
		pthread_mutex_unlock(&f->lock);
		bool ok = take_sample(f, &s);
		pthread_mutex_lock(&f->lock);
		if (ok)
			f->sample = s;
		until = deadline_after(SAMPLE_EVERY_MS);
		while (
		    !f->is_stopping && pthread_cond_timedwait(&f->wake, &f->lock, &until) == 0)
			continue;
	}
	pthread_mutex_unlock(&f->lock);
	return NULL;
}

/* --- the page --- */

static void
put_streams(struct metrics_page *p, const struct sample *s)
{
	for (size_t i = 0; i < COUNT_OF(followed); i++)
		metric_put(p, &metrics[METRIC_IS_STREAM_MESSAGES],
		    METRIC_LABELS(followed[i].label), s->streams[i].messages);
	for (size_t i = 0; i < COUNT_OF(followed); i++)
		metric_put(p, &metrics[METRIC_IS_STREAM_BYTES],
		    METRIC_LABELS(followed[i].label), s->streams[i].bytes);
	for (size_t i = 0; i < COUNT_OF(followed); i++)
		if (followed[i].is_applied)
			metric_put(p, &metrics[METRIC_IS_BEHIND],
			    METRIC_LABELS(followed[i].label),
			    s->streams[i].last_seq > s->applied[i]
				? s->streams[i].last_seq - s->applied[i]
				: 0);
}

static void
put_consumer(struct metrics_page *p, const struct consumer_info *c)
{
	metric_put(p, &metrics[METRIC_IS_PENDING], NULL, c->pending);
	metric_put(p, &metrics[METRIC_IS_ACK_PENDING], NULL, c->ack_pending);
	metric_put(p, &metrics[METRIC_IS_REDELIVERED], NULL, c->redelivered);
}

static void
put_store(struct metrics_page *p, const struct store_stats *s)
{
	const struct metric *ledger = &metrics[METRIC_IS_LEDGER];
	const struct metric *bytes = &metrics[METRIC_IS_INDEX_BYTES];
	const struct metric *map = &metrics[METRIC_IS_INDEX_MAP];

	metric_put(p, ledger, METRIC_LABELS("parked"), s->parked);
	metric_put(p, ledger, METRIC_LABELS("held"), s->held);
	metric_put(p, &metrics[METRIC_IS_INDEX_EVENTS], NULL, s->events);
	metric_put(p, &metrics[METRIC_IS_INDEX_DELIVERIES], NULL, s->deliveries);
	metric_put(p, &metrics[METRIC_IS_INDEX_RECORDS], NULL, s->state_records);
	metric_put(p, bytes, METRIC_LABELS("state"), s->state_bytes);
	metric_put(p, bytes, METRIC_LABELS("history"), s->history_bytes);
	metric_put(p, map, METRIC_LABELS("state"), s->state_map);
	metric_put(p, map, METRIC_LABELS("history"), s->history_map);
}

static void
put_sample(struct metrics_page *p, struct figures *f)
{
	struct sample s;

	pthread_mutex_lock(&f->lock);
	s = f->sample;
	pthread_mutex_unlock(&f->lock);
	if (s.at.ms == 0)
		return;
	metric_put_us(
	    p, &metrics[METRIC_IS_SAMPLE_AGE], NULL, (clock_mono().ms - s.at.ms) * 1000);
	put_consumer(p, &s.consumer);
	put_streams(p, &s);
	put_store(p, &s.store);
}

static void
put_figures(struct metrics_page *p, void *figures)
{
	struct figures *f = figures;

	metrics_put_process(p, CARILLON_VERSION);
	metrics_put_disk(p, f->config.data_dir);
	metric_put(p, &metrics[METRIC_IS_CONNECTED], NULL, broker_is_connected(f->broker));
	metric_put(p, &metrics[METRIC_IS_RECONNECTS], NULL, broker_reconnects(f->broker));
	put_sample(p, f);
	flow_metrics(f->flow, p);
	keeper_metrics(f->keeper, p);
}

static void
put_top(struct json_writer *w, size_t n, void *figures)
{
	struct figures *f = figures;

	flow_top(f->flow, w, n);
}

/* Without a broker nothing is taken; what is in hand goes on. */
static bool
is_ready(void *figures)
{
	struct figures *f = figures;
	struct err e;

	return broker_is_connected(f->broker) && !flow_is_broken(f->flow, &e);
}

/* --- as NATS's services see it --- */

static void
put_data(struct json_writer *w, void *figures)
{
	enum { TOP = 10 };
	struct figures *f = figures;

	jw_key(w, "metrics");
	jw_object(w);
	put_figures(&(struct metrics_page){.json = w}, f);
	jw_object_end(w);
	flow_top(f->flow, w, TOP);
}

/* Its requests are events, and its errors what was given up. */
static size_t
look_at_serve(struct micro_endpoint out[MICRO_ENDPOINTS_MAX], struct arena *a, void *figures)
{
	struct figures *f = figures;
	struct flow_view v;

	flow_look(f->flow, &v);
	out[0] = (struct micro_endpoint){
	    .name = STR("deliver"),
	    .subject = arena_printf(a, "%s.events.>", f->config.prefix),
	    .queue = str_of(broker_partition(f->broker)->consumer),
	    .requests = v.counters.events_received,
	    .errors = v.counters.events_failed + v.counters.deliveries_failed,
	    .took_us = (int64_t)(v.taken_lane.sum_us + v.lane_sent.sum_us +
				 v.sent_answered.sum_us + v.answered_settled.sum_us),
	    .data = put_data,
	    .arg = f,
	};
	return 1;
}

static size_t
look_at_keeper(struct micro_endpoint out[MICRO_ENDPOINTS_MAX], struct arena *a, void *figures)
{
	struct figures *f = figures;

	return keeper_endpoints(f->keeper, out, a);
}

static void
answer_services(struct figures *f)
{
	const struct micro_service services[] = {
	    {MICRO_SERVE, CARILLON_VERSION, "delivers events into customers' own Slack",
		f->node, look_at_serve, f},
	    {MICRO_KEEPER, CARILLON_VERSION, "answers what needs a credential", f->node,
		look_at_keeper, f},
	};

	config_node(&f->config, f->node);
	f->micro = micro_start(f->broker, services, COUNT_OF(services));
}

/* --- start and stop --- */

static void
listen_for_admins(struct figures *f)
{
	const struct admin_pages pages = {is_ready, put_figures, put_top, f};
	struct err e = {0};

	if (!admin_open(
		&f->admin, "serve_admin_listen", f->config.serve_admin_listen, &pages, &e))
		log_warn("serve.admin", L_STR("error", e.text),
		    L_STR("meanwhile", "the service runs without /metrics"));
}

struct figures *
figures_start(struct command *c, struct flow *flow, struct keeper *keeper)
{
	struct figures *f = calloc(1, sizeof(*f));

	must(f != NULL);
	f->config = c->config;
	f->broker = c->broker;
	f->store = c->store;
	f->flow = flow;
	f->keeper = keeper;
	must(pthread_mutex_init(&f->lock, NULL) == 0);
	deadline_cond_init(&f->wake);
	must(pthread_create(&f->thread, NULL, sample_run, f) == 0);
	(void)pthread_setname_np(f->thread, "figures");
	listen_for_admins(f);
	answer_services(f);
	return f;
}

const char *
figures_url(const struct figures *f)
{
	return f->admin != NULL ? admin_url(f->admin) : "";
}

void
figures_quiesce(struct figures *f)
{
	micro_stop(f->micro);
	f->micro = NULL;
	admin_close(f->admin);
	f->admin = NULL;
	pthread_mutex_lock(&f->lock);
	f->is_stopping = true;
	pthread_cond_signal(&f->wake);
	pthread_mutex_unlock(&f->lock);
}

void
figures_stop(struct figures *f)
{
	pthread_join(f->thread, NULL);
	pthread_mutex_destroy(&f->lock);
	pthread_cond_destroy(&f->wake);
	free(f);
}
