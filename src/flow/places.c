#include "places.h"

#include <pthread.h>

#include "carillon/base/buf.h"
#include "carillon/base/heap.h"
#include "carillon/base/list.h"
#include "carillon/base/table.h"

enum {
	RETURN_QUANTUM = 64, /* deliveries of a lane, before another workspace has its turn */
};

/* What the lanes of one workspace hold together. */
struct place_workspace {
	struct list turn;  /* places.turns, while a lane of it is due */
	struct list lanes; /* that are due: place_lane.turn, in the order of their turns */
	char *name;
	size_t held, n_lanes;
};

struct place_lane {
	struct list all;       /* places.all */
	struct list turn;      /* place_workspace.lanes, while it is due */
	struct heap_node shut; /* in places.shut exactly while its destination wants a pause */
	struct place_workspace *workspace;
	char *key; /* workspace, connection and channel, each with a NUL behind */
	size_t key_len;
	struct lane_id id; /* points into key */
	size_t limit;      /* as it was said last */
	size_t held, waiting, pins;
	uint64_t stored;
	uint64_t version; /* grows whenever something is stored */
};

struct places {
	pthread_mutex_t lock;
	/* Under the lock: */
	size_t limit, held;
	uint64_t overflow;
	size_t overflow_lanes;
	bool wants_return;
	struct table *lanes, *workspaces;
	struct list all;   /* lanes */
	struct list turns; /* of workspaces with a lane that is due */
	struct heap shut;
	struct buf key; /* scratch */
};

/* --- the decision --- */

enum room
room_of(const struct room_view *v)
{
	if (v->overflow > 0)
		return ROOM_BEHIND;
	if (v->in_lane >= v->lane_limit)
		return ROOM_LANE_FULL;
	if (v->in_workspace >= v->free)
		return ROOM_SHARE_TAKEN;
	return ROOM_FREE;
}

struct str
room_sentence(enum room a)
{
	switch (a) {
	case ROOM_BEHIND:
	case ROOM_LANE_FULL:
		return STR("waiting its turn: more messages are queued for this channel than "
			   "it takes at once");
	case ROOM_SHARE_TAKEN:
		return STR("waiting its turn: this workspace has as much under way as it may");
	case ROOM_FREE: break;
	}
	return (struct str){0};
}

/* --- lines of the book; all of it under the lock --- */

static struct place_workspace *
workspace_of(struct places *p, struct str name)
{
	struct place_workspace *w = table_get(p->workspaces, name);

	if (w != NULL)
		return w;
	w = calloc(1, sizeof(*w));
	must(w != NULL);
	w->name = malloc(name.len + 1);
	must(w->name != NULL);
	memcpy(w->name, name.ptr, name.len);
	w->name[name.len] = '\0';
	list_init(&w->turn);
	list_init(&w->lanes);
	(void)table_set(p->workspaces, name, w);
	return w;
}

static void
put_part(struct buf *b, struct str part)
{
	buf_str(b, part);
	buf_putc(b, '\0');
}

static struct str
key_of(struct buf *b, const struct lane_id *id)
{
	buf_clear(b);
	put_part(b, id->workspace);
	put_part(b, id->connection);
	put_part(b, id->channel);
	return buf_view(b);
}

static struct place_lane *
lane_of(struct places *p, const struct lane_id *id)
{
	struct str key = key_of(&p->key, id);
	struct place_lane *l = table_get(p->lanes, key);

	if (l != NULL)
		return l;
	l = calloc(1, sizeof(*l));
	must(l != NULL);
	l->key = malloc(key.len);
	must(l->key != NULL);
	memcpy(l->key, key.ptr, key.len);
	l->key_len = key.len;
	l->id.workspace = (struct str){l->key, id->workspace.len};
	l->id.connection = (struct str){l->key + id->workspace.len + 1, id->connection.len};
	l->id.channel =
	    (struct str){l->id.connection.ptr + id->connection.len + 1, id->channel.len};
	list_init(&l->turn);
	list_append(&p->all, &l->all);
	l->workspace = workspace_of(p, id->workspace);
	l->workspace->n_lanes++;
	(void)table_set(p->lanes, key, l);
	return l;
}

/* Forgets a lane that has nothing to say, and its workspace with the last one. */
static void
forget_idle(struct places *p, struct place_lane *l)
{
	struct place_workspace *w = l->workspace;

	if (l->held + l->waiting + l->pins > 0 || l->stored > 0)
		return;
	(void)table_remove(p->lanes, (struct str){l->key, l->key_len});
	list_remove(&l->all);
	heap_remove(&p->shut, &l->shut);
	free(l->key);
	free(l);
	if (--w->n_lanes > 0)
		return;
	(void)table_remove(p->workspaces, str_of(w->name));
	free(w->name);
	free(w);
}

static bool
is_half_empty(const struct place_lane *l)
{
	return 2 * l->held <= l->limit;
}

/* Whether a lane has a turn follows from what it holds and has stored. */
static void
place_turn(struct places *p, struct place_lane *l)
{
	struct place_workspace *w = l->workspace;
	bool has_turn = !list_is_empty(&l->turn);
	bool is_due = l->stored > 0 && is_half_empty(l) && !heap_has(&l->shut);

	if (is_due && !has_turn) {
		list_append(&w->lanes, &l->turn);
		if (list_is_empty(&w->turn))
			list_append(&p->turns, &w->turn);
		p->wants_return = true;
	} else if (!is_due && has_turn) {
		list_remove(&l->turn);
		if (list_is_empty(&w->lanes))
			list_remove(&w->turn);
	}
}

static void
set_overflow(struct places *p, struct place_lane *l, size_t waiting, uint64_t stored)
{
	uint64_t before = l->waiting + l->stored, after = waiting + stored;

	p->overflow = p->overflow - before + after;
	p->overflow_lanes = p->overflow_lanes - (before > 0) + (after > 0);
	l->waiting = waiting;
	l->stored = stored;
	place_turn(p, l);
}

static void
hold(struct places *p, struct place_lane *l)
{
	l->held++;
	l->workspace->held++;
	p->held++;
	place_turn(p, l);
}

static size_t
n_free(const struct places *p)
{
	return p->held < p->limit ? p->limit - p->held : 0;
}

/* --- the way in and out --- */

struct places *
places_new(size_t limit)
{
	struct places *p = calloc(1, sizeof(*p));

	must(p != NULL);
	p->limit = limit;
	p->lanes = table_new();
	p->workspaces = table_new();
	list_init(&p->all);
	list_init(&p->turns);
	pthread_mutex_init(&p->lock, NULL);
	return p;
}

void
places_free(struct places *p)
{
	if (p == NULL)
		return;
	LIST_EACH_SAFE (n, &p->all) {
		struct place_lane *l = CONTAINER_OF(n, struct place_lane, all);

		must(l->held == 0 && l->waiting == 0 && l->pins == 0);
		set_overflow(p, l, 0, 0); /* the ledger keeps it */
		forget_idle(p, l);
	}
	table_free(p->lanes);
	table_free(p->workspaces);
	heap_fini(&p->shut);
	buf_fini(&p->key);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

void
places_set_limit(struct places *p, size_t limit)
{
	pthread_mutex_lock(&p->lock);
	p->limit = limit;
	p->wants_return = true;
	pthread_mutex_unlock(&p->lock);
}

void
places_set_lane_limit(struct places *p, size_t lane_limit)
{
	pthread_mutex_lock(&p->lock);
	LIST_EACH (n, &p->all) {
		struct place_lane *l = CONTAINER_OF(n, struct place_lane, all);

		l->limit = lane_limit;
		place_turn(p, l);
	}
	pthread_mutex_unlock(&p->lock);
}

enum room
places_ask(struct places *p, const struct lane_id *id, size_t lane_limit, bool is_put_aside,
    struct place_lane **lane)
{
	enum room a;
	struct place_lane *l;

	pthread_mutex_lock(&p->lock);
	l = *lane = lane_of(p, id);
	l->limit = lane_limit;
	place_turn(p, l);
	a = room_of(&(struct room_view){
	    .overflow = is_put_aside ? 0 : l->waiting + l->stored,
	    .in_lane = l->held,
	    .lane_limit = lane_limit,
	    .in_workspace = l->workspace->held,
	    .free = n_free(p),
	});
	if (a == ROOM_FREE)
		hold(p, l);
	else
		set_overflow(p, l, l->waiting + 1, l->stored);
	pthread_mutex_unlock(&p->lock);
	return a;
}

/* What has its turn already; `is_limited`: by what its lane may hold, too. */
static bool
take(struct places *p, struct place_lane *l, bool is_limited)
{
	bool ok;

	pthread_mutex_lock(&p->lock);
	ok = l->workspace->held < n_free(p) && (!is_limited || l->held < l->limit);
	if (ok)
		hold(p, l);
	pthread_mutex_unlock(&p->lock);
	return ok;
}

bool
places_take(struct places *p, struct place_lane *l)
{
	return take(p, l, false);
}

uint64_t
places_backlog(struct places *p, const struct lane_id *id)
{
	const struct place_lane *l;
	uint64_t n = 0;

	pthread_mutex_lock(&p->lock);
	l = table_get(p->lanes, key_of(&p->key, id));
	if (l != NULL)
		n = l->held + l->waiting + l->stored;
	pthread_mutex_unlock(&p->lock);
	return n;
}

void
places_release(struct places *p, struct place_lane *l)
{
	pthread_mutex_lock(&p->lock);
	must(l->held > 0 && l->workspace->held > 0 && p->held > 0);
	l->held--;
	l->workspace->held--;
	p->held--;
	place_turn(p, l);
	forget_idle(p, l);
	pthread_mutex_unlock(&p->lock);
}

void
places_park(struct places *p, struct place_lane *l)
{
	pthread_mutex_lock(&p->lock);
	set_overflow(p, l, l->waiting + 1, l->stored);
	pthread_mutex_unlock(&p->lock);
}

void
places_stored(struct places *p, struct place_lane *l, bool is_kept)
{
	pthread_mutex_lock(&p->lock);
	must(l->waiting > 0);
	set_overflow(p, l, l->waiting - 1, l->stored + is_kept);
	l->version += is_kept;
	forget_idle(p, l);
	pthread_mutex_unlock(&p->lock);
}

void
places_shut(struct places *p, struct place_lane *l, mono_t until)
{
	pthread_mutex_lock(&p->lock);
	heap_set(&p->shut, &l->shut, until);
	place_turn(p, l);
	pthread_mutex_unlock(&p->lock);
}

void
places_load(struct places *p, const struct lane_id *id, size_t lane_limit, uint64_t stored)
{
	struct place_lane *l;

	pthread_mutex_lock(&p->lock);
	l = lane_of(p, id);
	l->limit = lane_limit;
	set_overflow(p, l, l->waiting, l->stored + stored);
	forget_idle(p, l);
	pthread_mutex_unlock(&p->lock);
}

/* --- the way back --- */

static size_t
smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* How many of a lane that is due may come back now; 0: its workspace holds its share. Each that
 * comes back takes one from what is free and adds one to what the workspace holds. */
static size_t
may_return(const struct places *p, const struct place_lane *l)
{
	size_t free = n_free(p), in_workspace = l->workspace->held;
	size_t share = free > in_workspace ? (free - in_workspace + 1) / 2 : 0;

	if (share > RETURN_QUANTUM)
		share = RETURN_QUANTUM;
	return smaller(smaller(share, l->limit - l->held), (size_t)l->stored);
}

static void
open_again(struct places *p, mono_t now)
{
	struct heap_node *first;

	while ((first = heap_take_due(&p->shut, now)) != NULL)
		place_turn(p, CONTAINER_OF(first, struct place_lane, shut));
}

/* The next lane that is due. It and its workspace go behind the others. */
static struct place_lane *
next_due(struct places *p, size_t *most)
{
	LIST_EACH (n, &p->turns) {
		struct place_workspace *w = CONTAINER_OF(n, struct place_workspace, turn);
		struct place_lane *l = CONTAINER_OF(w->lanes.next, struct place_lane, turn);

		*most = may_return(p, l);
		if (*most == 0)
			continue;
		list_remove(&l->turn);
		list_append(&w->lanes, &l->turn);
		list_remove(&w->turn);
		list_append(&p->turns, &w->turn);
		return l;
	}
	return NULL;
}

bool
places_return_begin(struct places *p, mono_t now, struct place_return *out)
{
	struct place_lane *l;

	pthread_mutex_lock(&p->lock);
	p->wants_return = false;
	open_again(p, now);
	l = next_due(p, &out->most);
	if (l != NULL) {
		l->pins++;
		out->lane = l;
		out->id = l->id;
		out->version = l->version;
	}
	pthread_mutex_unlock(&p->lock);
	return l != NULL;
}

bool
places_take_back(struct places *p, struct place_lane *l)
{
	return take(p, l, true);
}

void
places_came_back(struct places *p, struct place_lane *l)
{
	pthread_mutex_lock(&p->lock);
	if (l->stored > 0)
		set_overflow(p, l, l->waiting, l->stored - 1);
	pthread_mutex_unlock(&p->lock);
}

void
places_left(struct places *p, const struct lane_id *id)
{
	struct place_lane *l;

	pthread_mutex_lock(&p->lock);
	l = table_get(p->lanes, key_of(&p->key, id));
	if (l != NULL && l->stored > 0) {
		set_overflow(p, l, l->waiting, l->stored - 1);
		forget_idle(p, l);
	}
	pthread_mutex_unlock(&p->lock);
}

void
places_return_end(struct places *p, const struct place_return *r, bool is_whole, uint64_t left)
{
	struct place_lane *l = r->lane;

	pthread_mutex_lock(&p->lock);
	must(l->pins > 0);
	l->pins--;
	if (is_whole && l->version == r->version)
		set_overflow(p, l, l->waiting, left);
	forget_idle(p, l);
	pthread_mutex_unlock(&p->lock);
}

bool
places_wants_return(struct places *p)
{
	bool wants;

	pthread_mutex_lock(&p->lock);
	wants = p->wants_return;
	p->wants_return = false;
	pthread_mutex_unlock(&p->lock);
	return wants;
}

void
places_look(struct places *p, struct places_view *out)
{
	pthread_mutex_lock(&p->lock);
	*out = (struct places_view){
	    .limit = p->limit,
	    .held = p->held,
	    .lanes = table_len(p->lanes),
	    .overflow = p->overflow,
	    .overflow_lanes = p->overflow_lanes,
	};
	pthread_mutex_unlock(&p->lock);
}

/* --- the top --- */

static uint64_t
weight(const struct place_top *t)
{
	return t->held + t->overflow;
}

/* Keeps `out` sorted, the heaviest first. */
static size_t
top_put(struct place_top *out, size_t len, size_t n, const struct place_top *one)
{
	size_t at = len < n ? len : n - 1;

	if (len == n && weight(one) <= weight(&out[at]))
		return len;
	for (; at > 0 && weight(&out[at - 1]) < weight(one); at--)
		out[at] = out[at - 1];
	out[at] = *one;
	return len < n ? len + 1 : len;
}

size_t
places_top(struct places *p, struct arena *a, struct place_top *out, size_t n)
{
	size_t len = 0;

	pthread_mutex_lock(&p->lock);
	LIST_EACH (node, &p->all) {
		const struct place_lane *l = CONTAINER_OF(node, struct place_lane, all);
		const struct place_top one = {l->id, l->held, l->waiting + l->stored};

		if (n > 0 && weight(&one) > 0)
			len = top_put(out, len, n, &one);
	}
	for (size_t i = 0; i < len; i++) {
		struct lane_id *id = &out[i].id;

		id->workspace = arena_str(a, id->workspace);
		id->connection = arena_str(a, id->connection);
		id->channel = arena_str(a, id->channel);
	}
	pthread_mutex_unlock(&p->lock);
	return len;
}
