/*
 * Publishes alert.triggered events as fast as the server takes them, or at a given rate, round
 * robin over workspaces bench-0 ... Each carries the time it was made, which bench-sink finds.
 *
 *     bench-producer NATS_URL WORKSPACES EVENTS [RATE_PER_S [FIRST_ID [FIRST_WORKSPACE]]]
 */
#include <nats/nats.h>
#include <unistd.h>

#include "carillon/base/arena.h"
#include "carillon/base/base.h"
#include "carillon/base/buf.h"
#include "carillon/base/records.h"

enum { IN_FLIGHT_MAX = 4000, FLUSH_MS = 60000, TICK_NS = 1000000 };

static int64_t
now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void
publish(jsCtx *js, struct arena *a, long workspace, long n)
{
	static const char payload[] = "{\"alert_id\":\"alrt_%ld\",\"account_id\":\"bench-t:%"
				      "lld\",\"severity\":\"high\",\"resource\":"
				      "\"api_latency_p95\",\"value\":1840,\"threshold\":1000,"
				      "\"triggered_at\":\"2026-04-17T16:02:00Z\"}";
	event_message ev;
	struct str bytes;
	char id[64], msg_id[128], subject[128], text[512];
	natsMsg *msg = NULL;

	carillon__v1__event__init(&ev);
	snprintf(id, sizeof(id), "ev-%ld", n);
	snprintf(msg_id, sizeof(msg_id), "bench-%ld:%s", workspace, id);
	snprintf(
	    subject, sizeof(subject), "carillon.events.bench-%ld.alert.triggered", workspace);
	snprintf(text, sizeof(text), payload, n, (long long)now_ns(CLOCK_REALTIME));
	ev.id = id;
	ev.type = (char *)(uintptr_t) "alert.triggered";
	ev.resource = (char *)(uintptr_t) "alert";
	ev.resource_id = id;
	ev.data_case = CARILLON__V1__EVENT__DATA_TEXT_DATA;
	ev.text_data = text;
	bytes = record_pack(a, &ev);
	must(natsMsg_Create(&msg, subject, NULL, bytes.ptr, (int)bytes.len) == NATS_OK);
	must(natsMsgHeader_Set(msg, "Nats-Msg-Id", msg_id) == NATS_OK);
	must(js_PublishMsgAsync(js, &msg, NULL) == NATS_OK);
	arena_reset(a);
}

/* Sleeps a whole millisecond when ahead: at high rates several events leave together then, and
 * this program's waking up does not take the processor from what is measured. */
static void
pace(int64_t start_ns, long done, long rate)
{
	int64_t ahead = start_ns + (int64_t)done * 1000000000 / rate - now_ns(CLOCK_MONOTONIC);
	struct timespec t = {.tv_sec = ahead / 1000000000, .tv_nsec = ahead % 1000000000};

	if (ahead <= 0)
		return;
	if (ahead < TICK_NS)
		t = (struct timespec){.tv_nsec = TICK_NS};
	nanosleep(&t, NULL);
}

int
main(int argc, char **argv)
{
	natsConnection *nc = NULL;
	jsCtx *js = NULL;
	jsOptions opts;
	jsPubOptions wait;
	struct arena *a = arena_new(0);
	long workspaces, events, rate, first, first_workspace;
	int64_t start;

	if (argc < 4) {
		fprintf(stderr, "usage: bench-producer NATS_URL WORKSPACES EVENTS [RATE_PER_S "
				"[FIRST_ID [FIRST_WORKSPACE]]]\n");
		return 2;
	}
	workspaces = strtol(argv[2], NULL, 10);
	events = strtol(argv[3], NULL, 10);
	rate = argc > 4 ? strtol(argv[4], NULL, 10) : 0;
	first = argc > 5 ? strtol(argv[5], NULL, 10) : 0;
	first_workspace = argc > 6 ? strtol(argv[6], NULL, 10) : 0;
	jsOptions_Init(&opts);
	opts.PublishAsync.MaxPending = IN_FLIGHT_MAX;
	must(natsConnection_ConnectTo(&nc, argv[1]) == NATS_OK);
	must(natsConnection_JetStream(&js, nc, &opts) == NATS_OK);
	start = now_ns(CLOCK_MONOTONIC);
	for (long i = 0; i < events; i++) {
		if (rate > 0)
			pace(start, i, rate);
		publish(js, a, first_workspace + (first + i) % workspaces, first + i);
	}
	jsPubOptions_Init(&wait);
	wait.MaxWait = FLUSH_MS;
	must(js_PublishAsyncComplete(js, &wait) == NATS_OK);
	jsCtx_Destroy(js);
	natsConnection_Destroy(nc);
	arena_free(a);
	nats_Close();
	return 0;
}
