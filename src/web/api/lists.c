/*
 * The long lists of history, newest first, with filters that no index has. Time needs no
 * filter: what is stored grows with it, so that a list begins and ends where it says.
 */
#include <inttypes.h>
#include <microhttpd.h>

#include "carillon/registry/words.h"
#include "history.h"

enum { KEY_MAX = 24 + RECORD_ID_MAX };

/* What is looked for. Empty or 0: everything. */
struct wanted {
	struct str type, resource, resource_id, severity, status, text, rule, connection,
	    channel;
	enum delivery_state state;
	int64_t from_ms, to_ms;
};

struct looking {
	struct page page;
	struct wanted wanted;
	struct arena *scratch;         /* of the record that is looked at */
	const delivery_record **found; /* written once the transaction is over */
	size_t n_found;
};

static bool
is_any_or(struct str wanted, const char *is)
{
	return wanted.len == 0 || str_eq(wanted, str_of(is));
}

static bool
has_text(const char *in, struct str text)
{
	struct str all = str_of(in);

	return text.len == 0 ||
	       (all.len > 0 && memmem(all.ptr, all.len, text.ptr, text.len) != NULL);
}

static bool
read_common(struct request *q, struct wanted *w)
{
	w->type = request_parameter(q, "type");
	w->text = request_parameter(q, "q");
	return request_time(q, "from", &w->from_ms) && request_time(q, "to", &w->to_ms);
}

/* Where the walk begins: behind the cursor, or before what came at `to`. */
static uint64_t
seq_to_begin(struct looking *l, struct txn *t)
{
	struct str after = l->page.after;

	if (after.len > 0)
		return strtoull(after.ptr, NULL, 10);
	return l->wanted.to_ms > 0 ? history_seq_at(t, (wall_t){l->wanted.to_ms}) : 0;
}

/* --- events --- */

static bool
wants_event(const struct looking *l, const event_record *ev)
{
	const struct wanted *w = &l->wanted;
	const struct str status = str_of(word_of(&event_status_words, (int)ev->status));
	bool has_status = w->status.len == 0 || str_eq(w->status, status) ||
	                  (str_eq(w->status, STR("unmatched")) && ev->matched == 0);

	return has_status && is_any_or(w->type, ev->type) &&
	       is_any_or(w->resource, ev->resource) &&
	       is_any_or(w->resource_id, ev->resource_id) &&
	       is_any_or(w->severity, ev->severity) && history_sees(l->page.q, ev) &&
	       (has_text(ev->event_id, w->text) || has_text(ev->type, w->text) ||
		   has_text(ev->resource_id, w->text));
}

static bool
list_event(const event_record *ev, void *arg)
{
	struct looking *l = arg;
	char key[KEY_MAX];
	bool goes_on = true;

	if (ev->received_ms < l->wanted.from_ms || !page_looks(&l->page))
		return false;
	snprintf(key, sizeof(key), "%" PRIu64, ev->seq);
	if (!wants_event(l, ev)) {
		page_passes(&l->page, str_of(key), ev->received_ms);
	} else if ((goes_on = page_takes(&l->page, str_of(key)))) {
		json_write_event_open(&l->page.w, ev);
		jw_object_end(&l->page.w);
	}
	arena_reset(l->scratch);
	return goes_on;
}

void
api_events_list(struct request *q)
{
	static const char *const parameters[] = {"limit", "cursor", "type", "resource",
	    "resource_id", "severity", "status", "from", "to", "q", NULL};
	struct looking l = {0};
	struct err e = {0};
	struct txn *t;
	bool ok;

	if (!request_parameters(q, parameters) || !read_common(q, &l.wanted) ||
	    !api_has_workspace(q) || !page_begin(&l.page, q))
		return;
	l.wanted.resource = request_parameter(q, "resource");
	l.wanted.resource_id = request_parameter(q, "resource_id");
	l.wanted.severity = request_parameter(q, "severity");
	l.wanted.status = request_parameter(q, "status");
	l.scratch = arena_new(0);
	t = txn_read(request_store(q), STORE_HISTORY);
	history_each_event_of(
	    t, l.scratch, request_part(q, 0), seq_to_begin(&l, t), list_event, &l);
	ok = txn_finish(t, &e);
	arena_free(l.scratch);
	if (ok)
		page_end(&l.page);
	else
		(void)problem_of(q, &e);
}

/* --- deliveries --- */

static bool
is_of_own_resource(struct looking *l, const delivery_record *d, struct txn *t)
{
	const event_record *ev;

	if (l->page.q->who.session_type != SESSION_RESOURCE)
		return true;
	ev = history_event(t, l->scratch, d->seq);
	return ev != NULL && history_sees(l->page.q, ev);
}

/* The event's type is not in the delivery: it is looked up only where it is asked for. */
static bool
has_type(struct looking *l, const delivery_record *d, struct txn *t)
{
	const event_record *ev;

	if (l->wanted.type.len == 0)
		return true;
	ev = history_event(t, l->scratch, d->seq);
	return ev != NULL && str_eq(l->wanted.type, str_of(ev->type));
}

static bool
wants_delivery(struct looking *l, const delivery_record *d, struct txn *t)
{
	const struct wanted *w = &l->wanted;

	return (w->state == DELIVERY_NONE || (int)d->state == (int)w->state) &&
	       is_any_or(w->rule, d->rule) && is_any_or(w->connection, d->connection) &&
	       is_any_or(w->channel, d->channel) &&
	       (w->to_ms == 0 || d->created_ms < w->to_ms) &&
	       (has_text(d->event_id, w->text) || has_text(d->reason, w->text)) &&
	       has_type(l, d, t) && is_of_own_resource(l, d, t);
}

/* A copy that outlives the walk. */
static void
keep(struct looking *l, const delivery_record *d)
{
	void *copy = NULL;

	if (record_unpack(&carillon__v1__delivery_record__descriptor, l->page.q->arena,
		record_pack(l->page.q->arena, d), &copy, NULL))
		l->found[l->n_found++] = copy;
}

struct delivery_walk {
	struct looking *l;
	struct txn *txn;
};

static bool
list_delivery(const delivery_record *d, void *arg)
{
	struct delivery_walk *walk = arg;
	struct looking *l = walk->l;
	char key[KEY_MAX];
	bool goes_on = true;

	if (d->created_ms < l->wanted.from_ms || !page_looks(&l->page))
		return false;
	snprintf(key, sizeof(key), "%" PRIu64 "/%.*s", d->seq, RECORD_ID_MAX, d->rule);
	if (!wants_delivery(l, d, walk->txn))
		page_passes(&l->page, str_of(key), d->created_ms);
	else if ((goes_on = page_takes(&l->page, str_of(key))))
		keep(l, d);
	arena_reset(l->scratch);
	return goes_on;
}

static bool
read_state(struct request *q, struct wanted *w)
{
	struct str state = request_parameter(q, "state");

	w->state = delivery_state_of(state);
	return state.len == 0 || w->state != DELIVERY_NONE ||
	       problem(
		   q, PROBLEM_BAD_REQUEST, "state: there is no state \"%.*s\"", STR_ARG(state));
}

static bool
walk_deliveries(struct looking *l)
{
	struct request *q = l->page.q;
	struct delivery_walk walk = {l, txn_read(request_store(q), STORE_HISTORY)};
	struct delivery_list list = {.workspace = request_part(q, 0)};
	const char *slash;
	struct err e = {0};
	bool ok;

	/* Delivered is nearly everything, and has no index of its own. */
	if (l->wanted.state != DELIVERY_DELIVERED)
		list.state = l->wanted.state;
	list.after.seq = seq_to_begin(l, walk.txn);
	slash = l->page.after.len > 0 ? strchr(l->page.after.ptr, '/') : NULL;
	if (slash != NULL)
		list.after.rule = str_of(slash + 1);
	l->scratch = arena_new(0);
	history_each_delivery_of(walk.txn, l->scratch, &list, list_delivery, &walk);
	ok = txn_finish(walk.txn, &e);
	arena_free(l->scratch);
	return ok || problem_of(q, &e);
}

void
api_deliveries_list(struct request *q)
{
	static const char *const parameters[] = {"limit", "cursor", "state", "rule",
	    "connection", "channel", "type", "from", "to", "q", NULL};
	struct looking l = {0};

	if (!request_parameters(q, parameters) || !read_common(q, &l.wanted) ||
	    !read_state(q, &l.wanted) || !api_has_workspace(q) || !page_begin(&l.page, q))
		return;
	l.wanted.rule = request_parameter(q, "rule");
	l.wanted.connection = request_parameter(q, "connection");
	l.wanted.channel = request_parameter(q, "channel");
	l.found = ARENA_ARRAY(q->arena, const delivery_record *, l.page.limit);
	if (!walk_deliveries(&l))
		return;
	for (size_t i = 0; i < l.n_found; i++)
		history_write_delivery(q, &l.page.w, l.found[i], false);
	page_end(&l.page);
}
