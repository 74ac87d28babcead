#include "carillon/registry/check.h"

#include <strings.h>

#include "carillon/base/arena.h"
#include "carillon/base/id.h"
#include "carillon/base/json.h"
#include "carillon/registry/registry.h"
#include "carillon/registry/catalogue.h"

/* --- severity order --- */

/* Whether level `rank` or one of its aliases is called `name`. */
static bool
is_called(const Carillon__V1__SeverityLevel *level, const char *name)
{
	if (strcasecmp(level->name, name) == 0)
		return true;
	for (size_t i = 0; i < level->n_aliases; i++)
		if (strcasecmp(level->aliases[i], name) == 0)
			return true;
	return false;
}

static bool
check_word(const char *word, struct err *e)
{
	struct str s = str_of(word);

	if (s.len > 0 && s.len <= SEVERITY_NAME_MAX && str_is_text(s))
		return true;
	return fail(e, ERR_INPUT, "severity order: a name has 1 to %d bytes of text, not %zu",
	    SEVERITY_NAME_MAX, s.len);
}

/* A word that stands for two levels would make "high" >= "medium" a matter of luck. */
static bool
check_unique(const type_record *t, size_t rank, const char *word, struct err *e)
{
	for (size_t i = 0; i < rank; i++)
		if (is_called(t->severity_order[i], word))
			return fail(e, ERR_INPUT,
			    "severity order: \"%s\" stands for both \"%s\" and \"%s\"", word,
			    t->severity_order[i]->name, t->severity_order[rank]->name);
	return true;
}

static bool
check_level(const type_record *t, size_t rank, struct err *e)
{
	const Carillon__V1__SeverityLevel *level = t->severity_order[rank];

	if (!check_word(level->name, e) || !check_unique(t, rank, level->name, e))
		return false;
	if (level->n_aliases > SEVERITY_ALIASES_MAX)
		return fail(e, ERR_INPUT,
		    "severity order: \"%s\" has %zu aliases; at most %d are allowed",
		    level->name, level->n_aliases, SEVERITY_ALIASES_MAX);
	for (size_t i = 0; i < level->n_aliases; i++)
		if (!check_word(level->aliases[i], e) ||
		    !check_unique(t, rank, level->aliases[i], e))
			return false;
	return true;
}

static bool
check_severities(const type_record *t, struct err *e)
{
	if (t->n_severity_order > SEVERITY_LEVELS_MAX)
		return fail(e, ERR_INPUT, "severity order: %zu levels; at most %d are allowed",
		    t->n_severity_order, SEVERITY_LEVELS_MAX);
	for (size_t rank = 0; rank < t->n_severity_order; rank++)
		if (!check_level(t, rank, e))
			return false;
	return true;
}

/* --- schema and sample --- */

static void
first_difference(const struct schema_finding *f, void *arg)
{
	struct err *e = arg;

	if (e->kind == ERR_NONE)
		(void)fail(e, ERR_INPUT, "sample: %.*s%s%.*s", STR_ARG(f->pointer),
		    f->pointer.len ? ": " : "", STR_ARG(f->sentence));
}

static bool
check_sample(struct arena *a, const type_record *t, const struct schema *schema, struct err *e)
{
	const struct json *sample;
	struct err found = {0};

	if (t->sample[0] == '\0')
		return true;
	if (!json_parse(a, str_of(t->sample), JSON_DEPTH_MAX, &sample, e))
		return fail_within(e, "sample");
	if (sample->kind != JSON_OBJECT)
		return fail(e, ERR_INPUT, "sample: is %s; it must be a JSON object",
		    json_kind_name(sample->kind));
	if (schema == NULL || schema_validate(schema, sample, a, first_difference, &found))
		return true;
	*e = found;
	return false;
}

static bool
check_schema(struct arena *a, const type_record *t, struct err *e)
{
	struct schema *schema = NULL;

	return schema_compile(a, str_of(t->schema), &schema, e) &&
	       check_sample(a, t, schema, e);
}

/* --- template and default rules --- */

static bool
check_template(struct arena *a, const type_record *t, struct err *e)
{
	const struct dest_template *template;
	struct dest_template_error te;

	if (dest_default()->template_compile(a, str_of(t->default_template), &template, &te))
		return true;
	if (te.line > 0)
		return fail(e, ERR_INPUT, "default template: %s, line %d, column %d: %s",
		    te.slot, te.line, te.column, te.text);
	return fail(
	    e, ERR_INPUT, "default template: %s%s%s", te.slot, te.slot[0] ? ": " : "", te.text);
}

static bool
check_default_rule(
    const type_record *t, const rule_record *r, const struct event_type *type, struct err *e)
{
	struct str pattern = str_of(r->event_type);

	if (pattern.len > 0 && !str_eq(pattern, str_of(t->name)))
		return fail(e, ERR_INPUT, "event type \"%s\": must be the type itself, \"%s\"",
		    r->event_type, t->name);
	if (r->connection[0] != '\0' || r->channel[0] != '\0')
		return fail(e, ERR_INPUT,
		    "a default rule has no connection and no channel: each workspace chooses "
		    "its own");
	return check_rule_text(r, type, dest_default(), e);
}

/* Compiled without its default rules, which would log what is told here. */
static bool
check_default_rules(struct arena *a, const type_record *t, struct err *e)
{
	type_record bare = *t;
	const struct event_type *type;

	if (t->n_default_rules > DEFAULT_RULES_MAX)
		return fail(e, ERR_INPUT,
		    "default rules: there are %zu; at most %d are allowed", t->n_default_rules,
		    DEFAULT_RULES_MAX);
	bare.n_default_rules = 0;
	type = event_type_compile(a, &bare);
	for (size_t i = 0; i < t->n_default_rules; i++)
		if (!check_default_rule(t, t->default_rules[i], type, e))
			return fail_within(e, "default rule %zu", i + 1);
	return true;
}

bool
check_type(const type_record *t, struct err *e)
{
	struct str name = str_of(t->name);
	struct arena *a;
	bool ok;

	if (name.len > EVENT_TYPE_MAX || !id_is_event_type(name))
		return fail(e, ERR_INPUT,
		    "event type \"%s\": use dot-separated words of letters, digits, "
		    "\"_\" and \"-\", at most %d bytes",
		    t->name, EVENT_TYPE_MAX);
	if (!str_is_text(str_of(t->description)))
		return fail(e, ERR_INPUT, "description: not UTF-8 text");
	a = arena_new(0);
	ok = check_severities(t, e) && check_schema(a, t, e) && check_template(a, t, e) &&
	     check_default_rules(a, t, e);
	arena_free(a);
	return ok;
}
