#include "delivery.h"

#include "carillon/base/log.h"
#include "message.h"

/* When a delivery goes from one state to another; NULL: it never does. */
static const char *
when_it_moves(enum delivery_state from, enum delivery_state to)
{
	static const char *const sentences[DELIVERY_STATES][DELIVERY_STATES] = {
#define MOVE(FROM, TO, when) [DELIVERY_##FROM][DELIVERY_##TO] = (when),
#include "delivery_moves.def"
#undef MOVE
	};

	return sentences[from][to];
}

static void
move(struct delivery *d, enum delivery_state to)
{
	const char *when = when_it_moves(d->state, to);

	must(when != NULL);
	log_debug("delivery.moved", L_INT("seq", d->message->seq), L_STRN("rule", d->rule_id),
	    L_STR("from", delivery_state_name(d->state)), L_STR("to", delivery_state_name(to)),
	    L_STR("when", when));
	d->state = to;
}

bool
delivery_is_open(const struct delivery *d)
{
	return d->state == DELIVERY_PENDING || d->state == DELIVERY_SENDING;
}

bool
delivery_wants_claim(const struct delivery *d)
{
	return d->state == DELIVERY_PENDING && d->is_claimed_first;
}

void
delivery_open(struct delivery *d, bool is_claimed_first)
{
	move(d, DELIVERY_PENDING);
	d->is_claimed_first = is_claimed_first;
}

void
delivery_claim(struct delivery *d)
{
	move(d, DELIVERY_SENDING);
}

static void
say_why(struct delivery *d, wall_t due, struct str reason, struct str action)
{
	d->due = due;
	d->reason = reason;
	d->action = action;
}

void
delivery_settle(
    struct delivery *d, enum delivery_state to, struct str reason, struct str action)
{
	must(to == DELIVERY_HELD || delivery_state_is_final(to));
	move(d, to);
	say_why(d, (wall_t){0}, reason, action);
}

void
delivery_wait(struct delivery *d, enum delivery_state to, wall_t due, struct str reason,
    struct str action)
{
	must(to == DELIVERY_RETRYING || to == DELIVERY_PARKED);
	move(d, to);
	say_why(d, due, reason, action);
}

void
delivery_park_instead(struct delivery *d)
{
	move(d, DELIVERY_PARKED);
}

void
delivery_reword(struct delivery *d, struct str reason)
{
	d->reason = reason;
}

void
delivery_doubt(struct delivery *d, bool is_in_doubt)
{
	d->maybe_posted = d->maybe_posted || is_in_doubt;
}

void
delivery_render(struct delivery *d, struct arena *a)
{
	if (d->is_rendered)
		return;
	message_render(d->rule->template, &d->message->event, d->rule->order, a, &d->rendered);
	d->is_rendered = true;
}
