#include "lists.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "carillon/base/clock.h"
#include "carillon/base/id.h"
#include "carillon/base/log.h"
#include "carillon/base/table.h"
#include "job.h"
#include "list_file.h"

enum {
	LISTS_MAX = 512,            /* in memory; the least recently used goes */
	FRESH_MS = 6 * 3600 * 1000, /* after which a list is read anew when it is asked for */
	AGAIN_MS = 60 * 1000,       /* nor sooner, whoever asks */
	FAILED_AGAIN_MS = 5 * 60 * 1000,
	PAUSE_MS = 30 * 1000, /* when the destination names none */
	STUCK_MS = 60 * 1000, /* a page that never came back */
	SWEEP_MS = 60 * 1000,
	KEY_MAX = WORKSPACE_ID_MAX + RECORD_ID_MAX + 2,
};

struct channel_list {
	struct list link; /* of all, the one used last first */
	char workspace[WORKSPACE_ID_MAX + 1], connection[RECORD_ID_MAX + 1];
	char team[64];
	struct channel_rows whole; /* what was read last to its end */
	struct channel_rows fresh; /* what is being read */
	int64_t at_ms;             /* of `whole`; 0: there is none */
	bool is_limited;
	enum directory_part part;
	char cursor[DEST_CURSOR_MAX];
	bool is_reading, has_page; /* a page is under way */
	mono_t next_at;            /* of the next page */
	mono_t not_before;         /* of the next reading */
	char detail[200];          /* why the last reading failed, or empty */
};

struct channel_lists {
	struct keeper *keeper;
	char dir[1200];
	pthread_mutex_t lock; /* over what follows */
	struct table *by_key;
	struct list lists;
	size_t n;
	mono_t sweep_at; /* the keeper's thread's */
};

/* A job's own: which list. */
struct page_job {
	char workspace[WORKSPACE_ID_MAX + 1], connection[RECORD_ID_MAX + 1];
};

static struct str
key_of(char out[static KEY_MAX], struct str workspace, struct str connection)
{
	int len = snprintf(out, KEY_MAX, "%.*s/%.*s", STR_ARG(workspace), STR_ARG(connection));

	return (struct str){out, (size_t)len};
}

struct channel_lists *
lists_new(struct keeper *k, const char *data_dir)
{
	struct channel_lists *l = calloc(1, sizeof(*l));

	must(l != NULL);
	l->keeper = k;
	snprintf(l->dir, sizeof(l->dir), "%s/channels", data_dir);
	must(pthread_mutex_init(&l->lock, NULL) == 0);
	l->by_key = table_new();
	list_init(&l->lists);
	return l;
}

static void
drop(struct channel_lists *l, struct channel_list *one)
{
	char key[KEY_MAX];

	table_remove(l->by_key, key_of(key, str_of(one->workspace), str_of(one->connection)));
	list_remove(&one->link);
	l->n--;
	rows_fini(&one->whole);
	rows_fini(&one->fresh);
	free(one);
}

void
lists_free(struct channel_lists *l)
{
	if (l == NULL)
		return;
	while (!list_is_empty(&l->lists))
		drop(l, CONTAINER_OF(l->lists.next, struct channel_list, link));
	table_free(l->by_key);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

/* Makes room: what is being read stays. */
static void
drop_oldest(struct channel_lists *l)
{
	for (struct list *at = l->lists.prev; at != &l->lists; at = at->prev) {
		struct channel_list *one = CONTAINER_OF(at, struct channel_list, link);

		if (!one->is_reading) {
			drop(l, one);
			return;
		}
	}
}

static struct channel_list *
get(struct channel_lists *l, struct str workspace, struct str connection)
{
	char key[KEY_MAX];

	return table_get(l->by_key, key_of(key, workspace, connection));
}

static struct channel_list *
get_or_load(struct channel_lists *l, const struct list_query *q)
{
	struct channel_list *one = get(l, q->workspace, q->connection);
	char key[KEY_MAX];

	if (one != NULL && str_eq(str_of(one->team), q->team)) {
		list_remove(&one->link);
		list_prepend(&l->lists, &one->link);
		return one;
	}
	if (one != NULL)
		drop(l, one);
	if (l->n >= LISTS_MAX)
		drop_oldest(l);
	one = calloc(1, sizeof(*one));
	must(one != NULL);
	list_init(&one->link);
	str_copy(one->workspace, sizeof(one->workspace), q->workspace);
	str_copy(one->connection, sizeof(one->connection), q->connection);
	str_copy(one->team, sizeof(one->team), q->team);
	if (!list_file_read(l->dir, one->workspace, one->connection, one->team, &one->whole,
		&one->at_ms, &one->is_limited))
		one->at_ms = 0; /* to be read at the destination */
	list_prepend(&l->lists, &one->link);
	l->n++;
	(void)table_set(l->by_key, key_of(key, q->workspace, q->connection), one);
	return one;
}

/* --- reading --- */

static void
begin(struct channel_list *one, mono_t now)
{
	rows_fini(&one->fresh);
	one->is_reading = true;
	one->has_page = false;
	one->part = DIRECTORY_JOINED;
	one->cursor[0] = '\0';
	one->next_at = now;
	one->not_before = mono_after(now, AGAIN_MS);
}

static void
begin_if_wanted(struct channel_list *one, const struct list_query *q, mono_t now)
{
	bool is_old = one->at_ms == 0 || clock_wall().ms - one->at_ms > FRESH_MS || q->refresh;

	if (!one->is_reading && is_old && mono_reached(now, one->not_before))
		begin(one, now);
}

static void
end(struct channel_lists *l, struct channel_list *one, mono_t now)
{
	struct err e;

	rows_sort(&one->fresh);
	rows_fini(&one->whole);
	one->whole = one->fresh;
	one->fresh = (struct channel_rows){0};
	one->at_ms = clock_wall().ms;
	one->is_limited = one->whole.n >= LIST_CHANNELS_MAX;
	one->is_reading = false;
	one->not_before = mono_after(now, AGAIN_MS);
	one->detail[0] = '\0';
	if (!list_file_write(l->dir, one->workspace, one->connection, one->team, &one->whole,
		one->at_ms, one->is_limited, &e))
		log_warn("keeper.list_file", L_STR("error", e.text));
	log_info("keeper.list", L_STR("workspace", one->workspace),
	    L_STR("connection", one->connection), L_INT("channels", one->whole.n),
	    L_BOOL("limited", one->is_limited));
}

static void
give_up(struct channel_list *one, const struct outcome *o, mono_t now)
{
	rows_fini(&one->fresh);
	one->is_reading = false;
	one->not_before = mono_after(now, FAILED_AGAIN_MS);
	snprintf(
	    one->detail, sizeof(one->detail), "%.*s", (int)sizeof(one->detail) - 1, o->reason);
}

static bool
is_pause(const struct outcome *o)
{
	return o->verdict == VERDICT_THROTTLED || o->verdict == VERDICT_LATER;
}

static void
take_channel(const struct dest_channel *c, void *arg)
{
	rows_add(arg, c);
}

/* Takes what a page says. Locked. */
static void
take_page(struct channel_lists *l, struct channel_list *one, const struct dest_type *dest,
    const struct http_response *res)
{
	struct dest_page page;
	struct outcome o;
	mono_t now = clock_mono();

	one->has_page = false;
	if (!dest->directory->judge_page(res, take_channel, &one->fresh, &page, &o)) {
		if (is_pause(&o))
			one->next_at =
			    mono_after(now, o.retry_after_ms > 0 ? o.retry_after_ms : PAUSE_MS);
		else
			give_up(one, &o, now);
		return;
	}
	one->next_at = mono_after(now, 60000 / dest->directory->per_minute(one->part));
	str_copy(one->cursor, sizeof(one->cursor), str_of(page.next));
	if (page.next[0] != '\0' && one->fresh.n < LIST_CHANNELS_MAX)
		return;
	if (one->part == DIRECTORY_JOINED && one->fresh.n < LIST_CHANNELS_MAX) {
		one->part = DIRECTORY_ALL;
		one->cursor[0] = '\0';
		one->next_at = now; /* another tier */
	} else {
		end(l, one, now);
	}
}

struct asked {
	bool is_there;
	enum directory_part part;
	char cursor[DEST_CURSOR_MAX];
};

static struct asked
what_is_asked(struct channel_lists *l, const struct page_job *p)
{
	struct asked asked = {0};
	struct channel_list *one;

	pthread_mutex_lock(&l->lock);
	one = get(l, str_of(p->workspace), str_of(p->connection));
	if (one != NULL && one->is_reading) {
		asked = (struct asked){.is_there = true, .part = one->part};
		str_copy(asked.cursor, sizeof(asked.cursor), str_of(one->cursor));
	}
	pthread_mutex_unlock(&l->lock);
	return asked;
}

static void
read_page(struct job *j, struct channel_lists *l, const struct page_job *p)
{
	struct asked asked = what_is_asked(l, p);
	struct account a;
	struct channel_list *one;
	struct http_response res;
	struct err e;

	if (!asked.is_there || !job_account(j, str_of(p->connection), &a))
		return;
	const struct dest_call call = job_call(&a);
	if (a.dest->directory != NULL &&
	    a.dest->directory->compose_page(&j->worker->req, &call, asked.part,
		str_of(a.rec->scopes), str_of(asked.cursor), &e)) {
		job_send(j, &res);
		pthread_mutex_lock(&l->lock);
		one = get(l, str_of(p->workspace), str_of(p->connection));
		if (one != NULL && one->is_reading)
			take_page(l, one, a.dest, &res);
		pthread_mutex_unlock(&l->lock);
	}
	account_close(&a);
}

static void
page_run(struct job *j)
{
	struct page_job *p = j->arg;
	keeper_request *own = ARENA_NEW(j->arena, keeper_request);

	carillon__v1__keeper_request__init(own);
	own->workspace = arena_cstr(j->arena, str_of(p->workspace));
	j->ask = own;
	read_page(j, keeper_lists(j->worker->keeper), p);
	j->ask = NULL;
	j->arg = NULL;
	free(p);
}

/* Another list of the same account is read first: they share the destination's patience. */
static bool
account_is_busy(struct channel_lists *l, const struct channel_list *one)
{
	LIST_EACH (node, &l->lists) {
		const struct channel_list *other =
		    CONTAINER_OF(node, struct channel_list, link);

		if (other == one)
			return false;
		if (other->is_reading && strcmp(other->team, one->team) == 0)
			return true;
	}
	return false;
}

/* --- what is gone --- */

static bool
is_there(struct str workspace, struct str connection, void *txn)
{
	struct state_value v;

	return id_is_workspace(workspace) && id_is_record(connection) &&
	       state_get(txn, workspace, STATE_CONNECTION, connection, &v);
}

/* A workspace that was erased leaves no name of a channel behind. */
static void
sweep(struct channel_lists *l)
{
	struct txn *t = txn_read(keeper_parts_of(l->keeper)->store, STORE_STATE);
	struct err e;

	pthread_mutex_lock(&l->lock);
	LIST_EACH_SAFE (node, &l->lists) {
		struct channel_list *one = CONTAINER_OF(node, struct channel_list, link);

		if (!is_there(str_of(one->workspace), str_of(one->connection), t))
			drop(l, one);
	}
	/* Not while the index cannot be read: then all would be gone. */
	if (txn_error(t) == NULL)
		list_files_sweep(l->dir, is_there, t);
	pthread_mutex_unlock(&l->lock);
	if (!txn_finish(t, &e))
		log_warn("keeper.lists", L_STR("error", e.text));
}

void
lists_turn(struct channel_lists *l, mono_t now)
{
	if (mono_reached(now, l->sweep_at)) {
		sweep(l);
		l->sweep_at = mono_after(now, SWEEP_MS);
	}
	pthread_mutex_lock(&l->lock);
	LIST_EACH (node, &l->lists) {
		struct channel_list *one = CONTAINER_OF(node, struct channel_list, link);
		struct page_job *p;

		if (!one->is_reading || one->has_page || !mono_reached(now, one->next_at) ||
		    account_is_busy(l, one))
			continue;
		p = calloc(1, sizeof(*p));
		must(p != NULL);
		str_copy(p->workspace, sizeof(p->workspace), str_of(one->workspace));
		str_copy(p->connection, sizeof(p->connection), str_of(one->connection));
		one->has_page = keeper_do(l->keeper, page_run, p);
		if (!one->has_page)
			free(p);
		one->next_at = mono_after(now, one->has_page ? STUCK_MS : 1000);
	}
	pthread_mutex_unlock(&l->lock);
}

/* --- searching --- */

static const char *
state_of(const struct channel_list *one, bool may_read)
{
	if (!may_read)
		return "none";
	if (one->is_reading)
		return "reading";
	if (one->detail[0] != '\0')
		return "failed";
	return one->is_limited ? "limited" : "complete";
}

static void
write_index(const struct channel_list *one, bool may_read, struct arena *a, keeper_answer *out)
{
	Carillon__V1__KeeperIndex *i = ARENA_NEW(a, Carillon__V1__KeeperIndex);

	carillon__v1__keeper_index__init(i);
	i->state = arena_cstr(a, str_of(state_of(one, may_read)));
	i->read = (uint32_t)(one->is_reading ? one->fresh.n : one->whole.n);
	i->at_ms = one->at_ms;
	i->next_refresh_ms = one->at_ms > 0 ? one->at_ms + FRESH_MS : 0;
	i->detail = arena_cstr(a, str_of(one->detail));
	out->index = i;
}

void
lists_search(struct channel_lists *l, const struct list_query *q, bool may_read,
    struct arena *a, keeper_answer *out)
{
	struct channel_list *one;

	pthread_mutex_lock(&l->lock);
	one = get_or_load(l, q);
	if (may_read)
		begin_if_wanted(one, q, clock_mono());
	/* Until there is a whole one, what has come so far. */
	struct channel_rows *rows = one->at_ms > 0 ? &one->whole : &one->fresh;
	rows_sort(rows);
	rows_find(rows, q, a, out);
	write_index(one, may_read, a, out);
	pthread_mutex_unlock(&l->lock);
}
