#include "carillon/index/catch_up.h"

#include "carillon/base/log.h"

enum { UNPACKED_MAX = 64 * 1024 * 1024 }; /* bytes of a batch, unpacked */

/* --- a batch of one's own --- */

static bool
apply(struct txn *t, void *arg, struct err *e)
{
	const struct history_applied *a = arg;

	(void)e;
	for (size_t i = 0; i < a->n; i++)
		history_apply(t, a->entries[i]);
	store_advance(t, a->seq, a->id);
	return true;
}

bool
history_apply_batch(struct store *s, const struct history_applied *b, struct err *e)
{
	return store_write(s, STORE_HISTORY, apply, (void *)(uintptr_t)b, e);
}

/* --- a chunk of the stream --- */

struct applying {
	const struct chunk *chunk;
	struct str stream_id;
	struct arena *arena; /* one batch at a time */
};

bool
history_unpack(
    struct arena *a, const struct broker_message *m, history_batch **out, struct err *e)
{
	void *batch;

	if (!record_unpack(&carillon__v1__history_batch__descriptor, a, m->data, &batch, e))
		return false;
	*out = batch;
	return true;
}

static void
apply_message(struct txn *t, struct arena *a, const struct broker_message *m)
{
	struct err e = {0};
	history_batch *batch;

	/* Another process may have come further meanwhile: older than what is there now. */
	if (m->seq <= store_applied(t))
		return;
	if (history_unpack(a, m, &batch, &e)) {
		for (size_t i = 0; i < batch->n_entries; i++)
			history_apply(t, batch->entries[i]);
	} else {
		/* One bad message must not keep the service from starting for ever. */
		log_error("history.unreadable", L_INT("seq", m->seq), L_STR("error", e.text));
	}
	store_advance(t, m->seq, m->msg_id);
}

static bool
apply_chunk(struct txn *t, void *arg, struct err *e)
{
	const struct applying *x = arg;

	(void)e;
	for (size_t i = 0; i < x->chunk->n; i++) {
		apply_message(t, x->arena, &x->chunk->messages[i]);
		arena_reset(x->arena);
	}
	store_advance(t, x->chunk->end, (struct str){0});
	if (x->stream_id.len > 0)
		store_set_stream_id(t, x->stream_id);
	return true;
}

bool
history_apply_chunk(struct store *s, const struct chunk *c, struct str stream_id, struct err *e)
{
	struct applying x = {c, stream_id, arena_new(UNPACKED_MAX)};
	bool ok = store_write(s, STORE_HISTORY, apply_chunk, &x, e);

	arena_free(x.arena);
	return ok;
}
