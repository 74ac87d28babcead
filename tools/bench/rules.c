/*
 * What rules cost: matching and rendering one typical event against three rules, and a rulebook
 * of many workspaces with three rules each: its memory, how soon a change is seen, and how long
 * a reader is ever held up while changes go on.
 *
 *     bench-rules [--json] [--workspaces N] [--own] [--messages N]
 *
 * --own gives every rule a filter of its own; otherwise the rules are the catalogue's default
 * rules, as a new workspace has them. --messages N only matches and renders N times, to be run
 * under valgrind --tool=callgrind; the figure without it is of the processor's own counter,
 * where the kernel lets a process read it.
 */
#include <linux/perf_event.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "carillon/store/store.h"
#include "flow/rule_keys.h"
#include "flow/match.h"
#include "carillon/registry/rulebook.h"

enum {
	RULES = 3,
	CHUNKS = 40,
	CHUNK_MESSAGES = 5000,
	CHANGES = 2000,
	PUT_BATCH = 5000, /* workspaces a transaction */
};

#define EVENT_TYPE "alert.triggered"

static const char payload[] =
    "{\"alert_id\":\"alrt_tyrion_42\",\"account_id\":\"ac_lannister\",\"severity\":\"high\","
    "\"resource\":\"api_latency_p95\",\"value\":1840,\"threshold\":1000,"
    "\"triggered_at\":\"2026-04-17T16:02:00Z\"}";
#define LATENCY_OF_AN_API                                                      \
	"{\"all\": [{\"field\": \"value\", \"op\": \"gt\", \"value\": 1000}, " \
	"{\"field\": \"resource\", \"op\": \"starts_with\", \"value\": \"api_\"}]}"

static const char *const filters[RULES] = {
    "{\"field\": \"severity\", \"op\": \"at_least\", \"value\": \"high\"}",
    LATENCY_OF_AN_API,
    "{\"field\": \"severity\", \"op\": \"eq\", \"value\": \"low\"}",
};

struct figures {
	double match_us, instructions; /* of one event; instructions < 0: not permitted */
	double compile_s, rss_mb, heap_mb;
	double change_ms_worst, change_ms_mean, pause_us_worst;
};

static double
seconds_of(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double
seconds(void)
{
	return seconds_of(CLOCK_MONOTONIC);
}

/* Of this thread: what others on the machine do does not count. */
static double
cpu_seconds(void)
{
	return seconds_of(CLOCK_THREAD_CPUTIME_ID);
}

static void
must_work(bool ok, const struct err *e)
{
	if (ok)
		return;
	fprintf(stderr, "bench-rules: %s\n", e->text);
	exit(1);
}

static char *
text(const char *s)
{
	return (char *)(uintptr_t)s; /* protobuf-c's strings are not const */
}

/* --- what is stored --- */

static void
put(struct txn *t, struct arena *a, struct str workspace, enum state_kind kind, const char *id,
    const void *record)
{
	char key[STATE_KEY_MAX];
	uint64_t revision = store_applied(t) + 1;

	state_key(key, workspace, kind, str_of(id));
	state_apply(t, str_of(key), record_pack(a, record), revision);
	store_set_applied(t, revision);
}

static void
put_catalogue(struct txn *t, struct arena *a)
{
	type_record type;
	rule_record rules[RULES], *list[RULES];

	carillon__v1__event_type__init(&type);
	type.name = text(EVENT_TYPE);
	type.schema = text("{\"type\": \"object\", \"properties\": {\"value\": {\"type\": "
			   "\"number\"}, \"threshold\": {\"type\": \"number\"}}}");
	for (int i = 0; i < RULES; i++) {
		carillon__v1__rule__init(&rules[i]);
		rules[i].filter = text(filters[i]);
		list[i] = &rules[i];
	}
	type.default_rules = list;
	type.n_default_rules = RULES;
	put(t, a, STR("_catalogue"), STATE_TYPE, EVENT_TYPE, &type);
}

static void
put_rule(struct txn *t, struct arena *a, struct str workspace, int i, bool own, int variant)
{
	rule_record r;
	char id[64], own_filter[256];

	carillon__v1__rule__init(&r);
	snprintf(id, sizeof(id), "default_6f1c8e02a94b_%d", i + 1);
	snprintf(own_filter, sizeof(own_filter),
	    "{\"all\": [{\"field\": \"severity\", \"op\": \"at_least\", \"value\": "
	    "\"medium\"}, {\"field\": \"value\", \"op\": \"gt\", \"value\": %d}]}",
	    variant % 1000);
	r.id = id;
	r.name = text("Alerts that somebody must look at");
	r.event_type = text(EVENT_TYPE);
	r.connection = text("conn_01j8zqk3v5n8m2w4x6y7z9a1b2");
	r.channel = text("C0123456789");
	r.filter = own ? own_filter : text(filters[i]);
	r.active = true;
	put(t, a, workspace, STATE_RULE, id, &r);
}

static void
put_workspace(struct txn *t, struct arena *a, struct str workspace, bool own, int n)
{
	static uint8_t sealed[112]; /* nonce, a bot token, tag */
	workspace_record w;
	connection_record c;

	carillon__v1__workspace__init(&w);
	w.id = text(workspace.ptr);
	w.name = text("A customer");
	put(t, a, workspace, STATE_WORKSPACE, workspace.ptr, &w);
	carillon__v1__connection__init(&c);
	c.id = text("conn_01j8zqk3v5n8m2w4x6y7z9a1b2");
	c.dest = text("slack");
	c.name = text("Our Slack");
	c.status = CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_ACTIVE;
	c.sealed = (ProtobufCBinaryData){sizeof(sealed), sealed};
	put(t, a, workspace, STATE_CONNECTION, c.id, &c);
	for (int i = 0; i < RULES; i++)
		put_rule(t, a, workspace, i, own, n * RULES + i);
}

struct filling {
	int from, to;
	bool own;
};

static struct str
workspace_name(char out[static 32], int n)
{
	snprintf(out, 32, "customer-%06d", n);
	return str_of(out);
}

static bool
fill(struct txn *t, void *arg, struct err *e)
{
	const struct filling *f = arg;
	struct arena *a = arena_new(0);

	(void)e;
	if (f->from == 0)
		put_catalogue(t, a);
	for (int i = f->from; i < f->to; i++) {
		char name[32];

		put_workspace(t, a, workspace_name(name, i), f->own, i);
		arena_reset(a);
	}
	arena_free(a);
	return true;
}

static struct store *
store_filled(const char *dir, int workspaces, bool own)
{
	const struct store_options o = {.dir = dir, .state_map_mb = 256, .history_map_mb = 1};
	struct store *s;
	struct err e = {0};

	must_work(store_open(&s, &o, &e), &e);
	for (int at = 0; at < workspaces; at += PUT_BATCH) {
		struct filling f = {at, at + PUT_BATCH, own};

		if (f.to > workspaces)
			f.to = workspaces;
		must_work(store_write(s, STORE_STATE, fill, &f, &e), &e);
	}
	return s;
}

/* --- match and render --- */

static int
perf_open(void)
{
	struct perf_event_attr attr = {
	    .type = PERF_TYPE_HARDWARE,
	    .size = sizeof(attr),
	    .config = PERF_COUNT_HW_INSTRUCTIONS,
	    .exclude_kernel = 1,
	    .exclude_hv = 1,
	};

	return (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}

/* What the hot path does with an event between decoding and sending: look it up in the ledger,
 * match, render. A function of its own, for callgrind to count. */
__attribute__((noinline)) static int
match_and_render(struct message *m, struct txn *history)
{
	must(ledger_seq(history, m->event.workspace, m->event.id) == 0);
	must(match_rules(m, UINT64_MAX));
	return m->n_deliveries;
}

static struct message *
typical_message(void)
{
	struct message *m = message_new(ORIGIN_LEDGER, 1);
	event_message ev;
	char name[32];

	carillon__v1__event__init(&ev);
	ev.id = text("evt_1");
	ev.resource = text("alert");
	ev.resource_id = text("alrt_tyrion_42");
	ev.data_case = CARILLON__V1__EVENT__DATA_TEXT_DATA;
	ev.text_data = text(payload);
	const struct broker_message bm = {.data = record_pack(m->arena, &ev)};
	must(message_decode(m, workspace_name(name, 0), STR(EVENT_TYPE), &bm));
	return m;
}

/* The same event again, as a message of its own. */
static struct message *
message_again(const struct message *like, struct rulebook *b)
{
	struct message *m = message_new(ORIGIN_LEDGER, 1);
	struct err e = {0};

	m->event = like->event;
	m->rules = rulebook_get(b, m->event.workspace, &e);
	must_work(m->rules != NULL, &e);
	return m;
}

static uint64_t
count_of(int counter)
{
	uint64_t n = 0;

	return counter >= 0 && read(counter, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

static void
measure_match(struct store *s, struct rulebook *b, int messages, struct figures *out)
{
	struct message *like = typical_message();
	struct txn *history = txn_read(s, STORE_HISTORY);
	int counter = perf_open(), matched = 0;
	uint64_t instructions = 0;
	double took = 0;

	for (int i = 0; i < messages; i++) {
		struct message *m = message_again(like, b);
		uint64_t before = count_of(counter);
		double start = cpu_seconds();

		matched += match_and_render(m, history);
		took += cpu_seconds() - start;
		instructions += count_of(counter) - before;
		message_free(m);
	}
	must(matched == 2 * messages);
	out->match_us = took * 1e6 / messages;
	out->instructions = counter >= 0 ? (double)instructions / messages : -1;
	if (counter >= 0)
		close(counter);
	txn_end(history);
	message_free(like);
}

/* The best of many: on a machine with other work the processor's caches are not always ours. */
static void
measure_chunks(struct store *s, struct rulebook *b, struct figures *out)
{
	struct figures best = {.match_us = 1e9};

	for (int i = 0; i < CHUNKS; i++) {
		struct figures one = {0};

		measure_match(s, b, CHUNK_MESSAGES, &one);
		if (one.match_us < best.match_us)
			best = one;
	}
	out->match_us = best.match_us;
	out->instructions = best.instructions;
}

/* --- the rulebook --- */

static double
resident_mb(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long total = 0, resident = 0, shared = 0;

	must(f != NULL && fscanf(f, "%ld %ld %ld", &total, &resident, &shared) == 3);
	fclose(f);
	/* Without the pages of LMDB's file, which are the kernel's to take back. */
	return (double)(resident - shared) * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

static void
measure_memory(struct rulebook *b, int workspaces, struct figures *out)
{
	double before = resident_mb(), start = seconds();
	size_t heap = mallinfo2().uordblks;
	struct err e = {0};

	for (int i = 0; i < workspaces; i++) {
		char name[32];
		struct ruleset *r = rulebook_get(b, workspace_name(name, i), &e);

		must_work(r != NULL && r->n_rules == RULES && r->rules[0].problem.len == 0, &e);
		ruleset_unref(r);
	}
	out->compile_s = seconds() - start;
	out->heap_mb = (double)(mallinfo2().uordblks - heap) / 1e6;
	out->rss_mb = resident_mb() - before;
}

struct reader {
	struct rulebook *book;
	int workspaces;
	atomic_bool stop;
	double worst;   /* seconds in which a reader got no answer */
	long preempted; /* lookups in which the kernel took the processor away: not counted */
};

static long
preemptions(void)
{
	struct rusage u;

	getrusage(RUSAGE_THREAD, &u);
	return u.ru_nivcsw;
}

/* Asks for compiled workspaces that nobody changes, as the hot path does all day. */
static void *
read_on(void *arg)
{
	struct reader *r = arg;
	struct err e = {0};

	for (int i = 0; !atomic_load(&r->stop); i++) {
		char name[32];
		struct str workspace = workspace_name(name, i % (r->workspaces / 2));
		long before = preemptions();
		double start = seconds(), took;
		struct ruleset *rules = rulebook_get(r->book, workspace, &e);

		took = seconds() - start;
		if (preemptions() != before)
			r->preempted++;
		else if (took > r->worst)
			r->worst = took;
		ruleset_unref(rules);
	}
	return NULL;
}

struct change {
	struct str workspace;
	bool active;
};

static bool
change_rule(struct txn *t, void *arg, struct err *e)
{
	const struct change *c = arg;
	struct arena *a = arena_new(0);
	struct state_value v;
	void *record;
	const char *id = "default_6f1c8e02a94b_1";
	bool ok = state_get(t, c->workspace, STATE_RULE, str_of(id), &v) &&
	          record_unpack(&carillon__v1__rule__descriptor, a, v.bytes, &record, e);

	if (ok) {
		((rule_record *)record)->active = c->active;
		put(t, a, c->workspace, STATE_RULE, id, record);
	}
	arena_free(a);
	return ok;
}

/* From before the store's write until the hot path would use the changed rule. */
static double
change_one(struct store *s, struct rulebook *b, struct str workspace, bool active)
{
	struct change c = {workspace, active};
	struct err e = {0};
	double start = seconds(), took;
	struct ruleset *r;

	must_work(store_write(s, STORE_STATE, change_rule, &c, &e), &e);
	rulebook_drop(b, workspace);
	r = rulebook_get(b, workspace, &e);
	took = seconds() - start;
	must_work(r != NULL, &e);
	must(r->rules[0].active == active);
	ruleset_unref(r);
	return took;
}

static void
measure_changes(struct store *s, struct rulebook *b, int workspaces, struct figures *out)
{
	struct reader reader = {.book = b, .workspaces = workspaces};
	pthread_t thread;
	double sum = 0;

	must(pthread_create(&thread, NULL, read_on, &reader) == 0);
	for (int i = 0; i < CHANGES; i++) {
		char name[32];
		int n =
		    workspaces / 2 + (int)((unsigned)i * 7919u % (unsigned)(workspaces / 2));
		double took = change_one(s, b, workspace_name(name, n), i % 2 == 1);

		sum += took;
		if (took * 1e3 > out->change_ms_worst)
			out->change_ms_worst = took * 1e3;
	}
	out->change_ms_mean = sum * 1e3 / (double)CHANGES;
	atomic_store(&reader.stop, true);
	pthread_join(thread, NULL);
	out->pause_us_worst = reader.worst * 1e6;
}

/* --- telling --- */

static void
row(const char *what, double value, const char *unit, double goal)
{
	printf("%-44s %10.1f %-13s %10.0f  %s\n", what, value, unit, goal,
	    value < 0       ? "not measured"
	    : value <= goal ? "ok"
			    : "MISSED");
}

static void
print_table(const struct figures *f)
{
	printf("%-44s %10s %-13s %10s\n", "WHAT", "FIGURE", "", "AT MOST");
	row("match + render, one event, three rules", f->match_us, "us", 5);
	row("the same", f->instructions, "instructions", 40000);
	row("rulebook, all compiled, resident", f->rss_mb, "MB", 200);
	row("  of which in use", f->heap_mb, "MB", 200);
	row("  compiled in", f->compile_s, "s", 30);
	row("rule change until seen, worst", f->change_ms_worst, "ms", 100);
	row("rule change until seen, mean", f->change_ms_mean, "ms", 100);
	row("longest lookup while changes go on", f->pause_us_worst, "us", 1000);
}

static void
print_json(const struct figures *f, int workspaces, bool own)
{
	printf("{\"workspaces\":%d,\"own_filters\":%s,\"match_render_us\":%.2f,"
	       "\"match_render_instructions\":%.0f,\"rulebook_resident_mb\":%.1f,"
	       "\"rulebook_heap_mb\":%.1f,\"compile_s\":%.2f,\"change_worst_ms\":%.2f,"
	       "\"change_mean_ms\":%.2f,\"longest_lookup_us\":%.0f}\n",
	    workspaces, own ? "true" : "false", f->match_us, f->instructions, f->rss_mb,
	    f->heap_mb, f->compile_s, f->change_ms_worst, f->change_ms_mean, f->pause_us_worst);
}

struct asked {
	bool json, own;
	int workspaces, messages;
};

static struct asked
parse(int argc, char **argv)
{
	struct asked a = {.workspaces = 100000};

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			a.json = true;
		else if (strcmp(argv[i], "--own") == 0)
			a.own = true;
		else if (strcmp(argv[i], "--workspaces") == 0 && i + 1 < argc)
			a.workspaces = (int)strtol(argv[++i], NULL, 10);
		else if (strcmp(argv[i], "--messages") == 0 && i + 1 < argc)
			a.messages = (int)strtol(argv[++i], NULL, 10);
		else
			a.workspaces = 0;
	}
	if (a.workspaces >= 2)
		return a;
	fprintf(
	    stderr, "usage: bench-rules [--json] [--own] [--workspaces N] [--messages N]\n");
	exit(2);
}

static void
remove_dir(const char *dir)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	if (system(command) != 0)
		fprintf(stderr, "bench-rules: %s is left behind\n", dir);
}

int
main(int argc, char **argv)
{
	struct asked asked = parse(argc, argv);
	char dir[] = "/tmp/carillon-bench-rules-XXXXXX";
	struct figures f = {0};
	struct store *s;
	struct rulebook *b;

	must(mkdtemp(dir) != NULL);
	s = store_filled(
	    dir, asked.messages ? 1 : asked.workspaces, asked.own && !asked.messages);
	b = rulebook_new(s, 200000);
	if (asked.messages) {
		measure_match(s, b, asked.messages, &f);
		printf("%d events\n", asked.messages);
	} else {
		measure_memory(b, asked.workspaces, &f);
		measure_changes(s, b, asked.workspaces, &f);
		if (!asked.own)
			measure_chunks(s, b, &f);
		asked.json ? print_json(&f, asked.workspaces, asked.own) : print_table(&f);
	}
	rulebook_free(b);
	store_close(s);
	remove_dir(dir);
	return 0;
}
