/* The options of a rule, for a new one and for one that is changed. */
#include "carillon/registry/words.h"

#include "rule.h"

/* A key and how long it counts. */
struct key_options {
	enum option key, time;
	uint32_t usual, most;
};

/* The time is the usual one unless given. "" is no key. */
static bool
read_key(struct command *c, const struct key_options *o, char **out, uint32_t *out_time,
    struct err *e)
{
	uint64_t n = *out_time > 0 ? *out_time : o->usual;

	if (!read_number(c, o->time, o->most, &n, e))
		return false;
	if (command_has(c, o->key))
		*out = arena_cstr(c->arena, command_option(c, o->key));
	if ((*out)[0] == '\0' && command_has(c, o->time))
		return fail(e, ERR_INPUT, "--%s means nothing without --%s",
		    option_specs[o->time].name, option_specs[o->key].name);
	*out_time = (*out)[0] == '\0' ? 0 : (uint32_t)n;
	return true;
}

static bool
read_keys(struct command *c, rule_record *r, struct err *e)
{
	static const struct key_options thread = {
	    OPTION_THREAD_KEY, OPTION_THREAD_HOURS, THREAD_HOURS_USUAL, THREAD_HOURS_MAX};
	static const struct key_options dedupe = {
	    OPTION_DEDUPE_KEY, OPTION_DEDUPE_MINUTES, DEDUPE_MINUTES_USUAL, DEDUPE_MINUTES_MAX};

	return read_key(c, &thread, &r->thread_key, &r->thread_hours, e) &&
	       read_key(c, &dedupe, &r->dedupe_key, &r->dedupe_minutes, e);
}

static bool
read_on_burst(struct command *c, rule_record *r, struct err *e)
{
	char known[WORDS_TEXT_MAX];
	int word;

	if (!command_has(c, OPTION_ON_BURST))
		return true;
	if (!word_number(&on_burst_words, command_option(c, OPTION_ON_BURST), &word))
		return fail(e, ERR_INPUT, "--on-burst %s: must be %s",
		    c->options[OPTION_ON_BURST], words_text(&on_burst_words, known));
	r->on_burst = (Carillon__V1__OnBurst)word;
	return true;
}

static void
take(struct command *c, enum option o, char **field)
{
	if (command_has(c, o))
		*field = arena_cstr(c->arena, command_option(c, o));
}

/* What is wrong with the values the registry says, for every way in. */
static void
read_quiet_hours(struct command *c, rule_record *r)
{
	if (r->quiet_hours == NULL) {
		r->quiet_hours = ARENA_NEW(c->arena, Carillon__V1__QuietHours);
		carillon__v1__quiet_hours__init(r->quiet_hours);
	}
	take(c, OPTION_QUIET_FROM, &r->quiet_hours->from);
	take(c, OPTION_QUIET_TO, &r->quiet_hours->to);
	take(c, OPTION_QUIET_ZONE, &r->quiet_hours->time_zone);
	take(c, OPTION_QUIET_UNLESS, &r->quiet_hours->unless_severity);
}

static bool
asks_for_quiet_hours(const struct command *c)
{
	return command_has(c, OPTION_QUIET_FROM) || command_has(c, OPTION_QUIET_TO) ||
	       command_has(c, OPTION_QUIET_ZONE) || command_has(c, OPTION_QUIET_UNLESS);
}

/* Where, what and how: what a rule is without options that look at earlier messages. */
static bool
read_plain(struct command *c, rule_record *r, struct err *e)
{
	struct str filter, template;

	if (c->channels.n > 1)
		return FAIL_USAGE(c, e,
		    "a rule sends to one channel: give --channel once, "
		    "and add a rule for each other channel");
	if (!read_json_option(c, OPTION_FILTER, &filter, e) ||
	    !read_json_option(c, OPTION_TEMPLATE, &template, e))
		return false;
	take(c, OPTION_NAME, &r->name);
	take(c, OPTION_TYPE, &r->event_type);
	take(c, OPTION_CONNECTION, &r->connection);
	if (command_has(c, OPTION_FILTER))
		r->filter = arena_cstr(c->arena, filter);
	if (command_has(c, OPTION_TEMPLATE))
		r->template_ = arena_cstr(c->arena, template);
	if (command_has(c, OPTION_PREFER_SILENCE))
		r->on_unknown = CARILLON__V1__ON_UNKNOWN__ON_UNKNOWN_PREFER_SILENCE;
	if (command_has(c, OPTION_NO_PLAIN_TEXT))
		r->on_message_error = CARILLON__V1__ON_MESSAGE_ERROR__ON_MESSAGE_ERROR_FAIL;
	return true;
}

bool
rule_options_read(struct command *c, rule_record *r, struct err *e)
{
	take(c, OPTION_UPDATE_KEY, &r->update_key);
	if (asks_for_quiet_hours(c))
		read_quiet_hours(c, r);
	return read_plain(c, r, e) && read_on_burst(c, r, e) && read_keys(c, r, e) &&
	       read_schedule(c, &r->retry_s, &r->n_retry_s, e);
}
