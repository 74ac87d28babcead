/* What the flow tells operators: its counters, stages, lanes and places. */
#include "carillon/base/records.h"
#include "flow_private.h"

static const struct metric counters[] = {
#define COUNTER(name, sentence) \
	{"carillon_" #name "_total", METRIC_COUNTER, "", "serve", sentence},
#include "carillon/flow/counters.def"
#undef COUNTER
};

static void
put_counters(struct metrics_page *p, const struct flow_view *v)
{
	const struct metric *m = counters;

#define COUNTER(name, sentence) metric_put(p, m++, NULL, v->counters.name);
#include "carillon/flow/counters.def"
#undef COUNTER
}

static void
put_stages(struct metrics_page *p, const struct flow_view *v)
{
#define HISTOGRAM(name, sentence) \
	metric_put_histogram(p, &metrics[METRIC_IS_STAGE], METRIC_LABELS(#name), &v->name);
#include "carillon/flow/histograms.def"
#undef HISTOGRAM
}

static void
put_outcomes(struct metrics_page *p, const struct flow_view *v)
{
	static const char *const names[OUTCOMES] = {
#define OUTCOME(NAME, name, sentence) [OUTCOME_##NAME] = name,
#include "carillon/base/outcomes.def"
#undef OUTCOME
	};

	for (int i = OUTCOME_NONE + 1; i < OUTCOMES; i++)
		metric_put(
		    p, &metrics[METRIC_IS_OUTCOMES], METRIC_LABELS(names[i]), v->outcomes[i]);
}

static void
put_lanes(struct metrics_page *p, const struct flow_view *v)
{
	const struct flow_lanes *lanes = &v->lanes;

	/* The courier stores them one by one: shut may be newer than how many there are. */
	metric_put(p, &metrics[METRIC_IS_LANES], METRIC_LABELS("open"),
	    lanes->lanes > lanes->shut ? lanes->lanes - lanes->shut : 0);
	metric_put(p, &metrics[METRIC_IS_LANES], METRIC_LABELS("shut"), lanes->shut);
	metric_put(p, &metrics[METRIC_IS_LANE_QUEUED], NULL, lanes->queued);
	metric_put(p, &metrics[METRIC_IS_IN_FLIGHT], NULL, lanes->in_flight);
	metric_put(p, &metrics[METRIC_IS_DOWN], NULL, v->is_down);
}

static void
put_places(struct metrics_page *p, const struct flow_view *v)
{
	const struct flow_places *places = &v->places;

	metric_put(p, &metrics[METRIC_IS_IN_HAND], NULL, v->in_hand);
	metric_put(p, &metrics[METRIC_IS_PLACES], METRIC_LABELS("held"), places->held);
	/* A reload may have made the limit less than what is held. */
	metric_put(p, &metrics[METRIC_IS_PLACES], METRIC_LABELS("free"),
	    places->limit > places->held ? places->limit - places->held : 0);
	metric_put(p, &metrics[METRIC_IS_OVERFLOW], NULL, places->overflow);
	metric_put(p, &metrics[METRIC_IS_OVERFLOW_LANES], NULL, places->overflow_lanes);
}

void
flow_metrics(struct flow *f, struct metrics_page *p)
{
	struct flow_view v;

	flow_look(f, &v);
	put_counters(p, &v);
	put_outcomes(p, &v);
	put_stages(p, &v);
	put_lanes(p, &v);
	put_places(p, &v);
}

void
flow_metrics_markdown(struct buf *out)
{
	for (size_t i = 0; i < COUNT_OF(counters); i++)
		metric_markdown(out, &counters[i]);
}

void
flow_top(struct flow *f, struct json_writer *w, size_t n)
{
	struct arena *a = arena_new(0);
	struct place_top *top = ARENA_ARRAY(a, struct place_top, n);

	n = places_top(f->places, a, top, n);
	jw_key(w, "lanes");
	jw_array(w);
	for (size_t i = 0; i < n; i++) {
		jw_object(w);
		jw_kv_string(w, "workspace", top[i].id.workspace);
		jw_kv_string(w, "connection", top[i].id.connection);
		jw_kv_string(w, "channel", top[i].id.channel);
		jw_kv_int(w, "held", (int64_t)top[i].held);
		jw_kv_int(w, "overflow", (int64_t)top[i].overflow);
		jw_object_end(w);
	}
	jw_array_end(w);
	arena_free(a);
}
