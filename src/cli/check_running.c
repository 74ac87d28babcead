#include "check_running.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>

#include "carillon/base/clock.h"
#include "carillon/broker/micro.h"
#include "processes.h"

enum {
	BEHIND_MANY = 10000, /* events */
	CLOCK_OFF_MS = 2000, /* an answer of NATS's takes a part of it */
	DISK_LOW_MB = 1024,
	SENTENCE_MAX = 400,
};

/* --- processes --- */

/* That nobody serves is wrong once something waits. */
static void
check_serve(const struct processes *p, uint64_t waiting, check_found_fn *found, void *arg)
{
	const size_t n = processes_count(p, MICRO_SERVE);
	char sentence[SENTENCE_MAX];

	if (n == 0 && waiting > 0)
		snprintf(sentence, sizeof(sentence),
		    "carillon serve does not run, and %" PRIu64 " events wait for it: start it",
		    waiting);
	else if (n == 0)
		snprintf(sentence, sizeof(sentence),
		    "carillon serve does not run: nothing is sent until it does");
	else
		snprintf(sentence, sizeof(sentence), "%zu %s", n,
		    n == 1 ? "service runs" : "services run");
	found(n > 0          ? CHECK_OK
	      : waiting == 0 ? CHECK_NOTE
			     : CHECK_BAD,
	    "serve", n == 0 ? "serve_not_running" : "", sentence, arg);
}

/* Many do without it: producers by NATS, and the command line. */
static void
check_web(const struct processes *p, check_found_fn *found, void *arg)
{
	const size_t n = processes_count(p, MICRO_WEB);
	char sentence[SENTENCE_MAX];

	snprintf(sentence, sizeof(sentence),
	    n == 0 ? "no HTTP side answers on this NATS: API and UI need `carillon web`"
		   : "%zu %s",
	    n, n == 1 ? "HTTP side runs" : "HTTP sides run");
	found(n == 0 ? CHECK_NOTE : CHECK_OK, "web", n == 0 ? "web_not_running" : "", sentence,
	    arg);
}

static void
check_keeper(const struct processes *p, check_found_fn *found, void *arg)
{
	if (processes_count(p, MICRO_WEB) > 0 && processes_count(p, MICRO_KEEPER) == 0)
		found(CHECK_BAD, "keeper", "keeper_not_running",
		    "customers cannot connect: the HTTP side runs, and no service answers what "
		    "needs a credential",
		    arg);
}

static void
check_versions(const struct processes *p, check_found_fn *found, void *arg)
{
	char sentence[SENTENCE_MAX];

	for (size_t i = 0; i < p->n; i++) {
		const struct process *one = &p->all[i];

		if (str_eq(one->version, STR(CARILLON_VERSION)))
			continue;
		snprintf(sentence, sizeof(sentence),
		    "%.*s on %.*s is version %.*s, this is " CARILLON_VERSION
		    ": restart it once its package is the same",
		    STR_ARG(one->service), STR_ARG(one->node), STR_ARG(one->version));
		found(CHECK_NOTE, "versions", "versions_differ", sentence, arg);
	}
}

/* --- how far behind --- */

static void
check_lag(const struct consumer_info *info, check_found_fn *found, void *arg)
{
	const enum check_result is = info->pending > BEHIND_MANY ? CHECK_NOTE : CHECK_OK;
	char sentence[SENTENCE_MAX];

	snprintf(sentence, sizeof(sentence),
	    "%" PRIu64 " events wait in the stream, %" PRIu64 " are being worked on",
	    info->pending, info->ack_pending);
	found(is, "lag", is == CHECK_OK ? "" : "behind", sentence, arg);
}

/* --- clocks --- */

static void
check_clock(struct command *c, check_found_fn *found, void *arg)
{
	char sentence[SENTENCE_MAX];
	struct stream_info info;
	struct err e;
	int64_t off_ms;

	if (!broker_stream_info(c->broker, STREAM_STATE, &info, &e) || info.told_at.ms == 0)
		return;
	off_ms = clock_wall().ms - info.told_at.ms;
	if (llabs(off_ms) < CLOCK_OFF_MS) {
		found(CHECK_OK, "clock", "", "this clock and NATS's agree", arg);
		return;
	}
	snprintf(sentence, sizeof(sentence),
	    "this clock is %" PRId64 " s %s NATS's: retries and retention go by it; set both "
	    "by NTP",
	    (int64_t)(llabs(off_ms) / 1000), off_ms > 0 ? "ahead of" : "behind");
	found(CHECK_BAD, "clock", "clock_off", sentence, arg);
}

void
check_running(struct command *c, check_found_fn *found, void *arg)
{
	struct processes *p = calloc(1, sizeof(*p));
	struct consumer_info info = {0};
	struct err e; /* `broker` has said what is wrong */
	bool is_known;

	must(p != NULL);
	is_known = broker_consumer_info(c->broker, &info, &e);
	if (processes_ask(c, c->arena, p, &e)) {
		check_serve(p, info.pending + info.ack_pending, found, arg);
		check_web(p, found, arg);
		check_keeper(p, found, arg);
		check_versions(p, found, arg);
		if (is_known)
			check_lag(&info, found, arg);
	}
	check_clock(c, found, arg);
	free(p);
}

/* --- disks --- */

void
check_disks(struct command *c, check_found_fn *found, void *arg)
{
	const char *dir = c->config.data_dir;
	char sentence[SENTENCE_MAX + CONFIG_STRING_MAX];
	struct statvfs fs;
	uint64_t free_mb;
	bool is_low;

	if (statvfs(dir, &fs) != 0)
		return; /* `data_dir` has said it */
	free_mb = (uint64_t)fs.f_bavail * fs.f_frsize >> 20;
	is_low = free_mb < DISK_LOW_MB;
	snprintf(sentence, sizeof(sentence),
	    is_low ? "only %" PRIu64 " MiB are left on the disk of %s: when it is full nothing "
		     "more is settled"
		   : "%" PRIu64 " MiB are left on the disk of %s",
	    free_mb, dir);
	found(is_low ? CHECK_BAD : CHECK_OK, "disk", is_low ? "disk_low" : "", sentence, arg);
}

/* --- what NATS promises --- */

/* The line is written commented out for one server, which then may lose what it acknowledged
 * in its last two minutes when its machine loses power. */
void
check_sync(struct command *c, check_found_fn *found, void *arg)
{
	char path[CONFIG_STRING_MAX + 32], line[512];
	bool is_set = false;
	FILE *f;

	snprintf(path, sizeof(path), "%s/nats-server.conf", c->config.nats_dir);
	f = fopen(path, "re");
	if (f == NULL)
		return;
	while (fgets(line, sizeof(line), f) != NULL) {
		const char *word = line + strspn(line, " \t");

		is_set = is_set || strncmp(word, "sync_interval", 13) == 0;
	}
	fclose(f);
	if (is_set || c->config.replicas > 1)
		found(CHECK_OK, "sync", "", "what NATS acknowledges is soon on its disk", arg);
	else
		found(CHECK_NOTE, "sync", "sync_interval_long",
		    "one NATS server that writes to its disk every two minutes: a power cut "
		    "may cost acknowledged events of that time; set sync_interval in its "
		    "jetstream block, or run three",
		    arg);
}
