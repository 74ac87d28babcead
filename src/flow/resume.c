#include "resume.h"

#include "carillon/base/log.h"
#include "carillon/broker/broker.h"
#include "carillon/index/lost_tail.h"
#include "match.h"

/* --- the event --- */

static void
event_from_ledger(struct message *m, struct txn *history, struct str workspace)
{
	event_record *rec = history_event(history, m->arena, m->seq);

	m->event = (struct event){.workspace = arena_str(m->arena, workspace)};
	if (rec == NULL)
		return;
	m->event.id = str_of(rec->event_id);
	m->event.type = str_of(rec->type);
	m->received_at = (wall_t){rec->received_ms};
	m->event.time = (wall_t){rec->time_ms};
}

void
resume_event(struct message *m, const struct broker *b, struct txn *history,
    struct str workspace, const struct broker_message *bm)
{
	struct str its_own, type;

	if (bm != NULL)
		m->received_at = bm->stored_at;
	if (bm != NULL &&
	    tail_is_same_event(b, history_event(history, m->arena, m->seq), workspace, bm) &&
	    subject_parse_event(b, bm->subject, &its_own, &type) &&
	    message_decode(m, its_own, type, bm))
		return;
	m->failure = (struct str){0};
	m->is_gone = true;
	event_from_ledger(m, history, workspace);
}

/* --- its deliveries --- */

/* Records of one event, gathered to be gone through twice. */
struct gathering {
	bool (*wants)(const struct gathering *g, const delivery_record *rec);
	const struct str *rules; /* of the ledger's picks */
	int n_rules;
	const struct resume_wish *wish; /* of a replay */
	const delivery_record *records[DELIVERIES_MAX];
	int n;
	bool has_more;
};

static bool
gather_one(const delivery_record *rec, void *arg)
{
	struct gathering *g = arg;

	if (!g->wants(g, rec))
		return true;
	g->has_more = g->n == DELIVERIES_MAX;
	if (!g->has_more)
		g->records[g->n++] = rec;
	return !g->has_more;
}

static void
gather(struct gathering *g, struct message *m, struct txn *history)
{
	m->is_known = true;
	history_each_delivery(history, m->arena, m->seq, gather_one, g);
	m->has_more = g->has_more;
	if (g->has_more)
		log_info("resume.more", L_INT("seq", m->seq), L_INT("first", g->n),
		    L_STR("next", "the rest in another turn"));
}

/* Parked and held ones are the ledger's to bring back, not the broker's; and so are those that
 * it has claimed. */
bool
resume_is_the_brokers(const delivery_record *rec)
{
	return rec->state == (int)DELIVERY_PENDING || rec->state == (int)DELIVERY_RETRYING ||
	       (rec->state == (int)DELIVERY_SENDING && rec->broker_deliveries > 0);
}

static bool
is_the_brokers(const struct gathering *g, const delivery_record *rec)
{
	(void)g;
	return resume_is_the_brokers(rec);
}

static bool
is_picked(const struct gathering *g, const delivery_record *rec)
{
	if (delivery_state_is_final((enum delivery_state)rec->state))
		return false;
	for (int i = 0; i < g->n_rules; i++)
		if (str_eq(g->rules[i], str_of(rec->rule)))
			return true;
	return false;
}

static bool
is_wished(const struct gathering *g, const delivery_record *rec)
{
	return str_cmp(str_of(rec->rule), g->wish->after) > 0 &&
	       replay_wants(g->wish->selection, rec);
}

/* --- doubt --- */

/* Doubt stays: once an attempt may have been posted, every later one may be a duplicate. */
static bool
is_in_doubt(const delivery_record *rec)
{
	const attempt_record *last;

	if (rec->maybe_posted || rec->n_attempts == 0)
		return rec->maybe_posted;
	last = rec->attempts[rec->n_attempts - 1];
	return last->ambiguous || last->possible_duplicate;
}

/* A retry recorded at the consumer's n-th delivery comes back as n+1. A higher count means that
 * somebody had it in between; a lower one, that the consumer counted back; and where another
 * consumer stands says nothing. */
static bool
comes_back_next(const struct message *m, const delivery_record *rec)
{
	return !m->counts_in_doubt &&
	       consumer_is_same(m->handout.consumer, rec->broker_consumer) &&
	       m->handout.deliveries == rec->broker_deliveries + 1;
}

/* Whether an attempt was made of which the record says nothing. Who claims first would have
 * left a claim. */
static bool
had_unknown_attempt(const struct message *m, const delivery_record *rec, bool is_claimed_first)
{
	switch ((enum delivery_state)rec->state) {
	case DELIVERY_SENDING: return true;
	case DELIVERY_PENDING:
		return !is_claimed_first && (m->origin == ORIGIN_STREAM || m->is_passed_over);
	case DELIVERY_RETRYING: return !is_claimed_first && !comes_back_next(m, rec);
	default: return false;
	}
}

/* --- resuming --- */

/* Brought back for a sibling that is due earlier. A time before the record was written was made
 * by somebody who set the clock back: then it is due. */
static bool
is_not_due_yet(const delivery_record *rec, wall_t now)
{
	return rec->state == (int)DELIVERY_RETRYING && rec->due_ms > now.ms + 1000 &&
	       now.ms >= rec->updated_ms;
}

/* Its rule is there and nobody can read it: with it goes where the delivery was bound for, so
 * that its record says on what it said. */
static void
hold_without_rule(struct delivery *d)
{
	const struct gate gate = gate_of(d->message->rules, d->rule);

	d->rule = NULL;
	delivery_settle(d, DELIVERY_HELD, gate.reason, gate.remedy);
}

static void
resume(struct delivery *d, const delivery_record *rec, wall_t now)
{
	struct message *m = d->message;

	d->before = rec;
	d->rule_id = str_of(rec->rule);
	d->rule = ruleset_rule(m->rules, d->rule_id);
	d->spent = rec->spent;
	d->degraded = rec->degraded;
	d->is_for_digest = rec->digest;
	delivery_doubt(
	    d, had_unknown_attempt(m, rec, d->rule != NULL && d->rule->prefer_silence) ||
		   is_in_doubt(rec));
	if (d->rule != NULL)
		match_aim(d);
	if (!m->rules->exists)
		delivery_orphan(d);
	else if (m->is_gone)
		delivery_settle(d, DELIVERY_FAILED,
		    STR("the event is no longer in the stream: it waited longer than events "
			"are kept, or the broker lost it"),
		    (struct remedy){REPAIR_SUPPORT,
			STR("raise events_max_age_s if deliveries may wait this long")});
	else if (d->rule == NULL || (!d->rule->active && !match_is_test(d->rule, &m->event)))
		delivery_settle(d, DELIVERY_CANCELED,
		    STR("the rule was deleted or disabled meanwhile"), remedy_of(REPAIR_NONE));
	else if (d->rule->left_out != LEFT_OUT_NOT)
		hold_without_rule(d);
	else if (is_not_due_yet(rec, now))
		delivery_wait(d, DELIVERY_RETRYING, (wall_t){rec->due_ms}, str_of(rec->reason),
		    (struct remedy){(enum repair)rec->repair, str_of(rec->action)});
	else
		match_decide(d, m->origin == ORIGIN_LEDGER || d->rule->prefer_silence);
}

static void
resume_all(struct message *m, const struct gathering *g, wall_t now)
{
	message_deliveries(m, g->n);
	for (int i = 0; i < g->n; i++)
		resume(&m->deliveries[i], g->records[i], now);
}

void
resume_from_stream(struct message *m, struct txn *history, wall_t now)
{
	struct gathering g = {.wants = is_the_brokers};

	gather(&g, m, history);
	resume_all(m, &g, now);
}

void
resume_from_ledger(
    struct message *m, struct txn *history, const struct str *rules, int n_rules, wall_t now)
{
	struct gathering g = {.wants = is_picked, .rules = rules, .n_rules = n_rules};

	gather(&g, m, history);
	resume_all(m, &g, now);
}

/* --- a replay --- */

struct wanted {
	const struct rule *rule;
	const delivery_record *before;
};

/* A person asked: what may be a duplicate is sent, and flagged. */
static void
begin_again(struct delivery *d, const struct wanted *w, const struct replay_selection *s)
{
	d->rule = w->rule;
	d->rule_id = w->rule->id;
	d->before = w->before;
	d->replay = arena_str(d->message->arena, s->replay);
	match_aim(d);
	match_decide(d, true);
	delivery_doubt(
	    d, w->before != NULL &&
		   (is_in_doubt(w->before) || w->before->state == (int)DELIVERY_DELIVERED));
}

static int
want_recorded(struct message *m, struct txn *history, struct resume_wish *wish,
    struct wanted wanted[static DELIVERIES_MAX])
{
	struct gathering g = {.wants = is_wished, .wish = wish};
	int n = 0;

	gather(&g, m, history);
	for (int i = 0; i < g.n; i++) {
		const struct rule *rule = ruleset_rule(m->rules, str_of(g.records[i]->rule));

		if (rule == NULL || !rule->active || rule->left_out != LEFT_OUT_NOT)
			wish->skipped++;
		else
			wanted[n++] = (struct wanted){rule, g.records[i]};
	}
	if (g.n > 0)
		wish->after = str_of(g.records[g.n - 1]->rule);
	return n;
}

static bool
is_any_or(struct str wanted, struct str is)
{
	return wanted.len == 0 || str_eq(wanted, is);
}

/* A rule that has had the event before has it again only if that is what was asked for. */
static bool
is_wanted_today(struct message *m, struct txn *history, const struct replay_selection *s,
    const struct rule *rule, const delivery_record **before)
{
	if (!is_any_or(s->rule, rule->id) || !is_any_or(s->connection, rule->connection_id) ||
	    !rule_wants(rule, &m->event))
		return false;
	*before = history_delivery(history, m->arena, m->seq, rule->id);
	return *before == NULL ||
	       (s->states >> (*before)->state & 1 && !replay_has_taken(s, *before));
}

static int
want_by_todays_rules(struct message *m, struct txn *history, struct resume_wish *wish,
    struct wanted wanted[static DELIVERIES_MAX])
{
	int n = 0;

	m->is_known = true;
	for (int i = 0; i < m->rules->n_rules; i++) {
		const struct rule *rule = &m->rules->rules[i];
		const delivery_record *before;

		if (str_cmp(rule->id, wish->after) <= 0 ||
		    !is_wanted_today(m, history, wish->selection, rule, &before))
			continue;
		m->has_more = n == DELIVERIES_MAX;
		if (m->has_more)
			break;
		wanted[n++] = (struct wanted){rule, before};
	}
	if (n > 0)
		wish->after = wanted[n - 1].rule->id;
	return n;
}

void
resume_for_replay(struct message *m, struct txn *history, struct resume_wish *wish)
{
	struct wanted wanted[DELIVERIES_MAX];
	int n = wish->selection->todays_rules ? want_by_todays_rules(m, history, wish, wanted)
	                                      : want_recorded(m, history, wish, wanted);

	message_deliveries(m, n);
	for (int i = 0; i < n; i++)
		begin_again(&m->deliveries[i], &wanted[i], wish->selection);
}

void
resume_to_cancel(struct message *m, struct txn *history, struct resume_wish *wish)
{
	struct gathering g = {.wants = is_wished, .wish = wish};

	gather(&g, m, history);
	message_deliveries(m, g.n);
	for (int i = 0; i < g.n; i++) {
		struct delivery *d = &m->deliveries[i];

		m->event.id = str_of(g.records[i]->event_id);
		d->before = g.records[i];
		d->rule_id = str_of(g.records[i]->rule);
		d->spent = g.records[i]->spent;
		d->replay = arena_str(m->arena, wish->selection->replay);
		delivery_settle(
		    d, DELIVERY_CANCELED, STR("canceled by hand"), remedy_of(REPAIR_NONE));
	}
	if (g.n > 0)
		wish->after = str_of(g.records[g.n - 1]->rule);
}
