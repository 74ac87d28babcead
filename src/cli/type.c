/* The catalogue of event types: the one all workspaces share, or a workspace's own. */
#include <stdio.h>

#include "output.h"
#include "print.h"
#include "rule.h"
#include "unreadable.h"

static struct str
catalogue(const struct command *c)
{
	return command_has(c, OPTION_WORKSPACE) ? command_option(c, OPTION_WORKSPACE)
	                                        : CATALOGUE_WORKSPACE;
}

static bool
show_stored(struct command *c, struct str name, struct err *e)
{
	struct document doc;
	uint64_t revision;
	const type_record *t =
	    registry_type(c->registry, c->arena, catalogue(c), name, &revision, e);

	if (t == NULL)
		return false;
	document_begin(&doc, c);
	write_type(&doc.w, t, revision);
	document_end(&doc);
	return true;
}

/* --- from JSON --- */

static const struct str type_keys[] = {
    {"name", 4},
    {"description", 11},
    {"schema", 6},
    {"sample", 6},
    {"severity_order", 14},
    {"default_template", 16},
    {"default_rules", 13},
};
static bool
take_aliases(struct command *c, const struct json *list, Carillon__V1__SeverityLevel *level,
    struct err *e)
{
	if (list == NULL)
		return true;
	level->aliases = ARENA_ARRAY(c->arena, char *, list->count);
	JSON_EACH (alias, list) {
		if (alias->kind != JSON_STRING)
			return fail(e, ERR_INPUT,
			    "an alias in \"severity_order\" is %s; it must "
			    "be a string",
			    json_kind_name(alias->kind));
		level->aliases[level->n_aliases++] = arena_cstr(c->arena, alias->text);
	}
	return true;
}

/* Each step is a name, or {"name", "aliases": [...]}. */
static bool
take_severities(struct command *c, const struct json *list, type_record *t, struct err *e)
{
	if (list == NULL)
		return true;
	if (list->kind != JSON_ARRAY)
		return fail(e, ERR_INPUT,
		    "\"severity_order\" is %s; it must be a list, least "
		    "severe first",
		    json_kind_name(list->kind));
	t->severity_order = ARENA_ARRAY(c->arena, Carillon__V1__SeverityLevel *, list->count);
	JSON_EACH (step, list) {
		Carillon__V1__SeverityLevel *level =
		    ARENA_NEW(c->arena, Carillon__V1__SeverityLevel);

		carillon__v1__severity_level__init(level);
		level->name = step->kind == JSON_STRING ? arena_cstr(c->arena, step->text)
		                                        : object_text(c, step, "name");
		if (level->name[0] == '\0')
			return fail(e, ERR_INPUT, "a step of \"severity_order\" has no name");
		if (!take_aliases(c, json_get(step, STR("aliases")), level, e))
			return false;
		t->severity_order[t->n_severity_order++] = level;
	}
	return true;
}

static bool
take_default_rules(struct command *c, const struct json *list, type_record *t, struct err *e)
{
	if (list == NULL)
		return true;
	if (list->kind != JSON_ARRAY)
		return fail(e, ERR_INPUT, "\"default_rules\" is %s; it must be a list",
		    json_kind_name(list->kind));
	t->default_rules = ARENA_ARRAY(c->arena, rule_record *, list->count);
	JSON_EACH (item, list) {
		rule_record *r = ARENA_NEW(c->arena, rule_record);

		if (!rule_object_read(c, item, r, e))
			return fail_within(e, "default rule %zu", t->n_default_rules + 1);
		if (r->event_type[0] == '\0')
			r->event_type = t->name;
		t->default_rules[t->n_default_rules++] = r;
	}
	return true;
}

static bool
type_of_object(struct command *c, const struct json *object, type_record *t, struct err *e)
{
	carillon__v1__event_type__init(t);
	if (!object_has_only(object, type_keys, COUNT_OF(type_keys), "an event type", e))
		return false;
	t->name = object_text(c, object, "name");
	t->description = object_text(c, object, "description");
	t->schema = object_json(c, object, "schema");
	t->sample = object_json(c, object, "sample");
	t->default_template = object_json(c, object, "default_template");
	if (t->name[0] == '\0')
		return fail(e, ERR_INPUT,
		    "there is no \"name\": an event type is called like "
		    "alert.triggered");
	return take_severities(c, json_get(object, STR("severity_order")), t, e) &&
	       take_default_rules(c, json_get(object, STR("default_rules")), t, e);
}

bool
verb_type_put(struct command *c, struct err *e)
{
	const char *path = c->options[OPTION_FILE];
	const struct json *object;
	uint64_t revision = 0;
	type_record t;
	struct err none;

	if (!read_object(c, path, &object, e))
		return false;
	if (!type_of_object(c, object, &t, e))
		return fail_within(e, "%s", path);
	if (!command_open(c, NEED_STATE | NEED_WRITE, e))
		return false;
	/* One that cannot be read is replaced like any other. */
	if (!registry_revision(
		c->registry, catalogue(c), STATE_TYPE, str_of(t.name), &revision, &none))
		revision = 0;
	return registry_put_type(c->registry, catalogue(c), &t, revision, e) &&
	       show_stored(c, str_of(t.name), e);
}

/* --- list, show, delete --- */

static bool
list_one(const void *record, uint64_t revision, void *arg)
{
	const type_record *t = record;
	struct listing *l = arg;

	listing_record(l);
	if (listing_is_json(l)) {
		write_type(l->w, t, revision);
		return true;
	}
	listing_cell(l, str_of(t->name));
	listing_cell(l, t->schema[0] ? STR("yes") : (struct str){0});
	listing_cell(l, t->sample[0] ? STR("yes") : (struct str){0});
	listing_cell(l, str_of(t->description));
	return true;
}

bool
verb_type_list(struct command *c, struct err *e)
{
	struct listing l;

	if (!command_open(c, NEED_STATE, e))
		return false;
	if (command_has(c, OPTION_WORKSPACE) &&
	    !registry_has_workspace(c->registry, catalogue(c), e))
		return false;
	listing_begin(&l, c, "TYPE SCHEMA SAMPLE DESCRIPTION");
	if (!registry_each(c->registry, c->arena,
		&(struct state_list){catalogue(c), STATE_TYPE}, list_one, &l, e) ||
	    !list_unreadable(&l, catalogue(c), STATE_TYPE, "DESCRIPTION", e))
		return false;
	listing_end(&l, STR(""));
	return true;
}

bool
verb_type_show(struct command *c, struct err *e)
{
	return command_open(c, NEED_STATE, e) && show_stored(c, command_argument(c, 0), e);
}

bool
verb_type_delete(struct command *c, struct err *e)
{
	struct str name = command_argument(c, 0);
	uint64_t revision;

	if (!command_open(c, NEED_STATE | NEED_WRITE, e) ||
	    !registry_revision(c->registry, catalogue(c), STATE_TYPE, name, &revision, e))
		return false;
	return confirm(c,
		   arena_printf(c->arena, "this deletes event type \"%.*s\" from the catalogue",
		       STR_ARG(name)),
		   e) &&
	       registry_delete(c->registry, catalogue(c), STATE_TYPE, name, revision, e);
}
