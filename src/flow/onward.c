#include "flow_private.h"

void
onward_init(struct onward *o)
{
	list_init(&o->to_courier);
	list_init(&o->to_scribe);
	o->n = 0;
}

void
onward_add(struct onward *o, struct message *m)
{
	bool to_scribe = m->n_deliveries == 0;

	for (int i = 0; i < m->n_deliveries; i++)
		to_scribe = to_scribe || !delivery_is_open(&m->deliveries[i]);
	list_append(to_scribe ? &o->to_scribe : &o->to_courier, &m->handoff.link);
	o->n++;
}

void
onward_send(struct onward *o, struct flow *f)
{
	if (o->n == 0)
		return;
	if (!list_is_empty(&o->to_courier))
		queue_put_all(f->to_courier, &o->to_courier);
	if (!list_is_empty(&o->to_scribe))
		queue_put_all(f->to_scribe, &o->to_scribe);
	o->n = 0;
}

void
flow_forward(struct flow *f, struct message *m)
{
	struct onward o;

	onward_init(&o);
	onward_add(&o, m);
	onward_send(&o, f);
}
