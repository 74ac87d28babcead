/*
 * Figures for operators, as Prometheus reads them, or as one JSON object of the same samples.
 * Whoever has the figures puts them onto a page, all of one metric in a row; the page says what
 * each is once. A page belongs to one thread.
 */
#pragma once

#include "carillon/base/buf.h"
#include "carillon/base/histogram.h"
#include "carillon/base/json.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metric {
	const char *name;
	enum metric_type type;
	const char *labels; /* comma separated; "" for none */
	const char *who;    /* the processes that have it */
	const char *help;
};

enum metric_id {
#define METRIC(NAME, name, type, labels, who, help) METRIC_IS_##NAME,
#include "carillon/base/metrics.def"
#undef METRIC
	METRICS
};
extern const struct metric metrics[METRICS];

struct metrics_page {
	struct buf *out;          /* as text, */
	struct json_writer *json; /* or into an open object; one of them is NULL */
	const struct metric *last;
};

/* The values of a metric's labels, in its order. */
#define METRIC_LABELS(...) ((const char *const[]){__VA_ARGS__})

/* A figure. `labels` has as many values as the metric has labels; NULL: it has none. */
void metric_put(
    struct metrics_page *p, const struct metric *m, const char *const *labels, uint64_t value);
/* A time in seconds, from microseconds. */
void metric_put_us(
    struct metrics_page *p, const struct metric *m, const char *const *labels, int64_t us);
/* All that was observed; nothing when nothing was. */
void metric_put_histogram(struct metrics_page *p, const struct metric *m,
    const char *const *labels, const struct histogram_view *v);
/* What every process can tell of itself: version, processor, memory, files. */
void metrics_put_process(struct metrics_page *p, const char *version);
/* The room left on the disk of a directory. */
void metrics_put_disk(struct metrics_page *p, const char *dir);

/* A row of a table in Markdown: name, type, labels, who, help. */
void metric_markdown(struct buf *out, const struct metric *m);
