/* What the control interface tells of messages: what was asked, and what a person now sees. */
#include "control.h"

#include "carillon/base/clock.h"
#include "content.h"
#include "mentions.h"
#include "view.h"

enum {
	JOURNAL_LIMIT = 100,
	JOURNAL_LIMIT_MOST = 10000,
	MESSAGES_LIMIT = 100,
};

/* Who asks: the zone is that of ?zone=, else UTC. */
static struct reader
reader_of(const struct control *c)
{
	struct str name = json_string(c->request->query, STR("zone"));
	const struct zone *zone = name.len ? zone_shared(name, NULL) : NULL;
	return (struct reader){zone ? zone : c->sandbox->utc, clock_wall()};
}

static const struct json *
body_of(struct control *c, const struct entry *e)
{
	const struct json *body;
	if (!e || !e->body ||
	    !json_parse(c->request->arena, (struct str){e->body, e->body_len},
		CONTENT_DEPTH_MAX, &body, NULL))
		return NULL;
	return body;
}

static void
write_body(struct control *c, const struct json *body)
{
	JSON_EACH (member, body) {
		jw_keyn(&c->out, member->key);
		jw_value(&c->out, member);
	}
}

/* What is read on the screen and in the notification. */
static void
write_look(struct control *c, const struct json *body)
{
	struct json_writer *w = &c->out;
	struct arena *a = c->request->arena;
	struct reader reader = reader_of(c);
	struct node *view = view_message(a, &reader, body);
	struct notice notice = view_notice(a, &reader, body);
	jw_kv_string(w, "shown", view_read(a, view));
	jw_key(w, "notification");
	jw_object(w);
	jw_kv_string(w, "desktop", notice.desktop);
	jw_kv_string(w, "mobile", notice.mobile);
	jw_object_end(w);
	if (json_string(c->request->query, STR("view")).len) {
		jw_key(w, "view");
		node_write(w, view);
	}
}

static void
write_time(struct json_writer *w, const char *name, int64_t ts_us)
{
	char ts[TS_TEXT_MAX];
	if (ts_us)
		jw_kv_cstr(w, name, ts_text(ts_us, ts));
}

static void
write_facts(struct control *c, const struct entry *e)
{
	struct json_writer *w = &c->out;
	jw_kv_int(w, "seq", (int64_t)e->seq);
	if (e->team)
		jw_kv_string(w, "team", e->team->id);
	if (e->channel)
		jw_kv_string(w, "channel", e->channel->id);
	write_time(w, "ts", e->ts_us);
	write_time(w, "thread_ts", e->thread_ts_us);
	if (e->key)
		jw_kv_cstr(w, "key", e->key);
	jw_key(w, "mentions");
	mentions_write(w, e->mentions);
}

/* --- the journal --- */

static void
write_entry(struct control *c, const struct entry *e)
{
	struct json_writer *w = &c->out;
	const struct json *body = body_of(c, e);
	char hash[20];
	(void)snprintf(hash, sizeof hash, "%016llx", (unsigned long long)e->body_hash);
	jw_object(w);
	write_facts(c, e);
	jw_kv_int(w, "time_ms", e->at_ms);
	jw_kv_cstr(w, "method", e->method);
	jw_kv_int(w, "status", e->status);
	if (e->error)
		jw_kv_cstr(w, "error", e->error);
	jw_kv_bool(w, "posted", e->is_posted);
	jw_kv_cstr(w, "body_hash", hash);
	if (body)
		write_body(c, body);
	if (body && e->is_posted)
		write_look(c, body);
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
	uint64_t seq = control_argument(c, "since", 0) + 1;
	while (
	    seq <= journal_last(c->sandbox->journal) && !journal_at(c->sandbox->journal, seq))
		seq++;
	return seq;
}

void
control_journal(struct control *c)
{
	struct str channel = json_string(c->request->query, STR("channel"));
	uint64_t left = control_argument(c, "limit", JOURNAL_LIMIT), last = first_kept(c) - 1;
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

void
control_journal_text(struct control *c)
{
	struct str channel = json_string(c->request->query, STR("channel"));
	const struct entry *e;
	buf_clear(&c->reply->body);
	c->reply->content_type = "text/plain; charset=utf-8";
	for (uint64_t seq = first_kept(c); (e = journal_at(c->sandbox->journal, seq)); seq++)
		if (e->is_posted && is_in_channel(e, channel))
			journal_line(&c->reply->body, e);
}

void
control_journal_clear(struct control *c)
{
	world_clear_posts(c->sandbox->world);
	journal_clear(c->sandbox->journal);
}

/* --- the messages --- */

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
write_later(struct json_writer *w, const struct later *later)
{
	jw_kv_bool(w, "edited", later && later->edited_us);
	jw_kv_bool(w, "deleted", later && later->is_deleted);
	jw_kv_int(w, "replies", later ? later->replies : 0);
	if (later)
		write_time(w, "latest_reply", later->latest_reply_us);
}

static void
write_message(struct control *c, const struct post *post, const struct entry *posted)
{
	struct json_writer *w = &c->out;
	const struct entry *now = journal_at(c->sandbox->journal, post_seq(post));
	const struct json *body = body_of(c, now);
	bool is_deleted = post->later && post->later->is_deleted;
	jw_object(w);
	write_facts(c, now ? now : posted);
	jw_kv_int(w, "time_ms", posted->at_ms);
	write_later(w, post->later);
	jw_kv_bool(w, "broadcast", posted->is_broadcast);
	jw_kv_bool(w, "person", posted->is_person);
	if (is_deleted) {
		jw_kv_cstr(w, "shown", "This message was deleted.");
	} else if (body) {
		write_body(c, body);
		write_look(c, body);
	}
	jw_object_end(w);
}

/* The place of the first of the newest `limit` messages. */
static size_t
newest(const struct posts *posts, uint64_t limit)
{
	size_t from = posts->count;
	while (from > 0 && limit > 0)
		limit -= post_is_shown(&posts->list[--from]) ? 1 : 0;
	return from;
}

void
control_messages(struct control *c)
{
	const struct channel *channel = channel_asked(c);
	if (!channel) {
		reply_refuse(
		    c->reply, 404, "no such channel: give ?channel=C... and perhaps team");
		return;
	}
	const struct posts *posts = &channel->posts;
	uint64_t since = control_argument(c, "since", 0);
	jw_key(&c->out, "messages");
	jw_array(&c->out);
	for (size_t i = newest(posts, control_argument(c, "limit", MESSAGES_LIMIT));
	     i < posts->count; i++) {
		const struct post *post = &posts->list[i];
		const struct entry *e = journal_at(c->sandbox->journal, post->seq);
		if (e && post_is_shown(post) && post_seq(post) > since)
			write_message(c, post, e);
	}
	jw_array_end(&c->out);
	jw_kv_int(&c->out, "count", (int64_t)posts->shown);
	jw_kv_int(&c->out, "changed", (int64_t)posts->changed_seq);
}
