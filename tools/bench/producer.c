/*
 * Publishes alert.triggered events as fast as the server takes them, or at a given rate, round
 * robin over workspaces bench-0 ... Each carries the time at which it was due, which bench-sink
 * and bench-stamps find: what a late producer adds is the producer's, and is seen.
 *
 *     bench-producer [OPTION...] NATS_URL WORKSPACES EVENTS [RATE_PER_S [FIRST_ID
 * [FIRST_WORKSPACE]]]
 *
 *     --noise      its events are not marked: they disturb, and are not measured
 *     --garbage    what it publishes is no event
 *     --bytes N    a member `log` of the payload has that many
 */
#include <getopt.h>
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

static struct {
	const char *mark;
	bool is_garbage;
	size_t bytes;
	long workspaces, first_workspace, events, rate, first;
} load = {.mark = "bench-t"};

static struct str
payload_of(struct arena *a, long n, int64_t due_ns)
{
	static const char format[] =
	    "{\"alert_id\":\"alrt_%ld\",\"account_id\":\"%s:%lld\",\"severity\":\"high\","
	    "\"resource\":\"api_latency_p95\",\"value\":1840,\"threshold\":1000,"
	    "\"triggered_at\":\"2026-04-17T16:02:00Z\",\"log\":\"%s\"}";
	char *log = arena_alloc(a, load.bytes + 1);

	memset(log, 'x', load.bytes);
	log[load.bytes] = '\0';
	return arena_printf(a, format, n, load.mark, (long long)due_ns, log);
}

static struct str
event_bytes(struct arena *a, long n, int64_t due_ns)
{
	event_message ev;

	if (load.is_garbage)
		return arena_printf(a, "\xff\xffno event %ld", n);
	carillon__v1__event__init(&ev);
	ev.id = arena_cstr(a, arena_printf(a, "ev-%ld", n));
	ev.type = (char *)(uintptr_t) "alert.triggered";
	ev.resource = (char *)(uintptr_t) "alert";
	ev.resource_id = ev.id;
	ev.data_case = CARILLON__V1__EVENT__DATA_TEXT_DATA;
	ev.text_data = arena_cstr(a, payload_of(a, n, due_ns));
	return record_pack(a, &ev);
}

static void
publish(jsCtx *js, struct arena *a, long n, int64_t due_ns)
{
	long workspace = load.first_workspace + n % load.workspaces;
	struct str bytes = event_bytes(a, n, due_ns);
	char msg_id[128], subject[128];
	natsMsg *msg = NULL;

	snprintf(msg_id, sizeof(msg_id), "bench-%ld:ev-%ld", workspace, n);
	snprintf(
	    subject, sizeof(subject), "carillon.events.bench-%ld.alert.triggered", workspace);
	must(natsMsg_Create(&msg, subject, NULL, bytes.ptr, (int)bytes.len) == NATS_OK);
	must(natsMsgHeader_Set(msg, "Nats-Msg-Id", msg_id) == NATS_OK);
	must(js_PublishMsgAsync(js, &msg, NULL) == NATS_OK);
	arena_reset(a);
}

/* Sleeps a whole millisecond when ahead: at high rates several events leave together then, and
 * this program's waking up does not take the processor from what is measured. Returns when this
 * event was due, by the wall clock. */
static int64_t
pace(int64_t start_ns, long done)
{
	int64_t due = start_ns + (int64_t)done * 1000000000 / load.rate;
	int64_t ahead = due - now_ns(CLOCK_REALTIME);
	struct timespec t = {.tv_sec = ahead / 1000000000, .tv_nsec = ahead % 1000000000};

	if (ahead > 0 && ahead < TICK_NS)
		t = (struct timespec){.tv_nsec = TICK_NS};
	if (ahead > 0)
		nanosleep(&t, NULL);
	return due;
}

static void
usage(void)
{
	fprintf(stderr, "usage: bench-producer [--noise] [--garbage] [--bytes N] NATS_URL "
			"WORKSPACES EVENTS [RATE_PER_S [FIRST_ID [FIRST_WORKSPACE]]]\n");
	exit(2);
}

/* Returns the server's URL. */
static const char *
read_arguments(int argc, char **argv)
{
	static const struct option options[] = {{"noise", no_argument, NULL, 'n'},
	    {"garbage", no_argument, NULL, 'g'}, {"bytes", required_argument, NULL, 'b'}, {0}};
	long *const numbers[] = {
	    &load.workspaces, &load.events, &load.rate, &load.first, &load.first_workspace};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'n')
			load.mark = "bench-n";
		else if (option == 'g')
			load.is_garbage = true;
		else if (option == 'b')
			load.bytes = strtoul(optarg, NULL, 10);
		else
			usage();
	}
	if (argc - optind < 3 || argc - optind > 6)
		usage();
	for (int i = optind + 1; i < argc; i++)
		*numbers[i - optind - 1] = strtol(argv[i], NULL, 10);
	return argv[optind];
}

/* Each event leaves by itself, as from a producer that has one. */
static natsConnection *
connect_to(const char *url)
{
	natsConnection *nc = NULL;
	natsOptions *options = NULL;

	must(natsOptions_Create(&options) == NATS_OK);
	must(natsOptions_SetURL(options, url) == NATS_OK);
	must(natsOptions_SetSendAsap(options, load.rate > 0) == NATS_OK);
	must(natsConnection_Connect(&nc, options) == NATS_OK);
	natsOptions_Destroy(options);
	return nc;
}

int
main(int argc, char **argv)
{
	const char *url = read_arguments(argc, argv);
	natsConnection *nc = connect_to(url);
	jsCtx *js = NULL;
	jsOptions opts;
	jsPubOptions wait;
	struct arena *a = arena_new(0);
	int64_t start;

	jsOptions_Init(&opts);
	opts.PublishAsync.MaxPending = IN_FLIGHT_MAX;
	must(natsConnection_JetStream(&js, nc, &opts) == NATS_OK);
	start = now_ns(CLOCK_REALTIME);
	for (long i = 0; i < load.events; i++)
		publish(js, a, load.first + i,
		    load.rate > 0 ? pace(start, i) : now_ns(CLOCK_REALTIME));
	jsPubOptions_Init(&wait);
	wait.MaxWait = FLUSH_MS;
	must(js_PublishAsyncComplete(js, &wait) == NATS_OK);
	jsCtx_Destroy(js);
	natsConnection_Destroy(nc);
	arena_free(a);
	nats_Close();
	return 0;
}
