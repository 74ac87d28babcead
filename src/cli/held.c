#include "held.h"

#include "carillon/base/clock.h"

#include "print.h"
#include "replay.h"

static bool
count_one(const delivery_record *d, void *arg)
{
	struct held *h = arg;

	h->count++;
	if (h->oldest_ms == 0 || d->created_ms < h->oldest_ms)
		h->oldest_ms = d->created_ms;
	return true;
}

bool
held_look(struct command *c, struct str workspace, struct str connection, struct str rule,
    struct held *out, struct err *e)
{
	struct txn *t;

	if (!command_open(c, NEED_HISTORY, e))
		return false;
	out->count = 0;
	out->oldest_ms = 0;
	t = txn_read(c->store, STORE_HISTORY);
	ledger_each_held(t, c->arena, workspace, connection, rule, count_one, out);
	return txn_finish(t, e);
}

bool
held_before_repair(struct command *c, struct str workspace, struct str connection,
    struct str rule, struct held *out, struct err *e)
{
	int64_t age_ms = 0;

	*out = (struct held){.is_repair = true};
	if (!read_duration(c, OPTION_DROP_OLDER_THAN, &age_ms, e))
		return false;
	if (age_ms > 0 && !replay_cancel_held(c, workspace, connection, rule,
			      clock_wall().ms - age_ms, &out->dropped, e))
		return false;
	if (!command_open(c, NEED_HISTORY, e))
		return false;
	out->released = released_gather(c->store, c->arena, workspace, connection, rule, e);
	return out->released != NULL;
}

bool
held_after_repair(struct command *c, struct held *h, struct err *e)
{
	struct released_count n;

	if (h == NULL || !h->is_repair)
		return true;
	if (!released_judge(h->released, c->store, &n, e))
		return false;
	h->count = n.count;
	h->oldest_ms = n.oldest_ms;
	h->still_held = n.still_held;
	h->why = n.why;
	return true;
}

void
write_held(struct json_writer *w, const struct held *h)
{
	if (h == NULL)
		return;
	jw_key(w, h->is_repair ? "released" : "held");
	jw_object(w);
	jw_kv_int(w, "count", (int64_t)h->count);
	write_time(w, "oldest_at", h->oldest_ms);
	if (h->is_repair) {
		jw_kv_int(w, "dropped", (int64_t)h->dropped);
		jw_kv_int(w, "still_held", (int64_t)h->still_held);
		jw_kv_string(w, "still_held_because", h->why);
	}
	jw_object_end(w);
}
