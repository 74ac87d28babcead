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
say_why(struct delivery *d, wall_t due, struct str reason, struct remedy remedy)
{
	d->due = due;
	d->reason = reason;
	d->remedy = remedy;
}

void
delivery_settle(
    struct delivery *d, enum delivery_state to, struct str reason, struct remedy remedy)
{
	must(to == DELIVERY_HELD || delivery_state_is_final(to));
	move(d, to);
	say_why(d, (wall_t){0}, reason, remedy);
}

void
delivery_orphan(struct delivery *d)
{
	d->is_orphan = true;
	delivery_settle(
	    d, DELIVERY_CANCELED, STR("the workspace was deleted"), remedy_of(REPAIR_NONE));
}

void
delivery_wait(struct delivery *d, enum delivery_state to, wall_t due, struct str reason,
    struct remedy remedy)
{
	must(to == DELIVERY_RETRYING || to == DELIVERY_PARKED);
	move(d, to);
	say_why(d, due, reason, remedy);
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
	const struct dest_template *t = d->rule->template;

	if (d->body == NULL)
		d->body = t->type->render(t, &d->message->event, d->rule->order, a);
	d->degraded = d->degraded || d->body->is_too_costly;
}

/* Rules of one template make the same message of an event. */
void
delivery_render_shared(struct delivery *d)
{
	const struct message *m = d->message;

	for (const struct delivery *other = m->deliveries; other < d; other++)
		if (other->body != NULL && other->rule->template == d->rule->template &&
		    other->rule->order == d->rule->order) {
			d->body = other->body;
			break;
		}
	delivery_render(d, m->arena);
}
