#include "carillon/base/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/statvfs.h>

#define GAUGE     METRIC_GAUGE
#define COUNTER   METRIC_COUNTER
#define HISTOGRAM METRIC_HISTOGRAM
const struct metric metrics[METRICS] = {
#define METRIC(NAME, name, type, labels, who, help) {name, type, labels, who, help},
#include "carillon/base/metrics.def"
#undef METRIC
};
#undef GAUGE
#undef COUNTER
#undef HISTOGRAM

static const char *const type_names[] = {
    [METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_HISTOGRAM] = "histogram"};

enum { US_PER_S = 1000000, NUMBER_MAX = 48 };

static const char *
seconds_text(int64_t us, char out[static NUMBER_MAX])
{
	if (us < 0)
		us = 0;
	snprintf(
	    out, NUMBER_MAX, "%" PRId64 ".%06" PRId64, us / US_PER_S, us % (int64_t)US_PER_S);
	return out;
}

/* --- a sample: name{label="value"} number --- */

static void
put_label(struct buf *b, bool *any, struct str name, const char *value)
{
	buf_putc(b, *any ? ',' : '{');
	*any = true;
	buf_str(b, name);
	buf_cstr(b, "=\"");
	for (; *value != '\0'; value++) {
		if (*value == '"' || *value == '\\')
			buf_putc(b, '\\');
		buf_putc(b, *value == '\n' ? ' ' : *value);
	}
	buf_putc(b, '"');
}

/* `le` is the bound of a histogram's bucket; NULL: there is none. */
static void
put_name(struct buf *b, const struct metric *m, const char *suffix, const char *const *labels,
    const char *le)
{
	bool any = false;

	buf_cstr(b, m->name);
	buf_cstr(b, suffix);
	for (const char *at = m->labels; *at != '\0';) {
		const size_t len = strcspn(at, ",");

		put_label(b, &any, (struct str){at, len}, *labels++);
		at += len + (at[len] == ',');
	}
	if (le != NULL)
		put_label(b, &any, STR("le"), le);
	if (any)
		buf_putc(b, '}');
}

static void
say_what_it_is(struct metrics_page *p, const struct metric *m)
{
	if (p->last == m)
		return;
	p->last = m;
	buf_printf(p->out, "# HELP %s %s\n# TYPE %s %s\n", m->name, m->help, m->name,
	    type_names[m->type]);
}

struct sample {
	const char *suffix, *le, *number;
};

static void
put_sample(struct metrics_page *p, const struct metric *m, const char *const *labels,
    const struct sample *s)
{
	if (p->json != NULL) {
		struct buf name = {0};

		put_name(&name, m, s->suffix, labels, s->le);
		jw_keyn(p->json, buf_view(&name));
		jw_raw(p->json, str_of(s->number));
		buf_fini(&name);
		return;
	}
	say_what_it_is(p, m);
	put_name(p->out, m, s->suffix, labels, s->le);
	buf_putc(p->out, ' ');
	buf_cstr(p->out, s->number);
	buf_putc(p->out, '\n');
}

static void
put_number(struct metrics_page *p, const struct metric *m, const char *const *labels,
    struct sample s, uint64_t n)
{
	char number[NUMBER_MAX];

	snprintf(number, sizeof(number), "%" PRIu64, n);
	s.number = number;
	put_sample(p, m, labels, &s);
}

void
metric_put(
    struct metrics_page *p, const struct metric *m, const char *const *labels, uint64_t value)
{
	put_number(p, m, labels, (struct sample){.suffix = ""}, value);
}

void
metric_put_us(
    struct metrics_page *p, const struct metric *m, const char *const *labels, int64_t us)
{
	char number[NUMBER_MAX];

	put_sample(
	    p, m, labels, &(struct sample){.suffix = "", .number = seconds_text(us, number)});
}

void
metric_put_histogram(struct metrics_page *p, const struct metric *m, const char *const *labels,
    const struct histogram_view *v)
{
	char bound[NUMBER_MAX], sum[NUMBER_MAX];
	uint64_t n = 0;

	if (v->count == 0)
		return;
	for (int i = 0; i < HISTOGRAM_BUCKETS - 1; i++) {
		n += v->counts[i];
		snprintf(bound, sizeof(bound), "%g",
		    (double)histogram_bounds_us[i] / (double)US_PER_S);
		put_number(p, m, labels, (struct sample){.suffix = "_bucket", .le = bound}, n);
	}
	put_number(p, m, labels, (struct sample){.suffix = "_bucket", .le = "+Inf"}, v->count);
	put_sample(p, m, labels,
	    &(struct sample){
		.suffix = "_sum", .number = seconds_text((int64_t)v->sum_us, sum)});
	put_number(p, m, labels, (struct sample){.suffix = "_count"}, v->count);
}

void
metrics_put_disk(struct metrics_page *p, const char *dir)
{
	struct statvfs fs;

	if (statvfs(dir, &fs) == 0)
		metric_put(p, &metrics[METRIC_IS_DISK_FREE], NULL,
		    (uint64_t)fs.f_bavail * fs.f_frsize);
}

void
metric_markdown(struct buf *out, const struct metric *m)
{
	buf_printf(out, "| `%s` | %s | %s | %s | %s |\n", m->name, type_names[m->type],
	    m->labels, m->who, m->help);
}
