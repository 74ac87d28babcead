/* What all processes do at this moment: a view that goes on at a terminal, else one look. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "carillon/base/clock.h"
#include "carillon/base/histogram.h"
#include "carillon/base/tame.h"

#include "output.h"
#include "processes.h"

enum { LOOK_MS = 1000, LIVE_MS = 2000, LANES_SHOWN = 10 };

/* Figures of all processes together, in the order in which they are shown. */
static const struct row {
	const char *name; /* in JSON */
	const char *label, *metric;
	bool is_rate; /* of a counter: a second */
} rows[] = {
    {"events", "events taken", "carillon_events_received_total", true},
    {"requests", "requests", "carillon_attempts_total", true},
    {"delivered", "delivered", "carillon_deliveries_delivered_total", true},
    {"retried", "to be retried", "carillon_deliveries_retrying_total", true},
    {"failed", "given up", "carillon_deliveries_failed_total", true},
    {"http", "HTTP connections", "carillon_http_connections", false},
    {"behind", "behind the stream", "carillon_consumer_pending", false},
    {"in_hand", "events in hand", "carillon_messages_in_hand", false},
    {"queued", "queued in lanes", "carillon_lane_queued", false},
    {"in_flight", "requests in flight", "carillon_requests_in_flight", false},
    {"waiting", "waiting for a place", "carillon_overflow_deliveries", false},
    {"parked", "parked", "carillon_ledger_deliveries{state=\"parked\"}", false},
    {"held", "held for a person", "carillon_ledger_deliveries{state=\"held\"}", false},
    {"lanes_shut", "lanes shut", "carillon_lanes{state=\"shut\"}", false},
};

static const char *const stages[] = {
#define HISTOGRAM(name, sentence) #name,
#include "carillon/flow/histograms.def"
#undef HISTOGRAM
};

struct stats {
	struct command *command;
	struct arena *arenas[2];
	struct processes looks[2];
	int now; /* which of them is the newer one */
	bool is_live;
};

static const struct processes *
now_of(const struct stats *s)
{
	return &s->looks[s->now];
}

static const struct processes *
before_of(const struct stats *s)
{
	return &s->looks[!s->now];
}

static double
row_value(const struct stats *s, const struct row *r)
{
	return r->is_rate ? processes_rate(now_of(s), before_of(s), r->metric)
	                  : processes_figure(now_of(s), r->metric);
}

/* --- how long a stage takes --- */

/* Of a bucket since they started, or since the look before, whatever had more to tell. */
static double
bucket(const struct stats *s, const char *stage, const char *le)
{
	char name[160];

	snprintf(name, sizeof(name), "carillon_stage_seconds_bucket{stage=\"%s\",le=\"%s\"}",
	    stage, le);
	return s->is_live
	           ? processes_figure(now_of(s), name) - processes_figure(before_of(s), name)
	           : processes_figure(now_of(s), name);
}

/* The bound, in milliseconds, under which the share `q` stays; negative: nothing was told. */
static double
quantile_ms(const struct stats *s, const char *stage, double q)
{
	const double all = bucket(s, stage, "+Inf");
	char le[32];

	if (all <= 0)
		return -1;
	for (int i = 0; i < HISTOGRAM_BUCKETS - 1; i++) {
		snprintf(le, sizeof(le), "%g", (double)histogram_bounds_us[i] / 1e6);
		if (bucket(s, stage, le) >= q * all)
			return (double)histogram_bounds_us[i] / 1000;
	}
	return (double)histogram_bounds_us[HISTOGRAM_BUCKETS - 2] / 1000;
}

/* --- for people --- */

static void
put_cell(struct buf *out, struct str text, int width)
{
	const size_t from = out->len;

	tame_put(out, text);
	for (size_t n = out->len - from; n < (size_t)width; n++)
		buf_putc(out, ' ');
	buf_putc(out, ' ');
}

static void
put_processes(struct buf *out, const struct stats *s)
{
	const double now_s = (double)clock_wall().ms / 1000;

	buf_printf(out, "%-16s %-20s %-10s %10s %10s\n", "PROCESS", "NODE", "VERSION",
	    "UP, MIN", "MEMORY, MB");
	for (size_t i = 0; i < now_of(s)->n; i++) {
		const struct process *p = &now_of(s)->all[i];
		const double started = process_figure(p, "process_start_time_seconds");

		if (p->metrics == NULL) /* the keeper is in a process that tells already */
			continue;
		put_cell(out, p->service, 16);
		put_cell(out, p->node, 20);
		put_cell(out, p->version, 10);
		buf_printf(out, "%10.0f %10.1f\n", started > 0 ? (now_s - started) / 60 : 0,
		    process_figure(p, "carillon_process_anonymous_memory_bytes") / 1e6);
	}
}

static void
put_stages(struct buf *out, const struct stats *s)
{
	buf_printf(out, "\n%-20s %12s %12s\n", "STAGE, MS", "P50 UNDER", "P99 UNDER");
	for (size_t i = 0; i < COUNT_OF(stages); i++) {
		const double p50 = quantile_ms(s, stages[i], 0.5);

		if (p50 >= 0)
			buf_printf(out, "%-20s %12g %12g\n", stages[i], p50,
			    quantile_ms(s, stages[i], 0.99));
	}
}

static void
put_lane(struct buf *out, const struct json *lane)
{
	int64_t held = 0, overflow = 0;

	put_cell(out, json_string(lane, STR("workspace")), 24);
	put_cell(out, json_string(lane, STR("connection")), 16);
	put_cell(out, json_string(lane, STR("channel")), 12);
	if (json_int64(json_get(lane, STR("held")), &held) &&
	    json_int64(json_get(lane, STR("overflow")), &overflow))
		buf_printf(out, "%8" PRId64 " %8" PRId64, held, overflow);
	buf_putc(out, '\n');
}

static void
put_lanes(struct buf *out, const struct stats *s)
{
	int shown = 0;

	for (size_t i = 0; i < now_of(s)->n; i++) {
		const struct json *lanes = now_of(s)->all[i].lanes;

		if (lanes == NULL)
			continue;
		JSON_EACH (lane, lanes) {
			if (shown++ == 0)
				buf_printf(out, "\n%-24s %-16s %-12s %8s %8s\n", "WORKSPACE",
				    "CONNECTION", "CHANNEL", "MEMORY", "WAITING");
			if (shown > LANES_SHOWN)
				return;
			put_lane(out, lane);
		}
	}
}

static void
print_for_people(const struct stats *s)
{
	struct buf out = {0};

	if (s->is_live)
		buf_cstr(&out, "\033[H\033[J");
	put_processes(&out, s);
	buf_putc(&out, '\n');
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		buf_printf(&out, "%-20s %12.*f%s\n", rows[i].label, rows[i].is_rate ? 1 : 0,
		    row_value(s, &rows[i]), rows[i].is_rate ? " /s" : "");
	put_stages(&out, s);
	put_lanes(&out, s);
	print_text(&out);
	fflush(stdout);
}

/* --- for programs --- */

static void
put_number(struct json_writer *w, const char *key, double value)
{
	char text[64];

	snprintf(text, sizeof(text), "%.3f", value);
	jw_key(w, key);
	jw_raw(w, str_of(text));
}

static void
write_processes(struct json_writer *w, const struct stats *s)
{
	jw_key(w, "processes");
	jw_array(w);
	for (size_t i = 0; i < now_of(s)->n; i++) {
		const struct process *p = &now_of(s)->all[i];

		jw_object(w);
		jw_kv_string(w, "service", p->service);
		jw_kv_string(w, "node", p->node);
		jw_kv_string(w, "id", p->id);
		jw_kv_string(w, "version", p->version);
		if (p->metrics != NULL) {
			jw_key(w, "metrics");
			jw_value(w, p->metrics);
		}
		if (p->lanes != NULL) {
			jw_key(w, "lanes");
			jw_value(w, p->lanes);
		}
		jw_object_end(w);
	}
	jw_array_end(w);
}

static void
print_json(const struct stats *s)
{
	struct document doc;
	struct json_writer *w = &doc.w;

	document_begin(&doc, s->command);
	jw_object(w);
	jw_key(w, "figures");
	jw_object(w);
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		put_number(w, rows[i].name, row_value(s, &rows[i]));
	jw_object_end(w);
	jw_key(w, "stages");
	jw_object(w);
	for (size_t i = 0; i < COUNT_OF(stages); i++) {
		const double p50 = quantile_ms(s, stages[i], 0.5);

		if (p50 < 0)
			continue;
		jw_key(w, stages[i]);
		jw_object(w);
		put_number(w, "p50_ms", p50);
		put_number(w, "p99_ms", quantile_ms(s, stages[i], 0.99));
		jw_object_end(w);
	}
	jw_object_end(w);
	write_processes(w, s);
	jw_object_end(w);
	document_end(&doc);
}

/* --- looking --- */

static bool
look(struct stats *s, struct err *e)
{
	s->now = !s->now;
	arena_reset(s->arenas[s->now]);
	if (!processes_ask(s->command, s->arenas[s->now], &s->looks[s->now], e))
		return false;
	return s->looks[s->now].n > 0 ||
	       fail(e, ERR_NOT_FOUND,
		   "no process of Carillon answers on this NATS: `carillon serve` starts the "
		   "service, `carillon check` says what keeps it from running");
}

/* Until it is interrupted, or a look fails. */
static bool
look_on(struct stats *s, struct err *e)
{
	s->is_live = true;
	while (look(s, e)) {
		print_for_people(s);
		clock_sleep(LIVE_MS);
	}
	return false;
}

bool
verb_stats(struct command *c, struct err *e)
{
	struct stats *s = calloc(1, sizeof(*s));
	const bool is_json = command_has(c, OPTION_JSON);
	bool ok;

	must(s != NULL);
	s->command = c;
	s->arenas[0] = arena_new(0);
	s->arenas[1] = arena_new(0);
	ok = command_open(c, NEED_BROKER, e) && look(s, e);
	clock_sleep(ok ? LOOK_MS : 0);
	ok = ok && look(s, e);
	if (ok && is_json)
		print_json(s);
	else if (ok)
		print_for_people(s);
	if (ok && !is_json && isatty(STDOUT_FILENO))
		ok = look_on(s, e);
	arena_free(s->arenas[0]);
	arena_free(s->arenas[1]);
	free(s);
	return ok;
}
