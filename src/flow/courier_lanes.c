#include "courier_lanes.h"

#include <stdio.h>

#include "admit.h"
#include "pauses.h"

#include "carillon/base/clock.h"
#include "carillon/base/log.h"

enum { REROUTE_MS = 200 };

static struct lane_policy
lane_policy_of(const struct config *config, const struct dest_type *dest)
{
	struct dest_settings own = dest->settings(config);

	return (struct lane_policy){
	    .queue_max = (int)config->active_max, /* admission bounds it */
	    .window_start = (int)(config->lane_window_max < 4 ? config->lane_window_max : 4),
	    .window_max = (int)config->lane_window_max,
	    .shut_min_ms = config->lane_shut_min_ms,
	    .shut_max_ms = config->lane_shut_max_ms,
	    .rate_milli = own.channel.milli,
	    .burst = own.channel.burst,
	    .team_rate_milli = own.account.milli,
	    .team_burst = own.account.burst,
	    .update_rate_milli = own.update.milli,
	    .update_burst = own.update.burst,
	    .stands_alone = dest->has_own_url,
	};
}

static void
fill_policies(struct courier *c)
{
	for (int i = 0; i < dest_count(); i++)
		c->policies[i] = lane_policy_of(&c->settings.config, dest_at(i));
}

/* --- pauses of an earlier life --- */

struct keeping {
	struct courier *courier;
	mono_t now;
	wall_t wall;
};

static void
keep_pause(const struct lane_id *lane, wall_t until, void *arg)
{
	char key[WORKSPACE_ID_MAX + 1 + RECORD_ID_MAX + 1];
	const struct keeping *k = arg;
	struct courier *c = k->courier;
	struct err e = {0};
	struct ruleset *r = rulebook_get(c->flow->rulebook, lane->workspace, &e);
	const struct ruleset_connection *conn =
	    r == NULL ? NULL : ruleset_connection(r, lane->connection);

	snprintf(
	    key, sizeof(key), "%.*s/%.*s", STR_ARG(lane->workspace), STR_ARG(lane->connection));
	if (conn != NULL && conn->dest != NULL)
		dispatch_shut(c->dispatch, (struct lane_name){str_of(key), lane->channel},
		    &c->policies[dest_index(conn->dest)],
		    mono_after(k->now, until.ms - k->wall.ms), k->now);
	ruleset_unref(r);
}

static void
keep_pauses(struct courier *c)
{
	struct keeping k = {c, clock_mono(), clock_wall()};
	struct txn *history = txn_read(c->flow->parts.store, STORE_HISTORY);
	struct err e = {0};

	pauses_each(history, k.wall, keep_pause, &k);
	if (!txn_finish(history, &e))
		log_error("courier.pauses", L_STR("error", e.text));
}

struct courier *
courier_new(struct flow *f)
{
	struct courier *c = calloc(1, sizeof(*c));
	struct pool_options options;
	struct err e = {0};

	must(c != NULL);
	c->flow = f;
	settings_take(f->settings, &c->settings);
	options = pool_options_of(&c->settings.config, (int)c->settings.config.in_flight_max);
	fill_policies(c);
	c->dispatch = dispatch_new(&c->policies[0], options.slots);
	c->credential = secret_new(SECRET_MAX);
	list_init(&c->claimed);
	list_init(&c->outbox);
	if (!pool_new(&c->pool, &options, &e)) {
		log_error("courier.start", L_STR("error", e.text));
		flow_break(f, &e);
		must(c->pool != NULL);
	}
	keep_pauses(c);
	return c;
}

void
courier_take_settings(struct courier *c, mono_t now)
{
	struct pool_options options;

	if (!settings_take(c->flow->settings, &c->settings))
		return;
	options = pool_options_of(&c->settings.config, (int)c->settings.config.in_flight_max);
	fill_policies(c);
	pool_set_options(c->pool, &options);
	dispatch_set_policy(c->dispatch, &c->policies[0], now);
}

void
courier_free(struct courier *c)
{
	struct list left;

	list_init(&left);
	pool_free(c->pool);
	dispatch_drain(c->dispatch, (struct str){0}, &left);
	dispatch_free(c->dispatch);
	secret_free(c->credential);
	free(c);
}

static struct lane_name
lane_of(const struct delivery *d)
{
	return (struct lane_name){d->connection_key, d->channel};
}

static bool
is_of_rule(const struct lane_item *item, void *rule_id)
{
	const struct delivery *queued = CONTAINER_OF(item, struct delivery, lane_item);

	return str_eq(queued->rule_id, *(const struct str *)rule_id);
}

/* The oldest queued of the same rule makes room for `d`. */
static void
drop_oldest(struct courier *c, struct delivery *d)
{
	const struct str why =
	    STR("a storm: the rule drops the oldest so that newer messages come through");
	const struct str why_in_doubt = STR(
	    "a storm: the rule drops the oldest so that newer messages come through; this one "
	    "may have been posted by an attempt that was interrupted");
	struct lane_item *oldest =
	    dispatch_oldest(c->dispatch, lane_of(d), is_of_rule, &d->rule_id);

	if (oldest == NULL)
		return;
	struct delivery *dropped = CONTAINER_OF(oldest, struct delivery, lane_item);
	dispatch_withdraw(c->dispatch, oldest);
	delivery_settle(dropped, DELIVERY_SKIPPED, dropped->maybe_posted ? why_in_doubt : why,
	    (struct remedy){REPAIR_SEND_AGAIN, STR("replay it if it is wanted after all")});
	courier_hand_over(c, dropped);
}

static void
give_back(struct courier *c, struct delivery *d)
{
	const struct str why = STR("given back when the service was stopped");

	if (d->message->origin == ORIGIN_STREAM)
		delivery_wait(d, DELIVERY_RETRYING, clock_wall(), why, remedy_of(REPAIR_WAIT));
	else
		admit_wait_in_line(c->flow, d, clock_mono(), why);
	courier_hand_over(c, d);
}

/* A lane with a long queue is in a storm: a rule may want the newest rather than the oldest. */
static void
make_room(struct courier *c, struct delivery *d)
{
	struct lane_view lane;

	if (d->rule->on_burst == CARILLON__V1__ON_BURST__ON_BURST_DROP_OLDEST &&
	    d->message->origin == ORIGIN_STREAM &&
	    dispatch_look_lane(c->dispatch, lane_of(d), &lane) &&
	    lane.queued >= c->settings.config.burst_backlog)
		drop_oldest(c, d);
}

void
courier_offer(struct courier *c, struct delivery *d, mono_t now)
{
	/* While the destination is down whoever is in hand waits for it there. */
	bool is_down = atomic_load(&c->flow->hold) != HOLD_NOTHING;
	int64_t patience_ms =
	    is_down ? INT64_MAX / 2 : c->settings.config.nak_delay_max_s * 1000;
	mono_t retry_at = now;

	if (atomic_load(&c->flow->is_draining)) {
		give_back(c, d);
		return;
	}
	make_room(c, d);
	d->lane_item.is_update = d->update_id.len > 0;
	d->lane_item.policy = &c->policies[dest_index(d->rule->connection->dest)];
	if (dispatch_offer(
		c->dispatch, lane_of(d), &d->lane_item, now, patience_ms, &retry_at)) {
		d->stage_us = c->now_us;
		FLOW_TOOK(c->flow, taken_lane, c->now_us - d->message->taken_us);
		return;
	}
	admit_wait_in_line(c->flow, d, retry_at,
	    STR("waiting its turn: the destination asked for a longer pause"));
	courier_hand_over(c, d);
}

void
courier_reroute(struct courier *c, struct delivery *d, mono_t now)
{
	dispatch_report(c->dispatch, &d->lane_item, LANE_RESULT_NEUTRAL, -1, now);
	delivery_wait(d, DELIVERY_PARKED, (wall_t){clock_wall().ms + REROUTE_MS},
	    STR("the rule was changed to another connection or channel"),
	    remedy_of(REPAIR_WAIT));
	courier_hand_over(c, d);
}

void
courier_give_back(struct courier *c)
{
	struct list queued, *first;

	list_init(&queued);
	dispatch_drain(c->dispatch, (struct str){0}, &queued);
	while ((first = list_take_first(&queued)) != NULL)
		give_back(c, CONTAINER_OF(first, struct delivery, lane_item.link));
}

/* It may be there again, under the same id: then its lanes go by the rules it has now. */
static bool
is_gone(struct courier *c, struct str workspace)
{
	struct err e;
	struct ruleset *r = rulebook_get(c->flow->rulebook, workspace, &e);
	bool is_gone = r != NULL && !r->exists;

	ruleset_unref(r);
	return is_gone;
}

/* What waits in a lane that is not its rule's any more, or whose connection is shut, is parked:
 * the ledger settles it by what its rule is now. The others keep their order. */
static void
offer_or_park(struct courier *c, struct delivery *d, const struct ruleset *r, mono_t now)
{
	const struct lane_id lane = {
	    d->message->event.workspace, d->rule->connection_id, d->channel};

	if (!moves_away(r, ruleset_rule(r, d->rule_id), &lane)) {
		courier_offer(c, d, now);
		return;
	}
	delivery_wait(d, DELIVERY_PARKED, (wall_t){clock_wall().ms + REROUTE_MS},
	    STR("the rule or its connection was changed"), remedy_of(REPAIR_WAIT));
	courier_hand_over(c, d);
}

void
courier_move(struct courier *c, mono_t now)
{
	char workspace[WORKSPACE_ID_MAX + 1], prefix[WORKSPACE_ID_MAX + 2];
	struct list queued, *first;

	list_init(&queued);
	while (moves_take_lanes(c->flow->moves, workspace)) {
		struct err e;
		struct ruleset *r = rulebook_get(c->flow->rulebook, str_of(workspace), &e);

		snprintf(prefix, sizeof(prefix), "%s/", workspace);
		if (r != NULL)
			dispatch_drain_under(c->dispatch, str_of(prefix), &queued);
		while ((first = list_take_first(&queued)) != NULL)
			offer_or_park(
			    c, CONTAINER_OF(first, struct delivery, lane_item.link), r, now);
		ruleset_unref(r);
	}
}

void
courier_cancel_orphans(struct courier *c)
{
	char workspace[WORKSPACE_ID_MAX + 1], prefix[WORKSPACE_ID_MAX + 2];
	struct list queued, *first;

	list_init(&queued);
	while (gone_take_lanes(c->flow->gone, workspace)) {
		snprintf(prefix, sizeof(prefix), "%s/", workspace);
		if (is_gone(c, str_of(workspace)))
			dispatch_drain_under(c->dispatch, str_of(prefix), &queued);
	}
	while ((first = list_take_first(&queued)) != NULL) {
		struct delivery *d = CONTAINER_OF(first, struct delivery, lane_item.link);

		delivery_orphan(d);
		courier_hand_over(c, d);
	}
}
