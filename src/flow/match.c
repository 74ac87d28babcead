#include "match.h"

#include "carillon/base/clock.h"
#include "carillon/base/log.h"
#include "carillon/registry/rulebook.h"

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

void
match_aim(struct delivery *d)
{
	const struct message *m = d->message;

	d->channel = d->rule->channel;
	d->connection_key =
	    connection_key(m->arena, m->event.workspace, d->rule->connection_id);
}

bool
match_is_quiet(struct delivery *d, wall_t now)
{
	const struct message *m = d->message;
	int rank = severity_rank_of(d->rule->order, m->event.payload);
	char text[CLOCK_TEXT_MAX];
	wall_t until;

	if (!quiet_holds(d->rule->quiet, rank, now, &until))
		return false;
	delivery_wait(d, DELIVERY_PARKED, until,
	    arena_printf(m->arena, "quiet hours: goes out with the others after %s",
		clock_text(until, text)),
	    remedy_of(REPAIR_WAIT));
	d->is_for_digest = true;
	return true;
}

void
match_decide(struct delivery *d, bool is_claimed_first)
{
	const struct message *m = d->message;
	struct gate gate = gate_of(m->rules, d->rule);

	if (d->rule->problem.len > 0)
		delivery_settle(d, DELIVERY_FAILED, d->rule->problem,
		    (struct remedy){REPAIR_EDIT_MESSAGE, STR("correct the rule")});
	else if (d->maybe_posted && d->rule->prefer_silence)
		delivery_settle(d, DELIVERY_SKIPPED,
		    STR("it may have been posted before an interruption, and the rule prefers "
			"silence to a duplicate"),
		    remedy_of(REPAIR_NONE));
	else if (!gate.is_open)
		delivery_settle(d, DELIVERY_HELD, gate.reason, gate.remedy);
	else
		delivery_open(d, is_claimed_first);
}

static void
note_severity(struct message *m, const struct rule *rule)
{
	int rank = severity_rank_of(rule->order, m->event.payload);

	m->severity = rank < 0 ? (struct str){0} : severity_name(rule->order, rank);
}

/* A workspace has no more rules than a message has room for, unless somebody wrote them past
 * the registry. */
static int
within_room(const struct message *m, int n)
{
	if (n <= DELIVERIES_MAX)
		return n;
	log_error("match.too_many", L_STRN("workspace", m->event.workspace),
	    L_INT("seq", m->seq), L_INT("matched", n), L_INT("sent", DELIVERIES_MAX));
	return DELIVERIES_MAX;
}

bool
match_is_test(const struct rule *rule, const struct event *ev)
{
	return rule->test_event.len > 0 && str_eq(rule->id, ev->test_rule) &&
	       str_starts_with(ev->id, rule->test_event);
}

/* A test message is for one rule, which need not be on. One that names a rule that was not made
 * for it is an event like any other; of a rule that is not known (yet) nobody wants it. */
static bool
is_wanted(const struct message *m, const struct rule *named, const struct rule *rule)
{
	if (m->event.test_rule.len > 0 && (named == NULL || !m->has_foreign_test))
		return rule == named;
	return rule_wants(rule, &m->event);
}

/* The rule that the event names to be tested; NULL: none that is known. */
static const struct rule *
rule_named(struct message *m)
{
	const struct rule *named =
	    m->event.test_rule.len > 0 ? ruleset_rule(m->rules, m->event.test_rule) : NULL;

	m->has_foreign_test =
	    m->event.test_rule.len > 0 && (named == NULL || !match_is_test(named, &m->event));
	return named;
}

static void
begin_all(struct message *m, const struct rule *const *wanting, int n)
{
	message_deliveries(m, n);
	for (int i = 0; i < n; i++) {
		struct delivery *d = &m->deliveries[i];

		d->rule = wanting[i];
		d->rule_id = d->rule->id;
		match_aim(d);
		/* A rule that prefers silence recorded its claim before sending: no record, no
		 * post. */
		delivery_doubt(d, m->is_repeat && !d->rule->prefer_silence);
		/* The broker has had its answer for what is matched aside: so has this one. */
		match_decide(d, m->is_matched_aside || d->rule->prefer_silence);
		if (i == 0)
			note_severity(m, d->rule);
	}
}

bool
match_rules(struct message *m, uint64_t steps_max)
{
	const struct ruleset *r = m->rules;
	const struct rule **wanting = ARENA_ARRAY(m->arena, const struct rule *, r->n_rules);
	const struct rule *named = rule_named(m);
	int n = 0;

	for (int i = 0; i < r->n_rules; i++) {
		if (is_wanted(m, named, &r->rules[i]))
			wanting[n++] = &r->rules[i];
		if (m->steps > steps_max)
			return false;
	}
	m->matched = (uint32_t)n;
	begin_all(m, wanting, within_room(m, n));
	return true;
}
