#include "registry_check.h"

#include "carillon/arena.h"
#include "carillon/dest.h"
#include "carillon/id.h"
#include "carillon/json.h"
#include "carillon/registry.h"
#include "rulebook.h"

enum { CHANNEL_MAX = 64, PATTERN_MAX = EVENT_TYPE_MAX };

const ProtobufCMessageDescriptor *
registry_type_of(enum state_kind kind)
{
	switch (kind) {
	case STATE_WORKSPACE: return &carillon__v1__workspace__descriptor;
	case STATE_CONNECTION: return &carillon__v1__connection__descriptor;
	case STATE_RULE: return &carillon__v1__rule__descriptor;
	case STATE_TYPE: return &carillon__v1__event_type__descriptor;
	default: break;
	}
	must(kind < STATE_KINDS);
	return NULL;
}

static bool
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
	if (str_eq(id, CATALOGUE_WORKSPACE_ID))
		return fail(e, ERR_INPUT, "workspace id \"%.*s\" is reserved for the catalogue",
		    STR_ARG(id));
	return check_name(w->name, e);
}

bool
check_connection(const connection_record *c, struct err *e)
{
	if (!check_id("connection", c->id, e) || !check_name(c->name, e))
		return false;
	if (dest_find(str_of(c->dest)) == NULL)
		return fail(
		    e, ERR_INPUT, "there is no destination type \"%s\"; use slack", c->dest);
	for (size_t i = 0; i < c->n_channels; i++)
		if (c->channels[i]->id[0] == '\0' || strlen(c->channels[i]->id) > CHANNEL_MAX)
			return fail(e, ERR_INPUT, "channel \"%s\" is not a channel id",
			    c->channels[i]->id);
	return true;
}

/* A rule that would fail at the first event is refused now, with the place and a suggestion. */
static bool
check_compiles(const rule_record *r, struct err *e)
{
	struct arena *a = arena_new(0);
	struct rule rule;
	bool ok;

	rule_compile(a, r, NULL, &rule);
	ok = rule.problem.len == 0;
	if (!ok)
		fail(e, ERR_INPUT, "%.*s", STR_ARG(rule.problem));
	arena_free(a);
	return ok;
}

bool
check_rule(const rule_record *r, struct err *e)
{
	struct str pattern = str_of(r->event_type);

	if (!check_id("rule", r->id, e) || !check_name(r->name, e))
		return false;
	if (pattern.len > PATTERN_MAX || !id_is_type_pattern(pattern))
		return fail(e, ERR_INPUT,
		    "event type \"%.*s\": use dot-separated words such as "
		    "alert.triggered; \"*\" stands "
		    "for one word, a last \">\" for the rest",
		    STR_ARG(pattern));
	if (strlen(r->channel) > CHANNEL_MAX || !str_is_text(str_of(r->channel)))
		return fail(e, ERR_INPUT, "the channel is not a channel id");
	if (r->active && (r->connection[0] == '\0' || r->channel[0] == '\0'))
		return fail(e, ERR_INPUT, "an active rule needs a connection and a channel");
	return check_compiles(r, e);
}

static bool
check_json(const char *what, const char *text, struct err *e)
{
	struct arena *a = arena_new(0);
	const struct json *v;
	bool ok = text[0] == '\0' || json_parse(a, str_of(text), JSON_DEPTH_MAX, &v, e);

	if (!ok)
		fail_within(e, "%s", what);
	else if (text[0] != '\0' && v->kind != JSON_OBJECT)
		ok = fail(e, ERR_INPUT, "%s: must be a JSON object", what);
	arena_free(a);
	return ok;
}

bool
check_type(const type_record *t, struct err *e)
{
	if (!id_is_event_type(str_of(t->name)))
		return fail(e, ERR_INPUT,
		    "event type \"%s\": use dot-separated words of letters, digits, "
		    "\"_\" and \"-\"",
		    t->name);
	return check_json("schema", t->schema, e) && check_json("sample", t->sample, e) &&
	       check_json("default template", t->default_template, e);
}
