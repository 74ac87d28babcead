/* The options of a rule that look at earlier messages, and its retry schedule. */
#include "print.h"
#include "rule.h"

enum { THREAD_HOURS_USUAL = 24, DEDUPE_MINUTES_USUAL = 10 };

/* A key and how long it counts; the second is the usual one unless given. */
static bool
read_key(struct command *c, enum option key, enum option time, int usual, int most, char **out,
    uint32_t *out_time, struct err *e)
{
	uint64_t n = (uint64_t)usual;

	if (!read_number(c, time, (uint64_t)most, &n, e))
		return false;
	if (!command_has(c, key) && command_has(c, time))
		return fail(e, ERR_INPUT, "--%s means nothing without --%s",
		    option_specs[time].name, option_specs[key].name);
	if (!command_has(c, key))
		return true;
	*out = arena_cstr(c->arena, command_option(c, key));
	*out_time = (uint32_t)n;
	return true;
}

static bool
read_on_burst(struct command *c, rule_record *r, struct err *e)
{
	for (size_t i = 0; i < COUNT_OF(on_burst_names); i++) {
		if (!command_has(c, OPTION_ON_BURST) ||
		    str_eq(command_option(c, OPTION_ON_BURST), str_of(on_burst_names[i]))) {
			r->on_burst = (Carillon__V1__OnBurst)i;
			return true;
		}
	}
	return fail(e, ERR_INPUT, "--on-burst %s: must be queue, digest or drop-oldest",
	    c->options[OPTION_ON_BURST]);
}

/* What is wrong with the values the registry says, for every way in. */
static void
read_quiet_hours(struct command *c, rule_record *r)
{
	Carillon__V1__QuietHours *q;

	if (!command_has(c, OPTION_QUIET_FROM) && !command_has(c, OPTION_QUIET_TO) &&
	    !command_has(c, OPTION_QUIET_ZONE) && !command_has(c, OPTION_QUIET_UNLESS))
		return;
	q = ARENA_NEW(c->arena, Carillon__V1__QuietHours);
	carillon__v1__quiet_hours__init(q);
	q->from = arena_cstr(c->arena, command_option(c, OPTION_QUIET_FROM));
	q->to = arena_cstr(c->arena, command_option(c, OPTION_QUIET_TO));
	q->time_zone = arena_cstr(c->arena, command_option(c, OPTION_QUIET_ZONE));
	q->unless_severity = arena_cstr(c->arena, command_option(c, OPTION_QUIET_UNLESS));
	r->quiet_hours = q;
}

bool
rule_options_read(struct command *c, rule_record *r, struct err *e)
{
	if (command_has(c, OPTION_UPDATE_KEY))
		r->update_key = arena_cstr(c->arena, command_option(c, OPTION_UPDATE_KEY));
	read_quiet_hours(c, r);
	return read_on_burst(c, r, e) &&
	       read_key(c, OPTION_THREAD_KEY, OPTION_THREAD_HOURS, THREAD_HOURS_USUAL,
		   THREAD_HOURS_MAX, &r->thread_key, &r->thread_hours, e) &&
	       read_key(c, OPTION_DEDUPE_KEY, OPTION_DEDUPE_MINUTES, DEDUPE_MINUTES_USUAL,
		   DEDUPE_MINUTES_MAX, &r->dedupe_key, &r->dedupe_minutes, e) &&
	       read_schedule(c, &r->retry_s, &r->n_retry_s, e);
}
