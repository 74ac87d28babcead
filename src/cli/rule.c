#include "rule.h"

#include <stdio.h>

#include "carillon/base/clock.h"
#include "carillon/base/id.h"
#include "carillon/registry/json_write.h"

#include "output.h"
#include "release.h"
#include "unreadable.h"

rule_record *
rule_of_arguments(struct command *c, uint64_t *revision, struct err *e)
{
	if (!registry_has_workspace(c->registry, command_argument(c, 0), e))
		return NULL;
	return registry_rule(
	    c->registry, c->arena, command_argument(c, 0), command_argument(c, 1), revision, e);
}

static bool
show_stored(struct command *c, const char *id, struct held *held, struct err *e)
{
	struct document doc;
	uint64_t revision;
	const rule_record *r = registry_rule(
	    c->registry, c->arena, command_argument(c, 0), str_of(id), &revision, e);

	if (r == NULL || !held_after_repair(c, held, e))
		return false;
	document_begin(&doc, c);
	json_write_rule(&doc.w, r, revision, held);
	document_end(&doc);
	return true;
}

/* --- add --- */

static void
begin_rule(struct command *c, rule_record *r, struct str id)
{
	carillon__v1__rule__init(r);
	r->id = arena_cstr(c->arena, id);
	r->active = !command_has(c, OPTION_INACTIVE);
	r->on_unknown = CARILLON__V1__ON_UNKNOWN__ON_UNKNOWN_PREFER_DUPLICATE;
	r->on_message_error = CARILLON__V1__ON_MESSAGE_ERROR__ON_MESSAGE_ERROR_PLAIN_TEXT;
	r->created_ms = r->updated_ms = clock_wall().ms;
}

static bool
new_rule(struct command *c, rule_record *r, struct err *e)
{
	char id[NEW_ID_SIZE];

	id_new(id, "rule");
	begin_rule(c, r, command_has(c, OPTION_ID) ? command_option(c, OPTION_ID) : str_of(id));
	return rule_options_read(c, r, e);
}

bool
verb_rule_add(struct command *c, struct err *e)
{
	rule_record r;

	if (!new_rule(c, &r, e) || !command_open(c, NEED_STATE | NEED_WRITE, e) ||
	    !registry_has_workspace(c->registry, command_argument(c, 0), e) ||
	    !rule_read_channel(c, &r, e) || !rule_check_channel(c, &r, e) ||
	    !registry_put_rule(c->registry, command_argument(c, 0), &r, 0, &c->findings, e))
		return false;
	rule_try_sample(c, &r);
	if (command_has(c, OPTION_JSON))
		return show_stored(c, r.id, NULL, e);
	printf("%s\n", r.id);
	return true;
}

/* --- set --- */

static void
end_hold(rule_record *r)
{
	r->hold_reason = r->hold_code = (char *)(uintptr_t)protobuf_c_empty_string;
	r->repair = CARILLON__V1__REPAIR__REPAIR_UNSPECIFIED;
}

/* A revision that changes nothing would only hide who made the last one. */
static bool
sets_anything(const struct command *c)
{
	static const enum option others[] = {OPTION_CONFIG, OPTION_SET, OPTION_HELP,
	    OPTION_JSON, OPTION_NO_TEST, OPTION_DROP_OLDER_THAN};
	option_set left = c->verb->allowed;

	for (size_t i = 0; i < COUNT_OF(others); i++)
		left &= ~((option_set)1 << others[i]);
	for (int i = 0; i < OPTIONS; i++)
		if (left >> i & 1 && command_has(c, (enum option)i))
			return true;
	return false;
}

/* One whose stored record cannot be read is written anew, from what is given alone. */
static rule_record *
rule_to_set(struct command *c, uint64_t *revision, struct err *e)
{
	rule_record *r = rule_of_arguments(c, revision, e);

	if (r != NULL || e->kind != ERR_CORRUPT)
		return r;
	r = ARENA_NEW(c->arena, rule_record);
	begin_rule(c, r, command_argument(c, 1));
	return r;
}

/* Another channel or connection is the repair of a rule that is held. */
bool
verb_rule_set(struct command *c, struct err *e)
{
	struct str workspace = command_argument(c, 0);
	bool repairs = command_has(c, OPTION_CHANNEL) || command_has(c, OPTION_CONNECTION);
	struct held held;
	rule_record *r;
	uint64_t revision;

	if (!repairs && command_has(c, OPTION_DROP_OLDER_THAN))
		return FAIL_USAGE(c, e,
		    "--drop-older-than: only another --channel or --connection releases what "
		    "is held");
	if (!sets_anything(c))
		return FAIL_USAGE(c, e, "nothing to set: give what is to change");
	if (!command_open(c, NEED_STATE | NEED_WRITE, e))
		return false;
	r = rule_to_set(c, &revision, e);
	if (r == NULL || !rule_options_read(c, r, e) || !rule_read_channel(c, r, e) ||
	    !rule_check_channel(c, r, e))
		return false;
	r->updated_ms = clock_wall().ms;
	if (repairs)
		end_hold(r);
	if (repairs &&
	    !held_before_repair(
		c, &(struct held_of){.workspace = workspace, .rule = str_of(r->id)}, &held, e))
		return false;
	if (!registry_put_rule(c->registry, workspace, r, revision, &c->findings, e))
		return false;
	rule_try_sample(c, r);
	return show_stored(c, r->id, repairs ? &held : NULL, e);
}

/* --- list and show --- */

static const char *
status_of(const rule_record *r)
{
	if (!r->active)
		return "inactive";
	return r->hold_reason[0] != '\0' ? "held" : "active";
}

static bool
list_one(const void *record, uint64_t revision, void *arg)
{
	const rule_record *r = record;
	struct listing *l = arg;

	listing_record(l);
	if (listing_is_json(l)) {
		json_write_rule(l->w, r, revision, NULL);
		return true;
	}
	listing_cell(l, str_of(r->id));
	listing_cell(l, str_of(r->name));
	listing_cell(l, str_of(r->event_type));
	listing_cell(l, str_of(status_of(r)));
	listing_cell(l, str_of(r->connection));
	listing_cell(l, str_of(r->channel));
	listing_cell(l, r->filter[0] != '\0' ? STR("yes") : (struct str){0});
	return true;
}

bool
verb_rule_list(struct command *c, struct err *e)
{
	struct str workspace = command_argument(c, 0);
	struct listing l;

	if (!command_open(c, NEED_STATE, e) ||
	    !registry_has_workspace(c->registry, workspace, e))
		return false;
	listing_begin(&l, c, "RULE NAME TYPE STATUS CONNECTION CHANNEL FILTER");
	if (!registry_each(c->registry, c->arena, &(struct state_list){workspace, STATE_RULE},
		list_one, &l, e) ||
	    !list_unreadable(&l, workspace, STATE_RULE, "STATUS", e))
		return false;
	listing_end(&l, STR(""));
	return true;
}

bool
verb_rule_show(struct command *c, struct err *e)
{
	struct held held = {0};
	uint64_t revision;

	return command_open(c, NEED_STATE, e) && rule_of_arguments(c, &revision, e) != NULL &&
	       held_look(c,
		   &(struct held_of){
		       .workspace = command_argument(c, 0), .rule = command_argument(c, 1)},
		   &held, e) &&
	       show_stored(c, c->arguments[1], &held, e);
}

/* --- enable, disable, delete --- */

static bool
set_active(struct command *c, bool active, struct err *e)
{
	struct str workspace = command_argument(c, 0);
	struct held held;
	rule_record *r;
	uint64_t revision;

	if (!command_open(c, NEED_STATE | NEED_WRITE, e))
		return false;
	r = rule_of_arguments(c, &revision, e);
	if (r == NULL)
		return false;
	r->active = active;
	r->updated_ms = clock_wall().ms;
	if (active)
		end_hold(r);
	if (active &&
	    !held_before_repair(
		c, &(struct held_of){.workspace = workspace, .rule = str_of(r->id)}, &held, e))
		return false;
	return registry_put_rule(c->registry, workspace, r, revision, &c->findings, e) &&
	       show_stored(c, r->id, active ? &held : NULL, e);
}

bool
verb_rule_enable(struct command *c, struct err *e)
{
	return set_active(c, true, e);
}

bool
verb_rule_disable(struct command *c, struct err *e)
{
	return set_active(c, false, e);
}

bool
verb_rule_delete(struct command *c, struct err *e)
{
	struct str workspace = command_argument(c, 0), id = command_argument(c, 1);
	uint64_t revision;

	/* Whatever its record says. */
	if (!command_open(c, NEED_STATE | NEED_WRITE, e) ||
	    !registry_has_workspace(c->registry, workspace, e) ||
	    !registry_revision(c->registry, workspace, STATE_RULE, id, &revision, e))
		return false;
	if (!confirm(c,
		arena_printf(c->arena, "this deletes rule \"%.*s\" of workspace \"%.*s\"",
		    STR_ARG(id), STR_ARG(workspace)),
		e) ||
	    !registry_delete(c->registry, workspace, STATE_RULE, id, revision, e))
		return false;
	say_deleted(c, id);
	return true;
}
