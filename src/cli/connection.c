#include "connection.h"

#include "carillon/base/clock.h"
#include "carillon/registry/json_write.h"
#include "carillon/registry/words.h"

#include "output.h"
#include "unreadable.h"

connection_record *
connection_of_arguments(struct command *c, uint64_t *revision, struct err *e)
{
	if (!registry_has_workspace(c->registry, command_argument(c, 0), e))
		return NULL;
	return registry_connection(
	    c->registry, c->arena, command_argument(c, 0), command_argument(c, 1), revision, e);
}

static void
show(struct command *c, const connection_record *r, uint64_t revision, const struct held *held)
{
	struct document doc;

	document_begin(&doc, c);
	json_write_connection(&doc.w, r, revision, held);
	document_end(&doc);
}

bool
connection_store(struct command *c, connection_record *r, uint64_t revision, struct held *held,
    struct err *e)
{
	struct str workspace = command_argument(c, 0);
	const connection_record *now;

	r->updated_ms = clock_wall().ms;
	if (!registry_put_connection(c->registry, workspace, r, revision, e) ||
	    !held_after_repair(c, held, e))
		return false;
	now =
	    registry_connection(c->registry, c->arena, workspace, str_of(r->id), &revision, e);
	if (now != NULL)
		show(c, now, revision, held);
	return now != NULL;
}

void
connection_set_active(connection_record *r)
{
	r->status = CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_ACTIVE;
	r->status_reason = r->status_code = (char *)(uintptr_t)protobuf_c_empty_string;
	r->repair = CARILLON__V1__REPAIR__REPAIR_UNSPECIFIED;
}

bool
connection_repair(struct command *c, connection_record *r, uint64_t revision, struct err *e)
{
	struct held held;

	connection_set_active(r);
	return held_before_repair(c,
		   &(struct held_of){
		       .workspace = command_argument(c, 0), .connection = str_of(r->id)},
		   &held, e) &&
	       connection_store(c, r, revision, &held, e);
}

static bool
list_one(const void *record, uint64_t revision, void *arg)
{
	const connection_record *r = record;
	struct listing *l = arg;
	struct buf channels = {0};

	listing_record(l);
	if (listing_is_json(l)) {
		json_write_connection(l->w, r, revision, NULL);
		return true;
	}
	for (size_t i = 0; i < r->n_channels; i++)
		buf_printf(&channels, "%s%s", i ? "," : "", r->channels[i]->id);
	listing_cell(l, str_of(r->id));
	listing_cell(l, str_of(r->name));
	listing_cell(l, str_of(r->dest));
	listing_cell(l, str_of(word_of(&connection_status_words, (int)r->status)));
	listing_cell(l, str_of(r->team_name));
	listing_cell(l, buf_view(&channels));
	buf_fini(&channels);
	return true;
}

bool
verb_connection_list(struct command *c, struct err *e)
{
	struct str workspace = command_argument(c, 0);
	struct listing l;

	if (!command_open(c, NEED_STATE, e) ||
	    !registry_has_workspace(c->registry, workspace, e))
		return false;
	listing_begin(&l, c, "CONNECTION NAME DESTINATION STATUS TEAM CHANNELS");
	if (!registry_each(c->registry, c->arena,
		&(struct state_list){workspace, STATE_CONNECTION}, list_one, &l, e) ||
	    !list_unreadable(&l, workspace, STATE_CONNECTION, "STATUS", e))
		return false;
	listing_end(&l, STR(""));
	return true;
}

bool
verb_connection_show(struct command *c, struct err *e)
{
	struct held held = {0};
	const connection_record *r;
	uint64_t revision;

	if (!command_open(c, NEED_STATE, e))
		return false;
	r = connection_of_arguments(c, &revision, e);
	if (r == NULL || !held_look(c,
			     &(struct held_of){.workspace = command_argument(c, 0),
				 .connection = str_of(r->id)},
			     &held, e))
		return false;
	show(c, r, revision, &held);
	return true;
}

bool
verb_connection_set(struct command *c, struct err *e)
{
	connection_record *r;
	uint64_t revision;

	if (!command_has(c, OPTION_NAME) && !command_has(c, OPTION_RETRY))
		return FAIL_USAGE(c, e, "nothing to set: give --name or --retry");
	if (!command_open(c, NEED_STATE | NEED_WRITE, e))
		return false;
	r = connection_of_arguments(c, &revision, e);
	if (r == NULL || !read_schedule(c, &r->retry_s, &r->n_retry_s, e))
		return false;
	if (command_has(c, OPTION_NAME))
		r->name = arena_cstr(c->arena, command_option(c, OPTION_NAME));
	return connection_store(c, r, revision, NULL, e);
}

bool
verb_connection_enable(struct command *c, struct err *e)
{
	connection_record *r;
	uint64_t revision;

	if (!command_open(c, NEED_STATE | NEED_WRITE, e))
		return false;
	r = connection_of_arguments(c, &revision, e);
	if (r == NULL)
		return false;
	return connection_repair(c, r, revision, e);
}

bool
verb_connection_disable(struct command *c, struct err *e)
{
	connection_record *r;
	uint64_t revision;

	if (!command_open(c, NEED_STATE | NEED_WRITE, e))
		return false;
	r = connection_of_arguments(c, &revision, e);
	if (r == NULL)
		return false;
	r->status = CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_DISABLED;
	r->status_reason = arena_cstr(c->arena, STR("switched off by hand"));
	r->status_code = (char *)(uintptr_t)protobuf_c_empty_string;
	r->repair = CARILLON__V1__REPAIR__REPAIR_UNSPECIFIED;
	return connection_store(c, r, revision, NULL, e);
}

/* --- delete --- */

static bool
is_unused(struct command *c, struct str workspace, struct str connection, struct err *e)
{
	struct connection_users users;

	if (!registry_users(c->registry, c->arena, workspace, connection, &users, e))
		return false;
	return users.n == 0 ||
	       fail(e, ERR_CONFLICT,
		   "connection \"%.*s\" is used by %d active rule%s (%.*s): disable or "
		   "delete them first, or add --force",
		   STR_ARG(connection), users.n, users.n == 1 ? "" : "s", STR_ARG(users.shown));
}

bool
verb_connection_delete(struct command *c, struct err *e)
{
	struct str workspace = command_argument(c, 0), id = command_argument(c, 1);
	uint64_t revision;

	/* Whatever its record says. */
	if (!command_open(c, NEED_STATE | NEED_WRITE, e) ||
	    !registry_has_workspace(c->registry, workspace, e) ||
	    !registry_revision(c->registry, workspace, STATE_CONNECTION, id, &revision, e))
		return false;
	if (!command_has(c, OPTION_FORCE) && !is_unused(c, workspace, id, e))
		return false;
	if (!confirm(c,
		arena_printf(c->arena,
		    "this deletes connection \"%.*s\" of workspace \"%.*s\" and its "
		    "credential",
		    STR_ARG(id), STR_ARG(workspace)),
		e) ||
	    !registry_delete(c->registry, workspace, STATE_CONNECTION, id, revision, e))
		return false;
	say_deleted(c, id);
	return true;
}
