#include "gone.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "admit.h"
#include "carillon/base/clock.h"
#include "carillon/base/id.h"
#include "carillon/base/log.h"
#include "resume.h"

enum {
	SCAN_STEP = 256,  /* workspaces of the ledger looked at in a turn, at the start */
	CANCEL_STEP = 64, /* deliveries canceled in a turn */
	AGAIN_MS = 1000,  /* when somebody has some of them in hand */
	LATE_MS = 5000,   /* after the last request that was in flight: what became of it */
};

struct workspace {
	struct list link;
	mono_t not_before; /* its next walk */
	bool was_walked;
	char id[WORKSPACE_ID_MAX + 1];
};

struct gone {
	struct flow *flow;
	pthread_mutex_t lock;
	/* Under the lock: of struct workspace */
	struct list noted;
	struct list lanes; /* for the courier */
	atomic_bool has_lanes;
	/* The ledger thread's: */
	struct onward onward;
	struct workspace *present; /* whose ledger is walked; NULL: nobody's */
	enum delivery_state state; /* of those it looks for */
	struct delivery_cursor at;
	char at_rule[RECORD_ID_MAX + 1];
	bool has_left;                      /* some that somebody has in hand */
	bool is_scanned;                    /* what there was at the start, */
	char scanned[WORKSPACE_ID_MAX + 1]; /* or up to here */
};

struct gone *
gone_new(struct flow *f)
{
	struct gone *g = calloc(1, sizeof(*g));

	must(g != NULL);
	g->flow = f;
	pthread_mutex_init(&g->lock, NULL);
	list_init(&g->noted);
	list_init(&g->lanes);
	onward_init(&g->onward);
	return g;
}

static void
free_all(struct list *workspaces)
{
	struct list *first;

	while ((first = list_take_first(workspaces)) != NULL)
		free(CONTAINER_OF(first, struct workspace, link));
}

void
gone_free(struct gone *g)
{
	if (g == NULL)
		return;
	free_all(&g->noted);
	free_all(&g->lanes);
	free(g->present);
	pthread_mutex_destroy(&g->lock);
	free(g);
}

static struct workspace *
workspace_new(struct str id)
{
	struct workspace *w = calloc(1, sizeof(*w));

	must(w != NULL);
	str_copy(w->id, sizeof(w->id), id);
	return w;
}

void
gone_note(struct gone *g, struct str workspace)
{
	struct workspace *w = workspace_new(workspace);

	pthread_mutex_lock(&g->lock);
	list_append(&g->noted, &w->link);
	pthread_mutex_unlock(&g->lock);
	flow_wake_ledger(g->flow);
}

/* --- their lanes --- */

static void
empty_lanes(struct gone *g)
{
	struct workspace *w = workspace_new(str_of(g->present->id));

	pthread_mutex_lock(&g->lock);
	list_append(&g->lanes, &w->link);
	atomic_store(&g->has_lanes, true);
	pthread_mutex_unlock(&g->lock);
}

bool
gone_take_lanes(struct gone *g, char workspace[static WORKSPACE_ID_MAX + 1])
{
	struct list *first;

	if (!atomic_load(&g->has_lanes))
		return false;
	pthread_mutex_lock(&g->lock);
	first = list_take_first(&g->lanes);
	atomic_store(&g->has_lanes, !list_is_empty(&g->lanes));
	pthread_mutex_unlock(&g->lock);
	if (first == NULL)
		return false;
	str_copy(workspace, WORKSPACE_ID_MAX + 1,
	    str_of(CONTAINER_OF(first, struct workspace, link)->id));
	free(CONTAINER_OF(first, struct workspace, link));
	return true;
}

/* --- those deleted while nobody was there --- */

struct scan {
	struct gone *gone;
	struct txn *state;
	int left;
};

static bool
note_if_gone(struct str workspace, void *arg)
{
	struct scan *s = arg;
	struct state_value v;

	str_copy(s->gone->scanned, sizeof(s->gone->scanned), workspace);
	if (!state_get(s->state, workspace, STATE_WORKSPACE, workspace, &v) &&
	    txn_error(s->state) == NULL)
		gone_note(s->gone, workspace);
	return --s->left > 0;
}

static void
scan(struct gone *g)
{
	struct store *store = g->flow->parts.store;
	struct scan s = {g, txn_read(store, STORE_STATE), SCAN_STEP};
	struct txn *history = txn_read(store, STORE_HISTORY);

	ledger_each_workspace(history, str_of(g->scanned), note_if_gone, &s);
	txn_end(history);
	txn_end(s.state);
	g->is_scanned = s.left > 0;
	if (!g->is_scanned)
		flow_wake_ledger(g->flow);
}

/* --- canceling --- */

/* Some of what it has, as the ledger lists it. */
struct picks {
	uint64_t seq[CANCEL_STEP];
	char rule[CANCEL_STEP][RECORD_ID_MAX + 1];
	int n;
};

static bool
pick(const delivery_record *d, void *arg)
{
	struct picks *p = arg;

	p->seq[p->n] = d->seq;
	str_copy(p->rule[p->n], sizeof(p->rule[0]), str_of(d->rule));
	return ++p->n < CANCEL_STEP;
}

static bool
look(struct gone *g, struct picks *p)
{
	const struct delivery_list list = {
	    .workspace = str_of(g->present->id), .state = g->state, .after = g->at};
	struct txn *history = txn_read(g->flow->parts.store, STORE_HISTORY);
	struct arena *a = arena_new(0);
	struct err e;
	bool ok;

	p->n = 0;
	history_each_delivery_of(history, a, &list, pick, p);
	ok = txn_finish(history, &e);
	arena_free(a);
	if (!ok)
		log_error("ledger.gone", L_STR("error", e.text));
	return ok;
}

static void
event_of(struct message *m, struct txn *history, struct str workspace)
{
	const event_record *rec = history_event(history, m->arena, m->seq);

	m->event = (struct event){.workspace = arena_str(m->arena, workspace)};
	if (rec == NULL || !str_eq(str_of(rec->workspace), workspace))
		return;
	m->event.id = str_of(rec->event_id);
	m->event.type = str_of(rec->type);
	m->received_at = (wall_t){rec->received_ms};
}

static bool
fill(struct gone *g, struct message *m, const struct str *rules, int n)
{
	struct str workspace = str_of(g->present->id);
	struct txn *history;
	struct err e = {0};

	m->rules = rulebook_get(g->flow->rulebook, workspace, &e);
	if (m->rules == NULL || m->rules->exists)
		return false;
	history = txn_read(g->flow->parts.store, STORE_HISTORY);
	event_of(m, history, workspace);
	resume_from_ledger(m, history, rules, n, clock_wall());
	return txn_finish(history, &e) && m->n_deliveries > 0;
}

/* Those of one event. */
static void
cancel(struct gone *g, const struct picks *p, int first, int n)
{
	struct message *m = message_new(ORIGIN_LEDGER, p->seq[first]);
	struct str rules[CANCEL_STEP];
	struct err e = {0};

	for (int i = 0; i < n; i++)
		rules[i] = str_of(p->rule[first + i]);
	if (fill(g, m, rules, n) && admit(g->flow, m, &g->onward, clock_wall(), &e) == ADMITTED)
		return;
	g->has_left = true;
	message_free(m);
}

static void
cancel_all(struct gone *g, const struct picks *p)
{
	for (int i = 0, n; i < p->n; i += n) {
		for (n = 1; i + n < p->n && p->seq[i + n] == p->seq[i]; n++)
			continue;
		cancel(g, p, i, n);
	}
	onward_send(&g->onward, g->flow);
	g->at.seq = p->seq[p->n - 1];
	str_copy(g->at_rule, sizeof(g->at_rule), str_of(p->rule[p->n - 1]));
	g->at.rule = str_of(g->at_rule);
}

/* --- the walk --- */

static bool
next_workspace(struct gone *g)
{
	const mono_t now = clock_mono();

	pthread_mutex_lock(&g->lock);
	LIST_EACH (n, &g->noted) {
		struct workspace *w = CONTAINER_OF(n, struct workspace, link);

		if (mono_reached(now, w->not_before)) {
			list_remove(&w->link);
			g->present = w;
			break;
		}
	}
	pthread_mutex_unlock(&g->lock);
	if (g->present == NULL)
		return false;
	g->state = DELIVERY_PARKED;
	g->at = (struct delivery_cursor){0};
	g->has_left = false;
	empty_lanes(g);
	return true;
}

static void
walk_later(struct gone *g, int64_t wait_ms)
{
	g->present->not_before = mono_after(clock_mono(), wait_ms);
	pthread_mutex_lock(&g->lock);
	list_append(&g->noted, &g->present->link);
	pthread_mutex_unlock(&g->lock);
	g->present = NULL;
}

/* It may be there again: then its deliveries are its rules'. */
static bool
is_back(struct gone *g)
{
	struct err e = {0};
	struct ruleset *r = rulebook_get(g->flow->rulebook, str_of(g->present->id), &e);
	bool is_back = r != NULL && r->exists;

	ruleset_unref(r);
	return is_back;
}

static void
forget(struct gone *g)
{
	free(g->present);
	g->present = NULL;
}

/* Of this state there is nothing more. */
static void
go_on(struct gone *g)
{
	g->at = (struct delivery_cursor){0};
	if (g->state == DELIVERY_PARKED) {
		g->state = DELIVERY_HELD;
	} else if (g->has_left) {
		walk_later(g, AGAIN_MS);
	} else if (!g->present->was_walked) {
		g->present->was_walked = true;
		walk_later(g, g->flow->parts.config->request_timeout_ms + LATE_MS);
	} else {
		forget(g);
	}
	flow_wake_ledger(g->flow);
}

void
gone_turn(struct gone *g)
{
	struct picks p;

	if (!g->is_scanned)
		scan(g);
	if ((g->present == NULL && !next_workspace(g)) || active_room(g->flow->active) == 0)
		return;
	if (is_back(g)) {
		forget(g);
		return;
	}
	if (!look(g, &p))
		return;
	if (p.n > 0)
		cancel_all(g, &p);
	if (p.n < CANCEL_STEP)
		go_on(g);
	else
		flow_wake_ledger(g->flow);
}
