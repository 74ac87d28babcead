#include <errno.h>
#include <stdio.h>

#include "carillon/base/id.h"
#include "carillon/base/suggest.h"
#include "carillon/base/tame.h"
#include "carillon/registry/json_write.h"

#include "history.h"
#include "output.h"

/* --- list --- */

struct page {
	struct listing listing;
	size_t limit;
	struct delivery_cursor last;
	struct str next; /* the next page's --before */
};

static bool
list_one(const delivery_record *r, void *arg)
{
	struct page *p = arg;
	struct listing *l = &p->listing;
	uint32_t attempts = (uint32_t)r->n_attempts;

	if (l->n_records == p->limit) {
		p->next = arena_printf(l->doc.command->arena, "%llu/%.*s",
		    (unsigned long long)p->last.seq, STR_ARG(p->last.rule));
		return false;
	}
	p->last = (struct delivery_cursor){r->seq, str_of(r->rule)};
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

/* "118/rule_a", as the page before ended with; "118" is behind all of that event. */
static bool
read_cursor(struct command *c, struct delivery_cursor *out, struct err *e)
{
	const char *text = c->options[OPTION_BEFORE];
	char *end;

	if (text == NULL)
		return true;
	errno = 0;
	out->seq = strtoull(text, &end, 10);
	if (*end == '/')
		out->rule = str_of(end + 1);
	if (errno == 0 && text[0] >= '1' && text[0] <= '9' &&
	    (*end == '\0' || id_is_record(out->rule)))
		return true;
	return FAIL_USAGE(
	    c, e, "--before %s: is no cursor; take what the list before ended with", text);
}

bool
verb_delivery_list(struct command *c, struct err *e)
{
	struct delivery_list list = {.workspace = command_argument(c, 0)};
	enum delivery_state state;
	struct page p = {0};
	struct txn *t;

	if (!read_status(c, &state, e) || !read_limit(c, &p.limit, e) ||
	    !read_cursor(c, &list.after, e) || !command_open(c, NEED_HISTORY, e))
		return false;
	listing_begin(&p.listing, c, "UPDATED EVENT RULE CHANNEL STATE ATTEMPTS REASON");
	t = txn_read(c->store, STORE_HISTORY);
	list.state = state == DELIVERY_DELIVERED ? DELIVERY_NONE : state;
	history_each_delivery_of(
	    t, c->arena, &list, state == DELIVERY_DELIVERED ? list_delivered : list_one, &p);
	if (!txn_finish(t, e) || !history_is_known(c, p.listing.n_records, e))
		return false;
	listing_end(&p.listing, p.next);
	return true;
}

/* --- show --- */

struct showing {
	struct json_writer *w;
	const event_record *event;
	size_t n;
};

static bool
show_one(const delivery_record *d, void *arg)
{
	struct showing *s = arg;

	json_write_delivery_of(s->w, d, s->event);
	s->n++;
	return true;
}

/* What wanted it may be recorded a moment after the event, or be older than history is kept. */
static const char *
why_none_of(struct command *c, const event_record *event)
{
	struct buf why = {0};
	const char *text;

	if (event->reason[0] != '\0')
		tame_put(&why, str_of(event->reason));
	else if (event->matched > 0)
		buf_printf(&why,
		    "%u rules wanted this event, and what became of that is not recorded "
		    "yet; ask again in a moment",
		    event->matched);
	else
		buf_cstr(
		    &why, "no rule wanted this event; `carillon rule test` says of a rule why");
	text = arena_cstr(c->arena, buf_view(&why));
	buf_fini(&why);
	return text;
}

static bool
write_deliveries(struct command *c, struct txn *t, struct json_writer *w, const char **why_none,
    struct err *e)
{
	const event_record *event = event_of_arguments(c, t, e);
	struct showing s = {.w = w, .event = event};
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
		if (s.n == 0)
			*why_none = why_none_of(c, event);
		jw_key(w, "next");
		jw_null(w);
		jw_object_end(w);
		return true;
	}
	d = history_delivery(t, c->arena, event->seq, command_argument(c, 2));
	if (d == NULL)
		return fail(e, ERR_NOT_FOUND, "event \"%s\" has no delivery by rule \"%s\"",
		    c->arguments[1], c->arguments[2]);
	json_write_delivery_of(w, d, event);
	return true;
}

bool
verb_delivery_show(struct command *c, struct err *e)
{
	const char *why_none = NULL;
	struct document doc;
	struct txn *t;
	bool ok;

	if (!command_open(c, NEED_HISTORY, e))
		return false;
	document_begin(&doc, c);
	t = txn_read(c->store, STORE_HISTORY);
	ok = write_deliveries(c, t, &doc.w, &why_none, e);
	ok = txn_finish(t, e) && ok;
	if (ok && why_none != NULL && !command_has(c, OPTION_JSON))
		printf("none: %s\n", why_none);
	else if (ok)
		document_end(&doc);
	return ok;
}
