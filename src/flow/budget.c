#include "budget.h"

#include <pthread.h>

#include "carillon/base/deadline.h"
#include "carillon/base/list.h"
#include "carillon/base/table.h"

enum { FORGET_MS = 10000 }; /* after this an account is full again */

struct account {
	struct list all;  /* budget.all, by when it was charged last */
	struct list turn; /* budget.turns, while the ledger has some of its events */
	int64_t level;    /* steps, at `at` */
	mono_t at;
	size_t waiting;   /* set aside and not yet stored */
	uint64_t passed;  /* matched up to this sequence, of those that were set aside */
	uint64_t version; /* grows whenever something is stored */
	uint64_t lowest;  /* sequence that was stored since its turn began */
	bool is_stored;
	bool is_costly; /* its last event was */
	char workspace[WORKSPACE_ID_MAX + 1];
};

struct budget {
	pthread_mutex_t lock;
	pthread_cond_t stored;
	/* Under the lock: */
	struct table *accounts;
	struct list all, turns;
	bool has_news;
};

struct budget *
budget_new(void)
{
	struct budget *b = calloc(1, sizeof(*b));

	must(b != NULL);
	pthread_mutex_init(&b->lock, NULL);
	deadline_cond_init(&b->stored);
	b->accounts = table_new();
	list_init(&b->all);
	list_init(&b->turns);
	return b;
}

void
budget_free(struct budget *b)
{
	struct list *first;

	if (b == NULL)
		return;
	while ((first = list_take_first(&b->all)) != NULL)
		free(CONTAINER_OF(first, struct account, all));
	table_free(b->accounts);
	pthread_cond_destroy(&b->stored);
	pthread_mutex_destroy(&b->lock);
	free(b);
}

/* --- accounts; all of it under the lock --- */

static struct account *
account_of(struct budget *b, struct str workspace)
{
	struct account *a = table_get(b->accounts, workspace);

	if (a != NULL)
		return a;
	a = calloc(1, sizeof(*a));
	must(a != NULL);
	a->level = BUDGET_STEPS_SAVED;
	str_copy(a->workspace, sizeof(a->workspace), workspace);
	list_init(&a->turn);
	list_append(&b->all, &a->all);
	(void)table_set(b->accounts, workspace, a);
	return a;
}

static void
earn(struct account *a, mono_t now)
{
	const int64_t ms = now.ms - a->at.ms, missing = BUDGET_STEPS_SAVED - a->level;

	a->at = now;
	if (ms > missing / BUDGET_STEPS_A_MS)
		a->level = BUDGET_STEPS_SAVED;
	else if (ms > 0)
		a->level += ms * BUDGET_STEPS_A_MS;
}

/* One that nothing is known of says as much as one that has saved all it may. */
static void
forget_oldest(struct budget *b, mono_t now)
{
	struct account *a = CONTAINER_OF(b->all.next, struct account, all);

	if (now.ms - a->at.ms < FORGET_MS)
		return;
	list_remove(&a->all);
	earn(a, now);
	if (a->is_stored || a->waiting > 0 || a->level < BUDGET_STEPS_SAVED) {
		list_append(&b->all, &a->all);
		return;
	}
	must(table_remove(b->accounts, str_of(a->workspace)) == a);
	free(a);
}

bool
budget_allows(struct budget *b, struct str workspace, mono_t now)
{
	bool allows = true;
	struct account *a;

	pthread_mutex_lock(&b->lock);
	a = table_get(b->accounts, workspace);
	if (a != NULL) {
		earn(a, now);
		allows = !a->is_stored && a->waiting == 0 && !a->is_costly && a->level >= 0;
	}
	pthread_mutex_unlock(&b->lock);
	return allows;
}

static void
charge(struct budget *b, struct account *a, uint64_t steps, mono_t now)
{
	earn(a, now);
	a->level -= (int64_t)(steps < INT32_MAX ? steps : INT32_MAX);
	if (a->level <
	    -BUDGET_STEPS_SAVED) /* what one event took is made good within seconds */
		a->level = -BUDGET_STEPS_SAVED;
	list_remove(&a->all);
	list_append(&b->all, &a->all);
	for (int i = 0; i < 2; i++) /* more than can be new */
		forget_oldest(b, now);
}

void
budget_charge(
    struct budget *b, struct str workspace, uint64_t steps, uint64_t of_event, mono_t now)
{
	struct account *a;

	pthread_mutex_lock(&b->lock);
	a = steps > 0 ? account_of(b, workspace) : table_get(b->accounts, workspace);
	if (a != NULL) {
		a->is_costly = of_event > EVENT_STEPS_MAX;
		charge(b, a, steps, now);
	}
	pthread_mutex_unlock(&b->lock);
}

/* --- what is set aside --- */

void
budget_set_aside(struct budget *b, struct str workspace)
{
	pthread_mutex_lock(&b->lock);
	account_of(b, workspace)->waiting++;
	pthread_mutex_unlock(&b->lock);
}

static void
note_stored(struct budget *b, struct account *a)
{
	a->version++;
	if (!a->is_stored)
		list_append(&b->turns, &a->turn);
	a->is_stored = true;
	b->has_news = true;
	pthread_cond_signal(&b->stored);
}

void
budget_stored(struct budget *b, struct str workspace, uint64_t seq)
{
	struct account *a;

	pthread_mutex_lock(&b->lock);
	a = account_of(b, workspace);
	must(a->waiting > 0);
	a->waiting--;
	if (seq < a->lowest)
		a->lowest = seq;
	if (seq <= a->passed) /* the broker brought it later than newer ones */
		a->passed = seq - 1;
	note_stored(b, a);
	pthread_mutex_unlock(&b->lock);
}

void
budget_load(struct budget *b, struct str workspace)
{
	pthread_mutex_lock(&b->lock);
	note_stored(b, account_of(b, workspace));
	pthread_mutex_unlock(&b->lock);
}

/* --- the turns --- */

bool
budget_next(struct budget *b, struct budget_turn *out)
{
	struct list *first;

	pthread_mutex_lock(&b->lock);
	first = list_take_first(&b->turns);
	if (first != NULL) {
		struct account *a = CONTAINER_OF(first, struct account, turn);

		list_append(&b->turns, first);
		str_copy(out->workspace, sizeof(out->workspace), str_of(a->workspace));
		out->after = a->passed;
		out->version = a->version;
		a->lowest = UINT64_MAX;
	}
	pthread_mutex_unlock(&b->lock);
	return first != NULL;
}

void
budget_passed(struct budget *b, const struct budget_turn *turn, uint64_t seq)
{
	struct account *a;

	pthread_mutex_lock(&b->lock);
	a = account_of(b, str_of(turn->workspace));
	a->passed = a->lowest <= seq ? a->lowest - 1 : seq;
	pthread_mutex_unlock(&b->lock);
}

void
budget_exhausted(struct budget *b, const struct budget_turn *turn)
{
	struct account *a;

	pthread_mutex_lock(&b->lock);
	a = account_of(b, str_of(turn->workspace));
	if (a->is_stored && a->version == turn->version) {
		a->is_stored = false;
		list_remove(&a->turn);
	}
	pthread_mutex_unlock(&b->lock);
}

void
budget_wait(struct budget *b, int64_t wait_ms)
{
	const struct timespec until = deadline_after(wait_ms);
	int rc = 0;

	pthread_mutex_lock(&b->lock);
	while (!b->has_news && rc == 0)
		rc = pthread_cond_timedwait(&b->stored, &b->lock, &until);
	b->has_news = false;
	pthread_mutex_unlock(&b->lock);
}
