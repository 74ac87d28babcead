#include "courier_lanes.h"

#include "carillon/base/clock.h"
#include "carillon/base/log.h"

enum {
	REROUTE_MS = 200,
	CROWDED_MS = 100,
};

static struct lane_policy
lane_policy_of(const struct config *config)
{
	return (struct lane_policy){
	    .queue_max = (int)config->lane_queue_max,
	    .window_start = (int)(config->lane_window_max < 4 ? config->lane_window_max : 4),
	    .window_max = (int)config->lane_window_max,
	    .shut_min_ms = config->lane_shut_min_ms,
	    .shut_max_ms = config->lane_shut_max_ms,
	    .rate_milli = config->slack_channel_rate_milli,
	    .burst = config->slack_channel_burst,
	    .team_rate_milli = config->slack_team_rate_milli,
	    .team_burst = config->slack_team_burst,
	};
}

static struct pool_options
deliver_options_of(const struct config *config)
{
	return (struct pool_options){
	    .slots = (int)config->in_flight_max,
	    .connect_timeout_ms = config->connect_timeout_ms,
	    .request_timeout_ms = config->request_timeout_ms,
	};
}

struct courier *
courier_new(struct flow *f)
{
	struct courier *c = calloc(1, sizeof(*c));
	struct pool_options options;
	struct lane_policy policy;
	struct err e = {0};

	must(c != NULL);
	c->flow = f;
	settings_take(f->settings, &c->settings);
	options = deliver_options_of(&c->settings.config);
	policy = lane_policy_of(&c->settings.config);
	c->dispatch = dispatch_new(&policy, options.slots);
	c->token = secret_new(SECRET_MAX);
	list_init(&c->outbox);
	if (!pool_new(&c->pool, &options, &e)) {
		log_error("courier.start", L_STR("error", e.text));
		flow_break(f, &e);
		must(c->pool != NULL);
	}
	return c;
}

void
courier_take_settings(struct courier *c, mono_t now)
{
	struct pool_options options;
	struct lane_policy policy;

	if (!settings_take(c->flow->settings, &c->settings))
		return;
	options = deliver_options_of(&c->settings.config);
	policy = lane_policy_of(&c->settings.config);
	pool_set_timeouts(c->pool, &options);
	dispatch_set_policy(c->dispatch, &policy, now);
}

void
courier_free(struct courier *c)
{
	struct list left;

	list_init(&left);
	pool_free(c->pool);
	dispatch_drain(c->dispatch, (struct str){0}, &left);
	dispatch_free(c->dispatch);
	secret_free(c->token);
	free(c);
}

static void
park(struct courier *c, struct delivery *d, int64_t wait_ms, struct str reason)
{
	atomic_store_explicit(&d->rule->connection->crowded_until, clock_mono().ms + CROWDED_MS,
	    memory_order_relaxed);
	delivery_wait(d, DELIVERY_PARKED,
	    (wall_t){clock_wall().ms + (wait_ms > 0 ? wait_ms : 0)}, reason, (struct str){0});
	courier_hand_over(c, d);
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
	    STR("replay it if it is wanted after all"));
	courier_hand_over(c, dropped);
}

static void
give_back(struct courier *c, struct delivery *d)
{
	delivery_wait(d,
	    d->message->origin == ORIGIN_STREAM ? DELIVERY_RETRYING : DELIVERY_PARKED,
	    clock_wall(), STR("given back when the service was stopped"), (struct str){0});
	courier_hand_over(c, d);
}

/*
 * A lane with a long queue is in a storm: what its rule wants then. Returns whether the
 * delivery is dealt with. What comes back from the ledger has waited once already and is not
 * judged again.
 */
static bool
storm(struct courier *c, struct delivery *d)
{
	const struct config *config = &c->settings.config;
	struct lane_view lane;
	bool digest = d->rule->on_burst == CARILLON__V1__ON_BURST__ON_BURST_DIGEST;
	bool drop = d->rule->on_burst == CARILLON__V1__ON_BURST__ON_BURST_DROP_OLDEST;

	if ((!digest && !drop) || d->message->origin == ORIGIN_LEDGER ||
	    !dispatch_look_lane(c->dispatch, lane_of(d), &lane) ||
	    lane.queued < config->burst_backlog)
		return false;
	if (digest) {
		d->is_for_digest = true;
		park(c, d, config->digest_wait_s * 1000,
		    STR("a storm: goes out with the others as one message"));
		return true;
	}
	drop_oldest(c, d);
	return false;
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
	if (storm(c, d))
		return;
	if (!dispatch_offer(
		c->dispatch, lane_of(d), &d->lane_item, now, patience_ms, &retry_at)) {
		park(c, d, retry_at.ms - now.ms,
		    STR("waiting its turn: more messages are queued for this channel than it "
			"takes at once"));
		return;
	}
	d->stage_us = c->now_us;
	FLOW_TOOK(c->flow, taken_lane, c->now_us - d->message->taken_us);
}

void
courier_reroute(struct courier *c, struct delivery *d, mono_t now)
{
	dispatch_report(c->dispatch, &d->lane_item, LANE_RESULT_NEUTRAL, -1, now);
	park(c, d, REROUTE_MS, STR("the rule was changed to another connection or channel"));
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
