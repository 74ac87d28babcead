#include "carillon/base/clock.h"
#include "find.h"

enum { RULESETS = 4 };

static void
count_message(struct replay_counting *c, struct message *m)
{
	for (int i = 0; i < m->n_deliveries; i++) {
		const struct delivery *d = &m->deliveries[i];

		c->each(
		    d->before == NULL ? DELIVERY_NONE : (enum delivery_state)d->before->state,
		    d->rule_id, c->arg);
	}
	message_free(m);
}

static bool
count_event(struct replay_counting *c, const struct replay_source *from,
    const struct replay_selection *s, uint64_t seq, struct err *e)
{
	struct replay_reading reading = {.next.seq = seq};

	do {
		const struct replay_at at = reading.next;

		if (!replay_read(from, s, &at, clock_wall(), &reading, e))
			return false;
		c->skipped += (uint64_t)reading.skipped;
		if (reading.message != NULL)
			count_message(c, reading.message);
	} while (reading.has_more);
	return true;
}

bool
replay_count(struct replay_counting *c, const replay_record *r, struct err *e)
{
	struct replay_source from = {.broker = c->broker,
	    .store = c->store,
	    .rulebook = rulebook_new(c->store, RULESETS),
	    .workspace = c->workspace};
	struct replay_selection s;
	struct replay_look look = {.next = r->position + 1};
	bool ok = replay_selection_of(r, &s, e);

	while (ok && !look.is_end) {
		ok = replay_look(&from, &s, look.next, &look, e);
		if (ok && look.found != 0)
			ok = count_event(c, &from, &s, look.found, e);
	}
	rulebook_free(from.rulebook);
	return ok;
}
