#include "carillon/index/catch_up.h"

static bool
apply(struct txn *t, void *arg, struct err *e)
{
	const struct history_applied *a = arg;

	(void)e;
	if (a->is_catching_up && a->seq <= store_applied(t))
		return true; /* older than what is there now */
	for (size_t i = 0; i < a->n; i++)
		history_apply(t, a->entries[i]);
	if (a->seq > store_applied(t)) {
		store_set_applied(t, a->seq);
		store_set_mark(t, a->id);
	}
	if (a->stream_id.len > 0)
		store_set_stream_id(t, a->stream_id);
	return true;
}

bool
history_apply_batch(struct store *s, const struct history_applied *b, struct err *e)
{
	return store_write(s, STORE_HISTORY, apply, (void *)(uintptr_t)b, e);
}
