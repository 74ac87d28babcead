/* The methods that say something, change it, or take it back. */
#include "api.h"
#include "message.h"

/* A message is refused by the channel's state, and for what it says, before its thread is. */
static bool
may_post(struct call *c)
{
	if (!call_find_channel_named(c))
		return false;
	if (c->channel->is_archived)
		return call_refuse(c, "is_archived");
	if (!c->channel->is_member &&
	    !credential_has_scope(c->caller, STR("chat:write.public")))
		return call_refuse(c, "not_in_channel");
	bool is_reply = call_arg(c, "thread_ts").len > 0;
	const char *refusal = channel_refusal(c->channel, is_reply);
	return !refusal || call_refuse(c, refusal);
}

static bool
content_is_fine(struct call *c)
{
	c->findings = c->content.findings;
	if (c->content.error)
		return call_refuse(c, c->content.error);
	return !c->content.has_video || call_has_scope(c, STR("links.embed:write"));
}

/* Another name or face than the app's own is a privilege. */
static bool
may_pose(struct call *c)
{
	bool poses = call_arg(c, "username").len || call_arg(c, "icon_emoji").len ||
	             call_arg(c, "icon_url").len;
	return !poses || call_has_scope(c, STR("chat:write.customize"));
}

/*
 * A reply to a message that is gone is posted as any other, at top level: the answer says so
 * only by having no thread_ts.
 */
static bool
find_thread(struct call *c)
{
	struct str text = call_arg(c, "thread_ts");
	int64_t ts_us;
	if (text.len == 0)
		return true;
	if (!ts_parse(text, &ts_us))
		return call_refuse_because(c, "invalid_thread_ts",
		    arena_printf(c->arena, "%.*s is not a valid thread_ts",
			(int)str_utf8_cut(text, 80), text.ptr));
	c->parent = posts_find(&c->channel->posts, ts_us);
	if (!c->parent)
		return true;
	const struct entry *e = journal_at(c->sandbox->journal, c->parent->seq);
	if (e && e->thread_ts_us)
		return call_refuse(c, "cannot_reply_to_message");
	c->thread_ts_us = ts_us;
	c->is_broadcast = call_flag(c, "reply_broadcast");
	return true;
}

static bool
is_within_rates(struct call *c)
{
	struct rates *rates = c->sandbox->rates;
	struct str team = arena_printf(c->arena, "%.*s", STR_ARG(c->caller->team->id));
	return (rates_take_message(rates, &c->channel->bucket, c->now_ms, &c->retry_after_s) &&
		   rates_take(rates, TIER_WORKSPACE, team, c->now_ms, &c->retry_after_s)) ||
	       call_refuse(c, "ratelimited");
}

static void
write_done(struct call *c)
{
	const struct content *m = &c->content;
	char ts[TS_TEXT_MAX];
	struct reader reader = {c->sandbox->utc, (wall_t){c->now_ms}};
	struct message message = {.team = c->caller->team,
	    .ts_us = c->ts_us,
	    .thread_ts_us = c->thread_ts_us,
	    .edited_us = c->edited_us,
	    .is_broadcast = c->is_broadcast,
	    .has_payload = true,
	    .text = m->text,
	    .blocks = m->blocks,
	    .attachments = m->attachments,
	    .metadata = m->metadata,
	    .args = c->args};
	jw_kv_string(&c->out, "channel", c->channel->id);
	jw_kv_cstr(&c->out, "ts", ts_text(c->ts_us, ts));
	jw_key(&c->out, "message");
	message_write(&c->out, c->arena, &reader, &message);
	c->is_posted = true;
}

void
method_chat_post(struct call *c)
{
	if (!may_post(c) || !may_pose(c) || !content_is_fine(c) || !find_thread(c) ||
	    !is_within_rates(c))
		return;
	c->ts_us = channel_next_ts(c->channel, c->now_ms);
	write_done(c);
}

/* Finds the message of argument "ts", which must be the caller's own. */
static const struct entry *
find_own(struct call *c, const char *refusal)
{
	struct post *post = NULL;
	if (ts_parse(call_arg(c, "ts"), &c->ts_us))
		post = posts_find(&c->channel->posts, c->ts_us);
	const struct entry *e = post ? journal_at(c->sandbox->journal, post->seq) : NULL;
	c->replaced = post;
	if (!e)
		c->error = "message_not_found";
	else if (e->is_person || e->team != c->caller->team)
		c->error = refusal;
	return c->error ? NULL : e;
}

/* The message as it is before the change, or NULL if it was not kept. */
static const struct json *
body_before(struct call *c)
{
	const struct entry *e = journal_at(c->sandbox->journal, post_seq(c->replaced));
	const struct json *body;
	if (!e || !e->body ||
	    !json_parse(
		c->arena, (struct str){e->body, e->body_len}, CONTENT_DEPTH_MAX, &body, NULL))
		return NULL;
	return body;
}

/* Whoever is not reading blocks sees that a message was edited. */
static int64_t
edited_at(const struct call *c)
{
	bool has_blocks = c->content.blocks && c->content.blocks->count;
	return has_blocks ? 0 : c->now_ms / 1000 * 1000000;
}

void
method_chat_update(struct call *c)
{
	if (!call_find_channel(c))
		return;
	if (c->channel->is_archived || (c->channel->states & STATE_FROZEN)) {
		c->error = "is_inactive";
		return;
	}
	if (c->channel->refusal[0] || (c->channel->states & STATE_EKM)) {
		c->error = channel_refusal(c->channel, false);
		return;
	}
	const struct entry *posted = find_own(c, "cant_update_message");
	if (!posted || !content_is_fine(c))
		return;
	content_merge(&c->content, body_before(c));
	if (c->content.error) {
		c->error = c->content.error;
		return;
	}
	content_seal(&c->content, c->arena, c->sandbox->key_marker);
	c->thread_ts_us = posted->thread_ts_us;
	c->is_broadcast = posted->is_broadcast;
	c->edited_us = edited_at(c);
	write_done(c);
	jw_kv_string(&c->out, "text", c->content.text);
}

void
method_chat_delete(struct call *c)
{
	char ts[TS_TEXT_MAX];
	if (!call_find_channel(c))
		return;
	const struct entry *posted = find_own(c, "cant_delete_message");
	if (!posted)
		return;
	c->deleted = c->replaced;
	c->replaced = NULL;
	if (posted->thread_ts_us)
		c->parent = posts_find(&c->channel->posts, posted->thread_ts_us);
	jw_kv_string(&c->out, "channel", c->channel->id);
	jw_kv_cstr(&c->out, "ts", ts_text(c->ts_us, ts));
}

void
method_chat_permalink(struct call *c)
{
	int64_t ts_us;
	if (!call_find_channel(c))
		return;
	if (!ts_parse(call_arg(c, "message_ts"), &ts_us) ||
	    !posts_find(&c->channel->posts, ts_us)) {
		c->error = "message_not_found";
		return;
	}
	jw_kv_string(&c->out, "channel", c->channel->id);
	jw_kv_string(&c->out, "permalink",
	    arena_printf(c->arena, "https://%.*s.slack.com/archives/%.*s/p%lld",
		STR_ARG(c->channel->team->id), STR_ARG(c->channel->id), (long long)ts_us));
}
