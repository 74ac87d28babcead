/* The processes that are up, as they tell of themselves by NATS: for `stats` and `check`. */
#pragma once

#include "command.h"

struct process {
	struct str service, id, node, version; /* service: MICRO_SERVE, ... */
	const struct json *metrics;            /* name -> number; NULL: it told none */
	const struct json *lanes;              /* those with the most to do; NULL: none told */
};

enum { PROCESSES_MAX = 256, PROCESSES_WAIT_MS = 400 };

struct processes {
	struct process all[PROCESSES_MAX];
	size_t n;
	mono_t at;
};

/* Asks all of them; what they tell lives in `a`. The broker must be open. Those that answer
 * later than in PROCESSES_WAIT_MS are taken to be away. */
MUST_USE bool processes_ask(
    struct command *c, struct arena *a, struct processes *out, struct err *e);
/* How many are of that service. */
size_t processes_count(const struct processes *p, const char *service);
/* A figure of one; 0 if it has none of that name. */
double process_figure(const struct process *p, const char *name);
/* The same of all together. */
double processes_figure(const struct processes *p, const char *name);
/* How much a counter of all together grew a second since `before`; of one that was not there,
 * or was started again, since it started. 0 without a `before`. */
double processes_rate(
    const struct processes *p, const struct processes *before, const char *name);
