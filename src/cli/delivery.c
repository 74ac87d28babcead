#include "carillon/base/suggest.h"
#include "carillon/registry/json_write.h"

#include "history.h"
#include "output.h"

/* --- list --- */

/* A cursor is a sequence, so a page ends only between events: it may be a little longer. */
struct page {
	struct listing listing;
	size_t limit;
	uint64_t last, next; /* sequences */
};

static bool
list_one(const delivery_record *r, void *arg)
{
	struct page *p = arg;
	struct listing *l = &p->listing;
	uint32_t attempts = (uint32_t)r->n_attempts;

	if (l->n_records >= p->limit && r->seq != p->last) {
		p->next = p->last;
		return false;
	}
	p->last = r->seq;
	listing_record(l);
	if (listing_is_json(l)) {
		json_write_delivery(l->w, r, false);
		return true;
	}
	listing_time(l, r->updated_ms);
	listing_cell(l, str_of(r->event_id));
	listing_cell(l, str_of(r->rule));
	listing_cell(l, str_of(r->channel));
	listing_cell(l, str_of(delivery_state_name(state_of(r))));
	listing_cell(l, arena_printf(l->doc.command->arena, "%u", attempts));
	listing_cell(l, str_of(r->reason));
	return true;
}

static bool
read_status(struct command *c, enum delivery_state *out, struct err *e)
{
	struct str names[DELIVERY_STATES], asked = command_option(c, OPTION_STATUS), nearest;

	*out = DELIVERY_NONE;
	if (!command_has(c, OPTION_STATUS))
		return true;
	*out = delivery_state_of(asked);
	if (*out != DELIVERY_NONE)
		return true;
	for (int i = 1; i < DELIVERY_STATES; i++)
		names[i - 1] = str_of(delivery_state_name((enum delivery_state)i));
	nearest = str_nearest(asked, names, DELIVERY_STATES - 1);
	return FAIL_USAGE(c, e, "--status %.*s: no such state%s%.*s%s", STR_ARG(asked),
	    nearest.len > 0 ? "; did you mean \"" : "", STR_ARG(nearest),
	    nearest.len > 0 ? "\"?"
			    : "; it is one of pending, sending, delivered, retrying, "
			      "parked, held, failed, canceled, skipped");
}

/* Delivered is nearly everything, so it has no index of its own. */
static bool
list_delivered(const delivery_record *r, void *arg)
{
	return state_of(r) == DELIVERY_DELIVERED ? list_one(r, arg) : true;
}

static void
list_state(struct command *c, struct txn *t, enum delivery_state state, uint64_t before,
    struct page *p)
{
	struct str workspace = command_argument(c, 0);

	if (state == DELIVERY_NONE)
		history_each_delivery_of(t, c->arena, workspace, before, list_one, p);
	else if (state == DELIVERY_DELIVERED)
		history_each_delivery_of(t, c->arena, workspace, before, list_delivered, p);
	else
		history_each_delivery_in(t, c->arena, workspace, state, before, list_one, p);
}

bool
verb_delivery_list(struct command *c, struct err *e)
{
	enum delivery_state state;
	struct page p = {0};
	uint64_t before;
	struct txn *t;

	if (!read_status(c, &state, e) || !read_page(c, &p.limit, &before, e) ||
	    !command_open(c, NEED_HISTORY, e))
		return false;
	listing_begin(&p.listing, c, "UPDATED EVENT RULE CHANNEL STATE ATTEMPTS REASON");
	t = txn_read(c->store, STORE_HISTORY);
	list_state(c, t, state, before, &p);
	if (txn_error(t) != NULL) {
		*e = *txn_error(t);
		txn_end(t);
		return false;
	}
	txn_end(t);
	if (!history_is_known(c, p.listing.n_records, e))
		return false;
	listing_end(&p.listing, p.next);
	return true;
}

/* --- show --- */

struct showing {
	struct json_writer *w;
	size_t n;
};

static bool
show_one(const delivery_record *d, void *arg)
{
	struct showing *s = arg;

	json_write_delivery(s->w, d, true);
	s->n++;
	return true;
}

static bool
write_deliveries(struct command *c, struct txn *t, struct json_writer *w, struct err *e)
{
	const event_record *event = event_of_arguments(c, t, e);
	struct showing s = {.w = w};
	const delivery_record *d;

	if (event == NULL)
		return false;
	if (c->arguments[2] == NULL) {
		jw_object(w);
		jw_key(w, "records");
		jw_array(w);
		history_each_delivery(t, c->arena, event->seq, show_one, &s);
		jw_array_end(w);
		jw_kv_int(w, "count", (int64_t)s.n);
		jw_key(w, "next");
		jw_null(w);
		jw_object_end(w);
		return true;
	}
	d = history_delivery(t, c->arena, event->seq, command_argument(c, 2));
	if (d == NULL)
		return fail(e, ERR_NOT_FOUND, "event \"%s\" has no delivery by rule \"%s\"",
		    c->arguments[1], c->arguments[2]);
	json_write_delivery(w, d, true);
	return true;
}

bool
verb_delivery_show(struct command *c, struct err *e)
{
	struct document doc;
	struct txn *t;
	bool ok;

	if (!command_open(c, NEED_HISTORY, e))
		return false;
	document_begin(&doc, c);
	t = txn_read(c->store, STORE_HISTORY);
	ok = write_deliveries(c, t, &doc.w, e);
	if (txn_error(t) != NULL) {
		*e = *txn_error(t);
		ok = false;
	}
	txn_end(t);
	if (ok)
		document_end(&doc);
	return ok;
}
