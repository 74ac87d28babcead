#include "carillon/registry/check.h"

#include "carillon/base/arena.h"
#include "carillon/base/id.h"
#include "carillon/registry/registry.h"
#include "carillon/registry/rulebook.h"
#include "carillon/rules/pointer.h"

enum { PATTERN_MAX = EVENT_TYPE_MAX };

const ProtobufCMessageDescriptor *
registry_type_of(enum state_kind kind)
{
	switch (kind) {
	case STATE_WORKSPACE: return &carillon__v1__workspace__descriptor;
	case STATE_CONNECTION: return &carillon__v1__connection__descriptor;
	case STATE_RULE: return &carillon__v1__rule__descriptor;
	case STATE_TYPE: return &carillon__v1__event_type__descriptor;
	case STATE_REPLAY: return &carillon__v1__replay__descriptor;
	default: break;
	}
	must(kind < STATE_KINDS);
	return NULL;
}

bool
check_name(const char *name, struct err *e)
{
	struct str s = str_of(name);

	if (s.len > NAME_MAX_BYTES)
		return fail(e, ERR_INPUT, "the name is %zu bytes; the limit is %d", s.len,
		    NAME_MAX_BYTES);
	if (!str_is_text(s))
		return fail(e, ERR_INPUT, "the name is not UTF-8 text");
	return true;
}

static bool
check_id(const char *what, const char *id, struct err *e)
{
	if (id_is_record(str_of(id)))
		return true;
	return fail(e, ERR_INPUT, "%s id \"%s\": use 1 to %d of a-z, 0-9, \"_\" and \"-\"",
	    what, id, RECORD_ID_MAX);
}

bool
check_workspace(const workspace_record *w, struct err *e)
{
	struct str id = str_of(w->id);

	if (!id_is_workspace(id))
		return fail(e, ERR_INPUT,
		    "workspace id \"%.*s\": use 1 to %d of a-z, 0-9, \"_\" and \"-\"",
		    STR_ARG(id), WORKSPACE_ID_MAX);
	if (str_eq(id, CATALOGUE_WORKSPACE))
		return fail(e, ERR_INPUT, "workspace id \"%.*s\" is reserved for the catalogue",
		    STR_ARG(id));
	return check_name(w->name, e);
}

static bool
check_retry(const uint32_t *retry_s, size_t n, struct err *e)
{
	if (n > RULE_RETRY_STEPS_MAX)
		return fail(e, ERR_INPUT, "retry: %zu steps; at most %d are allowed", n,
		    RULE_RETRY_STEPS_MAX);
	for (size_t i = 0; i < n; i++)
		if (retry_s[i] > RULE_RETRY_S_MAX)
			return fail(e, ERR_INPUT,
			    "retry: step %zu is %u s; at most %d s (a week) are allowed", i + 1,
			    retry_s[i], RULE_RETRY_S_MAX);
	return true;
}

static bool
check_destination(struct str name, struct err *e)
{
	struct str names[DEST_TYPES_MAX];
	char list[128];

	if (dest_find(name) != NULL)
		return true;
	for (int i = 0; i < dest_count(); i++)
		names[i] = str_of(dest_at(i)->name);
	return fail(e, ERR_INPUT, "there is no destination type \"%.*s\"; use %s",
	    STR_ARG(name), words_format(list, sizeof(list), names, (size_t)dest_count()));
}

bool
check_connection(const connection_record *c, struct err *e)
{
	if (!check_id("connection", c->id, e) || !check_name(c->name, e))
		return false;
	if (!check_destination(str_of(c->dest), e))
		return false;
	for (size_t i = 0; i < c->n_channels; i++)
		if (c->channels[i]->id[0] == '\0' ||
		    strlen(c->channels[i]->id) > CHANNEL_ID_MAX)
			return fail(e, ERR_INPUT, "channel \"%s\" is not a channel id",
			    c->channels[i]->id);
	return check_retry(c->retry_s, c->n_retry_s, e);
}

static bool
check_range(const char *what, uint32_t n, int most, const char *unit, struct err *e)
{
	if (n >= 1 && n <= (uint32_t)most)
		return true;
	return fail(e, ERR_INPUT, "%s: %u %s; use 1 to %d", what, n, unit, most);
}

/* Options of a key without a key would be promises that nobody keeps. */
static bool
check_key_options(const rule_record *r, struct err *e)
{
	bool has_thread = r->thread_key[0] != '\0', has_dedupe = r->dedupe_key[0] != '\0';

	if (!has_thread && r->thread_hours != 0)
		return fail(e, ERR_INPUT, "thread hours: there is no thread key; give both");
	if (!has_dedupe && r->dedupe_minutes != 0)
		return fail(e, ERR_INPUT, "dedupe minutes: there is no dedupe key; give both");
	return (!has_thread || check_range("thread hours", r->thread_hours, THREAD_HOURS_MAX,
				   "hours", e)) &&
	       (!has_dedupe || check_range("dedupe minutes", r->dedupe_minutes,
				   DEDUPE_MINUTES_MAX, "minutes", e));
}

/* A rule that would fail at the first event is refused now, with the place and a suggestion. */
bool
check_rule_text(const rule_record *r, const struct event_type *type,
    const struct dest_type *dest, struct err *e)
{
	struct arena *a;
	struct rule rule;
	bool ok;

	if (!check_name(r->name, e) || !check_key_options(r, e) ||
	    !check_retry(r->retry_s, r->n_retry_s, e))
		return false;
	a = arena_new(0);
	rule_compile(a, r, type, dest, &rule);
	ok = rule.problem.len == 0;
	if (!ok)
		(void)fail(e, ERR_INPUT, "%.*s", STR_ARG(rule.problem));
	arena_free(a);
	return ok;
}

static bool
check_compiles(
    const rule_record *r, const type_record *type, const struct dest_type *dest, struct err *e)
{
	struct arena *a = arena_new(0);
	bool ok = check_rule_text(r, type ? event_type_compile(a, type) : NULL, dest, e);

	arena_free(a);
	return ok;
}

bool
check_rule(
    const rule_record *r, const type_record *type, const struct dest_type *dest, struct err *e)
{
	struct str pattern = str_of(r->event_type);

	if (!check_id("rule", r->id, e))
		return false;
	if (pattern.len > PATTERN_MAX || !id_is_type_pattern(pattern))
		return fail(e, ERR_INPUT,
		    "event type \"%.*s\": use dot-separated words such as "
		    "alert.triggered; \"*\" stands "
		    "for one word, a last \">\" for the rest",
		    STR_ARG(pattern));
	if (strlen(r->channel) > CHANNEL_ID_MAX || !str_is_text(str_of(r->channel)))
		return fail(e, ERR_INPUT, "the channel is not a channel id");
	if (r->active && (r->connection[0] == '\0' || r->channel[0] == '\0'))
		return fail(e, ERR_INPUT, "an active rule needs a connection and a channel");
	return check_compiles(r, type, dest, e);
}
