/*
 * The whole path, as the rest of the program sees it: start, stop, look. Everything else about
 * it is private to src/flow.
 *
 *     intake     ingest decode match render     thread 1
 *     courier    dispatch deliver               thread 2
 *     scribe     settle                         thread 3
 *     ledger     brings back what was parked    thread 4
 *     follower   applies changed state          thread 5
 */
#pragma once

#include "carillon/base/base.h"
#include "carillon/broker/broker.h"
#include "carillon/base/config.h"
#include "carillon/base/histogram.h"
#include "carillon/base/metrics.h"
#include "carillon/base/records.h"
#include "carillon/store/store.h"
#include "carillon/vault/vault.h"

struct flow;

/* Borrowed; must outlive the flow. */
struct flow_parts {
	const struct config *config; /* copied */
	struct broker *broker;
	struct store *store;
	const struct vault *vault;
	struct partition partition; /* whose events it takes care of; copied */
};

/*
 * Brings the index up to date with the streams, checks that the master key opens stored
 * credentials, and starts the threads. Call once a process, before any other thread exists.
 */
MUST_USE bool flow_start(struct flow **out, const struct flow_parts *parts, struct err *e);
/*
 * Drains: takes no more, gives back what has not left, finishes what is in flight, for at most
 * the setting drain_s; then ends the threads. What could not be finished the broker sends
 * again. Returns whether everything was finished or given back.
 */
bool flow_stop(struct flow *f);

/*
 * Takes over the settings for which a reload is enough; each thread does within half a second.
 * The others must be as they were at start.
 */
void flow_reload(struct flow *f, const struct config *c);

struct flow_counters {
#define COUNTER(name, sentence) uint64_t name;
#include "carillon/flow/counters.def"
#undef COUNTER
};
/* The lanes together, as they were at most two seconds ago. */
struct flow_lanes {
	uint64_t lanes, queued, in_flight, shut;
};
/* Places in memory, a delivery each, and what waits in the ledger for one. */
struct flow_places {
	uint64_t limit, held;
	uint64_t overflow, overflow_lanes; /* deliveries, and the lanes that they are of */
};
/* What can be seen of it at this moment. */
struct flow_view {
	struct flow_counters counters;
	struct flow_lanes lanes;
	struct flow_places places;
	uint64_t in_hand;            /* messages */
	uint64_t outcomes[OUTCOMES]; /* of requests, by enum outcome_code */
	bool is_down;                /* every destination is: nothing more is taken */
#define HISTOGRAM(name, sentence) struct histogram_view name;
#include "carillon/flow/histograms.def"
#undef HISTOGRAM
};
/* Takes no longer than a short lock; any thread may ask, as often as it likes. */
void flow_look(struct flow *f, struct flow_view *out);
/* The same onto a page for operators. Any thread. */
void flow_metrics(struct flow *f, struct metrics_page *p);
/* The rows of its counters for the page that explains them. */
void flow_metrics_markdown(struct buf *out);
/* The `n` lanes that have the most deliveries in memory and overflow, as "lanes" of an open
 * object. It looks at every lane under a lock: for a person, not for a scrape. */
void flow_top(struct flow *f, struct json_writer *w, size_t n);
/* Whether something happened that only a restart by a person can repair (the consumer was
 * deleted and cannot be made again, ...). */
bool flow_is_broken(struct flow *f, struct err *e);
