#include "release.h"

#include "carillon/base/clock.h"
#include "carillon/registry/released.h"

#include "replay.h"

bool
held_look(struct command *c, const struct held_of *of, struct held *out, struct err *e)
{
	return command_open(c, NEED_HISTORY, e) && held_count(c->store, of, out, e);
}

bool
held_before_repair(struct command *c, const struct held_of *of, struct held *out, struct err *e)
{
	int64_t age_ms = 0;

	*out = (struct held){.is_released = true};
	if (!read_duration(c, OPTION_DROP_OLDER_THAN, &age_ms, e))
		return false;
	if (age_ms > 0 &&
	    !replay_cancel_held(c, of, clock_wall().ms - age_ms, &out->dropped, e))
		return false;
	if (!command_open(c, NEED_HISTORY, e))
		return false;
	out->released = released_gather(c->store, c->arena, of, e);
	return out->released != NULL;
}

bool
held_after_repair(struct command *c, struct held *h, struct err *e)
{
	struct released_count n;

	if (h == NULL || !h->is_released)
		return true;
	if (!released_judge(h->released, c->store, &n, e))
		return false;
	h->count = n.count;
	h->oldest_ms = n.oldest_ms;
	h->still_held = n.still_held;
	h->why = n.why;
	return true;
}
