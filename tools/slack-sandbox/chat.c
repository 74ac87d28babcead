/* The methods that say something, and those about the caller itself. */
#include "api.h"

void
method_api_test(struct call *c)
{
	struct str error = call_arg(c, "error");
	if (error.len)
		c->error = arena_cstr(c->arena, error);
	jw_key(&c->out, "args");
	jw_object(&c->out);
	JSON_EACH (arg, c->args) {
		if (str_eq(arg->key, STR("token")))
			continue;
		jw_keyn(&c->out, arg->key);
		jw_value(&c->out, arg);
	}
	jw_object_end(&c->out);
}

void
method_auth_test(struct call *c)
{
	const struct team *t = c->caller->team;
	struct json_writer *w = &c->out;
	jw_key(w, "url");
	jw_string(w, arena_printf(c->arena, "https://%.*s.slack.com/", STR_ARG(t->id)));
	jw_kv_string(w, "team", t->name);
	jw_kv_cstr(w, "user", "carillon");
	jw_kv_string(w, "team_id", t->id);
	jw_kv_string(w, "user_id", t->user_id);
	jw_kv_string(w, "bot_id", t->bot_id);
	jw_kv_bool(w, "is_enterprise_install", false);
}

void
method_auth_revoke(struct call *c)
{
	bool is_trial = call_flag(c, "test");
	jw_kv_bool(&c->out, "revoked", !is_trial);
	if (!is_trial)
		c->caller->standing = STANDING_REVOKED;
}

static bool
may_post(struct call *c)
{
	if (!call_find_channel(c))
		return false;
	if (c->channel->is_archived)
		return call_refuse(c, "is_archived");
	if (!c->channel->is_member &&
	    !credential_has_scope(c->caller, STR("chat:write.public")))
		return call_refuse(c, "not_in_channel");
	return true;
}

static bool
content_is_fine(struct call *c)
{
	c->findings = c->content.findings;
	return !c->content.error || call_refuse(c, c->content.error);
}

static bool
find_thread(struct call *c)
{
	struct str text = call_arg(c, "thread_ts");
	if (text.len == 0)
		return true;
	if (!ts_parse(text, &c->thread_ts_us))
		return call_refuse(c, "invalid_thread_ts");
	const struct post *parent = channel_post(c->channel, c->thread_ts_us);
	if (!parent)
		return call_refuse(c, "thread_not_found");
	const struct entry *e = journal_at(c->sandbox->journal, parent->seq);
	return !e || !e->thread_ts_us || call_refuse(c, "cannot_reply_to_message");
}

/* Slack gives each block without a block_id one of its own. */
static void
write_blocks(struct json_writer *w, const struct json *blocks, int64_t ts_us)
{
	int index = 0;
	jw_key(w, "blocks");
	jw_array(w);
	JSON_EACH (block, blocks) {
		char id[32];
		jw_object(w);
		JSON_EACH (member, block) {
			jw_keyn(w, member->key);
			jw_value(w, member);
		}
		(void)snprintf(id, sizeof id, "b%llx%d", (unsigned long long)ts_us, index++);
		if (!json_get(block, STR("block_id")))
			jw_kv_cstr(w, "block_id", id);
		jw_object_end(w);
	}
	jw_array_end(w);
}

static void
write_message(struct call *c)
{
	struct json_writer *w = &c->out;
	const struct content *m = &c->content;
	char ts[TS_TEXT_MAX];
	jw_key(w, "message");
	jw_object(w);
	jw_kv_cstr(w, "type", "message");
	jw_kv_cstr(w, "subtype", "bot_message");
	jw_kv_string(
	    w, "text", m->text.len ? m->text : STR("This content can't be displayed."));
	jw_kv_cstr(w, "ts", ts_text(c->ts_us, ts));
	jw_kv_cstr(w, "username", "carillon");
	jw_kv_string(w, "bot_id", c->caller->team->bot_id);
	jw_kv_string(w, "team", c->caller->team->id);
	if (c->thread_ts_us)
		jw_kv_cstr(w, "thread_ts", ts_text(c->thread_ts_us, ts));
	if (m->blocks && m->blocks->count)
		write_blocks(w, m->blocks, c->ts_us);
	if (m->attachments) {
		jw_key(w, "attachments");
		jw_value(w, m->attachments);
	}
	if (m->metadata) {
		jw_key(w, "metadata");
		jw_value(w, m->metadata);
	}
	jw_object_end(w);
}

static void
write_posted(struct call *c)
{
	char ts[TS_TEXT_MAX];
	jw_kv_string(&c->out, "channel", c->channel->id);
	jw_kv_cstr(&c->out, "ts", ts_text(c->ts_us, ts));
	write_message(c);
	c->is_posted = true;
}

void
method_chat_post(struct call *c)
{
	if (!may_post(c) || !content_is_fine(c) || !find_thread(c))
		return;
	if (!channel_admit(c->sandbox->world, c->channel, c->now_ms, &c->retry_after_s)) {
		c->error = "ratelimited";
		return;
	}
	c->ts_us = channel_next_ts(c->channel, c->now_ms);
	write_posted(c);
}

void
method_chat_update(struct call *c)
{
	if (!call_find_channel(c))
		return;
	const struct post *post = NULL;
	if (ts_parse(call_arg(c, "ts"), &c->ts_us))
		post = channel_post(c->channel, c->ts_us);
	c->replaced = post ? journal_at(c->sandbox->journal, post->seq) : NULL;
	if (!c->replaced) {
		c->error = "message_not_found";
		return;
	}
	if (c->replaced->team != c->caller->team) {
		c->error = "cant_update_message";
		return;
	}
	if (!content_is_fine(c))
		return;
	c->thread_ts_us = c->replaced->thread_ts_us;
	write_posted(c);
	jw_kv_string(&c->out, "text", c->content.text);
}
