#include "carillon/registry/apply.h"

struct applying {
	const struct broker *broker;
	const struct chunk *chunk;
	struct str stream_id;
};

static bool
apply(struct txn *t, void *arg, struct err *e)
{
	const struct applying *x = arg;

	(void)e;
	for (size_t i = 0; i < x->chunk->n; i++) {
		const struct broker_message *m = &x->chunk->messages[i];

		/* Another process may have been here first, or a worker that wrote it. */
		if (m->seq <= store_applied(t))
			continue;
		state_apply(t, broker_state_key(x->broker, m->subject),
		    m->is_delete ? (struct str){0} : m->data, m->seq);
		store_advance(t, m->seq, m->msg_id);
	}
	store_advance(t, x->chunk->end, (struct str){0});
	if (x->stream_id.len > 0)
		store_set_stream_id(t, x->stream_id);
	return true;
}

bool
registry_apply_chunk(struct store *s, const struct broker *b, const struct chunk *c,
    struct str stream_id, struct err *e)
{
	struct applying x = {b, c, stream_id};

	return store_write(s, STORE_STATE, apply, &x, e);
}
