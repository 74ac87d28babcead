#include "match.h"

#include "carillon/base/clock.h"
#include "carillon/registry/rulebook.h"

static void
settled(struct delivery *d, enum delivery_state state, struct str reason, struct remedy remedy)
{
	d->step = STEP_SETTLED;
	d->state = state;
	d->reason = reason;
	d->remedy = remedy;
}

/* By hand: it is made for every delivery, and a format costs as much as a filter. */
static struct str
connection_key(struct arena *a, struct str workspace, struct str connection)
{
	size_t len = workspace.len + 1 + connection.len;
	char *key = ARENA_ARRAY(a, char, len + 1);

	memcpy(key, workspace.ptr, workspace.len);
	key[workspace.len] = '/';
	if (connection.len > 0)
		memcpy(key + workspace.len + 1, connection.ptr, connection.len);
	return (struct str){key, len};
}

/* Where its rule sends it: with the channel, its lane. */
static void
aim(struct delivery *d)
{
	const struct message *m = d->message;

	d->channel = d->rule->channel;
	d->connection_key =
	    connection_key(m->arena, m->event.workspace, d->rule->connection_id);
}

/* Rules of one template make the same message of an event: rendered once, shown by all. What
 * will hardly find room in its lane is not rendered before it leaves it. */
static void
render(struct delivery *d)
{
	const struct message *m = d->message;

	if (clock_mono().ms <
	    atomic_load_explicit(&d->rule->connection->crowded_until, memory_order_relaxed))
		return;
	for (const struct delivery *other = m->deliveries; other < d; other++)
		if (other->body != NULL && other->rule->template == d->rule->template &&
		    other->rule->order == d->rule->order) {
			d->body = other->body;
			return;
		}
	delivery_render(d, m->arena);
}

static struct str
severity_of(const struct event *ev)
{
	return json_string(ev->payload, STR("severity"));
}

/* Quiet hours: it waits until their end, and goes out with the others that waited. */
static bool
is_quiet(struct delivery *d, wall_t now)
{
	const struct message *m = d->message;
	int rank = severity_rank(d->rule->order, severity_of(&m->event));
	char text[CLOCK_TEXT_MAX];
	wall_t until;

	if (!quiet_holds(d->rule->quiet, rank, now, &until))
		return false;
	settled(d, DELIVERY_PARKED,
	    arena_printf(m->arena, "quiet hours: goes out with the others after %s",
		clock_text(until, text)),
	    remedy_of(REPAIR_WAIT));
	d->due = until;
	d->is_for_digest = true;
	return true;
}

/* Decides what is to be done with a delivery whose rule is still there. */
static void
open_delivery(struct delivery *d, bool is_claimed_first, wall_t now)
{
	const struct message *m = d->message;
	struct gate gate = gate_of(m->rules, d->rule);

	if (d->rule->problem.len > 0)
		settled(d, DELIVERY_FAILED, d->rule->problem,
		    (struct remedy){REPAIR_EDIT_MESSAGE, STR("correct the rule")});
	else if (d->maybe_posted && d->rule->prefer_silence)
		settled(d, DELIVERY_SKIPPED,
		    STR("it may have been posted before an interruption, and the rule prefers "
			"silence to a duplicate"),
		    remedy_of(REPAIR_NONE));
	else if (!gate.is_open)
		settled(d, DELIVERY_HELD, gate.reason, gate.remedy);
	else if (!is_quiet(d, now))
		d->step = is_claimed_first ? STEP_CLAIM : STEP_SEND;
	if (d->step != STEP_SETTLED)
		render(d);
}

static void
note_severity(struct message *m, const struct rule *rule)
{
	struct str written = severity_of(&m->event);
	int rank = severity_rank(rule->order, written);

	m->severity = rank < 0 ? (struct str){0} : severity_name(rule->order, rank);
}

static void
match_rules(struct message *m, wall_t now)
{
	const struct ruleset *r = m->rules;
	const struct rule **wanting = ARENA_ARRAY(m->arena, const struct rule *, r->n_rules);
	int n = 0;

	for (int i = 0; i < r->n_rules; i++)
		if (rule_wants(&r->rules[i], &m->event))
			wanting[n++] = &r->rules[i];
	message_deliveries(m, n);
	m->matched = (uint32_t)n;
	for (int i = 0; i < n; i++) {
		struct delivery *d = &m->deliveries[i];

		d->rule = wanting[i];
		d->rule_id = d->rule->id;
		aim(d);
		/* A rule that prefers silence recorded its claim before sending: no record, no
		 * post. */
		d->maybe_posted = m->is_repeat && !d->rule->prefer_silence;
		open_delivery(d, d->rule->prefer_silence, now);
		if (i == 0)
			note_severity(m, d->rule);
	}
}

/* What the ledger has of an event, gathered to be gone through twice. */
struct known {
	const delivery_record *records[256];
	int n;
	bool from_ledger;
	const struct str *only;
	int n_only;
};

static bool
is_named(const struct known *k, struct str rule)
{
	for (int i = 0; i < k->n_only; i++)
		if (str_eq(k->only[i], rule))
			return true;
	return false;
}

static bool
is_open_here(const struct known *k, const delivery_record *rec)
{
	if (k->from_ledger)
		return !delivery_state_is_final((enum delivery_state)rec->state) &&
		       is_named(k, str_of(rec->rule));
	/* Parked and held ones are the ledger's to bring back, not the broker's; and so are
	 * those that it has claimed. */
	return rec->state == (int)DELIVERY_PENDING || rec->state == (int)DELIVERY_RETRYING ||
	       (rec->state == (int)DELIVERY_SENDING && rec->broker_deliveries > 0);
}

static bool
know(const delivery_record *rec, void *arg)
{
	struct known *k = arg;

	if (is_open_here(k, rec) && k->n < (int)COUNT_OF(k->records))
		k->records[k->n++] = rec;
	return true;
}

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
	case DELIVERY_PENDING: return !is_claimed_first && m->origin == ORIGIN_STREAM;
	case DELIVERY_RETRYING: return !is_claimed_first && !comes_back_next(m, rec);
	default: return false;
	}
}

/* Brought back for a sibling that is due earlier. A time before the record was written was made
 * by somebody who set the clock back: then it is due. */
static bool
is_not_due_yet(const delivery_record *rec, wall_t now)
{
	return rec->state == (int)DELIVERY_RETRYING && rec->due_ms > now.ms + 1000 &&
	       now.ms >= rec->updated_ms;
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
	d->maybe_posted =
	    had_unknown_attempt(m, rec, d->rule != NULL && d->rule->prefer_silence) ||
	    is_in_doubt(rec);
	if (d->rule != NULL)
		aim(d);
	if (d->rule == NULL || !d->rule->active) {
		settled(d, DELIVERY_CANCELED, STR("the rule was deleted or disabled meanwhile"),
		    remedy_of(REPAIR_NONE));
	} else if (is_not_due_yet(rec, now)) {
		settled(d, DELIVERY_RETRYING, str_of(rec->reason),
		    (struct remedy){(enum repair)rec->repair, str_of(rec->action)});
		d->due = (wall_t){rec->due_ms};
	} else {
		open_delivery(d, m->origin == ORIGIN_LEDGER || d->rule->prefer_silence, now);
	}
}

static void
resume_all(struct message *m, const struct known *k, wall_t now)
{
	message_deliveries(m, k->n);
	for (int i = 0; i < k->n; i++)
		resume(&m->deliveries[i], k->records[i], now);
}

bool
match(struct message *m, struct txn *history, wall_t now)
{
	uint64_t known_seq = ledger_seq(history, m->event.workspace, m->event.id);
	struct known k = {0};

	if (known_seq != 0 && known_seq != m->seq)
		return false;
	if (known_seq == 0) {
		match_rules(m, now);
		return true;
	}
	m->is_known = true;
	history_each_delivery(history, m->arena, m->seq, know, &k);
	resume_all(m, &k, now);
	return true;
}

void
match_again(
    struct message *m, struct txn *history, const struct str *rules, int n_rules, wall_t now)
{
	struct known k = {.from_ledger = true, .only = rules, .n_only = n_rules};

	m->is_known = true;
	history_each_delivery(history, m->arena, m->seq, know, &k);
	resume_all(m, &k, now);
}

/* --- a replay --- */

struct again {
	const struct replay_selection *selection;
	struct ruleset *rules;
	struct {
		const struct rule *rule;
		const delivery_record *before;
	} wanted[256];
	int n, skipped;
};

static void
want(struct again *a, const struct rule *rule, const delivery_record *before)
{
	if (rule == NULL || !rule->active) {
		a->skipped++;
	} else if (a->n < (int)COUNT_OF(a->wanted)) {
		a->wanted[a->n].rule = rule;
		a->wanted[a->n++].before = before;
	}
}

static bool
want_recorded(const delivery_record *rec, void *arg)
{
	struct again *a = arg;

	if (replay_wants(a->selection, rec))
		want(a, ruleset_rule(a->rules, str_of(rec->rule)), rec);
	return true;
}

static bool
is_any_or(struct str wanted, struct str is)
{
	return wanted.len == 0 || str_eq(wanted, is);
}

/* A rule that has had the event before has it again only if that is what was asked for. */
static void
want_by_todays_rules(struct again *a, struct message *m, struct txn *history)
{
	for (int i = 0; i < a->rules->n_rules; i++) {
		const struct rule *rule = &a->rules->rules[i];
		const delivery_record *rec;

		if (!is_any_or(a->selection->rule, rule->id) ||
		    !is_any_or(a->selection->connection, rule->connection_id) ||
		    !rule_wants(rule, &m->event))
			continue;
		rec = history_delivery(history, m->arena, m->seq, rule->id);
		if (rec == NULL || (a->selection->states >> rec->state & 1 &&
				       !replay_has_taken(a->selection, rec)))
			want(a, rule, rec);
	}
}

/* A person asked for it, so doubt is told of and does not hold it back. */
static void
begin_again(struct delivery *d, const struct rule *rule, const delivery_record *before,
    const struct replay_selection *s, wall_t now)
{
	d->rule = rule;
	d->rule_id = rule->id;
	d->before = before;
	d->replay = arena_str(d->message->arena, s->replay);
	aim(d);
	open_delivery(d, true, now);
	d->maybe_posted =
	    before != NULL && (is_in_doubt(before) || before->state == (int)DELIVERY_DELIVERED);
}

int
match_replay(
    struct message *m, struct txn *history, const struct replay_selection *s, wall_t now)
{
	struct again a = {.selection = s, .rules = m->rules};

	m->is_known = true;
	if (s->todays_rules)
		want_by_todays_rules(&a, m, history);
	else
		history_each_delivery(history, m->arena, m->seq, want_recorded, &a);
	message_deliveries(m, a.n);
	for (int i = 0; i < a.n; i++)
		begin_again(&m->deliveries[i], a.wanted[i].rule, a.wanted[i].before, s, now);
	return a.skipped;
}
