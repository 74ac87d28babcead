#include "processes.h"

#include "carillon/base/clock.h"
#include "carillon/broker/micro.h"

static void
take(const struct json *answer, void *processes)
{
	struct processes *out = processes;
	struct process *p = &out->all[out->n];

	if (out->n == PROCESSES_MAX)
		return;
	out->n++;
	*p = (struct process){
	    .service = json_string(answer, STR("name")),
	    .id = json_string(answer, STR("id")),
	    .node = json_string(json_get(answer, STR("metadata")), STR("node")),
	    .version = json_string(answer, STR("version")),
	    .metrics = json_path(answer, STR("endpoints.0.data.metrics")),
	    .lanes = json_path(answer, STR("endpoints.0.data.lanes")),
	};
}

bool
processes_ask(struct command *c, struct arena *a, struct processes *out, struct err *e)
{
	out->n = 0;
	out->at = clock_mono();
	return micro_ask(
	    c->broker, &(struct micro_question){"STATS", PROCESSES_WAIT_MS, take, out}, a, e);
}

size_t
processes_count(const struct processes *p, const char *service)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++)
		n += str_eq(p->all[i].service, str_of(service));
	return n;
}

double
process_figure(const struct process *p, const char *name)
{
	double value;

	return json_double(json_get(p->metrics, str_of(name)), &value) ? value : 0;
}

double
processes_figure(const struct processes *p, const char *name)
{
	double sum = 0;

	for (size_t i = 0; i < p->n; i++)
		sum += process_figure(&p->all[i], name);
	return sum;
}

static double
figure_before(const struct processes *before, const struct process *p, const char *name)
{
	for (size_t i = 0; i < before->n; i++)
		if (str_eq(before->all[i].id, p->id) &&
		    str_eq(before->all[i].service, p->service))
			return process_figure(&before->all[i], name);
	return 0;
}

double
processes_rate(const struct processes *p, const struct processes *before, const char *name)
{
	const double seconds = (double)(p->at.ms - before->at.ms) / 1000;
	double grown = 0;

	if (before->n == 0 || seconds <= 0)
		return 0;
	for (size_t i = 0; i < p->n; i++)
		grown +=
		    process_figure(&p->all[i], name) - figure_before(before, &p->all[i], name);
	return grown / seconds;
}
