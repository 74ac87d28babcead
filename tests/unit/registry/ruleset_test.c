#include "carillon/registry/rulebook.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

/* A rule that may send; each test spoils one thing. */
struct open_rule {
	struct ruleset rules;
	struct ruleset_connection connection;
	struct rule rule;
};

static struct open_rule *
open_rule(void)
{
	static struct open_rule o;

	o = (struct open_rule){0};
	o.connection.dest = dest_find(STR("slack"));
	o.connection.status = CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_ACTIVE;
	o.connection.sealed = STR("sealed");
	o.rule.connection = &o.connection;
	o.rule.connection_id = STR("slack");
	o.rule.channel = STR("C0ALERTS");
	return &o;
}

static void
assert_held(
    const struct open_rule *o, const char *reason, enum repair repair, const char *action)
{
	struct gate g = gate_of(&o->rules, &o->rule);

	assert_false(g.is_open);
	assert_true(str_eq(g.reason, str_of(reason)));
	assert_int_equal(g.remedy.repair, repair);
	assert_true(str_eq(g.remedy.action, str_of(action)));
}

static void
a_rule_with_everything_may_send(void **state)
{
	struct open_rule *o = open_rule();

	(void)state;
	assert_true(gate_of(&o->rules, &o->rule).is_open);
}

static void
a_paused_workspace_holds_everything(void **state)
{
	struct open_rule *o = open_rule();

	(void)state;
	o->rules.paused = true;
	assert_held(o, "the workspace is paused", REPAIR_NONE, "resume the workspace");
	assert_false(gate_of(&o->rules, NULL).is_open);
}

static void
a_deleted_connection_is_told_from_one_never_chosen(void **state)
{
	struct open_rule *o = open_rule();

	(void)state;
	o->rule.connection = NULL;
	assert_held(o, "the connection of this rule was deleted", REPAIR_PICK_CHANNEL,
	    "choose another connection for the rule");
	o->rule.connection_id = (struct str){0};
	assert_held(o, "the rule has no connection or no channel yet", REPAIR_PICK_CHANNEL,
	    "choose a connection and a channel for the rule");
	o = open_rule();
	o->rule.channel = (struct str){0};
	assert_held(o, "the rule has no connection or no channel yet", REPAIR_PICK_CHANNEL,
	    "choose a connection and a channel for the rule");
}

static void
a_channel_or_an_account_that_needs_a_person_holds(void **state)
{
	struct open_rule *o = open_rule();

	(void)state;
	o->rule.hold_reason = STR("the channel is archived");
	assert_held(o, "the channel is archived", REPAIR_PICK_CHANNEL,
	    "repair the channel, then enable the rule again");
	o = open_rule();
	o->connection.status = CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_DISABLED;
	assert_held(
	    o, "the connection is switched off", REPAIR_NONE, "switch the connection on");
	o->connection.status =
	    CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_NEEDS_RECONNECT;
	o->connection.status_reason = STR("the token was revoked");
	assert_held(o, "the token was revoked", REPAIR_RECONNECT, "reconnect");
}

static void
what_was_recorded_with_a_hold_repairs_it(void **state)
{
	struct open_rule *o = open_rule();

	(void)state;
	o->rule.hold_reason = STR("the app is not in the channel");
	o->rule.repair = REPAIR_INVITE;
	assert_held(o, "the app is not in the channel", REPAIR_INVITE,
	    "repair the channel, then enable the rule again");
	o = open_rule();
	o->connection.status =
	    CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_NEEDS_RECONNECT;
	o->connection.status_reason = STR("the app lacks a permission");
	o->connection.repair = REPAIR_REGRANT;
	assert_held(o, "the app lacks a permission", REPAIR_REGRANT,
	    "reconnect and grant the permission");
	o->connection.dest = NULL;
	assert_held(o, "this version of Carillon does not know the connection's type",
	    REPAIR_SUPPORT, "upgrade the service");
}

static void
a_credential_refused_a_moment_ago_holds_at_once(void **state)
{
	struct open_rule *o = open_rule();

	(void)state;
	atomic_store(&o->connection.is_broken, true);
	assert_held(o, "the destination refused the connection's credential", REPAIR_RECONNECT,
	    "reconnect");
	o = open_rule();
	o->connection.sealed = (struct str){0};
	assert_held(o, "the connection has no credential", REPAIR_RECONNECT, "reconnect");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_rule_with_everything_may_send),
	    cmocka_unit_test(a_paused_workspace_holds_everything),
	    cmocka_unit_test(a_deleted_connection_is_told_from_one_never_chosen),
	    cmocka_unit_test(a_channel_or_an_account_that_needs_a_person_holds),
	    cmocka_unit_test(what_was_recorded_with_a_hold_repairs_it),
	    cmocka_unit_test(a_credential_refused_a_moment_ago_holds_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
