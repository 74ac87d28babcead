/*
 * The plainest consumer of a stream: hears what bench-producer publishes, does nothing with it
 * and acknowledges nothing. What it waits for is the broker's and the machine's time, not the
 * service's.
 *
 *     bench-listener NATS_URL STREAM EVENTS [BUT_NOT_OF]     until it has heard EVENTS of
 *     subjects without BUT_NOT_OF; then prints the 99th percentile of publish -> heard, ms
 */
#include <nats/nats.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "carillon/base/base.h"

enum { BUCKETS = 200000, BUCKET_US = 50, WAIT_MS = 60000 };

static uint64_t histogram[BUCKETS];

static int64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Whether it counts: of the others, and with the time it was made. */
static bool
count(natsMsg *msg, const char *but_not_of)
{
	const char *data = natsMsg_GetData(msg);
	const char *mark = memmem(data, (size_t)natsMsg_GetDataLength(msg), "bench-t:", 8);
	int64_t at;

	if (mark == NULL || strstr(natsMsg_GetSubject(msg), but_not_of) != NULL)
		return false;
	at = (now_us() - strtoll(mark + 8, NULL, 10) / 1000) / BUCKET_US;
	histogram[at < 0 ? 0 : at >= BUCKETS ? BUCKETS - 1 : at]++;
	return true;
}

static double
percentile_ms(long heard, double share)
{
	double want = (double)heard * share;
	uint64_t sum = 0;

	for (int i = 0; i < BUCKETS; i++)
		if ((double)(sum += histogram[i]) > want)
			return (double)(i * BUCKET_US) / 1000.0;
	return 0;
}

static natsSubscription *
listen_to(const char *url, const char *stream)
{
	natsConnection *nc = NULL;
	natsSubscription *sub = NULL;
	jsCtx *js = NULL;
	jsSubOptions opts;

	jsSubOptions_Init(&opts);
	opts.Stream = stream;
	opts.Config.DeliverPolicy = js_DeliverNew;
	opts.Config.AckPolicy = js_AckNone;
	must(natsConnection_ConnectTo(&nc, url) == NATS_OK);
	must(natsConnection_JetStream(&js, nc, NULL) == NATS_OK);
	must(js_SubscribeSync(&sub, js, ">", NULL, &opts, NULL) == NATS_OK);
	must(natsSubscription_SetPendingLimits(sub, -1, -1) == NATS_OK);
	return sub;
}

int
main(int argc, char **argv)
{
	natsSubscription *sub;
	long wanted, heard = 0;

	if (argc < 4) {
		fprintf(stderr, "usage: bench-listener NATS_URL STREAM EVENTS [BUT_NOT_OF]\n");
		return 2;
	}
	wanted = strtol(argv[3], NULL, 10);
	sub = listen_to(argv[1], argv[2]);
	fprintf(stderr, "listening\n");
	while (heard < wanted) {
		natsMsg *msg = NULL;

		must(natsSubscription_NextMsg(&msg, sub, WAIT_MS) == NATS_OK);
		heard += count(msg, argc > 4 ? argv[4] : "no such subject");
		natsMsg_Destroy(msg);
	}
	printf("%.2f\n", percentile_ms(heard, 0.99));
	return 0; /* the process takes its connection along */
}
