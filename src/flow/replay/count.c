#include "find.h"

enum { RULESETS = 4 };

static void
count_delivery(struct replay_counting *c, enum delivery_state before, struct str rule)
{
	int i = 0;

	c->selected++;
	while (i < c->n_groups &&
	       !(c->groups[i].before == before && str_eq(c->groups[i].rule, rule)))
		i++;
	if (i == REPLAY_GROUPS_MAX)
		return;
	if (i == c->n_groups)
		c->groups[c->n_groups++] =
		    (struct replay_group){.before = before, .rule = arena_str(c->arena, rule)};
	c->groups[i].n++;
}

static void
count_message(struct replay_counting *c, struct message *m)
{
	for (int i = 0; i < m->n_deliveries; i++) {
		const struct delivery *d = &m->deliveries[i];

		count_delivery(c,
		    d->before == NULL ? DELIVERY_NONE : (enum delivery_state)d->before->state,
		    d->rule_id);
	}
	message_free(m);
}

static bool
count_event(struct replay_counting *c, const struct replay_source *from,
    const struct replay_selection *s, uint64_t seq, struct err *e)
{
	struct replay_reading reading = {.next.seq = seq};

	do {
		const struct replay_at at = reading.next;

		if (!replay_read(from, s, &at, &reading, e))
			return false;
		c->skipped += (uint64_t)reading.skipped;
		if (reading.message != NULL)
			count_message(c, reading.message);
	} while (reading.has_more);
	return true;
}

bool
replay_count(struct replay_counting *c, const replay_record *r, struct err *e)
{
	struct replay_source from = {.broker = c->broker,
	    .store = c->store,
	    .rulebook = rulebook_new(c->store, RULESETS),
	    .workspace = c->workspace};
	struct replay_selection s;
	struct replay_look look = {.next = r->position + 1};
	bool ok = replay_selection_of(r, &s, e);

	while (ok && !look.is_end) {
		ok = replay_look(&from, &s, look.next, &look, e);
		if (ok && look.found != 0)
			ok = count_event(c, &from, &s, look.found, e);
	}
	rulebook_free(from.rulebook);
	return ok;
}

void
replay_count_write(
    struct json_writer *w, const struct replay_counting *c, const replay_record *r)
{
	jw_object(w);
	jw_kv_bool(w, "dry_run", true);
	jw_kv_int(w, "selected", (int64_t)c->selected);
	jw_kv_int(w, "skipped", (int64_t)c->skipped);
	jw_kv_int(w, "seconds_at_least", (int64_t)(c->selected / r->rate));
	jw_key(w, "groups");
	jw_array(w);
	for (int i = 0; i < c->n_groups; i++) {
		const struct replay_group *g = &c->groups[i];

		jw_object(w);
		jw_kv_cstr(w, "state",
		    g->before == DELIVERY_NONE ? "new" : delivery_state_name(g->before));
		jw_kv_string(w, "rule", g->rule);
		jw_kv_int(w, "count", (int64_t)g->n);
		jw_object_end(w);
	}
	jw_array_end(w);
	jw_object_end(w);
}

/* --- nothing is as asked: why --- */

static struct str
states_text(struct arena *a, const replay_record *r)
{
	struct buf list = {0};
	struct str text;

	for (size_t i = 0; i < r->n_states; i++)
		buf_printf(&list, "%s%s",
		    i == 0                ? ""
		    : i + 1 < r->n_states ? ", "
					  : " or ",
		    r->states[i]);
	text = arena_str(a, buf_view(&list));
	buf_fini(&list);
	return text;
}

/* Of one delivery the state says all. */
static bool
fail_one(const struct replay_counting *c, const replay_record *r, struct err *e)
{
	struct txn *t = txn_read(c->store, STORE_HISTORY);
	const delivery_record *d = history_delivery(
	    t, c->arena, ledger_seq(t, c->workspace, str_of(r->event_id)), str_of(r->rule));
	bool is_sent_twice;

	txn_end(t);
	if (d == NULL)
		return fail(e, ERR_NOT_FOUND, "event \"%s\" has no delivery by rule \"%s\"",
		    r->event_id, r->rule);
	is_sent_twice = (int)d->state == DELIVERY_DELIVERED &&
	                r->action == CARILLON__V1__REPLAY_ACTION__REPLAY_ACTION_SEND;
	return fail(e, ERR_CONFLICT, "the delivery of event \"%s\" by rule \"%s\" is %s%s",
	    r->event_id, r->rule, delivery_state_name((enum delivery_state)d->state),
	    is_sent_twice ? "; --again sends it a second time" : "");
}

bool
replay_fail_nothing(const struct replay_counting *c, const replay_record *r, struct err *e)
{
	struct str states = states_text(c->arena, r);

	if (c->skipped > 0)
		return fail(e, ERR_NOT_FOUND,
		    "no delivery is as asked but some whose rule is gone, or whose event the "
		    "stream does not have any more");
	if (r->event_id[0] != '\0' && r->rule[0] != '\0' && !r->todays_rules)
		return fail_one(c, r, e);
	return fail(e, ERR_NOT_FOUND,
	    "workspace \"%.*s\" has no delivery that is %.*s%s%s%s%s%s", STR_ARG(c->workspace),
	    STR_ARG(states), r->rule[0] ? ", by rule " : "", r->rule,
	    r->connection[0] ? ", of connection " : "", r->connection,
	    r->from_ms || r->to_ms ? ", in that time" : "");
}
