/* What a customer sees first: what needs a person, the last day by the hour, the connections.
 */
#include <microhttpd.h>

#include "common.h"

enum { HOURS = 24, HOUR_MS = 3600 * 1000, HELD_MAX = 1000, NEEDS_MAX = 64 };

/* --- hours --- */

struct hours {
	int64_t first_ms;
	uint64_t of[HOURS][DELIVERY_STATES];
};

static bool
take_hour(wall_t hour, const uint32_t counts[static DELIVERY_STATES], void *arg)
{
	struct hours *h = arg;
	int64_t at = (hour.ms - h->first_ms) / HOUR_MS;

	if (hour.ms >= h->first_ms && at < HOURS)
		for (int s = 0; s < DELIVERY_STATES; s++)
			h->of[at][s] = counts[s];
	return true;
}

static void
write_counts(struct json_writer *w, const uint64_t counts[static DELIVERY_STATES])
{
	jw_kv_int(w, "delivered", (int64_t)counts[DELIVERY_DELIVERED]);
	jw_kv_int(w, "retrying",
	    (int64_t)(counts[DELIVERY_PENDING] + counts[DELIVERY_SENDING] +
		      counts[DELIVERY_RETRYING] + counts[DELIVERY_PARKED]));
	jw_kv_int(w, "held", (int64_t)counts[DELIVERY_HELD]);
	jw_kv_int(w, "failed", (int64_t)counts[DELIVERY_FAILED]);
	jw_kv_int(
	    w, "not_sent", (int64_t)(counts[DELIVERY_CANCELED] + counts[DELIVERY_SKIPPED]));
}

static void
write_hours(struct json_writer *w, const struct hours *h)
{
	uint64_t sum[DELIVERY_STATES] = {0};

	jw_key(w, "hours");
	jw_array(w);
	for (int i = 0; i < HOURS; i++) {
		jw_object(w);
		json_write_time(w, "at", h->first_ms + (int64_t)i * HOUR_MS);
		write_counts(w, h->of[i]);
		jw_object_end(w);
		for (int s = 0; s < DELIVERY_STATES; s++)
			sum[s] += h->of[i][s];
	}
	jw_array_end(w);
	jw_key(w, "last_24h");
	jw_object(w);
	write_counts(w, sum);
	jw_object_end(w);
}

/* --- what needs a person --- */

struct count {
	uint64_t n;
	int64_t oldest_ms;
};

static bool
count_held(const delivery_record *d, void *arg)
{
	struct count *c = arg;

	c->n++;
	if (c->oldest_ms == 0 || d->created_ms < c->oldest_ms)
		c->oldest_ms = d->created_ms;
	return c->n < HELD_MAX;
}

static bool
write_held(struct request *q, struct json_writer *w, struct str connection, struct str rule)
{
	struct arena *scratch = arena_new(0);
	struct txn *t = txn_read(request_store(q), STORE_HISTORY);
	struct count c = {0};
	struct err e = {0};
	bool ok;

	ledger_each_held(t, scratch, &(struct held_list){request_part(q, 0), connection, rule},
	    count_held, &c);
	ok = txn_finish(t, &e);
	arena_free(scratch);
	jw_kv_int(w, "count", (int64_t)c.n);
	jw_kv_bool(w, "is_at_least", c.n >= HELD_MAX);
	json_write_time(w, "oldest_at", c.oldest_ms);
	return ok;
}

/* Both kinds of record that can say what they need, gathered before anything is counted. */
struct needs {
	struct request *q;
	const connection_record *connections[NEEDS_MAX];
	const rule_record *rules[NEEDS_MAX];
	int n_connections, n_rules;
	int rules_of[NEEDS_MAX]; /* of a connection */
};

static bool
take_connection(const void *record, uint64_t revision, void *arg)
{
	struct needs *n = arg;
	const connection_record *c = record;

	(void)revision;
	if (c->status != CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_ACTIVE &&
	    n->n_connections < NEEDS_MAX)
		n->connections[n->n_connections++] = c;
	return true;
}

static bool
take_rule(const void *record, uint64_t revision, void *arg)
{
	struct needs *n = arg;
	const rule_record *r = record;

	(void)revision;
	for (int i = 0; i < n->n_connections; i++)
		if (strcmp(n->connections[i]->id, r->connection) == 0)
			n->rules_of[i]++;
	if (r->hold_reason[0] != '\0' && n->n_rules < NEEDS_MAX)
		n->rules[n->n_rules++] = r;
	return true;
}

static bool
write_connections_needs(struct json_writer *w, const struct needs *n)
{
	bool ok = true;

	for (int i = 0; i < n->n_connections; i++) {
		const connection_record *c = n->connections[i];
		bool is_off =
		    c->status == CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_DISABLED;

		jw_object(w);
		jw_kv_cstr(w, "code", is_off ? "resume" : repair_name((enum repair)c->repair));
		jw_kv_cstr(w, "connection", c->id);
		jw_kv_cstr(w, "reason", c->status_reason);
		jw_kv_int(w, "rules", n->rules_of[i]);
		ok = write_held(n->q, w, str_of(c->id), (struct str){0}) && ok;
		jw_object_end(w);
	}
	return ok;
}

static bool
write_rules_needs(struct json_writer *w, const struct needs *n)
{
	bool ok = true;

	for (int i = 0; i < n->n_rules; i++) {
		const rule_record *r = n->rules[i];

		jw_object(w);
		jw_kv_cstr(w, "code", repair_name((enum repair)r->repair));
		jw_kv_cstr(w, "rule", r->id);
		jw_kv_cstr(w, "connection", r->connection);
		jw_kv_cstr(w, "channel", r->channel);
		jw_kv_cstr(w, "reason", r->hold_reason);
		ok = write_held(n->q, w, (struct str){0}, str_of(r->id)) && ok;
		jw_object_end(w);
	}
	return ok;
}

static bool
write_needs(struct request *q, struct json_writer *w)
{
	struct needs n = {.q = q};
	struct state_list list = {.workspace = request_part(q, 0), .kind = STATE_CONNECTION};
	struct err e = {0};
	bool ok = registry_each(q->registry, q->arena, &list, take_connection, &n, &e);

	list.kind = STATE_RULE;
	ok = ok && registry_each(q->registry, q->arena, &list, take_rule, &n, &e);
	jw_key(w, "needs");
	jw_array(w);
	ok = ok && write_connections_needs(w, &n) && write_rules_needs(w, &n);
	jw_array_end(w);
	return ok || problem_of(q, &e);
}

/* --- the rest --- */

static bool
write_connection(const void *record, uint64_t revision, void *arg)
{
	json_write_connection(arg, record, revision, NULL);
	return true;
}

static bool
write_connections(struct request *q, struct json_writer *w)
{
	const struct state_list list = {
	    .workspace = request_part(q, 0), .kind = STATE_CONNECTION};
	struct err e = {0};
	bool ok;

	/* A session of one resource sees no connections. */
	if (q->who.session_type == SESSION_RESOURCE)
		return true;
	jw_key(w, "connections");
	jw_array(w);
	ok = registry_each(q->registry, q->arena, &list, write_connection, w, &e);
	jw_array_end(w);
	return ok || problem_of(q, &e);
}

static bool
take_first(const event_record *ev, void *arg)
{
	*(int64_t *)arg = ev->received_ms;
	return false;
}

static bool
look_at_history(struct request *q, struct hours *h, int64_t *last_event_ms)
{
	struct txn *t = txn_read(request_store(q), STORE_HISTORY);
	struct err e = {0};

	h->first_ms = (q->now.ms / HOUR_MS - (HOURS - 1)) * HOUR_MS;
	history_each_hour(t, request_part(q, 0), (wall_t){h->first_ms},
	    (wall_t){q->now.ms + HOUR_MS}, take_hour, h);
	history_each_event_of(t, q->arena, request_part(q, 0), 0, take_first, last_event_ms);
	return txn_finish(t, &e) || problem_of(q, &e);
}

void
api_overview_get(struct request *q)
{
	struct hours *h = ARENA_NEW(q->arena, struct hours);
	int64_t last_event_ms = 0;
	struct json_writer w;

	if (!request_no_parameters(q) || !api_has_workspace(q) ||
	    !look_at_history(q, h, &last_event_ms))
		return;
	answer_json(q, MHD_HTTP_OK, &w);
	jw_object(&w);
	if (!write_needs(q, &w))
		return;
	write_hours(&w, h);
	if (!write_connections(q, &w))
		return;
	json_write_time(&w, "last_event_at", last_event_ms);
	jw_object_end(&w);
}
