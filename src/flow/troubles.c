/*
 * Two kinds of things wait for the follower, and differ in what may happen to them. Work (a
 * refused credential, an unusable channel) is to be written into the state: each connection and
 * each rule has a place, so it is never dropped and never twice there. News is only told: of
 * each kind a workspace has some told one by one, and the rest as one, with their count.
 */
#include <pthread.h>
#include <stdlib.h>

#include "carillon/base/buf.h"
#include "carillon/base/heap.h"
#include "carillon/base/table.h"
#include "follower.h"

enum {
	NEWS_WINDOW_MS = 60 * 1000,
	NEWS_EACH_MAX = 8, /* of a workspace and kind, told one by one in a window */
	WINDOWS_MAX = 4096,
};

/* What one workspace has to tell of one kind. */
struct window {
	struct list link; /* of all, by when they began */
	mono_t began;
	int told;
	uint64_t left_out; /* since then, to be told as one */
	struct trouble newest;
	size_t key_len;
	char key[1 + WORKSPACE_ID_MAX];
};

struct troubles {
	pthread_mutex_t lock;
	/* Under the lock: */
	struct table *work; /* by place, to struct trouble */
	struct heap due;    /* the same, by when it may be tried */
	struct table *windows;
	struct list by_age; /* the same */
	struct list news;   /* of struct trouble, to be told one by one */
	struct buf key;     /* scratch */
};

struct troubles *
troubles_new(void)
{
	struct troubles *t = calloc(1, sizeof(*t));

	must(t != NULL);
	pthread_mutex_init(&t->lock, NULL);
	t->work = table_new();
	t->windows = table_new();
	list_init(&t->by_age);
	list_init(&t->news);
	return t;
}

void
troubles_free(struct troubles *t)
{
	struct heap_node *due;
	struct list *first;

	if (t == NULL)
		return;
	while ((due = heap_first(&t->due)) != NULL) {
		heap_remove(&t->due, due);
		free(CONTAINER_OF(due, struct trouble, due));
	}
	while ((first = list_take_first(&t->news)) != NULL)
		free(CONTAINER_OF(first, struct trouble, link));
	while ((first = list_take_first(&t->by_age)) != NULL)
		free(CONTAINER_OF(first, struct window, link));
	heap_fini(&t->due);
	table_free(t->work);
	table_free(t->windows);
	buf_fini(&t->key);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

static struct trouble *
copy_of(const struct trouble *trouble)
{
	struct trouble *copy = malloc(sizeof(*copy));

	must(copy != NULL);
	*copy = *trouble;
	list_init(&copy->link);
	copy->due = (struct heap_node){0};
	return copy;
}

/* --- work --- */

static bool
is_work(const struct trouble *t)
{
	return t->kind == TROUBLE_CONNECTION_BROKEN || t->kind == TROUBLE_RULE_HELD;
}

/* The place of a connection or a rule. */
static struct str
place_of(struct troubles *t, const struct trouble *trouble)
{
	bool of_rule = trouble->kind == TROUBLE_RULE_HELD;

	buf_clear(&t->key);
	buf_putc(&t->key, (char)trouble->kind);
	buf_cstr(&t->key, trouble->workspace);
	buf_putc(&t->key, '\0');
	buf_cstr(&t->key, of_rule ? trouble->rule : trouble->connection);
	return buf_view(&t->key);
}

/* The newest word of a place counts, at the time of the first. */
static void
put_work(struct troubles *t, const struct trouble *trouble, mono_t now)
{
	struct trouble *copy = copy_of(trouble);
	struct trouble *old = table_set(t->work, place_of(t, trouble), copy);

	if (old != NULL) {
		now = old->due.due;
		copy->is_told = old->is_told;
		heap_remove(&t->due, &old->due);
		free(old);
	}
	heap_set(&t->due, &copy->due, now);
}

struct trouble *
troubles_take_work(struct troubles *t, mono_t now)
{
	struct trouble *taken = NULL;
	struct heap_node *due;

	pthread_mutex_lock(&t->lock);
	due = heap_take_due(&t->due, now);
	if (due != NULL) {
		taken = CONTAINER_OF(due, struct trouble, due);
		must(table_remove(t->work, place_of(t, taken)) == taken);
	}
	pthread_mutex_unlock(&t->lock);
	return taken;
}

void
troubles_try_later(struct troubles *t, struct trouble *work, mono_t when)
{
	struct trouble *newer;

	pthread_mutex_lock(&t->lock);
	newer = table_get(t->work, place_of(t, work));
	if (newer == NULL) {
		table_set(t->work, place_of(t, work), work);
		heap_set(&t->due, &work->due, when);
	} else {
		newer->is_told = newer->is_told || work->is_told;
		free(work);
	}
	pthread_mutex_unlock(&t->lock);
}

/* --- news --- */

static int
told_one_by_one(const struct trouble *trouble)
{
	/* What goes with a workspace is one thing, however many deliveries it was. */
	return trouble->kind == TROUBLE_CANCELED ? 0 : NEWS_EACH_MAX;
}

static struct str
key_of_window(const struct window *w)
{
	return (struct str){w->key, w->key_len};
}

/* NULL: too many workspaces have news at once. */
static struct window *
window_of(struct troubles *t, const struct trouble *trouble, mono_t now)
{
	struct str key;
	struct window *w;

	buf_clear(&t->key);
	buf_putc(&t->key, (char)trouble->kind);
	buf_cstr(&t->key, trouble->workspace);
	key = buf_view(&t->key);
	w = table_get(t->windows, key);
	if (w != NULL || table_len(t->windows) >= WINDOWS_MAX)
		return w;
	w = calloc(1, sizeof(*w));
	must(w != NULL && key.len <= sizeof(w->key));
	w->began = now;
	w->key_len = key.len;
	memcpy(w->key, key.ptr, key.len);
	table_set(t->windows, key, w);
	list_append(&t->by_age, &w->link);
	return w;
}

static bool
put_news(struct troubles *t, const struct trouble *trouble, mono_t now)
{
	struct window *w = window_of(t, trouble, now);

	if (w == NULL)
		return false;
	if (w->told < told_one_by_one(trouble)) {
		w->told++;
		list_append(&t->news, &copy_of(trouble)->link);
	} else {
		w->left_out += trouble->count > 0 ? trouble->count : 1;
		w->newest = *trouble;
	}
	return true;
}

bool
troubles_put(struct troubles *t, const struct trouble *trouble, mono_t now)
{
	bool ok = true;

	pthread_mutex_lock(&t->lock);
	if (is_work(trouble))
		put_work(t, trouble, now);
	else
		ok = put_news(t, trouble, now);
	pthread_mutex_unlock(&t->lock);
	return ok;
}

/* Closes the oldest window if its time is over; what it left out, if anything, as one. */
static struct trouble *
close_window(struct troubles *t, struct window *w)
{
	struct trouble *all = NULL;

	if (w->left_out > 0) {
		all = copy_of(&w->newest);
		all->count = w->left_out;
		all->is_rest = true;
	}
	must(table_remove(t->windows, key_of_window(w)) == w);
	list_remove(&w->link);
	free(w);
	return all;
}

static struct trouble *
take_left_out(struct troubles *t, mono_t now)
{
	while (!list_is_empty(&t->by_age)) {
		struct window *w = CONTAINER_OF(t->by_age.next, struct window, link);
		struct trouble *all;

		if (now.ms - w->began.ms < NEWS_WINDOW_MS)
			break;
		all = close_window(t, w);
		if (all != NULL)
			return all;
	}
	return NULL;
}

struct trouble *
troubles_take_news(struct troubles *t, mono_t now)
{
	struct trouble *taken;
	struct list *first;

	pthread_mutex_lock(&t->lock);
	first = list_take_first(&t->news);
	taken =
	    first != NULL ? CONTAINER_OF(first, struct trouble, link) : take_left_out(t, now);
	pthread_mutex_unlock(&t->lock);
	return taken;
}
