#include "release.h"

#include "carillon/base/clock.h"

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
	return held_look(c, of, out, e);
}
