#include "history.h"

#include <microhttpd.h>

#include "carillon/base/id.h"
#include "carillon/registry/published.h"

/* --- who sees what --- */

bool
history_sees(const struct request *q, const event_record *ev)
{
	return q->who.session_type != SESSION_RESOURCE ||
	       (str_eq(q->who.resource, str_of(ev->resource)) &&
		   str_eq(q->who.resource_id, str_of(ev->resource_id)));
}

event_record *
history_event_of_route(struct request *q)
{
	struct txn *t = txn_read(request_store(q), STORE_HISTORY);
	struct str workspace = request_part(q, 0), id = request_part(q, 1);
	uint64_t seq = id_is_event(id) ? ledger_seq(t, workspace, id) : 0;
	event_record *ev = seq > 0 ? history_event(t, q->arena, seq) : NULL;
	struct err e = {0};

	if (!txn_finish(t, &e)) {
		(void)problem_of(q, &e);
		return NULL;
	}
	if (ev == NULL || !str_eq(str_of(ev->workspace), workspace) || !history_sees(q, ev)) {
		(void)problem_not_found(q);
		return NULL;
	}
	return ev;
}

delivery_record *
history_delivery_of_route(struct request *q)
{
	const event_record *ev = history_event_of_route(q);
	struct err e = {0};
	delivery_record *d;
	struct txn *t;

	if (ev == NULL)
		return NULL;
	t = txn_read(request_store(q), STORE_HISTORY);
	d = history_delivery(t, q->arena, ev->seq, request_part(q, 2));
	if (!txn_finish(t, &e))
		(void)problem_of(q, &e);
	else if (d == NULL)
		(void)problem_not_found(q);
	else
		return d;
	return NULL;
}

/* --- deliveries --- */

static const rule_record *
rule_of(struct request *q, const delivery_record *d)
{
	struct err e = {0};

	return registry_rule(
	    q->registry, q->arena, str_of(d->workspace), str_of(d->rule), NULL, &e);
}

static void
write_channel_name(struct request *q, struct json_writer *w, const delivery_record *d)
{
	struct err e = {0};
	const connection_record *c = registry_connection(
	    q->registry, q->arena, str_of(d->workspace), str_of(d->connection), NULL, &e);
	const char *name = "";

	for (size_t i = 0; c != NULL && i < c->n_channels; i++)
		if (strcmp(c->channels[i]->id, d->channel) == 0)
			name = c->channels[i]->name;
	jw_kv_cstr(w, "channel_name", name);
	jw_kv_cstr(w, "connection_name", c != NULL ? c->name : "");
}

static void
write_planned(struct request *q, struct json_writer *w, const rule_record *r)
{
	struct retry_schedule schedule = {0};
	int64_t planned = r != NULL ? (int64_t)r->n_retry_s : 0;

	if (planned == 0 &&
	    config_retry_schedule(request_config(q)->retry_schedule_s, &schedule, NULL))
		planned = schedule.steps;
	jw_kv_int(w, "attempts_planned", planned);
}

/* Bodies hold what the event said: only who may see payloads gets them. */
static void
take_bodies_out(struct request *q, const delivery_record *d)
{
	const char *why;

	if (principal_may(&q->who, ACCESS_PAYLOAD_READ, &why) == ALLOWED)
		return;
	for (size_t i = 0; i < d->n_attempts; i++)
		d->attempts[i]->request.len = d->attempts[i]->response.len = 0;
}

void
history_write_delivery(
    struct request *q, struct json_writer *w, const delivery_record *d, bool with_attempts)
{
	const rule_record *r = rule_of(q, d);

	json_write_delivery_open(w, d);
	jw_kv_cstr(w, "rule_name", r != NULL ? r->name : "");
	write_channel_name(q, w, d);
	write_planned(q, w, r);
	jw_kv_bool(w, "possible_duplicate",
	    d->maybe_posted ||
		(d->n_attempts > 0 && d->attempts[d->n_attempts - 1]->possible_duplicate));
	if (with_attempts) {
		take_bodies_out(q, d);
		json_write_attempts(w, d);
	}
	jw_object_end(w);
}

void
api_delivery_get(struct request *q)
{
	const delivery_record *d;
	struct json_writer w;

	if (!request_no_parameters(q) || (d = history_delivery_of_route(q)) == NULL)
		return;
	answer_json(q, MHD_HTTP_OK, &w);
	history_write_delivery(q, &w, d, true);
}

void
api_attempts_list(struct request *q)
{
	const delivery_record *d;
	struct json_writer w;

	if (!request_no_parameters(q) || (d = history_delivery_of_route(q)) == NULL)
		return;
	take_bodies_out(q, d);
	answer_json(q, MHD_HTTP_OK, &w);
	jw_object(&w);
	json_write_attempts(&w, d);
	jw_kv_int(&w, "count", (int64_t)d->n_attempts);
	jw_object_end(&w);
}

/* --- events --- */

struct deliveries {
	struct request *q;
	const delivery_record **items;
	size_t n, cap;
};

static bool
gather(const delivery_record *d, void *arg)
{
	struct deliveries *l = arg;

	if (l->n == l->cap) {
		const delivery_record **more;

		l->cap = l->cap ? 2 * l->cap : 16;
		more = ARENA_ARRAY(l->q->arena, const delivery_record *, l->cap);
		if (l->n > 0)
			memcpy(more, l->items, l->n * sizeof(*more));
		l->items = more;
	}
	l->items[l->n++] = d;
	return true;
}

/* Gathered first: names are looked up in the other environment, one transaction at a time. */
static bool
write_deliveries(struct request *q, struct json_writer *w, uint64_t seq)
{
	struct txn *t = txn_read(request_store(q), STORE_HISTORY);
	struct deliveries l = {.q = q};
	struct err e = {0};

	history_each_delivery(t, q->arena, seq, gather, &l);
	if (!txn_finish(t, &e))
		return problem_of(q, &e);
	jw_key(w, "deliveries");
	jw_array(w);
	for (size_t i = 0; i < l.n; i++)
		history_write_delivery(q, w, l.items[i], false);
	jw_array_end(w);
	return true;
}

void
api_event_get(struct request *q)
{
	const event_record *ev;
	struct json_writer w;

	if (!request_no_parameters(q) || (ev = history_event_of_route(q)) == NULL)
		return;
	answer_json(q, MHD_HTTP_OK, &w);
	json_write_event_open(&w, ev);
	if (write_deliveries(q, &w, ev->seq))
		jw_object_end(&w);
}

void
api_payload_get(struct request *q)
{
	const event_record *ev;
	struct json_writer w;

	if (!request_no_parameters(q) || (ev = history_event_of_route(q)) == NULL)
		return;
	answer_json(q, MHD_HTTP_OK, &w);
	jw_object(&w);
	jw_kv_cstr(&w, "id", ev->event_id);
	jw_kv_cstr(&w, "type", ev->type);
	published_write_payload(&w, q->registry, q->arena, ev);
	jw_object_end(&w);
}
