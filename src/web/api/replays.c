/*
 * Sending past deliveries again, canceling them, and trying one once more: all of it is a
 * record that says what is wanted, and the service does it. Counting before looks at the index
 * alone.
 */
#include "carillon/registry/replays.h"

#include <microhttpd.h>

#include "carillon/base/clock.h"
#include "carillon/registry/json_read.h"
#include "carillon/registry/replay_selection.h"
#include "carillon/registry/words.h"
#include "history.h"

enum {
	COUNT_MS = 2000,   /* for which it is counted; more is "at least so many" */
	COUNT_STEP = 2048, /* events looked at in one transaction */
	GROUPS_MAX = 256,
	IMMINENT_S = 5,
};

/* --- the record --- */

static bool
read_replay(struct request *q, replay_record *r)
{
	const struct json *object;
	struct findings f;
	struct err e = {0};

	findings_init(&f, q->arena);
	if (!request_object(q, &object))
		return false;
	replay_new(r, q->arena);
	if (!json_read_record(q->arena, STATE_REPLAY, object, r, &f))
		return problem_found(q, PROBLEM_INVALID_VALUE, &f);
	if (r->n_states == 0) {
		r->states = ARENA_ARRAY(q->arena, char *, 1);
		r->states[r->n_states++] = arena_cstr(q->arena, STR("failed"));
	}
	return replay_bound(q->registry, request_part(q, 0), r, &e) || problem_of(q, &e);
}

/* --- counting --- */

struct group {
	struct str rule, connection, channel;
	enum delivery_state state;
	uint64_t n;
};

struct counting {
	struct request *q;
	struct replay_selection selection;
	struct txn *txn;
	struct arena *scratch;
	uint64_t next, selected, delivered;
	int left;
	bool is_cut;
	struct group groups[GROUPS_MAX];
	int n_groups;
};

static void
count_group(struct counting *c, const delivery_record *d)
{
	struct arena *a = c->q->arena;
	int i = 0;

	while (i < c->n_groups && !((int)c->groups[i].state == (int)d->state &&
				      str_eq(c->groups[i].rule, str_of(d->rule)) &&
				      str_eq(c->groups[i].connection, str_of(d->connection)) &&
				      str_eq(c->groups[i].channel, str_of(d->channel))))
		i++;
	if (i == GROUPS_MAX)
		return;
	if (i == c->n_groups)
		c->groups[c->n_groups++] = (struct group){arena_str(a, str_of(d->rule)),
		    arena_str(a, str_of(d->connection)), arena_str(a, str_of(d->channel)),
		    (enum delivery_state)d->state, 0};
	c->groups[i].n++;
}

/* As if what was delivered were asked for too, to tell how much is left out. */
static bool
is_left_out(const struct counting *c, const delivery_record *d)
{
	struct replay_selection all = c->selection;

	all.states = UINT32_C(1) << DELIVERY_DELIVERED;
	return !c->selection.cancels && replay_wants(&all, d);
}

static bool
count_delivery(const delivery_record *d, void *arg)
{
	struct counting *c = arg;

	if (replay_wants(&c->selection, d)) {
		c->selected++;
		count_group(c, d);
	} else if (is_left_out(c, d)) {
		c->delivered++;
	}
	return true;
}

static bool
count_seq(uint64_t seq, void *arg)
{
	struct counting *c = arg;
	const event_record *ev;

	if (c->left-- == 0 || seq > c->selection.to_seq)
		return false;
	c->next = seq + 1;
	ev = history_event(c->txn, c->scratch, seq);
	if (ev != NULL && replay_wants_event(&c->selection, ev)) {
		if (c->selection.todays_rules)
			c->selected++;
		else
			history_each_delivery(c->txn, c->scratch, seq, count_delivery, c);
	}
	arena_reset(c->scratch);
	return true;
}

static bool
count_all(struct counting *c)
{
	mono_t until = mono_after(clock_mono(), COUNT_MS);
	struct err e = {0};
	bool ok = true;

	c->scratch = arena_new(0);
	do {
		c->left = COUNT_STEP;
		c->txn = txn_read(request_store(c->q), STORE_HISTORY);
		history_each_seq_of(c->txn, request_part(c->q, 0), c->next, count_seq, c);
		ok = txn_finish(c->txn, &e) || problem_of(c->q, &e);
		c->is_cut = c->left < 0 && mono_reached(clock_mono(), until);
	} while (ok && c->left < 0 && !c->is_cut);
	arena_free(c->scratch);
	return ok;
}

static struct counting *
count(struct request *q, const replay_record *r)
{
	struct counting *c = ARENA_NEW(q->arena, struct counting);
	struct err e = {0};

	c->q = q;
	if (!replay_selection_of(r, &c->selection, &e)) {
		(void)problem_of(q, &e);
		return NULL;
	}
	c->next = c->selection.from_seq;
	if (c->selection.from.ms > 0) {
		struct txn *t = txn_read(request_store(q), STORE_HISTORY);
		uint64_t first = history_seq_at(t, c->selection.from);

		txn_end(t);
		c->next = first > c->next ? first : c->next;
	}
	return count_all(c) ? c : NULL;
}

void
api_replay_count(struct request *q)
{
	struct json_writer w;
	struct counting *c;
	replay_record r;

	if (!api_has_workspace(q) || !read_replay(q, &r) || (c = count(q, &r)) == NULL)
		return;
	answer_json(q, MHD_HTTP_OK, &w);
	jw_object(&w);
	jw_kv_int(&w, "selected", (int64_t)c->selected);
	jw_kv_bool(&w, "is_at_least", c->is_cut);
	jw_kv_int(&w, "delivered_left_out", (int64_t)c->delivered);
	jw_kv_int(&w, "seconds_at_least", (int64_t)(c->selected / (r.rate > 0 ? r.rate : 1)));
	jw_key(&w, "groups");
	jw_array(&w);
	for (int i = 0; i < c->n_groups; i++) {
		const struct group *g = &c->groups[i];

		jw_object(&w);
		jw_kv_cstr(&w, "state", delivery_state_name(g->state));
		jw_kv_string(&w, "rule", g->rule);
		jw_kv_string(&w, "connection", g->connection);
		jw_kv_string(&w, "channel", g->channel);
		jw_kv_int(&w, "count", (int64_t)g->n);
		jw_object_end(&w);
	}
	jw_array_end(&w);
	jw_object_end(&w);
}

/* --- asking for one --- */

static void
answer_replay(struct request *q, unsigned status, const char *id)
{
	struct replay_outcome outcome;
	struct err e = {0};
	uint64_t revision;
	const replay_record *r = registry_replay(
	    q->registry, q->arena, request_part(q, 0), str_of(id), &revision, &e);
	struct json_writer w;

	if (r == NULL ||
	    !replay_outcome_count(q->registry, request_part(q, 0), r, &outcome, &e)) {
		(void)problem_of(q, &e);
		return;
	}
	answer_json(q, status, &w);
	replay_write(&w, r, revision, &outcome);
	answer_etag(q, revision);
}

/* 202: the service does it. */
static void
begin(struct request *q, replay_record *r)
{
	struct err e = {0};

	if (replay_start(q->registry, request_part(q, 0), r, &e))
		answer_replay(q, MHD_HTTP_ACCEPTED, r->id);
	else
		(void)problem_of(q, &e);
}

void
api_replay_create(struct request *q)
{
	struct counting *c;
	replay_record r;

	if (!api_has_workspace(q) || !read_replay(q, &r) || (c = count(q, &r)) == NULL)
		return;
	r.selected = c->selected;
	if (c->selected == 0)
		(void)problem(q, PROBLEM_INVALID_VALUE, "no delivery is as asked");
	else
		begin(q, &r);
}

/* --- looking at them --- */

static bool
list_one(const void *record, uint64_t revision, void *arg)
{
	struct page *p = arg;
	const replay_record *r = record;

	/* Of one delivery: shown there. */
	if (r->event_id[0] != '\0')
		return true;
	if (!page_takes(p, str_of(r->id)))
		return false;
	replay_write(&p->w, r, revision, NULL);
	return true;
}

void
api_replays_list(struct request *q)
{
	static const char *const parameters[] = {"limit", "cursor", NULL};
	struct state_list list = {.workspace = request_part(q, 0), .kind = STATE_REPLAY};
	struct err e = {0};
	struct page p;

	if (!request_parameters(q, parameters) || !api_has_workspace(q) || !page_begin(&p, q))
		return;
	list.after = p.after;
	if (registry_each(q->registry, q->arena, &list, list_one, &p, &e))
		page_end(&p);
	else
		(void)problem_of(q, &e);
}

void
api_replay_get(struct request *q)
{

	if (request_no_parameters(q))
		answer_replay(q, MHD_HTTP_OK, arena_cstr(q->arena, request_part(q, 1)));
}

static void
set_status(struct request *q, Carillon__V1__ReplayStatus status)
{
	struct err e = {0};

	if (replay_set_status(q->registry, request_part(q, 0), request_part(q, 1), status, &e))
		answer_replay(q, MHD_HTTP_OK, arena_cstr(q->arena, request_part(q, 1)));
	else
		(void)problem_of(q, &e);
}

void
api_replay_pause(struct request *q)
{
	set_status(q, CARILLON__V1__REPLAY_STATUS__REPLAY_STATUS_PAUSED);
}

void
api_replay_resume(struct request *q)
{
	set_status(q, CARILLON__V1__REPLAY_STATUS__REPLAY_STATUS_RUNNING);
}

void
api_replay_cancel(struct request *q)
{
	set_status(q, CARILLON__V1__REPLAY_STATUS__REPLAY_STATUS_CANCELED);
}

/* --- one delivery --- */

static void
put_states(struct request *q, replay_record *r, const enum delivery_state *states, size_t n)
{
	r->states = ARENA_ARRAY(q->arena, char *, n + 1);
	for (size_t i = 0; i < n; i++)
		r->states[r->n_states++] =
		    arena_cstr(q->arena, str_of(delivery_state_name(states[i])));
}

static bool
read_again(struct request *q, bool *again)
{
	static const char *const members[] = {"again", NULL};
	const struct json *object, *v;

	*again = false;
	if (!request_object(q, &object) || !request_members(q, object, members))
		return false;
	v = json_get(object, STR("again"));
	*again = v != NULL && v->kind == JSON_TRUE;
	return true;
}

/* One that is on its way, or waits at the broker for a moment, cannot be pulled forward. */
static bool
may_retry(struct request *q, const delivery_record *d, bool again)
{
	int64_t wait_ms = d->due_ms - q->now.ms;

	switch ((int)d->state) {
	case DELIVERY_PENDING:
	case DELIVERY_SENDING:
	case DELIVERY_RETRYING:
		(void)problem(q, PROBLEM_ATTEMPT_IMMINENT, "the delivery is %s",
		    delivery_state_name((enum delivery_state)d->state));
		problem_retry_after(q, wait_ms > 0 ? (int)(wait_ms / 1000) + 1 : IMMINENT_S);
		return false;
	case DELIVERY_DELIVERED:
		return again || problem(q, PROBLEM_ALREADY_DELIVERED,
				    "ask with \"again\": true to send it once more");
	default: return true;
	}
}

static void
begin_one(struct request *q, const delivery_record *d, replay_record *r)
{
	struct err e = {0};

	r->event_id = d->event_id;
	r->rule = d->rule;
	r->selected = 1;
	if (replay_bound(q->registry, request_part(q, 0), r, &e))
		begin(q, r);
	else
		(void)problem_of(q, &e);
}

void
api_delivery_retry(struct request *q)
{
	static const enum delivery_state states[] = {DELIVERY_FAILED, DELIVERY_CANCELED,
	    DELIVERY_SKIPPED, DELIVERY_PARKED, DELIVERY_HELD};
	const delivery_record *d;
	replay_record r;
	bool again;

	if (!read_again(q, &again) || (d = history_delivery_of_route(q)) == NULL ||
	    !may_retry(q, d, again))
		return;
	replay_new(&r, q->arena);
	put_states(q, &r, states, COUNT_OF(states));
	r.again = again;
	begin_one(q, d, &r);
}

static const enum delivery_state cancelable[] = {
    DELIVERY_PENDING, DELIVERY_RETRYING, DELIVERY_PARKED, DELIVERY_HELD};

void
api_delivery_cancel(struct request *q)
{
	const delivery_record *d = history_delivery_of_route(q);
	replay_record r;

	if (d == NULL)
		return;
	if (delivery_state_is_final((enum delivery_state)d->state)) {
		(void)problem(q, PROBLEM_INVALID_VALUE, "it is %s: nothing is left to cancel",
		    delivery_state_name((enum delivery_state)d->state));
		return;
	}
	replay_new(&r, q->arena);
	r.action = CARILLON__V1__REPLAY_ACTION__REPLAY_ACTION_CANCEL;
	r.rate = REPLAY_RATE_MAX;
	put_states(q, &r, cancelable, COUNT_OF(cancelable));
	begin_one(q, d, &r);
}

/* {"connection", "rule", "from", "to"}: of what is not final yet. */
void
api_deliveries_cancel(struct request *q)
{
	static const char *const members[] = {"connection", "rule", "from", "to", NULL};
	const struct json *object;
	struct counting *c;
	struct findings f;
	struct err e = {0};
	replay_record r;

	findings_init(&f, q->arena);
	if (!request_object(q, &object) || !request_members(q, object, members) ||
	    !api_has_workspace(q))
		return;
	replay_new(&r, q->arena);
	if (!json_read_record(q->arena, STATE_REPLAY, object, &r, &f)) {
		(void)problem_found(q, PROBLEM_INVALID_VALUE, &f);
		return;
	}
	r.action = CARILLON__V1__REPLAY_ACTION__REPLAY_ACTION_CANCEL;
	r.rate = REPLAY_RATE_MAX;
	put_states(q, &r, cancelable, COUNT_OF(cancelable));
	if (!replay_bound(q->registry, request_part(q, 0), &r, &e)) {
		(void)problem_of(q, &e);
		return;
	}
	if ((c = count(q, &r)) == NULL)
		return;
	r.selected = c->selected;
	begin(q, &r);
}
