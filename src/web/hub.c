#include "hub.h"

#include <inttypes.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdlib.h>

#include "carillon/base/clock.h"
#include "carillon/base/table.h"
#include "problem.h"
#include "recent.h"
#include "sessions.h"
#include "web_private.h"

enum {
	QUEUE_MAX = 64 * 1024, /* bytes that a slow reader may be behind */
	CHANGES_MAX = 200,     /* of one kind in a batch; more: look at everything again */
	SESSION_STREAMS_MAX = 4,
	ROOM_STREAMS_MAX = 64,
	HEARTBEAT_MS = 15000,
};

static const char *const change_names[CHANGE_KINDS] = {
#define CHANGE(NAME, name) name,
#include "changes.def"
#undef CHANGE
};

/* Who watches a workspace, and what they are not told yet. */
struct room {
	struct list streams;
	int n_streams;
	struct buf changes[CHANGE_KINDS]; /* elements of a JSON array */
	int n_changes[CHANGE_KINDS];
	bool has_changes;
	char workspace[WORKSPACE_ID_MAX + 1];
};

struct live {
	struct list link;
	struct hub *hub;
	struct room *room;
	struct MHD_Connection *connection;
	struct buf queue;
	size_t sent; /* of the queue */
	bool is_suspended, is_ending;
	bool is_narrow;     /* of one resource: it must not see others' ids */
	int64_t expires_ms; /* 0: never */
	mono_t spoke_at;
	char id[RECORD_ID_MAX + 1]; /* of the session or key */
};

struct hub {
	pthread_mutex_t lock;
	struct sessions *sessions;
	struct table *rooms; /* by workspace */
	int n;
	bool is_over;
	struct position at;
	struct recent *recent;
};

struct hub *
hub_new(struct sessions *s)
{
	struct hub *h = calloc(1, sizeof(*h));

	must(h != NULL);
	pthread_mutex_init(&h->lock, NULL);
	h->sessions = s;
	h->rooms = table_new();
	h->recent = recent_new();
	return h;
}

void
hub_free(struct hub *h)
{
	if (h == NULL)
		return;
	must(table_len(h->rooms) == 0);
	table_free(h->rooms);
	recent_free(h->recent);
	pthread_mutex_destroy(&h->lock);
	free(h);
}

int
hub_count(struct hub *h)
{
	int n;

	pthread_mutex_lock(&h->lock);
	n = h->n;
	pthread_mutex_unlock(&h->lock);
	return n;
}

/* --- noting --- */

void
hub_note(struct hub *h, const struct change *c)
{
	struct room *room;

	pthread_mutex_lock(&h->lock);
	recent_add(h->recent, c, h->at);
	room = table_get(h->rooms, c->workspace);
	if (room != NULL) {
		room->has_changes = true;
		if (++room->n_changes[c->kind] <= CHANGES_MAX)
			change_write(&room->changes[c->kind], c);
	}
	pthread_mutex_unlock(&h->lock);
}

void
hub_begin(struct hub *h, uint64_t history_seq, uint64_t state_seq)
{
	pthread_mutex_lock(&h->lock);
	h->at = (struct position){history_seq, state_seq};
	recent_begin(h->recent, h->at);
	pthread_mutex_unlock(&h->lock);
}

void
hub_set_position(struct hub *h, bool is_history, uint64_t seq)
{
	pthread_mutex_lock(&h->lock);
	*(is_history ? &h->at.history : &h->at.state) = seq;
	pthread_mutex_unlock(&h->lock);
}

/* --- handing out; the lock is held in all of these --- */

static void
wake(struct live *s)
{
	if (!s->is_suspended)
		return;
	s->is_suspended = false;
	MHD_resume_connection(s->connection);
}

static void
put_event(struct buf *out, const char *event, struct str changes)
{
	buf_printf(out, "event: %s\ndata: {\"changes\":[", event);
	buf_str(out, changes);
	buf_cstr(out, "]}\n\n");
}

/* Stands before the last event of what is told at once: who is cut off in it comes back to all
 * of it. */
static void
put_id(struct buf *out, const struct hub *h)
{
	buf_printf(out, "id: %" PRIu64 ".%" PRIu64 "\n", h->at.history, h->at.state);
}

static void
put_resync(struct buf *out, const struct hub *h)
{
	put_id(out, h);
	put_event(out, "resync", (struct str){0});
}

/* Kinds that have changes; the last of them has the id. */
static void
put_changes(struct buf *out, const struct hub *h, const struct buf changes[static CHANGE_KINDS])
{
	int last = -1;

	for (int k = 0; k < CHANGE_KINDS; k++)
		last = changes[k].len > 0 ? k : last;
	for (int k = 0; k <= last; k++) {
		if (k == last)
			put_id(out, h);
		if (changes[k].len > 0)
			put_event(out, change_names[k], buf_view(&changes[k]));
	}
}

static void
end_with(struct live *s, const char *event)
{
	if (s->is_ending)
		return;
	put_id(&s->queue, s->hub);
	put_event(&s->queue, event, (struct str){0});
	s->is_ending = true;
	wake(s);
}

static void
tell(struct live *s, struct str text, mono_t now)
{
	if (s->is_ending)
		return;
	s->spoke_at = now;
	buf_str(&s->queue, text);
	if (s->queue.len - s->sent > QUEUE_MAX) {
		/* It reads too slowly: what it has not read is worth less than a fresh look. */
		s->queue.len = s->sent;
		end_with(s, "resync");
	}
	wake(s);
}

static bool
is_too_much(const struct room *room)
{
	for (int k = 0; k < CHANGE_KINDS; k++)
		if (room->n_changes[k] > CHANGES_MAX)
			return true;
	return false;
}

static void
hand_out(struct hub *h, struct room *room, mono_t now)
{
	struct buf all = {0}, again = {0};

	put_resync(&again, h);
	put_changes(&all, h, room->changes);
	LIST_EACH (node, &room->streams) {
		struct live *s = CONTAINER_OF(node, struct live, link);

		tell(s, buf_view(is_too_much(room) || s->is_narrow ? &again : &all), now);
	}
	for (int k = 0; k < CHANGE_KINDS; k++) {
		buf_clear(&room->changes[k]);
		room->n_changes[k] = 0;
	}
	room->has_changes = false;
	buf_fini(&all);
	buf_fini(&again);
}

/* A session that was refreshed meanwhile lives on. */
static bool
has_expired(struct live *s, wall_t wall)
{
	struct arena *a;
	const session_record *r;
	uint64_t revision;

	if (s->expires_ms == 0 || wall.ms < s->expires_ms)
		return false;
	a = arena_new(0);
	r = sessions_get(s->hub->sessions, a, str_of(s->id), &revision);
	s->expires_ms = r != NULL && session_is_alive(r, wall) ? r->expires_ms : s->expires_ms;
	arena_free(a);
	return wall.ms >= s->expires_ms;
}

static void
look_after(struct room *room, mono_t now, wall_t wall)
{
	LIST_EACH (node, &room->streams) {
		struct live *s = CONTAINER_OF(node, struct live, link);

		if (has_expired(s, wall))
			end_with(s, "expired");
		/* Also how a client that has gone is noticed: a suspended connection is not
		 * looked at by the library. */
		else if (mono_reached(now, mono_after(s->spoke_at, HEARTBEAT_MS)))
			tell(s, STR(":\n\n"), now);
	}
}

void
hub_tick(struct hub *h, mono_t now, wall_t wall)
{
	size_t at = 0;
	struct room *room;
	struct str name;

	pthread_mutex_lock(&h->lock);
	while ((room = table_next(h->rooms, &at, &name)) != NULL) {
		if (room->has_changes)
			hand_out(h, room, now);
		look_after(room, now, wall);
	}
	pthread_mutex_unlock(&h->lock);
}

/* --- ending --- */

static void
end_those(struct hub *h, const struct str *id, const char *event)
{
	size_t at = 0;
	struct room *room;
	struct str name;

	while ((room = table_next(h->rooms, &at, &name)) != NULL)
		LIST_EACH (node, &room->streams) {
			struct live *s = CONTAINER_OF(node, struct live, link);

			if (id == NULL || str_eq(str_of(s->id), *id))
				end_with(s, event);
		}
}

void
hub_end_session(struct hub *h, struct str id)
{
	pthread_mutex_lock(&h->lock);
	end_those(h, &id, "expired");
	pthread_mutex_unlock(&h->lock);
}

void
hub_end(struct hub *h)
{
	pthread_mutex_lock(&h->lock);
	h->is_over = true;
	end_those(h, NULL, "resync");
	pthread_mutex_unlock(&h->lock);
}

/* --- one stream --- */

static struct room *
room_of(struct hub *h, struct str workspace)
{
	struct room *room = table_get(h->rooms, workspace);

	if (room != NULL)
		return room;
	room = calloc(1, sizeof(*room));
	must(room != NULL);
	list_init(&room->streams);
	str_copy(room->workspace, sizeof(room->workspace), workspace);
	(void)table_set(h->rooms, workspace, room);
	return room;
}

static void
room_leave(struct hub *h, struct room *room)
{
	if (room->n_streams > 0)
		return;
	(void)table_remove(h->rooms, str_of(room->workspace));
	for (int k = 0; k < CHANGE_KINDS; k++)
		buf_fini(&room->changes[k]);
	free(room);
}

static int
count_of(const struct room *room, struct str id)
{
	int n = 0;

	LIST_EACH (node, &room->streams)
		n += str_eq(str_of(CONTAINER_OF(node, struct live, link)->id), id);
	return n;
}

/* "8812.118", as an event had it. */
static bool
read_position(struct str text, struct position *out)
{
	const char *dot = text.len > 0 ? memchr(text.ptr, '.', text.len) : NULL;
	size_t n = dot != NULL ? (size_t)(dot - text.ptr) : 0;

	return dot != NULL && str_digits((struct str){text.ptr, n}, &out->history) &&
	       str_digits((struct str){dot + 1, text.len - n - 1}, &out->state);
}

/* What came since it last heard; too much of it, or too long ago: it looks at everything again.
 */
static void
resume(struct live *s, struct request *q, const struct room *room)
{
	struct buf changes[CHANGE_KINDS] = {{0}};
	struct hub *h = s->hub;
	struct position since;
	bool can = !s->is_narrow && read_position(request_header(q, "Last-Event-ID"), &since) &&
	           recent_reaches(h->recent, since);

	for (int k = 0; can && k < CHANGE_KINDS; k++)
		can = recent_write(h->recent, str_of(room->workspace), (enum change_kind)k,
			  since, &changes[k]) <= CHANGES_MAX;
	if (can)
		put_changes(&s->queue, h, changes);
	else
		put_resync(&s->queue, h);
	for (int k = 0; k < CHANGE_KINDS; k++)
		buf_fini(&changes[k]);
}

static struct live *
enter(struct hub *h, struct room *room, struct request *q)
{
	struct live *s = calloc(1, sizeof(*s));

	must(s != NULL);
	*s = (struct live){
	    .hub = h,
	    .room = room,
	    .connection = q->connection,
	    .is_narrow = q->who.session_type == SESSION_RESOURCE,
	    .expires_ms = q->who.kind == PRINCIPAL_SESSION ? q->who.expires_ms : 0,
	    .spoke_at = clock_mono(),
	};
	str_copy(s->id, sizeof(s->id), q->who.id);
	list_init(&s->link);
	list_append(&room->streams, &s->link);
	room->n_streams++;
	h->n++;
	buf_printf(&s->queue, "retry: 3000\n\n");
	if (request_header(q, "Last-Event-ID").len > 0)
		resume(s, q, room);
	return s;
}

struct live *
live_open(struct hub *h, struct request *q)
{
	struct str workspace = request_part(q, 0);
	struct live *s = NULL;
	struct room *room;
	bool is_full;

	pthread_mutex_lock(&h->lock);
	room = room_of(h, workspace);
	is_full = h->is_over || room->n_streams >= ROOM_STREAMS_MAX ||
	          (q->who.kind == PRINCIPAL_SESSION &&
		      count_of(room, q->who.id) >= SESSION_STREAMS_MAX);
	if (!is_full)
		s = enter(h, room, q);
	room_leave(h, room);
	pthread_mutex_unlock(&h->lock);
	if (s == NULL) {
		(void)problem(q, PROBLEM_RATE_LIMITED, "there are enough streams open already");
		problem_retry_after(q, 3);
	}
	return s;
}

void
live_close(struct hub *h, struct live *s)
{
	if (s == NULL)
		return;
	pthread_mutex_lock(&h->lock);
	list_remove(&s->link);
	s->room->n_streams--;
	h->n--;
	room_leave(h, s->room);
	pthread_mutex_unlock(&h->lock);
	buf_fini(&s->queue);
	free(s);
}

ssize_t
live_read(void *live, uint64_t pos, char *to, size_t max)
{
	struct live *s = live;
	ssize_t n = 0;
	size_t left;

	(void)pos;
	pthread_mutex_lock(&s->hub->lock);
	left = s->queue.len - s->sent;
	if (left > 0) {
		n = (ssize_t)(left < max ? left : max);
		memcpy(to, s->queue.ptr + s->sent, (size_t)n);
		s->sent += (size_t)n;
	} else if (s->is_ending) {
		n = MHD_CONTENT_READER_END_OF_STREAM;
	} else {
		/* To return nothing without suspending would be to be asked again at once. */
		s->is_suspended = true;
		MHD_suspend_connection(s->connection);
	}
	if (s->sent == s->queue.len) {
		buf_clear(&s->queue);
		s->sent = 0;
	}
	pthread_mutex_unlock(&s->hub->lock);
	return n;
}
