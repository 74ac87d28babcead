#include "fake_pool.h"

#include <stdio.h>
#include <stdlib.h>

#include "carillon/base/arena.h"
#include "carillon/base/clock.h"
#include "carillon/base/json.h"
#include "carillon/base/list.h"
#include "carillon/base/table.h"
#include "fake.h"
#include "carillon/http/pool.h"

enum { LATENCY_MS = 20, REFUSED_MS = 2, BEHAVIOURS_MAX = 64, AUTH_MAX = SECRET_MAX };

static const char token_head[] = "xoxb-test-";

/* Of the second block, as Slack words it. */
static const char complaint[] =
    ",\"response_metadata\":{\"messages\":[\"[ERROR] must be less than 3001 characters "
    "[json-pointer:/blocks/1/text/text]\"]}";

struct transfer {
	struct list link; /* free, flying (by done_at) or finished */
	bool is_free;
	struct http_request req;
	struct http_response res;
	struct buf answer;
	void *tag;
	mono_t started, done_at;
	wall_t started_at;
};

struct pool {
	struct list free, flying, finished;
	struct transfer *slots;
	int slot_count, in_flight;
	int64_t timeout_ms;
};

/* What outlives the process that sends. */
static struct {
	struct fake_behaviour behaviours[BEHAVIOURS_MAX];
	int n_behaviours;
	struct fake_request *requests;
	size_t n_requests, cap;
	/* A message's number is its time stamp's fraction. */
	struct message_at {
		char peer[200];
		bool is_gone;
		mono_t busy_until; /* a request for it is on its way */
	} * messages;
	uint64_t n_messages;
	struct table *posted; /* by workspace and delivery */
	struct pool *current;
	mono_t wake;
	struct pause {
		char peer[200];
		mono_t told_at, until; /* requests in between are early */
		mono_t last_ok;
	} pauses[BEHAVIOURS_MAX];
	int n_pauses;
} world;

/* --- the story's side --- */

void
fake_pool_reset(void)
{
	free(world.requests);
	free(world.messages);
	table_free(world.posted);
	memset(&world, 0, sizeof(world));
	world.posted = table_new();
	world.wake = MONO_NEVER;
}

void
fake_pool_cut(void)
{
	world.current = NULL;
	world.wake = MONO_NEVER;
}

void
fake_peer(const struct fake_behaviour *b)
{
	must(world.n_behaviours < BEHAVIOURS_MAX);
	world.behaviours[world.n_behaviours++] = *b;
}

void
fake_messages_gone(const char *target)
{
	for (uint64_t i = 0; i < world.n_messages; i++)
		if (fake_target_is(target, world.messages[i].peer))
			world.messages[i].is_gone = true;
}

bool
fake_target_is(const char *target, const char *peer)
{
	size_t n = strlen(target);

	return strcmp(target, "*") == 0 ||
	       (strncmp(target, peer, n) == 0 && (peer[n] == '\0' || peer[n] == '/'));
}

void
fake_token(char out[static FAKE_TOKEN_MAX], struct str workspace, struct str connection)
{
	snprintf(out, FAKE_TOKEN_MAX, "%s%.*s/%.*s", token_head, STR_ARG(workspace),
	    STR_ARG(connection));
}

size_t
fake_request_count(void)
{
	return world.n_requests;
}

const struct fake_request *
fake_request_at(size_t i)
{
	return &world.requests[i];
}

mono_t
fake_pool_next(void)
{
	if (world.current == NULL || list_is_empty(&world.current->flying))
		return MONO_NEVER;
	return CONTAINER_OF(world.current->flying.next, struct transfer, link)->done_at;
}

mono_t
fake_pool_wake(void)
{
	return world.wake;
}

/* --- what a peer does with a request --- */

static struct fake_behaviour *
behaviour_of(const struct fake_request *r)
{
	static struct fake_behaviour usual;

	for (int i = world.n_behaviours - 1; i >= 0; i--) {
		struct fake_behaviour *b = &world.behaviours[i];

		if (b->times != 0 && fake_target_is(b->target, r->peer) &&
		    (r->has_blocks || !b->only_blocks)) {
			if (b->times > 0)
				b->times--;
			return b;
		}
	}
	usual = (struct fake_behaviour){.answer = FAKE_OK, .after_ms = LATENCY_MS};
	return &usual;
}

static struct pause *
pause_of(const char *peer)
{
	for (int i = 0; i < world.n_pauses; i++)
		if (strcmp(world.pauses[i].peer, peer) == 0)
			return &world.pauses[i];
	if (world.n_pauses == BEHAVIOURS_MAX)
		return NULL;
	struct pause *p = &world.pauses[world.n_pauses++];
	*p = (struct pause){.last_ok = {INT64_MIN / 2}};
	str_copy(p->peer, sizeof(p->peer), str_of(peer));
	return p;
}

/* The message that a time stamp names; 0: none. */
static uint64_t
message_of(const struct json *root, struct str member)
{
	char text[40];
	const char *dot;

	str_copy(text, sizeof(text), json_string(root, member));
	dot = strchr(text, '.');
	return dot == NULL ? 0 : strtoull(dot + 1, NULL, 10);
}

static struct fake_request
read_request(const struct http_request *req)
{
	struct fake_request r = {.at = clock_mono()};
	struct arena *a = arena_new(0);
	const struct json *root = NULL;
	const char *token = strstr(secret_bytes(req->auth), token_head);
	struct err e;
	struct str channel, delivery;

	must(token != NULL && json_parse(a, buf_view(&req->body), JSON_DEPTH_MAX, &root, &e));
	channel = json_string(root, STR("channel"));
	delivery = json_string(json_path(root, STR("metadata.event_payload")), STR("delivery"));
	snprintf(
	    r.peer, sizeof(r.peer), "%s/%.*s", token + strlen(token_head), STR_ARG(channel));
	snprintf(r.delivery, sizeof(r.delivery), "%.*s", STR_ARG(delivery));
	r.has_blocks =
	    json_get(root, STR("blocks")) != NULL || json_get(root, STR("attachments")) != NULL;
	r.is_reply = json_get(root, STR("thread_ts")) != NULL;
	r.is_update = json_get(root, STR("ts")) != NULL;
	r.message = message_of(root, r.is_update ? STR("ts") : STR("thread_ts"));
	arena_free(a);
	return r;
}

static void
note_posted(struct fake_request *r)
{
	char key[400];

	snprintf(key, sizeof(key), "%.*s %s", (int)strcspn(r->peer, "/"), r->peer, r->delivery);
	r->is_repeat = table_set(world.posted, str_of(key), &world) != NULL;
}

static void
remember(struct fake_request *r)
{
	if (r->is_posted)
		note_posted(r);
	if (world.n_requests == world.cap) {
		world.cap = world.cap ? 2 * world.cap : 256;
		world.requests = realloc(world.requests, world.cap * sizeof(*world.requests));
		must(world.requests != NULL);
	}
	world.requests[world.n_requests++] = *r;
}

static uint64_t
new_message(const char *peer)
{
	struct message_at *m;

	world.messages =
	    reallocarray(world.messages, world.n_messages + 1, sizeof(*world.messages));
	must(world.messages != NULL);
	m = &world.messages[world.n_messages++];
	*m = (struct message_at){0};
	str_copy(m->peer, sizeof(m->peer), str_of(peer));
	return world.n_messages;
}

/* The message that it is under or replaces; NULL: it was deleted, or is in another channel. */
static struct message_at *
message_meant(const struct fake_request *r)
{
	struct message_at *m = r->message > 0 && r->message <= world.n_messages
	                           ? &world.messages[r->message - 1]
	                           : NULL;

	return m == NULL || m->is_gone || strcmp(m->peer, r->peer) != 0 ? NULL : m;
}

static void
answer_ok(struct transfer *t, struct fake_request *r)
{
	struct message_at *meant = message_meant(r);
	uint64_t ts = r->message;

	t->res.status = 200;
	if ((r->is_reply || r->is_update) && meant == NULL) {
		buf_printf(&t->answer, "{\"ok\":false,\"error\":\"%s\"}",
		    r->is_update ? "message_not_found" : "thread_not_found");
		return;
	}
	if (meant != NULL) {
		r->is_crowded = !mono_reached(r->at, meant->busy_until);
		meant->busy_until = t->done_at;
	}
	r->is_posted = true;
	if (!r->is_update)
		ts = new_message(r->peer);
	if (!r->is_reply)
		r->message = ts;
	buf_printf(&t->answer, "{\"ok\":true,\"channel\":\"%s\",\"ts\":\"1700000000.%06llu\"",
	    strrchr(r->peer, '/') + 1, (unsigned long long)ts);
	if (r->is_reply)
		buf_printf(&t->answer, ",\"message\":{\"thread_ts\":\"1700000000.%06llu\"}",
		    (unsigned long long)r->message);
	buf_printf(&t->answer, "}");
}

static void
answer_status(struct transfer *t, struct pause *p, int status, int64_t retry_after_s)
{
	t->res.status = status;
	if (retry_after_s < 0)
		return;
	t->res.retry_after_ms = retry_after_s * 1000;
	if (p == NULL || status != 429)
		return;
	p->told_at = t->done_at;
	p->until = mono_after(t->done_at, retry_after_s * 1000);
}

static void
answer_limited(struct transfer *t, struct fake_request *r, struct pause *p, int64_t limit_ms)
{
	int64_t left_ms = p->last_ok.ms + limit_ms - r->at.ms;

	if (left_ms > 0) {
		answer_status(t, p, 429, (left_ms + 999) / 1000);
		return;
	}
	p->last_ok = r->at;
	answer_ok(t, r);
}

static void
no_answer(struct transfer *t, enum transport how, const char *detail)
{
	t->res.transport = how;
	str_copy(t->res.detail, sizeof(t->res.detail), str_of(detail));
}

static void
answer(struct transfer *t, struct fake_request *r, const struct fake_behaviour *b,
    int64_t timeout_ms)
{
	struct pause *p = pause_of(r->peer);

	t->done_at = mono_after(t->started, b->after_ms);
	switch (b->answer) {
	case FAKE_OK: answer_ok(t, r); break;
	case FAKE_ERROR:
		t->res.status = 200;
		buf_printf(&t->answer, "{\"ok\":false,\"error\":\"%s\"%s,\"padding\":\"%0*d\"}",
		    b->code, strcmp(b->code, "invalid_blocks") == 0 ? complaint : "",
		    b->padding, 0);
		break;
	case FAKE_STATUS: answer_status(t, p, b->status, b->retry_after_s); break;
	case FAKE_HANGS:
		t->done_at = mono_after(t->started, timeout_ms);
		no_answer(t, TRANSPORT_TIMEOUT, "no answer in time");
		break;
	case FAKE_RESETS: no_answer(t, TRANSPORT_BROKEN, "it hung up"); break;
	case FAKE_REFUSES:
		t->done_at = mono_after(t->started, REFUSED_MS);
		no_answer(t, TRANSPORT_NOT_SENT, "could not connect");
		break;
	case FAKE_LIMITS:
		must(p != NULL);
		answer_limited(t, r, p, b->limit_ms);
		break;
	}
	if (b->posts && !r->is_posted && !r->is_reply && !r->is_update)
		r->message = new_message(r->peer);
	r->is_posted = r->is_posted || b->posts;
}

/* --- the courier's side --- */

bool
pool_reserve_files(int slots, struct err *e)
{
	(void)slots, (void)e;
	return true;
}

bool
pool_new(struct pool **out, const struct pool_options *o, struct err *e)
{
	struct pool *d = calloc(1, sizeof(*d));

	(void)e;
	must(d != NULL);
	list_init(&d->free);
	list_init(&d->flying);
	list_init(&d->finished);
	d->timeout_ms = o->request_timeout_ms;
	d->slot_count = o->slots;
	d->slots = calloc((size_t)o->slots, sizeof(*d->slots));
	must(d->slots != NULL);
	for (int i = 0; i < o->slots; i++) {
		d->slots[i].is_free = true;
		list_append(&d->free, &d->slots[i].link);
	}
	world.current = d;
	world.wake = MONO_NEVER;
	*out = d;
	return true;
}

void
pool_set_options(struct pool *d, const struct pool_options *o)
{
	d->timeout_ms = o->request_timeout_ms;
}

void
pool_free(struct pool *d)
{
	if (d == NULL)
		return;
	if (world.current == d)
		world.current = NULL;
	for (int i = 0; i < d->slot_count; i++) {
		secret_free(d->slots[i].req.auth);
		buf_fini(&d->slots[i].req.body);
		buf_fini(&d->slots[i].req.headers);
		buf_fini(&d->slots[i].answer);
	}
	free(d->slots);
	free(d);
}

struct transfer *
pool_slot(struct pool *d)
{
	struct list *first = list_take_first(&d->free);
	struct transfer *t;

	if (first == NULL)
		return NULL;
	t = CONTAINER_OF(first, struct transfer, link);
	t->is_free = false;
	if (t->req.auth == NULL)
		t->req.auth = secret_new(AUTH_MAX);
	return t;
}

struct http_request *
transfer_request(struct transfer *t)
{
	must(!t->is_free);
	return &t->req;
}

static void
fly(struct pool *d, struct transfer *t)
{
	struct list *after = d->flying.prev;

	while (after != &d->flying &&
	       CONTAINER_OF(after, struct transfer, link)->done_at.ms > t->done_at.ms)
		after = after->prev;
	list_prepend(after, &t->link); /* right behind `after` */
	d->in_flight++;
}

void
pool_start(struct pool *d, struct transfer *t, void *tag)
{
	struct fake_request r = read_request(&t->req);
	const struct pause *p = pause_of(r.peer);

	fake_activity++;
	t->tag = tag;
	t->started = r.at;
	t->started_at = clock_wall();
	t->res = (struct http_response){.retry_after_ms = -1};
	buf_clear(&t->answer);
	r.is_early =
	    p != NULL && mono_reached(r.at, p->told_at) && !mono_reached(r.at, p->until);
	answer(t, &r, behaviour_of(&r), d->timeout_ms);
	remember(&r);
	fly(d, t);
	fake_point_reached(FAKE_AFTER_POST);
}

void
pool_turn(struct pool *d, int64_t wait_ms, int wake_fd)
{
	mono_t now = clock_mono();

	(void)wake_fd; /* the player gives everybody a turn */
	world.wake = wait_ms < 0 ? MONO_NEVER : mono_after(now, wait_ms);
	while (!list_is_empty(&d->flying)) {
		struct transfer *t = CONTAINER_OF(d->flying.next, struct transfer, link);

		if (!mono_reached(now, t->done_at))
			return;
		list_remove(&t->link);
		list_append(&d->finished, &t->link);
		fake_activity++;
	}
}

void
pool_give_up(struct pool *d)
{
	struct list *first;

	while ((first = list_take_first(&d->flying)) != NULL) {
		struct transfer *t = CONTAINER_OF(first, struct transfer, link);

		buf_clear(&t->answer);
		t->res = (struct http_response){.retry_after_ms = -1};
		t->done_at = clock_mono();
		no_answer(t, TRANSPORT_TIMEOUT, "no answer in time");
		list_append(&d->finished, &t->link);
		fake_activity++;
	}
}

struct transfer *
pool_finished(struct pool *d, struct http_response *res, void **tag, struct flight *flight)
{
	struct list *first = list_take_first(&d->finished);
	struct transfer *t;

	if (first == NULL)
		return NULL;
	t = CONTAINER_OF(first, struct transfer, link);
	d->in_flight--;
	t->res.body = buf_view(&t->answer);
	*res = t->res;
	*tag = t->tag;
	*flight = (struct flight){t->started_at, t->done_at.ms - t->started.ms};
	return t;
}

void
pool_release(struct pool *d, struct transfer *t)
{
	must(!t->is_free);
	http_request_clear(&t->req);
	t->is_free = true;
	list_prepend(&d->free, &t->link);
}

int
pool_in_flight(const struct pool *d)
{
	return d->in_flight;
}
