/* The page of the figures, from the tables that make them. */
#include "carillon/base/metrics.h"
#include "carillon/flow/flow.h"

#include "output.h"

static void
put_stages(struct buf *out)
{
	buf_cstr(out, "\n## Stages\n\nThe values of `stage` in `carillon_stage_seconds`.\n\n"
		      "| stage | from where to where |\n|---|---|\n");
#define HISTOGRAM(name, sentence) buf_cstr(out, "| `" #name "` | " sentence " |\n");
#include "carillon/flow/histograms.def"
#undef HISTOGRAM
}

static void
put_outcomes(struct buf *out)
{
	buf_cstr(out, "\n## Outcomes\n\nThe values of `outcome` in "
		      "`carillon_attempt_outcomes_total`.\n\n| outcome | means |\n|---|---|\n");
#define OUTCOME(NAME, name, sentence) buf_cstr(out, "| `" name "` | " sentence " |\n");
#include "carillon/base/outcomes.def"
#undef OUTCOME
}

bool
verb_docs_metrics(struct command *c, struct err *e)
{
	struct buf out = {0};

	(void)c;
	(void)e;
	buf_cstr(&out,
	    "# Figures\n\nMade by `carillon docs metrics`. Prometheus reads them at `/metrics` "
	    "of the operators' ports: of\n`carillon serve` at `serve_admin_listen`, of "
	    "`carillon web` at `http_admin_listen`. No label names a\nworkspace, so there are "
	    "as many series with a hundred thousand customers as with one; which lanes have "
	    "the\nmost to do says `/top?n=10` of the service. `/healthz` says that a process "
	    "runs, `/readyz` that it does\nits work.\n\nA dashboard for Grafana and alert "
	    "rules "
	    "are in `tools/monitoring`; what to do about each alert is in\n"
	    "[handbook/incidents.md](handbook/incidents.md).\n\n"
	    "| figure | type | labels | of | what it is |\n|---|---|---|---|---|\n");
	for (int i = 0; i < METRICS; i++)
		metric_markdown(&out, &metrics[i]);
	flow_metrics_markdown(&out);
	put_stages(&out);
	put_outcomes(&out);
	print_text(&out);
	return true;
}
