/* The control interface: what tests ask of the sandbox, and what the page shows. */
#include <ctype.h>

#include "constant.h"
#include "http.h"
#include "mentions.h"
#include "sandbox.h"
#include "world_control.h"

enum {
	JOURNAL_LIMIT = 100,
	JOURNAL_LIMIT_MOST = 10000,
	MESSAGES_LIMIT = 100,
};

struct control {
	struct sandbox *sandbox;
	struct request *request;
	struct reply *reply;
	struct str rest; /* of the path, after the route's */
	struct json_writer out;
};

static uint64_t
argument(const struct control *c, const char *name, uint64_t otherwise)
{
	struct str s = json_string(c->request->query, str_of(name));
	uint64_t n = 0;
	if (s.len == 0 || s.len > 18)
		return otherwise;
	for (size_t i = 0; i < s.len; i++) {
		if (!isdigit((unsigned char)s.ptr[i]))
			return otherwise;
		n = n * 10 + (uint64_t)(s.ptr[i] - '0');
	}
	return n;
}

/* The members of the kept body: text, blocks, attachments, metadata. */
static void
write_body(struct control *c, const struct entry *e)
{
	const struct json *body;
	if (!e->body || !json_parse(c->request->arena, (struct str){e->body, e->body_len},
			    JSON_DEPTH_MAX, &body, NULL))
		return;
	JSON_EACH (member, body) {
		jw_keyn(&c->out, member->key);
		jw_value(&c->out, member);
	}
}

static void
write_facts(struct control *c, const struct entry *e)
{
	struct json_writer *w = &c->out;
	char ts[TS_TEXT_MAX];
	jw_kv_int(w, "seq", (int64_t)e->seq);
	jw_kv_int(w, "time_ms", e->at_ms);
	if (e->team)
		jw_kv_string(w, "team", e->team->id);
	if (e->channel)
		jw_kv_string(w, "channel", e->channel->id);
	if (e->ts_us)
		jw_kv_cstr(w, "ts", ts_text(e->ts_us, ts));
	if (e->thread_ts_us)
		jw_kv_cstr(w, "thread_ts", ts_text(e->thread_ts_us, ts));
	if (e->key)
		jw_kv_cstr(w, "key", e->key);
	jw_key(w, "mentions");
	mentions_write(w, e->mentions);
}

static void
write_entry(struct control *c, const struct entry *e)
{
	struct json_writer *w = &c->out;
	char hash[20];
	(void)snprintf(hash, sizeof hash, "%016llx", (unsigned long long)e->body_hash);
	jw_object(w);
	write_facts(c, e);
	jw_kv_cstr(w, "method", e->method);
	jw_kv_int(w, "status", e->status);
	if (e->error)
		jw_kv_cstr(w, "error", e->error);
	jw_kv_bool(w, "posted", e->is_posted);
	jw_kv_cstr(w, "body_hash", hash);
	write_body(c, e);
	jw_object_end(w);
}

static bool
is_in_channel(const struct entry *e, struct str channel)
{
	return channel.len == 0 || (e->channel && str_eq(e->channel->id, channel));
}

static uint64_t
first_kept(const struct control *c)
{
	uint64_t seq = argument(c, "since", 0) + 1;
	while (
	    seq <= journal_last(c->sandbox->journal) && !journal_at(c->sandbox->journal, seq))
		seq++;
	return seq;
}

static void
journal_get(struct control *c)
{
	struct str channel = json_string(c->request->query, STR("channel"));
	uint64_t left = argument(c, "limit", JOURNAL_LIMIT), last = first_kept(c) - 1;
	if (left > JOURNAL_LIMIT_MOST)
		left = JOURNAL_LIMIT_MOST;
	jw_key(&c->out, "entries");
	jw_array(&c->out);
	const struct entry *e;
	for (; left && (e = journal_at(c->sandbox->journal, last + 1)); last++) {
		if (!is_in_channel(e, channel))
			continue;
		write_entry(c, e);
		left--;
	}
	jw_array_end(&c->out);
	jw_kv_int(&c->out, "next", (int64_t)last);
	jw_kv_int(&c->out, "last", (int64_t)journal_last(c->sandbox->journal));
}

static void
journal_text(struct control *c)
{
	struct str channel = json_string(c->request->query, STR("channel"));
	const struct entry *e;
	buf_clear(&c->reply->body);
	c->reply->content_type = "text/plain; charset=utf-8";
	for (uint64_t seq = first_kept(c); (e = journal_at(c->sandbox->journal, seq)); seq++)
		if (e->is_posted && is_in_channel(e, channel))
			journal_line(&c->reply->body, e);
}

static void
journal_delete(struct control *c)
{
	world_clear_posts(c->sandbox->world);
	journal_clear(c->sandbox->journal);
}

static const struct channel *
channel_asked(const struct control *c)
{
	struct str id = json_string(c->request->query, STR("channel"));
	struct str team = json_string(c->request->query, STR("team"));
	const struct channel *channel;
	for (size_t i = 0; (channel = world_channel_at(c->sandbox->world, i)); i++)
		if (str_eq(channel->id, id) &&
		    (team.len == 0 || str_eq(channel->team->id, team)))
			return channel;
	return NULL;
}

static void
write_message(struct control *c, const struct entry *e)
{
	const struct entry *shown = e;
	if (e->replaced_by)
		shown = journal_at(c->sandbox->journal, e->replaced_by);
	jw_object(&c->out);
	write_facts(c, shown);
	jw_kv_bool(&c->out, "edited", shown != e);
	write_body(c, shown);
	jw_object_end(&c->out);
}

static void
messages_get(struct control *c)
{
	const struct channel *channel = channel_asked(c);
	if (!channel) {
		reply_refuse(
		    c->reply, 404, "no such channel: give ?channel=C... and perhaps team");
		return;
	}
	uint64_t limit = argument(c, "limit", MESSAGES_LIMIT), since = argument(c, "since", 0);
	size_t count = channel->post_count;
	size_t from = count > limit ? count - (size_t)limit : 0;
	jw_key(&c->out, "messages");
	jw_array(&c->out);
	for (size_t i = from; i < count; i++) {
		const struct entry *e = journal_at(c->sandbox->journal, channel->posts[i].seq);
		if (e && (e->seq > since || e->replaced_by > since))
			write_message(c, e);
	}
	jw_array_end(&c->out);
	jw_kv_int(&c->out, "count", (int64_t)count);
	jw_kv_int(&c->out, "changed", (int64_t)channel->changed_seq);
}

static void
stats_get(struct control *c)
{
	struct sandbox *s = c->sandbox;
	jw_kv_int(&c->out, "requests", (int64_t)atomic_load(&s->requests));
	jw_kv_int(&c->out, "posted", (int64_t)atomic_load(&s->posted));
	jw_kv_int(&c->out, "last", (int64_t)journal_last(s->journal));
	jw_key(&c->out, "channels");
	jw_array(&c->out);
	const struct channel *channel;
	for (size_t i = 0; (channel = world_channel_at(s->world, i)); i++) {
		jw_object(&c->out);
		jw_kv_string(&c->out, "team", channel->team->id);
		jw_kv_string(&c->out, "id", channel->id);
		jw_kv_int(&c->out, "posted", (int64_t)channel->posted);
		jw_object_end(&c->out);
	}
	jw_array_end(&c->out);
}

static void
faults_get(struct control *c)
{
	jw_key(&c->out, "faults");
	faults_write(c->sandbox->faults, &c->out);
}

static void
faults_post(struct control *c)
{
	const struct json *spec;
	struct err e = {0};
	uint64_t id = 0;
	if (!json_parse(
		c->request->arena, buf_view(&c->request->body), JSON_DEPTH_MAX, &spec, &e) ||
	    !faults_add(c->sandbox->faults, spec, &id, &e)) {
		reply_refuse(c->reply, 400, arena_cstr(c->request->arena, str_of(e.text)));
		return;
	}
	jw_kv_int(&c->out, "id", (int64_t)id);
}

static void
faults_delete(struct control *c)
{
	uint64_t id = 0;
	for (size_t i = 1; i < c->rest.len && isdigit((unsigned char)c->rest.ptr[i]); i++)
		id = id * 10 + (uint64_t)(c->rest.ptr[i] - '0');
	if (c->rest.len && id == 0) {
		reply_refuse(c->reply, 404, "no such fault");
		return;
	}
	jw_kv_int(&c->out, "removed", faults_remove(c->sandbox->faults, id));
}

static void
world_get(struct control *c)
{
	world_control_write(c->sandbox, &c->out);
}

static void
world_post(struct control *c)
{
	const struct json *change;
	struct err e = {0};
	if (!json_parse(
		c->request->arena, buf_view(&c->request->body), JSON_DEPTH_MAX, &change, &e) ||
	    !world_control_apply(c->sandbox, change, &e))
		reply_refuse(c->reply, 400, arena_cstr(c->request->arena, str_of(e.text)));
}

static const struct {
	struct str verb, path;
	void (*handle)(struct control *c);
} routes[] = {
    {CONSTANT_STR("GET"), CONSTANT_STR("journal"), journal_get},
    {CONSTANT_STR("DELETE"), CONSTANT_STR("journal"), journal_delete},
    {CONSTANT_STR("GET"), CONSTANT_STR("journal.txt"), journal_text},
    {CONSTANT_STR("GET"), CONSTANT_STR("messages"), messages_get},
    {CONSTANT_STR("GET"), CONSTANT_STR("stats"), stats_get},
    {CONSTANT_STR("GET"), CONSTANT_STR("faults"), faults_get},
    {CONSTANT_STR("POST"), CONSTANT_STR("faults"), faults_post},
    {CONSTANT_STR("DELETE"), CONSTANT_STR("faults"), faults_delete},
    {CONSTANT_STR("GET"), CONSTANT_STR("world"), world_get},
    {CONSTANT_STR("POST"), CONSTANT_STR("world"), world_post},
};

static bool
route_fits(struct str route, struct str path)
{
	return str_starts_with(path, route) &&
	       (path.len == route.len || path.ptr[route.len] == '/');
}

static void
route_run(struct control *c, size_t i)
{
	jw_init(&c->out, &c->reply->body);
	c->reply->status = 200;
	c->reply->content_type = "application/json; charset=utf-8";
	reply_header(c->reply, "cache-control", STR("no-store"));
	jw_object(&c->out);
	jw_kv_bool(&c->out, "ok", true);
	(void)pthread_mutex_lock(&c->sandbox->lock);
	routes[i].handle(c);
	(void)pthread_mutex_unlock(&c->sandbox->lock);
	/* An error or plain text has replaced the object. */
	if (c->reply->status == 200 && c->reply->content_type[0] == 'a')
		jw_object_end(&c->out);
}

void
control_handle(struct sandbox *s, struct request *q, struct reply *r, struct str path)
{
	for (size_t i = 0; i < COUNT_OF(routes); i++) {
		if (!str_eq(routes[i].verb, q->verb) || !route_fits(routes[i].path, path))
			continue;
		struct control c = {.sandbox = s, .request = q, .reply = r};
		c.rest =
		    (struct str){path.ptr + routes[i].path.len, path.len - routes[i].path.len};
		route_run(&c, i);
		return;
	}
	reply_refuse(r, 404, "no such control: README.md lists them");
}
