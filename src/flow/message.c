#include "message.h"

#include "carillon/base/clock.h"
#include "carillon/rules/event_decode.h"

struct message *
message_new(enum origin origin, uint64_t seq)
{
	struct arena *a = arena_new(0);
	struct message *m = ARENA_NEW(a, struct message);
	const int64_t now_us = clock_mono_us();

	*m = (struct message){
	    .origin = origin,
	    .arena = a,
	    .body = arena_new(EVENT_MEMORY_MAX),
	    .seq = seq,
	    .taken_us = now_us,
	    .taken_at = {now_us / 1000},
	};
	m->nak_delay_ms = -1;
	m->handoff.kind = HANDOFF_MESSAGE;
	list_init(&m->handoff.link);
	list_init(&m->active_link);
	list_init(&m->unseen_link);
	return m;
}

bool
message_decode(
    struct message *m, struct str workspace, struct str type, const struct broker_message *bm)
{
	struct header *headers;
	size_t n = broker_message_headers(bm, m->arena, &headers);
	const struct event_source from = {
	    .workspace = workspace,
	    .type = type,
	    .bytes = bm->data,
	    .headers = headers,
	    .n_headers = n,
	    .seq = m->seq,
	    .received_at = m->received_at,
	};

	bool ok = event_decode(&m->event, &from, m->arena, m->body, &m->failure);

	m->event.steps = &m->steps;
	return ok;
}

void
message_free(struct message *m)
{
	ruleset_unref(m->rules);
	for (int i = 0; i < m->n_deliveries; i++) {
		arena_free(m->deliveries[i].newest_attempt);
		arena_free(m->deliveries[i].arena);
	}
	arena_free(m->body);
	arena_free(m->arena);
}

void
message_deliveries(struct message *m, int n)
{
	m->deliveries = ARENA_ARRAY(m->arena, struct delivery, n ? n : 1);
	m->n_deliveries = m->open = n;
	for (int i = 0; i < n; i++) {
		struct delivery *d = &m->deliveries[i];

		d->message = m;
		d->arena = arena_new_small();
		d->handoff.kind = HANDOFF_DELIVERY;
		list_init(&d->handoff.link);
		list_init(&d->lane_item.link);
	}
}
