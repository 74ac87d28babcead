#include "moves.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "carillon/base/clock.h"
#include "carillon/base/list.h"
#include "carillon/base/records.h"
#include "carillon/base/table.h"
#include "flow_private.h"

enum {
	LOOK_STEP = 512, /* parked deliveries looked at in a turn */
	AGAIN_MS = 1000, /* when some were found: until those are settled */
};

struct moved {
	struct list link;
	mono_t not_before; /* its next look */
	char workspace[WORKSPACE_ID_MAX + 1];
};

struct moves {
	struct flow *flow;
	pthread_mutex_t lock;
	/* Under the lock: of struct moved, each workspace once in each */
	struct list noted, lanes;
	struct table *by_workspace[2]; /* of noted, of lanes */
	atomic_bool has_lanes;
	/* The ledger thread's: */
	struct moved *present; /* who is looked through; NULL: nobody */
	struct overflow_position at;
	char at_rule[RECORD_ID_MAX + 1];
	bool has_found;
	/* While looking: */
	const struct ruleset *rules;
	delivery_each_fn *each;
	void *arg;
	int left;
	bool is_stopped; /* who is given them wants no more */
};

enum { NOTED, LANES };

struct moves *
moves_new(struct flow *f)
{
	struct moves *m = calloc(1, sizeof(*m));

	must(m != NULL);
	m->flow = f;
	pthread_mutex_init(&m->lock, NULL);
	list_init(&m->noted);
	list_init(&m->lanes);
	for (int i = NOTED; i <= LANES; i++)
		m->by_workspace[i] = table_new();
	return m;
}

static void
free_all(struct list *moved)
{
	struct list *first;

	while ((first = list_take_first(moved)) != NULL)
		free(CONTAINER_OF(first, struct moved, link));
}

void
moves_free(struct moves *m)
{
	if (m == NULL)
		return;
	free_all(&m->noted);
	free_all(&m->lanes);
	free(m->present);
	for (int i = NOTED; i <= LANES; i++)
		table_free(m->by_workspace[i]);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

/* --- what matters --- */

static bool
rule_matters(struct arena *a, struct str was, struct str is)
{
	const ProtobufCMessageDescriptor *type = &carillon__v1__rule__descriptor;
	rule_record *old, *new;

	if (!record_unpack(type, a, was, &old, NULL) || !record_unpack(type, a, is, &new, NULL))
		return true;
	return strcmp(old->connection, new->connection) != 0 ||
	       strcmp(old->channel, new->channel) != 0 || old->active != new->active;
}

static bool
connection_matters(struct arena *a, struct str was, struct str is)
{
	const ProtobufCMessageDescriptor *type = &carillon__v1__connection__descriptor;
	connection_record *old, *new;

	if (!record_unpack(type, a, was, &old, NULL) || !record_unpack(type, a, is, &new, NULL))
		return true;
	return old->status != new->status;
}

bool
moves_matter(enum state_kind kind, struct str was, struct str is)
{
	struct arena *a;
	bool matters = true;

	if ((kind != STATE_RULE && kind != STATE_CONNECTION) || was.len == 0)
		return false; /* nothing waits for what was not there */
	if (is.len == 0)
		return true;
	a = arena_new(0);
	matters =
	    kind == STATE_RULE ? rule_matters(a, was, is) : connection_matters(a, was, is);
	arena_free(a);
	return matters;
}

bool
moves_away(const struct ruleset *r, const struct rule *rule, const struct lane_id *lane)
{
	if (!r->exists)
		return false; /* gone.h's */
	return rule == NULL || !rule->active ||
	       !str_eq(rule->connection_id, lane->connection) ||
	       !str_eq(rule->channel, lane->channel) ||
	       (!r->paused && !gate_of(r, rule).is_open);
}

/* --- noting --- */

static void
put(struct moves *m, struct list *list, int which, struct str workspace)
{
	struct moved *moved;

	if (table_get(m->by_workspace[which], workspace) != NULL)
		return;
	moved = calloc(1, sizeof(*moved));
	must(moved != NULL);
	str_copy(moved->workspace, sizeof(moved->workspace), workspace);
	(void)table_set(m->by_workspace[which], workspace, moved);
	list_append(list, &moved->link);
}

void
moves_note(struct moves *m, struct str workspace)
{
	pthread_mutex_lock(&m->lock);
	put(m, &m->noted, NOTED, workspace);
	put(m, &m->lanes, LANES, workspace);
	atomic_store(&m->has_lanes, true);
	pthread_mutex_unlock(&m->lock);
}

bool
moves_take_lanes(struct moves *m, char workspace[static WORKSPACE_ID_MAX + 1])
{
	struct list *first;
	struct moved *moved;

	if (!atomic_load(&m->has_lanes))
		return false;
	pthread_mutex_lock(&m->lock);
	first = list_take_first(&m->lanes);
	atomic_store(&m->has_lanes, !list_is_empty(&m->lanes));
	moved = first == NULL ? NULL : CONTAINER_OF(first, struct moved, link);
	if (moved != NULL) {
		str_copy(workspace, WORKSPACE_ID_MAX + 1, str_of(moved->workspace));
		(void)table_remove(m->by_workspace[LANES], str_of(moved->workspace));
	}
	pthread_mutex_unlock(&m->lock);
	free(moved);
	return first != NULL;
}

/* --- looking through what is parked --- */

static bool
next_workspace(struct moves *m)
{
	const mono_t now = clock_mono();

	pthread_mutex_lock(&m->lock);
	LIST_EACH (n, &m->noted) {
		struct moved *moved = CONTAINER_OF(n, struct moved, link);

		if (!mono_reached(now, moved->not_before))
			continue;
		list_remove(&moved->link);
		(void)table_remove(m->by_workspace[NOTED], str_of(moved->workspace));
		m->present = moved;
		break;
	}
	pthread_mutex_unlock(&m->lock);
	m->at = (struct overflow_position){0};
	m->has_found = false;
	return m->present != NULL;
}

/* Some of it may be in hand, or find no room: it is looked for again. */
static void
end_look(struct moves *m)
{
	struct str workspace = str_of(m->present->workspace);

	pthread_mutex_lock(&m->lock);
	if (m->has_found) {
		struct moved *again;

		put(m, &m->noted, NOTED, workspace);
		again = table_get(m->by_workspace[NOTED], workspace);
		again->not_before = mono_after(clock_mono(), AGAIN_MS);
	}
	pthread_mutex_unlock(&m->lock);
	free(m->present);
	m->present = NULL;
}

static bool
look_at(const delivery_record *d, void *arg)
{
	struct moves *m = arg;
	const struct lane_id lane = {
	    str_of(d->workspace), str_of(d->connection), str_of(d->channel)};

	if (moves_away(m->rules, ruleset_rule(m->rules, str_of(d->rule)), &lane)) {
		m->has_found = true;
		m->is_stopped = !m->each(d, m->arg);
	}
	m->at.seq = d->seq;
	str_copy(m->at_rule, sizeof(m->at_rule), str_of(d->rule));
	m->at.rule = str_of(m->at_rule);
	return --m->left > 0 && !m->is_stopped;
}

bool
moves_look(
    struct moves *m, struct txn *history, struct arena *a, delivery_each_fn *each, void *arg)
{
	struct err e = {0};
	struct ruleset *r;

	if (m->present == NULL && !next_workspace(m))
		return false;
	r = rulebook_get(m->flow->rulebook, str_of(m->present->workspace), &e);
	if (r == NULL)
		return false; /* a later look finds it */
	m->rules = r;
	m->each = each;
	m->arg = arg;
	m->left = LOOK_STEP;
	m->is_stopped = false;
	ledger_each_parked(history, a, str_of(m->present->workspace), &m->at, look_at, m);
	ruleset_unref(r);
	m->rules = NULL;
	if (m->left > 0 && !m->is_stopped)
		end_look(m);
	return true;
}
