#include "metrics.h"

#include <stdlib.h>

#include "connections.h"
#include "hub.h"
#include "jobs.h"
#include "web_private.h"

enum { CLASSES = 6 };
/* No answer was made where none could be given. */
static const char *const class_names[CLASSES] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};

struct route_book {
	atomic_uint_least64_t by_class[CLASSES];
	struct histogram took;
};

struct metrics_book {
	struct route_book unrouted;
	struct route_book routes[];
};

struct metrics_book *
metrics_new(void)
{
	struct metrics_book *b =
	    calloc(1, sizeof(*b) + (size_t)n_routes * sizeof(struct route_book));

	must(b != NULL);
	return b;
}

void
metrics_free(struct metrics_book *b)
{
	free(b);
}

void
metrics_count(struct metrics_book *b, const struct request *q, int64_t took_ms)
{
	struct route_book *r = q->route != NULL ? &b->routes[q->route - routes] : &b->unrouted;
	size_t class = q->answer.status / 100;

	histogram_observe(&r->took, took_ms * 1000);
	atomic_fetch_add_explicit(
	    &r->by_class[class < CLASSES ? class : 0], 1, memory_order_relaxed);
}

void
metrics_total(struct metrics_book *b, uint64_t *requests, uint64_t *errors, int64_t *took_us)
{
	enum { SERVER_ERROR = 5 };
	struct histogram_view took;

	*requests = *errors = 0;
	*took_us = 0;
	for (int i = -1; i < n_routes; i++) {
		struct route_book *r = i < 0 ? &b->unrouted : &b->routes[i];

		histogram_look(&r->took, &took);
		*requests += took.count;
		*took_us += (int64_t)took.sum_us;
		*errors += atomic_load(&r->by_class[SERVER_ERROR]);
	}
}

static void
put_counts(struct metrics_page *p, const char *name, struct route_book *r)
{
	for (int class = 0; class < CLASSES; class ++) {
		uint64_t n = atomic_load(&r->by_class[class]);

		if (n > 0)
			metric_put(p, &metrics[METRIC_IS_HTTP_REQUESTS],
			    METRIC_LABELS(name, class_names[class]), n);
	}
}

static void
put_times(struct metrics_page *p, const char *name, const struct route_book *r)
{
	struct histogram_view took;

	histogram_look(&r->took, &took);
	metric_put_histogram(p, &metrics[METRIC_IS_HTTP_SECONDS], METRIC_LABELS(name), &took);
}

static void
put_broker(struct metrics_page *p, struct web *w)
{
	metric_put(p, &metrics[METRIC_IS_CONNECTED], NULL, broker_is_connected(w->broker));
	metric_put(p, &metrics[METRIC_IS_RECONNECTS], NULL, broker_reconnects(w->broker));
}

void
metrics_write(struct metrics_page *p, struct web *w)
{
	struct metrics_book *b = w->metrics;

	metrics_put_process(p, CARILLON_VERSION);
	metrics_put_disk(p, w->config->web_data_dir);
	put_broker(p, w);
	metric_put(p, &metrics[METRIC_IS_HTTP_CONNECTIONS], NULL,
	    (uint64_t)connections_count(w->connections));
	if (atomic_load(&w->is_ready)) /* before there are no jobs */
		metric_put(
		    p, &metrics[METRIC_IS_HTTP_WAITING], NULL, (uint64_t)jobs_waiting(w->jobs));
	metric_put(p, &metrics[METRIC_IS_HTTP_STREAMS], NULL, (uint64_t)hub_count(w->hub));
	put_counts(p, "", &b->unrouted);
	for (int i = 0; i < n_routes; i++)
		put_counts(p, routes[i].name, &b->routes[i]);
	put_times(p, "", &b->unrouted);
	for (int i = 0; i < n_routes; i++)
		put_times(p, routes[i].name, &b->routes[i]);
}
