/*
 * Matches what intake has set aside, and what the broker never gave it: the matcher thread, of
 * less priority than the others, so that the work of one workspace's rules takes only the time
 * that nobody else needs. Workspaces take turns, the events of each go in the order of the
 * stream, and nothing newer of it is matched by intake before its last one is on its way.
 */
#include <sys/resource.h>
#include <unistd.h>

#include "admit.h"
#include "carillon/base/clock.h"
#include "carillon/base/log.h"
#include "carillon/index/lost_tail.h"
#include "match.h"
#include "passed_over.h"

enum {
	IDLE_MS = 500, /* how soon a stop is noticed */
	BUSY_MS = 20,  /* until whoever has the event in hand has let it go, or there is room */
	RECORD_MS = 5, /* until parkings have their records */
	PACED_MAX = 128,  /* parkings on their way there: room and time are for live events */
	BROKER_MS = 1000, /* until an event that cannot be read now is asked for again */
	NICENESS = 15,
};

struct matcher {
	struct flow *flow;
	struct passed_over *passed_over;
	struct onward onward;
};

static uint64_t
next_waiting(struct matcher *m, const struct budget_turn *turn, struct err *e)
{
	struct txn *t = txn_read(m->flow->parts.store, STORE_HISTORY);
	const uint64_t seq = ledger_next_waiting(t, str_of(turn->workspace), turn->after);

	return txn_finish(t, e) ? seq : 0;
}

static void
fail_event(
    struct message *msg, const event_record *rec, struct str workspace, struct str reason)
{
	msg->event = (struct event){.workspace = arena_str(msg->arena, workspace)};
	if (rec != NULL) {
		msg->event.id = str_of(rec->event_id);
		msg->event.type = str_of(rec->type);
		msg->event.time = (wall_t){rec->time_ms};
		msg->received_at = (wall_t){rec->received_ms};
	}
	msg->failure = reason;
	message_deliveries(msg, 0);
}

/* Decodes the event, or says why it fails. `bm` is NULL when the stream has it no longer. */
static void
decode(struct matcher *m, struct message *msg, struct str workspace,
    const struct broker_message *bm, const event_record *rec)
{
	struct broker *b = m->flow->parts.broker;
	struct str its_own, type;

	if (bm == NULL || !tail_is_same_event(b, rec, workspace, bm)) {
		fail_event(msg, rec, workspace,
		    STR("the event is no longer in the stream: it waited longer than events "
			"are kept, or the broker lost it"));
		return;
	}
	msg->received_at = bm->stored_at;
	if (!subject_parse_event(b, bm->subject, &its_own, &type) ||
	    !message_decode(msg, its_own, type, bm))
		message_deliveries(msg, 0);
	else if (!msg->rules->exists)
		fail_event(msg, rec, workspace,
		    STR("the workspace was deleted before its rules were asked"));
	else
		must(match_rules(msg, UINT64_MAX)); /* it may take what it takes */
}

/* False: the index cannot be read now. */
static bool
fill(struct matcher *m, struct message *msg, struct str workspace,
    const struct broker_message *bm, struct err *e)
{
	struct txn *t;
	const event_record *rec;

	msg->is_matched_aside = true;
	msg->rules = rulebook_get(m->flow->rulebook, workspace, e);
	if (msg->rules == NULL)
		return false;
	t = txn_read(m->flow->parts.store, STORE_HISTORY);
	rec = history_event(t, msg->arena, msg->seq);
	if (!txn_finish(t, e))
		return false;
	decode(m, msg, workspace, bm, rec);
	return true;
}

/* Matches it and sends it on its way. Returns how long to wait, ms. */
static int64_t
match(struct matcher *m, const struct budget_turn *turn, uint64_t seq,
    const struct broker_message *bm)
{
	struct message *msg = message_new(ORIGIN_LEDGER, seq);
	struct err e = {0};

	if (fill(m, msg, str_of(turn->workspace), bm, &e) &&
	    admit(m->flow, msg, &m->onward, clock_wall(), &e) == ADMITTED) {
		onward_send(&m->onward, m->flow);
		budget_passed(m->flow->budget, turn, seq);
		return 0;
	}
	if (e.kind != ERR_NONE)
		log_warn("matcher.index", L_INT("seq", seq), L_STR("error", e.text));
	message_free(msg);
	return e.kind == ERR_NONE ? BUSY_MS : BROKER_MS;
}

static int64_t
read_and_match(struct matcher *m, const struct budget_turn *turn, uint64_t seq)
{
	struct broker_message bm;
	struct err e = {0};
	int64_t wait_ms;

	if (!broker_get(m->flow->parts.broker, STREAM_EVENTS, seq, &bm, &e)) {
		if (e.kind == ERR_NOT_FOUND)
			return match(m, turn, seq, NULL);
		log_warn("matcher.get", L_INT("seq", seq), L_STR("error", e.text));
		return BROKER_MS;
	}
	wait_ms = match(m, turn, seq, &bm);
	broker_message_free(&bm);
	return wait_ms;
}

/* Returns whether there may be more at once. */
static bool
take_passed_over(struct matcher *m)
{
	struct err e = {0};
	bool more, has_more;
	struct message *msg = passed_over_next(m->passed_over, clock_mono(), &more);
	uint64_t seq;

	if (msg == NULL)
		return more;
	seq = msg->seq;
	has_more = msg->has_more;
	if (admit(m->flow, msg, &m->onward, clock_wall(), &e) == ADMITTED) {
		onward_send(&m->onward, m->flow);
		passed_over_taken(m->passed_over, seq, has_more);
		return true;
	}
	if (e.kind != ERR_NONE)
		log_warn("matcher.index", L_INT("seq", seq), L_STR("error", e.text));
	message_free(msg);
	return false;
}

int64_t
matcher_turn(struct matcher *m)
{
	struct flow *f = m->flow;
	struct budget_turn turn;
	struct err e = {0};
	uint64_t seq;

	if (atomic_load(&f->hold) != HOLD_NOTHING || active_room(f->active) == 0)
		return BUSY_MS;
	if (atomic_load(&f->paced) >= PACED_MAX)
		return RECORD_MS;
	if (take_passed_over(m))
		return 0;
	if (!budget_next(f->budget, &turn))
		return IDLE_MS;
	seq = next_waiting(m, &turn, &e);
	if (e.kind != ERR_NONE) {
		log_error("matcher.look", L_STR("error", e.text));
		return BROKER_MS;
	}
	if (seq != 0)
		return read_and_match(m, &turn, seq);
	budget_exhausted(f->budget, &turn);
	return 0;
}

struct matcher *
matcher_new(struct flow *f)
{
	struct matcher *m = calloc(1, sizeof(*m));

	must(m != NULL);
	m->flow = f;
	m->passed_over = passed_over_new(f);
	onward_init(&m->onward);
	return m;
}

void
matcher_free(struct matcher *m)
{
	passed_over_free(m->passed_over);
	free(m);
}

/* Of this thread alone; whoever may not change it goes on as it is. */
static void
lower_priority(void)
{
	if (setpriority(PRIO_PROCESS, (id_t)gettid(), NICENESS) != 0)
		log_info("matcher.priority", L_STR("priority", "as of the other threads"));
}

void *
matcher_run(void *flow)
{
	struct matcher *m = matcher_new(flow);

	lower_priority();
	while (!atomic_load(&m->flow->is_stopping)) {
		const int64_t wait_ms = matcher_turn(m);

		if (wait_ms > 0)
			budget_wait(m->flow->budget, wait_ms);
	}
	matcher_free(m);
	return NULL;
}
