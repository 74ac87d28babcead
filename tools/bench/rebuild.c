/*
 * What it costs to build the index from the history stream: fills the stream with records of
 * delivered events, so many to a message, and applies it to an empty index; linked with the
 * product.
 *
 *     bench-rebuild NATS_URL DIR MESSAGES EVENTS_A_MESSAGE [--json]
 *
 * An event is two records, itself and its delivery. The index is read again at the end, and
 * must have every event.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "carillon/index/catch_up.h"

enum { CONNECT_MS = 10000, DAYS_30_S = 30 * 86400, EVENT_BYTES = 512, AGAIN_US = 200 };

static void
must_work(bool ok, const struct err *e)
{
	if (ok)
		return;
	fprintf(stderr, "bench-rebuild: %s\n", e->text);
	exit(1);
}

static char *
text(const char *s)
{
	return (char *)(uintptr_t)s; /* protobuf-c's strings are not const */
}

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double
cpu_seconds(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* --- the stream --- */

static event_record
event_of(char id[static 32], uint64_t seq)
{
	event_record ev;

	snprintf(id, 32, "evt_%llu", (unsigned long long)seq);
	carillon__v1__event_record__init(&ev);
	ev.workspace = text("bench-1");
	ev.event_id = id;
	ev.seq = seq;
	ev.type = text("alert.triggered");
	ev.received_ms = 1700000000000 + (int64_t)seq;
	ev.status = CARILLON__V1__EVENT_STATUS__EVENT_STATUS_RECEIVED;
	ev.matched = 1;
	return ev;
}

static delivery_record
delivery_of(char *id, uint64_t seq)
{
	delivery_record d;

	carillon__v1__delivery_record__init(&d);
	d.workspace = text("bench-1");
	d.event_id = id;
	d.rule = text("all");
	d.connection = text("slack");
	d.seq = seq;
	d.state = CARILLON__V1__DELIVERY_STATE__DELIVERY_STATE_DELIVERED;
	d.created_ms = d.updated_ms = 1700000000000 + (int64_t)seq;
	return d;
}

static struct str
compose(struct arena *a, uint64_t first, size_t events)
{
	const size_t n = 2 * events;
	history_entry *entries = ARENA_ARRAY(a, history_entry, n);
	history_entry **list = ARENA_ARRAY(a, history_entry *, n);
	history_batch batch;

	for (size_t i = 0; i < events; i++) {
		history_entry *of_event = &entries[2 * i], *of_delivery = of_event + 1;
		char *id = arena_must(a, 32);

		carillon__v1__history_entry__init(of_event);
		carillon__v1__history_entry__init(of_delivery);
		of_event->entry_case = CARILLON__V1__HISTORY_ENTRY__ENTRY_EVENT;
		of_event->event = arena_must(a, sizeof(*of_event->event));
		*of_event->event = event_of(id, first + i);
		of_delivery->entry_case = CARILLON__V1__HISTORY_ENTRY__ENTRY_DELIVERY;
		of_delivery->delivery = arena_must(a, sizeof(*of_delivery->delivery));
		*of_delivery->delivery = delivery_of(id, first + i);
		list[2 * i] = of_event;
		list[2 * i + 1] = of_delivery;
	}
	carillon__v1__history_batch__init(&batch);
	batch.entries = list;
	batch.n_entries = n;
	return record_pack(a, &batch);
}

static atomic_ulong stored;

static void
count(const struct pub_ack *p, const struct err *e, void *arg)
{
	(void)arg;
	if (p == NULL)
		must_work(false, e);
	atomic_fetch_add(&stored, 1);
}

static void
fill(struct broker *b, uint64_t messages, size_t events)
{
	struct arena *a = arena_new(0);

	for (uint64_t i = 0; i < messages; i++) {
		struct str bytes = compose(a, 1 + i * events, events);

		while (!broker_publish_begin(
		    b, broker_partition(b)->history, bytes, NULL, count, NULL))
			usleep(AGAIN_US);
		arena_reset(a);
	}
	while (atomic_load(&stored) < messages)
		usleep(AGAIN_US);
	arena_free(a);
}

/* --- the index --- */

static struct store *
open_index(const char *dir)
{
	const struct store_options o = {.dir = dir, .state_map_mb = 16, .history_map_mb = 64};
	struct store *s;
	struct err e = {0};

	must_work(store_open(&s, &o, &e), &e);
	return s;
}

static void
must_have(struct store *s, uint64_t events)
{
	struct txn *t = txn_read(s, STORE_HISTORY);
	struct arena *a = arena_new(0);

	for (uint64_t seq = 1; seq <= events; seq += events > 1000 ? events / 1000 : 1) {
		if (history_event(t, a, seq) == NULL) {
			fprintf(stderr, "bench-rebuild: event %llu is not in the index\n",
			    (unsigned long long)seq);
			exit(1);
		}
		arena_reset(a);
	}
	arena_free(a);
	txn_end(t);
}

int
main(int argc, char **argv)
{
	if (argc < 5) {
		fprintf(stderr,
		    "usage: bench-rebuild NATS_URL DIR MESSAGES EVENTS_A_MESSAGE [--json]\n");
		return 2;
	}
	const struct broker_options o = {
	    .url = argv[1],
	    .prefix = "carillon",
	    .name = "bench-rebuild",
	    .replicas = 1,
	    .events_max_age_s = DAYS_30_S,
	    .history_max_age_s = DAYS_30_S,
	    .ack_wait_s = 30,
	    .ack_pending_max = 20000,
	    .connect_wait_ms = CONNECT_MS,
	};
	const uint64_t messages = strtoull(argv[3], NULL, 10);
	const size_t events = strtoul(argv[4], NULL, 10);
	struct broker *b;
	struct err e = {0};

	must_work(broker_connect(&b, &o, &e) && broker_ensure(b, &e), &e);
	fill(b, messages, events);

	struct store *s = open_index(argv[2]);
	const double began = seconds(), cpu = cpu_seconds();

	must_work(history_catch_up(b, s, &e), &e);
	const double took = seconds() - began, used = cpu_seconds() - cpu;

	must_have(s, messages * events);
	printf(argc > 5
		   ? "{\"messages\":%llu,\"events_a_message\":%zu,\"s\":%.2f,\"cpu_s\":%.2f,"
		     "\"events_per_s\":%.0f}\n"
		   : "%llu messages of %zu events: %.2f s, %.2f s CPU, %.0f events/s\n",
	    (unsigned long long)messages, events, took, used,
	    (double)(messages * events) / took);
	store_close(s);
	broker_close(b);
	return 0;
}
