/* The catalogue of event types: the one all workspaces share, or a workspace's own. */
#include <stdio.h>

#include "carillon/registry/check.h"
#include "carillon/registry/json_read.h"
#include "carillon/registry/json_write.h"

#include "output.h"
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
	json_write_type(&doc.w, t, revision);
	document_end(&doc);
	return true;
}

/* All that is wrong is told: with the members, and then with what they say. */
static bool
read_type(struct command *c, const char *path, type_record *t, struct err *e)
{
	const struct json *object;
	struct finding_part part;

	carillon__v1__event_type__init(t);
	if (!read_object(c, path, &object, e))
		return false;
	findings_enter_named(&c->findings, &part, str_of(path));
	if (!json_read_record(c->arena, STATE_TYPE, object, t, &c->findings))
		(void)check_type(t, &c->findings);
	findings_leave(&c->findings);
	return findings_none(&c->findings, e);
}

bool
verb_type_put(struct command *c, struct err *e)
{
	uint64_t revision = 0;
	type_record t;
	struct err none;

	if (!read_type(c, c->options[OPTION_FILE], &t, e) ||
	    !command_open(c, NEED_STATE | NEED_WRITE, e))
		return false;
	/* One that cannot be read is replaced like any other. */
	if (!registry_revision(
		c->registry, catalogue(c), STATE_TYPE, str_of(t.name), &revision, &none))
		revision = 0;
	return registry_put_type(c->registry, catalogue(c), &t, revision, &c->findings, e) &&
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
		json_write_type(l->w, t, revision);
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
	if (!confirm(c,
		arena_printf(c->arena, "this deletes event type \"%.*s\" from the catalogue",
		    STR_ARG(name)),
		e) ||
	    !registry_delete(c->registry, catalogue(c), STATE_TYPE, name, revision, e))
		return false;
	say_deleted(c, name);
	return true;
}
