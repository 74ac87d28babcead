/* The methods that read what was said. */
#include "api.h"
#include "message.h"

enum { HISTORY_LIMIT = 100, HISTORY_MOST = 999, REPLIES_LIMIT = 1000 };

/* What is asked for: messages within two times, so many of them, from the cursor on. */
struct span {
	int64_t oldest_us, latest_us; /* both may be in it */
	size_t limit;
	bool has_payload;
};

/* "1712345678" or "1712345678.0001" */
static bool
read_time(struct str s, int64_t *us)
{
	const char *dot = s.len ? memchr(s.ptr, '.', s.len) : NULL;
	size_t whole = dot ? (size_t)(dot - s.ptr) : s.len;
	size_t fraction = dot ? s.len - whole - 1 : 0;
	int64_t n = 0;
	if (whole == 0 || whole > 12 || fraction > 6)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (i == whole)
			continue;
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
		n = n * 10 + (s.ptr[i] - '0');
	}
	for (size_t i = fraction; i < 6; i++)
		n *= 10;
	*us = n;
	return true;
}

/* A bound that is not included moves by the smallest step. */
static bool
read_bound(struct call *c, const char *name, int64_t step, int64_t *bound, const char *refusal)
{
	struct str s = call_arg(c, name);
	if (s.len == 0)
		return true;
	if (!read_time(s, bound))
		return call_refuse(c, refusal);
	*bound += call_flag(c, "inclusive") ? 0 : step;
	return true;
}

/* A cursor is where to go on: "sandbox:1712345678000100". */
static bool
read_cursor(struct call *c, int64_t *bound)
{
	struct str cursor = call_arg(c, "cursor"), prefix = STR("sandbox:");
	if (cursor.len == 0)
		return true;
	if (!str_starts_with(cursor, prefix) || cursor.len - prefix.len > 18)
		return call_refuse(c, "invalid_cursor");
	int64_t n = 0;
	for (size_t i = prefix.len; i < cursor.len; i++) {
		if (cursor.ptr[i] < '0' || cursor.ptr[i] > '9')
			return call_refuse(c, "invalid_cursor");
		n = n * 10 + (cursor.ptr[i] - '0');
	}
	*bound = n;
	return true;
}

static bool
read_span(struct call *c, struct span *span, size_t otherwise, size_t most)
{
	int page = c->sandbox->history_page;
	span->oldest_us = 0;
	span->latest_us = (c->now_ms - c->sandbox->history_lag_ms) * 1000;
	int64_t latest = INT64_MAX;
	if (!call_number(c, "limit", otherwise, most, &span->limit))
		return call_refuse(c, "invalid_limit");
	if (!read_bound(c, "oldest", 1, &span->oldest_us, "invalid_ts_oldest") ||
	    !read_bound(c, "latest", -1, &latest, "invalid_ts_latest"))
		return false;
	if (latest < span->latest_us)
		span->latest_us = latest;
	if (page && span->limit > (size_t)page)
		span->limit = (size_t)page;
	span->has_payload = call_flag(c, "include_all_metadata");
	return true;
}

static bool
may_read(struct call *c)
{
	if (!call_find_channel(c))
		return false;
	if (!call_has_scope(
		c, c->channel->is_private ? STR("groups:history") : STR("channels:history")))
		return false;
	if (c->channel->states & STATE_LIMITED)
		return call_refuse(c, "channel_is_limited_access");
	return c->channel->is_member || call_refuse(c, "not_in_channel");
}

static const struct entry *
entry_of(const struct call *c, const struct post *post)
{
	return journal_at(c->sandbox->journal, post->seq);
}

static void
read_body(struct call *c, const struct post *post, struct message *m)
{
	const struct entry *e = journal_at(c->sandbox->journal, post_seq(post));
	const struct json *body;
	if (!e || !e->body ||
	    !json_parse(
		c->arena, (struct str){e->body, e->body_len}, CONTENT_DEPTH_MAX, &body, NULL))
		return;
	m->text = json_string(body, STR("text"));
	m->blocks = json_get(body, STR("blocks"));
	m->attachments = json_get(body, STR("attachments"));
	m->metadata = json_get(body, STR("metadata"));
	m->args = json_get(body, STR("args"));
}

static void
write_post(struct call *c, const struct post *post, const struct span *span)
{
	const struct entry *e = entry_of(c, post);
	struct reader reader = {c->sandbox->utc, (wall_t){c->now_ms}};
	struct message m = {.team = c->channel->team,
	    .ts_us = post->ts_us,
	    .thread_ts_us = e ? e->thread_ts_us : 0,
	    .is_broadcast = e && e->is_broadcast,
	    .is_person = e && e->is_person,
	    .has_payload = span->has_payload};
	if (post->later) {
		m.edited_us = post->later->edited_us;
		m.replies = post->later->replies;
		m.latest_reply_us = post->later->latest_reply_us;
		m.is_deleted = post->later->is_deleted;
	}
	read_body(c, post, &m);
	message_write(&c->out, c->arena, &reader, &m);
}

/* A reply is told of by its thread, unless the channel was to see it too. */
static bool
is_in_channel(const struct call *c, const struct post *post)
{
	const struct entry *e = entry_of(c, post);
	return post_is_shown(post) && e && (!e->thread_ts_us || e->is_broadcast);
}

static void
end_page(struct call *c, const struct post *next)
{
	jw_kv_bool(&c->out, "has_more", next != NULL);
	c->has_cursor = next != NULL;
	if (next)
		c->next_cursor = arena_printf(c->arena, "sandbox:%lld", (long long)next->ts_us);
}

/* The newest first. */
void
method_conversations_history(struct call *c)
{
	struct span span;
	const struct post *next = NULL;
	if (!may_read(c) || !read_span(c, &span, HISTORY_LIMIT, HISTORY_MOST) ||
	    !read_cursor(c, &span.latest_us))
		return;
	const struct posts *posts = &c->channel->posts;
	jw_key(&c->out, "messages");
	jw_array(&c->out);
	for (size_t i = posts_from(posts, span.latest_us + 1); i-- > 0 && !next;) {
		const struct post *post = &posts->list[i];
		if (post->ts_us < span.oldest_us)
			break;
		if (!is_in_channel(c, post))
			continue;
		if (span.limit-- == 0)
			next = post;
		else
			write_post(c, post, &span);
	}
	jw_array_end(&c->out);
	jw_kv_int(&c->out, "pin_count", 0);
	end_page(c, next);
}

/* The message that began the thread of `post`, which may be itself. */
static const struct post *
parent_of(const struct call *c, const struct post *post)
{
	const struct posts *posts = &c->channel->posts;
	const struct entry *e = entry_of(c, post);
	size_t i = e && e->thread_ts_us ? posts_from(posts, e->thread_ts_us) : posts->count;
	return i < posts->count ? &posts->list[i] : post;
}

static const struct post *
find_thread(struct call *c)
{
	int64_t ts_us;
	const struct posts *posts = &c->channel->posts;
	size_t i =
	    ts_parse(call_arg(c, "ts"), &ts_us) ? posts_from(posts, ts_us) : posts->count;
	if (i < posts->count && posts->list[i].ts_us == ts_us && post_is_shown(&posts->list[i]))
		return parent_of(c, &posts->list[i]);
	c->error = "thread_not_found";
	return NULL;
}

static bool
is_in_thread(const struct call *c, const struct post *post, const struct post *parent)
{
	const struct entry *e = entry_of(c, post);
	return post == parent || (e && e->thread_ts_us == parent->ts_us && post_is_shown(post));
}

/* The message that began it, then the replies, the oldest first. */
void
method_conversations_replies(struct call *c)
{
	struct span span;
	const struct post *next = NULL;
	if (!may_read(c) || !read_span(c, &span, REPLIES_LIMIT, REPLIES_LIMIT) ||
	    !read_cursor(c, &span.oldest_us))
		return;
	const struct post *parent = find_thread(c);
	if (!parent)
		return;
	const struct posts *posts = &c->channel->posts;
	jw_key(&c->out, "messages");
	jw_array(&c->out);
	for (size_t i = (size_t)(parent - posts->list); i < posts->count && !next; i++) {
		const struct post *post = &posts->list[i];
		bool is_due = post == parent ? !call_arg(c, "cursor").len
		                             : post->ts_us >= span.oldest_us &&
		                                   post->ts_us <= span.latest_us;
		if (!is_due || !is_in_thread(c, post, parent))
			continue;
		if (span.limit-- == 0)
			next = post;
		else
			write_post(c, post, &span);
	}
	jw_array_end(&c->out);
	end_page(c, next);
}
