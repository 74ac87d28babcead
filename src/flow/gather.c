#include "gather.h"

#include "digest.h"
#include "match.h"
#include "rule_keys.h"

struct gathering {
	struct flow *flow;
	const struct delivery *first;
	struct txn *history;
	wall_t now;
	struct digest_item items[DIGEST_MAX];
	int n;
};

/* Of its record the lane is where the others are; of its rule, where they go. */
static struct lane_id
recorded_lane(const struct delivery *d)
{
	return (struct lane_id){d->message->event.workspace, str_of(d->before->connection),
	    str_of(d->before->channel)};
}

static struct lane_id
lane_of(const struct delivery *d)
{
	return (struct lane_id){
	    d->message->event.workspace, d->rule->connection_id, d->channel};
}

/* Whether it goes the way of the first, by a rule that treats it as the first's does.
 * Severities do not matter any more: what waits is quiet. */
static bool
goes_with(const struct gathering *g, const struct rule *rule)
{
	const struct delivery *first = g->first;
	wall_t until;

	return rule != NULL && rule->active && rule->left_out == LEFT_OUT_NOT &&
	       rule->problem.len == 0 &&
	       str_eq(rule->connection_id, first->rule->connection_id) &&
	       str_eq(rule->channel, first->channel) &&
	       rule->prefer_silence == first->rule->prefer_silence &&
	       gate_of(first->message->rules, rule).is_open &&
	       !quiet_holds(rule->quiet, -1, g->now, &until);
}

static bool
is_due(const struct gathering *g, const delivery_record *d)
{
	return d->state != (int)DELIVERY_PARKED || d->due_ms <= g->now.ms;
}

static bool
is_first(const struct gathering *g, const delivery_record *d)
{
	return d->seq == g->first->message->seq && str_eq(str_of(d->rule), g->first->rule_id);
}

static bool
gather_one(const delivery_record *d, void *arg)
{
	struct gathering *g = arg;
	const struct rule *rule = ruleset_rule(g->first->message->rules, str_of(d->rule));

	if (g->n == DIGEST_MAX)
		return false;
	if (is_first(g, d) || !is_due(g, d) || !goes_with(g, rule) ||
	    (d->maybe_posted && rule->prefer_silence) ||
	    active_has_delivery(g->flow->active, d->seq, str_of(d->rule)) ||
	    rule_keys_lead_elsewhere(d, rule, g->history))
		return true;
	g->items[g->n].delivery = d;
	g->items[g->n].event = history_event(g->history, g->first->message->arena, d->seq);
	g->n++;
	return true;
}

static void
gather_all(struct gathering *g)
{
	const struct delivery *first = g->first;
	const struct lane_id lane = recorded_lane(first);

	g->items[0].delivery = first->before;
	g->items[0].event =
	    history_event(g->history, first->message->arena, first->message->seq);
	g->n = 1;
	ledger_each_together(g->history, first->message->arena, &lane, gather_one, g);
}

/* Read again because its rule has moved: it waits on, in its new lane. */
static bool
is_early(const struct delivery *d, wall_t now)
{
	return d->before->state == (int)DELIVERY_PARKED && d->before->due_ms > now.ms;
}

bool
gather_together(
    struct flow *f, struct delivery *d, wall_t now, const char *history_url, struct err *e)
{
	struct gathering g = {.flow = f, .first = d, .now = now};
	const struct lane_id lane = lane_of(d);

	*e = (struct err){0};
	if (is_early(d, now)) {
		delivery_wait(d, DELIVERY_PARKED, (wall_t){d->before->due_ms},
		    str_of(d->before->reason), remedy_of(REPAIR_WAIT));
		return true;
	}
	if (match_is_quiet(d, now))
		return true;
	d->is_for_digest = false;
	g.history = txn_read(f->parts.store, STORE_HISTORY);
	if (!rule_keys_lead_elsewhere(d->before, d->rule, g.history)) {
		if (active_has_digest(f->active, &lane)) {
			txn_end(g.history);
			return false;
		}
		gather_all(&g);
	}
	if (!txn_finish(g.history, e))
		return false;
	if (g.n >= 2)
		digest_make(d, g.items, g.n, history_url);
	return true;
}
