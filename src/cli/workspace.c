#include <stdio.h>

#include "carillon/base/clock.h"
#include "carillon/registry/json_write.h"

#include "output.h"
#include "release.h"
#include "unreadable.h"

static void
show_workspace(
    struct command *c, const workspace_record *w, uint64_t revision, const struct held *held)
{
	struct document doc;

	document_begin(&doc, c);
	json_write_workspace(&doc.w, w, revision, held);
	document_end(&doc);
}

/* As stored now, with its revision. */
static bool
show_stored(struct command *c, struct held *held, struct err *e)
{
	uint64_t revision;
	const workspace_record *w =
	    registry_workspace(c->registry, c->arena, command_argument(c, 0), &revision, e);

	if (w == NULL || !held_after_repair(c, held, e))
		return false;
	show_workspace(c, w, revision, held);
	return true;
}

bool
verb_workspace_create(struct command *c, struct err *e)
{
	workspace_record w;

	carillon__v1__workspace__init(&w);
	w.id = arena_cstr(c->arena, command_argument(c, 0));
	w.name = arena_cstr(c->arena, command_option(c, OPTION_NAME));
	w.created_ms = clock_wall().ms;
	if (!command_open(c, NEED_STATE | NEED_WRITE, e) ||
	    !registry_provision_workspace(c->registry, &w, e))
		return false;
	if (command_has(c, OPTION_JSON))
		return show_stored(c, NULL, e);
	printf("%s\n", w.id);
	return true;
}

static bool
list_one(const void *record, uint64_t revision, void *arg)
{
	const workspace_record *w = record;
	struct listing *l = arg;

	listing_record(l);
	if (listing_is_json(l)) {
		json_write_workspace(l->w, w, revision, NULL);
		return true;
	}
	listing_cell(l, str_of(w->id));
	listing_cell(l, str_of(w->name));
	listing_cell(l, w->paused ? STR("paused") : STR("active"));
	listing_time(l, w->created_ms);
	return true;
}

bool
verb_workspace_list(struct command *c, struct err *e)
{
	struct listing l;

	if (!command_open(c, NEED_STATE, e))
		return false;
	listing_begin(&l, c, "WORKSPACE NAME STATUS CREATED");
	if (!registry_each_workspace(c->registry, c->arena, (struct str){0}, list_one, &l, e) ||
	    !list_unreadable(&l, (struct str){0}, STATE_WORKSPACE, "STATUS", e))
		return false;
	listing_end(&l, STR(""));
	return true;
}

bool
verb_workspace_show(struct command *c, struct err *e)
{
	struct held held = {0};

	return command_open(c, NEED_STATE, e) &&
	       registry_workspace(c->registry, c->arena, command_argument(c, 0), NULL, e) !=
	           NULL &&
	       held_look(c, &(struct held_of){.workspace = command_argument(c, 0)}, &held, e) &&
	       show_stored(c, &held, e);
}

static bool
set_paused(struct command *c, bool paused, struct err *e)
{
	struct held held;
	workspace_record *w;
	uint64_t revision;

	if (!command_open(c, NEED_STATE | NEED_WRITE, e))
		return false;
	w = registry_workspace(c->registry, c->arena, command_argument(c, 0), &revision, e);
	if (w == NULL)
		return false;
	w->paused = paused;
	if (!paused && !held_before_repair(
			   c, &(struct held_of){.workspace = command_argument(c, 0)}, &held, e))
		return false;
	return registry_put_workspace(c->registry, w, revision, e) &&
	       show_stored(c, paused ? NULL : &held, e);
}

bool
verb_workspace_pause(struct command *c, struct err *e)
{
	return set_paused(c, true, e);
}

bool
verb_workspace_resume(struct command *c, struct err *e)
{
	return set_paused(c, false, e);
}

bool
verb_workspace_delete(struct command *c, struct err *e)
{
	struct str id = command_argument(c, 0);

	if (!command_open(c, NEED_STATE | NEED_WRITE, e) ||
	    !registry_has_workspace(c->registry, id, e))
		return false;
	if (!confirm(c,
		arena_printf(c->arena,
		    "this deletes workspace \"%.*s\" with its connections, their "
		    "credentials, its rules and types",
		    STR_ARG(id)),
		e))
		return false;
	if (!registry_delete_workspace(c->registry, id, e))
		return false;
	say_deleted(c, id);
	return true;
}
