/*
 * What connections to a destination cost the thread that sends: N requests at once, each over a
 * new connection of its own, and then as many over those that are there. Prints JSON: processor
 * time of this process for each new connection and for each request over a kept one, and
 * anonymous memory of each kept connection. The parsing of the certificates is left out.
 *
 *     bench-wire URL N [CA_FILE]
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "carillon/base/clock.h"
#include "carillon/http/pool.h"

enum { KEPT_ROUNDS = 20, TIMEOUT_MS = 120000 };

static int64_t
cpu_us(void)
{
	struct rusage u;

	must(getrusage(RUSAGE_SELF, &u) == 0);
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 + u.ru_utime.tv_usec +
	       u.ru_stime.tv_usec;
}

static long
anonymous_kb(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[128];
	long kb = 0;

	must(f);
	while (fgets(line, sizeof(line), f))
		if (strncmp(line, "RssAnon:", 8) == 0)
			kb = strtol(line + 8, NULL, 10);
	fclose(f);
	return kb;
}

static void
start(struct pool *p, const char *url)
{
	static const char body[] = "{\"channel\":\"C0BENCH\",\"text\":\"what a message says\"}";
	struct transfer *t = pool_slot(p);
	struct http_request *req;

	must(t);
	req = transfer_request(t);
	must(str_copy(req->url, sizeof(req->url), str_of(url)));
	req->content_type = "application/json; charset=utf-8";
	buf_cstr(&req->body, body);
	pool_start(p, t, NULL);
}

static void
finish(struct pool *p)
{
	struct http_response res;
	struct flight flight;
	struct transfer *t;
	void *tag;

	while (!(t = pool_finished(p, &res, &tag, &flight)))
		pool_turn(p, -1, -1);
	if (res.transport != TRANSPORT_ANSWERED) {
		fprintf(stderr, "bench-wire: %s\n", res.detail);
		exit(1);
	}
	pool_release(p, t);
}

static int64_t
all_at_once(struct pool *p, const char *url, int n)
{
	int64_t before = cpu_us();

	for (int i = 0; i < n; i++)
		start(p, url);
	for (int i = 0; i < n; i++)
		finish(p);
	return cpu_us() - before;
}

int
main(int argc, char **argv)
{
	struct pool_options o = {.connect_timeout_ms = TIMEOUT_MS,
	    .request_timeout_ms = TIMEOUT_MS,
	    .ca_file = argc > 3 ? argv[3] : NULL};
	int64_t opened_us, kept_us = 0;
	struct pool *p = NULL;
	struct err e;
	long before_kb;

	o.slots = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 0;
	if (o.slots < 1) {
		fprintf(stderr, "usage: bench-wire URL N [CA_FILE]\n");
		return 2;
	}
	http_global_init();
	if (!pool_new(&p, &o, &e)) {
		fprintf(stderr, "bench-wire: %s\n", e.text);
		return 1;
	}
	all_at_once(p, argv[1], 1); /* certificates are parsed: once a day */
	before_kb = anonymous_kb();
	opened_us = all_at_once(p, argv[1], o.slots);
	printf("{\"connections\":%d,\"kb_per_kept_connection\":%.1f,", o.slots,
	    (double)(anonymous_kb() - before_kb) / o.slots);
	for (int i = 0; i < KEPT_ROUNDS; i++)
		kept_us += all_at_once(p, argv[1], o.slots);
	printf("\"cpu_ms_per_new_connection\":%.3f,\"cpu_us_per_kept_request\":%.1f}\n",
	    (double)opened_us / 1000.0 / o.slots,
	    (double)kept_us / (double)KEPT_ROUNDS / o.slots);
	pool_free(p);
	return 0;
}
