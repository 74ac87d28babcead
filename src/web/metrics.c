#include "metrics.h"

#include <inttypes.h>
#include <stdlib.h>

#include "connections.h"
#include "hub.h"
#include "jobs.h"
#include "web_private.h"

static const int64_t bounds_ms[] = {1, 2, 5, 10, 25, 50, 100, 250, 1000, 5000};
enum { BUCKETS = COUNT_OF(bounds_ms) + 1, CLASSES = 6 };

struct route_metrics {
	atomic_uint_fast64_t by_class[CLASSES]; /* 2xx ... */
	atomic_uint_fast64_t by_time[BUCKETS], total_ms;
};

struct metrics {
	struct route_metrics unrouted;
	struct route_metrics routes[];
};

struct metrics *
metrics_new(void)
{
	struct metrics *m =
	    calloc(1, sizeof(*m) + (size_t)n_routes * sizeof(struct route_metrics));

	must(m != NULL);
	return m;
}

void
metrics_free(struct metrics *m)
{
	free(m);
}

void
metrics_count(struct metrics *m, const struct request *q, int64_t took_ms)
{
	struct route_metrics *r =
	    q->route != NULL ? &m->routes[q->route - routes] : &m->unrouted;
	size_t at = 0, class = q->answer.status / 100;

	while (at < COUNT_OF(bounds_ms) && took_ms > bounds_ms[at])
		at++;
	atomic_fetch_add_explicit(&r->by_time[at], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(
	    &r->total_ms, (uint64_t)(took_ms > 0 ? took_ms : 0), memory_order_relaxed);
	atomic_fetch_add_explicit(
	    &r->by_class[class < CLASSES ? class : 0], 1, memory_order_relaxed);
}

static void
write_counts(struct buf *out, const char *name, struct route_metrics *r)
{
	for (int class = 0; class < CLASSES; class ++) {
		uint64_t n = atomic_load(&r->by_class[class]);

		if (n > 0)
			buf_printf(out,
			    "carillon_http_requests_total{route=\"%s\",status=\"%dxx\"} "
			    "%" PRIu64 "\n",
			    name, class, n);
	}
}

static void
write_times(struct buf *out, const char *name, struct route_metrics *r)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < BUCKETS; i++)
		sum += atomic_load(&r->by_time[i]);
	if (sum == 0)
		return;
	sum = 0;
	for (size_t i = 0; i < COUNT_OF(bounds_ms); i++) {
		sum += atomic_load(&r->by_time[i]);
		buf_printf(out,
		    "carillon_http_seconds_bucket{route=\"%s\",le=\"%g\"} %" PRIu64 "\n", name,
		    (double)bounds_ms[i] / 1000, sum);
	}
	sum += atomic_load(&r->by_time[BUCKETS - 1]);
	buf_printf(out,
	    "carillon_http_seconds_bucket{route=\"%s\",le=\"+Inf\"} %" PRIu64 "\n"
	    "carillon_http_seconds_sum{route=\"%s\"} %g\n"
	    "carillon_http_seconds_count{route=\"%s\"} %" PRIu64 "\n",
	    name, sum, name, (double)atomic_load(&r->total_ms) / 1000, name, sum);
}

static void
write_gauge(struct buf *out, const char *name, const char *help, int64_t value)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s gauge\n%s %" PRId64 "\n", name, help, name,
	    name, value);
}

void
metrics_write(struct buf *out, struct web *w)
{
	struct metrics *m = w->metrics;

	write_gauge(out, "carillon_http_connections", "open connections",
	    connections_count(w->connections));
	write_gauge(out, "carillon_http_jobs_waiting", "requests that wait for a worker",
	    jobs_waiting(w->jobs));
	write_gauge(out, "carillon_http_streams", "live streams", hub_count(w->hub));
	write_gauge(out, "carillon_broker_connected", "1 while the broker is connected",
	    broker_is_connected(w->broker));
	buf_cstr(out, "# TYPE carillon_http_requests_total counter\n");
	write_counts(out, "", &m->unrouted);
	for (int i = 0; i < n_routes; i++)
		write_counts(out, routes[i].name, &m->routes[i]);
	buf_cstr(out, "# TYPE carillon_http_seconds histogram\n");
	for (int i = 0; i < n_routes; i++)
		write_times(out, routes[i].name, &m->routes[i]);
}
