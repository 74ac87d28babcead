/*
 * The plainest consumer of a stream: asks for events as the service does, acknowledges each,
 * and does nothing with them. What they wait for then is the broker's and the machine's time.
 *
 *     bench-listener NATS_URL STREAM READY_FILE     until SIGTERM; then says how many there
 * were
 */
#include <nats/nats.h>
#include <signal.h>
#include <stdlib.h>

#include "carillon/base/base.h"

enum { BATCH = 256, WAIT_MS = 200, ACK_PENDING_MAX = 20000 };

static volatile sig_atomic_t is_told_to_end;

static void
end_soon(int signal)
{
	(void)signal;
	is_told_to_end = 1;
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
	opts.Config.AckPolicy = js_AckExplicit;
	opts.Config.MaxAckPending = ACK_PENDING_MAX;
	must(natsConnection_ConnectTo(&nc, url) == NATS_OK);
	must(natsConnection_JetStream(&js, nc, NULL) == NATS_OK);
	must(js_PullSubscribe(&sub, js, ">", "listener", NULL, &opts, NULL) == NATS_OK);
	return sub;
}

static long
hear(natsSubscription *sub)
{
	natsMsgList heard = {0};
	long n = 0;

	if (natsSubscription_Fetch(&heard, sub, BATCH, WAIT_MS, NULL) != NATS_OK)
		return 0; /* there was none for a while */
	for (; n < heard.Count; n++)
		must(natsMsg_Ack(heard.Msgs[n], NULL) == NATS_OK);
	natsMsgList_Destroy(&heard);
	return n;
}

int
main(int argc, char **argv)
{
	struct sigaction on_end = {.sa_handler = end_soon};
	natsSubscription *sub;
	long heard = 0;
	FILE *ready;

	if (argc != 4) {
		fprintf(stderr, "usage: bench-listener NATS_URL STREAM READY_FILE\n");
		return 2;
	}
	sigaction(SIGTERM, &on_end, NULL);
	sub = listen_to(argv[1], argv[2]);
	ready = fopen(argv[3], "w");
	must(ready != NULL && fputs("ready\n", ready) >= 0 && fclose(ready) == 0);
	while (!is_told_to_end)
		heard += hear(sub);
	printf("%ld\n", heard);
	return 0; /* the process takes its connection along */
}
