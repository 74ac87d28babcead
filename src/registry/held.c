#include "carillon/registry/held.h"

#include "carillon/registry/json_write.h"

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
held_count(struct store *s, const struct held_of *of, struct held *out, struct err *e)
{
	struct txn *t = txn_read(s, STORE_HISTORY);
	struct arena *a = arena_new(0);
	bool ok;

	out->count = 0;
	out->oldest_ms = 0;
	ledger_each_held(
	    t, a, &(struct held_list){of->workspace, of->connection, of->rule}, count_one, out);
	ok = txn_finish(t, e);
	arena_free(a);
	return ok;
}

void
held_write(struct json_writer *w, const struct held *h)
{
	if (h == NULL)
		return;
	jw_key(w, h->is_released ? "released" : "held");
	jw_object(w);
	jw_kv_int(w, "count", (int64_t)h->count);
	json_write_time(w, "oldest_at", h->oldest_ms);
	if (h->is_released) {
		jw_kv_int(w, "dropped", (int64_t)h->dropped);
		jw_kv_int(w, "still_held", (int64_t)h->still_held);
		jw_kv_string(w, "still_held_because", h->why);
	}
	jw_object_end(w);
}
