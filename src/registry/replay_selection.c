#include "carillon/registry/replay_selection.h"

#define BIT(state) (UINT32_C(1) << (state))

enum {
	/* The others are on their way: who has them would send them a second time. */
	SENDABLE = BIT(DELIVERY_DELIVERED) | BIT(DELIVERY_PARKED) | BIT(DELIVERY_HELD) |
	           BIT(DELIVERY_FAILED) | BIT(DELIVERY_CANCELED) | BIT(DELIVERY_SKIPPED),
	CANCELABLE = BIT(DELIVERY_PENDING) | BIT(DELIVERY_RETRYING) | BIT(DELIVERY_PARKED) |
	             BIT(DELIVERY_HELD),
};

static bool
read_states(const replay_record *r, bool cancels, uint32_t *out, struct err *e)
{
	*out = r->again ? BIT(DELIVERY_DELIVERED) : 0;
	for (size_t i = 0; i < r->n_states; i++) {
		const enum delivery_state state = delivery_state_of(str_of(r->states[i]));

		if (state == DELIVERY_NONE)
			return fail(
			    e, ERR_INPUT, "there is no delivery state \"%.40s\"", r->states[i]);
		if (cancels && !(BIT(state) & CANCELABLE))
			return fail(e, ERR_INPUT,
			    "%s deliveries cannot be canceled: only pending, retrying, parked "
			    "and held ones can",
			    r->states[i]);
		if (!cancels && !(BIT(state) & SENDABLE))
			return fail(e, ERR_INPUT,
			    "%s deliveries are on their way already and cannot be sent again",
			    r->states[i]);
		if (state == DELIVERY_DELIVERED && !r->again)
			return fail(e, ERR_INPUT,
			    "what was delivered would be seen twice: ask for it with --again");
		*out |= BIT(state);
	}
	return r->n_states > 0 || fail(e, ERR_INPUT, "a replay needs a delivery state");
}

bool
replay_selection_of(const replay_record *r, struct replay_selection *out, struct err *e)
{
	*out = (struct replay_selection){
	    .replay = str_of(r->id),
	    .event_id = str_of(r->event_id),
	    .rule = str_of(r->rule),
	    .connection = str_of(r->connection),
	    .cancels = r->action == CARILLON__V1__REPLAY_ACTION__REPLAY_ACTION_CANCEL,
	    .todays_rules = r->todays_rules,
	    .from = {r->from_ms},
	    .to = {r->to_ms},
	    .from_seq = r->from_seq,
	    .to_seq = r->to_seq,
	};
	if (out->cancels && (r->again || r->todays_rules))
		return fail(e, ERR_INPUT,
		    "canceling sends nothing: neither again nor by "
		    "today's rules");
	if (r->to_ms != 0 && r->to_ms <= r->from_ms)
		return fail(e, ERR_INPUT, "the time ends before it begins");
	if (r->to_seq == 0)
		return fail(e, ERR_INPUT, "a replay needs a last sequence, so that it ends");
	return read_states(r, out->cancels, &out->states, e);
}

static bool
is_any_or(struct str wanted, const char *is)
{
	return wanted.len == 0 || str_eq(wanted, str_of(is));
}

bool
replay_wants_event(const struct replay_selection *s, const event_record *ev)
{
	return ev->seq >= s->from_seq && ev->seq <= s->to_seq &&
	       ev->received_ms >= s->from.ms && (s->to.ms == 0 || ev->received_ms < s->to.ms) &&
	       is_any_or(s->event_id, ev->event_id);
}

bool
replay_has_taken(const struct replay_selection *s, const delivery_record *d)
{
	return s->replay.len > 0 && str_eq(s->replay, str_of(d->replay));
}

bool
replay_wants(const struct replay_selection *s, const delivery_record *d)
{
	return is_any_or(s->rule, d->rule) && is_any_or(s->connection, d->connection) &&
	       d->state > 0 && (int)d->state < DELIVERY_STATES && s->states & BIT(d->state) &&
	       !replay_has_taken(s, d);
}
