#include "gate.h"

#include "carillon/v1/state.pb-c.h"

static struct gate
held(struct str reason, struct str action)
{
	return (struct gate){.is_open = false, .reason = reason, .action = action};
}

struct gate
gate_of(const struct ruleset *r, const struct rule *rule)
{
	const struct ruleset_connection *c = rule == NULL ? NULL : rule->connection;

	if (r->paused)
		return held(STR("the workspace is paused"), STR("resume the workspace"));
	if (rule == NULL || (c == NULL && rule->connection_id.len > 0))
		return held(STR("the connection of this rule was deleted"),
		    STR("choose another connection for the rule"));
	if (c == NULL || rule->channel.len == 0)
		return held(STR("the rule has no connection or no channel yet"),
		    STR("choose a connection and a channel for the rule"));
	if (c->dest == NULL)
		return held(STR("this version of Carillon does not know the connection's type"),
		    STR("upgrade the service"));
	if (rule->hold_reason.len > 0)
		return held(
		    rule->hold_reason, STR("repair the channel, then enable the rule again"));
	if (c->status == CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_DISABLED)
		return held(
		    STR("the connection is switched off"), STR("switch the connection on"));
	if (c->status == CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_NEEDS_RECONNECT)
		return held(c->status_reason, STR("reconnect"));
	if (atomic_load_explicit(&c->is_broken, memory_order_relaxed))
		return held(STR("the destination refused the connection's credential"),
		    STR("reconnect"));
	if (c->sealed.len == 0)
		return held(STR("the connection has no credential"), STR("reconnect"));
	return (struct gate){.is_open = true};
}
