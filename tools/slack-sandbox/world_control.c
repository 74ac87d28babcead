#include "world_control.h"

#include "app_control.h"
#include "constant.h"
#include "carillon/base/clock.h"
#include "events.h"
#include "sandbox.h"

/* What a change speaks of: later members build on earlier ones. */
struct change {
	struct sandbox *sandbox;
	const struct json *whole;
	struct team *team;
};

static void
write_states(struct json_writer *w, const struct channel *c)
{
	const char *name, *member;
	jw_key(w, "states");
	jw_array(w);
	for (size_t i = 0; channel_state_at(i, &name, &member); i++)
		if (c->states & (1U << i))
			jw_cstr(w, name);
	jw_array_end(w);
	if (c->refusal[0])
		jw_kv_cstr(w, "refuses", c->refusal);
}

static void
write_channels(struct sandbox *s, struct json_writer *w, const struct team *t)
{
	const struct channel *c;
	jw_key(w, "channels");
	jw_array(w);
	for (size_t i = 0; (c = world_channel_at(s->world, i)); i++) {
		if (c->team != t)
			continue;
		jw_object(w);
		jw_kv_string(w, "id", c->id);
		jw_kv_string(w, "name", c->name);
		jw_kv_bool(w, "private", c->is_private);
		jw_kv_bool(w, "archived", c->is_archived);
		jw_kv_bool(w, "member", c->is_member);
		write_states(w, c);
		jw_kv_int(w, "count", (int64_t)c->posts.shown);
		jw_kv_int(w, "changed", (int64_t)c->posts.changed_seq);
		jw_object_end(w);
	}
	jw_array_end(w);
}

void
world_control_write(struct sandbox *s, struct json_writer *w)
{
	const struct team *t;
	jw_key(w, "teams");
	jw_array(w);
	for (size_t i = 0; (t = world_team_at(s->world, i)); i++) {
		jw_object(w);
		jw_kv_string(w, "id", t->id);
		jw_kv_string(w, "name", t->name);
		write_channels(s, w, t);
		jw_object_end(w);
	}
	jw_array_end(w);
	jw_kv_int(w, "last", (int64_t)journal_last(s->journal));
}

static bool
put_team(struct change *c, const struct json *v, struct err *e)
{
	struct str id = v->kind == JSON_OBJECT ? json_string(v, STR("id")) : v->text;
	if (id.len == 0 || id.len > 64)
		return fail(e, ERR_INPUT, "team: write an id of 1 to 64 bytes");
	c->team = world_put_team(c->sandbox->world, id, json_string(v, STR("name")));
	return true;
}

static bool
put_token(struct change *c, const struct json *v, struct err *e)
{
	if (v->kind != JSON_STRING || v->text.len == 0)
		return fail(e, ERR_INPUT, "token: write a string");
	const struct json *scopes = json_get(c->whole, STR("scopes"));
	(void)world_put_token(
	    c->sandbox->world, c->team, v->text, scopes ? scopes->text : world_default_scopes);
	return true;
}

static bool
put_scopes(struct change *c, const struct json *v, struct err *e)
{
	if (v->kind != JSON_STRING || !json_get(c->whole, STR("token")))
		return fail(e, ERR_INPUT, "scopes: write \"a,b\", and the token they are for");
	return true;
}

static void
set_flag(const struct json *v, const char *name, bool *flag)
{
	const struct json *member = json_get(v, str_of(name));
	if (member)
		*flag = member->kind == JSON_TRUE;
}

/* All that it is: a state that is not named is over. */
static bool
set_states(struct channel *channel, const struct json *states, struct err *e)
{
	if (!states)
		return true;
	if (states->kind != JSON_ARRAY)
		return fail(e, ERR_INPUT, "channels: states: write an array of names");
	channel->states = 0;
	JSON_EACH (name, states) {
		unsigned state = channel_state_named(name->text);
		if (!state)
			return fail(e, ERR_INPUT, "channels: states: there is no \"%.*s\"",
			    STR_ARG(name->text));
		channel->states |= state;
	}
	return true;
}

static bool
put_channel(struct change *c, const struct json *item, struct err *e)
{
	struct str id = json_string(item, STR("id"));
	const struct json *refusal = json_get(item, STR("refuses"));
	if (id.len == 0 || id.len > 64)
		return fail(e, ERR_INPUT, "channels: id: write 1 to 64 bytes");
	bool is_new = !world_channel(c->sandbox->world, c->team, id);
	struct str name = json_string(item, STR("name"));
	struct channel *channel = world_channel(c->sandbox->world, c->team, id);
	bool is_renamed = channel && name.len && !str_eq(channel->name, name);
	channel = world_put_channel(c->sandbox->world, c->team, id, name);
	if (is_new)
		channel->is_member = true;
	if (is_renamed)
		events_renamed(c->sandbox, channel);
	set_flag(item, "private", &channel->is_private);
	set_flag(item, "archived", &channel->is_archived);
	set_flag(item, "member", &channel->is_member);
	if (refusal && !str_copy(channel->refusal, sizeof channel->refusal, refusal->text))
		return fail(e, ERR_INPUT, "channels: refuses: write one of Slack's codes");
	return set_states(channel, json_get(item, STR("states")), e);
}

static bool
put_channels(struct change *c, const struct json *v, struct err *e)
{
	if (v->kind != JSON_ARRAY)
		return fail(e, ERR_INPUT, "channels: write an array");
	JSON_EACH (item, v)
		if (!put_channel(c, item, e))
			return false;
	return true;
}

static bool
set_standing(struct change *c, const struct json *v, enum standing standing, struct err *e)
{
	struct credential *credential = world_credential(c->sandbox->world, v->text);
	if (!credential)
		return fail(e, ERR_INPUT, "%.*s: no such token", STR_ARG(v->key));
	credential->standing = standing;
	return true;
}

static bool
revoke(struct change *c, const struct json *v, struct err *e)
{
	if (!set_standing(c, v, STANDING_REVOKED, e))
		return false;
	events_tokens_revoked(c->sandbox, world_credential(c->sandbox->world, v->text)->team);
	return true;
}

static bool
set_app(struct change *c, const struct json *v, struct err *e)
{
	return app_control_set(c->sandbox, v, e);
}

static bool
uninstall(struct change *c, const struct json *v, struct err *e)
{
	struct team *t = world_team(c->sandbox->world, v->text);
	if (!t)
		return fail(e, ERR_INPUT, "uninstall: there is no such team");
	app_control_uninstall(c->sandbox, t);
	return true;
}

static bool
send_event(struct change *c, const struct json *v, struct err *e)
{
	return app_control_event(c->sandbox, c->team, v, e);
}

static bool
make_many(struct change *c, const struct json *v, struct err *e)
{
	return app_control_many(c->sandbox, c->team, v, e);
}

static bool
deactivate(struct change *c, const struct json *v, struct err *e)
{
	return set_standing(c, v, STANDING_INACTIVE, e);
}

static bool
expire(struct change *c, const struct json *v, struct err *e)
{
	return set_standing(c, v, STANDING_EXPIRED, e);
}

static bool
restore(struct change *c, const struct json *v, struct err *e)
{
	return set_standing(c, v, STANDING_GOOD, e);
}

static struct channel *
channel_named(struct change *c, const struct json *v, struct err *e)
{
	struct channel *channel = world_channel_named(c->sandbox->world, c->team, v->text);
	if (!channel)
		(void)fail(e, ERR_INPUT, "%.*s: team %.*s has no channel \"%.*s\"",
		    STR_ARG(v->key), STR_ARG(c->team->id), STR_ARG(v->text));
	return channel;
}

static bool
archive(struct change *c, const struct json *v, struct err *e)
{
	struct channel *channel = channel_named(c, v, e);
	if (!channel)
		return false;
	channel->is_archived = true;
	events_of_channel(c->sandbox, channel, "archive");
	return true;
}

static bool
unarchive(struct change *c, const struct json *v, struct err *e)
{
	struct channel *channel = channel_named(c, v, e);
	if (!channel)
		return false;
	channel->is_archived = false;
	events_of_channel(c->sandbox, channel, "unarchive");
	return true;
}

static bool
invite(struct change *c, const struct json *v, struct err *e)
{
	struct channel *channel = channel_named(c, v, e);
	if (!channel)
		return false;
	channel->is_member = true;
	events_joined(c->sandbox, channel);
	return true;
}

static bool
kick(struct change *c, const struct json *v, struct err *e)
{
	struct channel *channel = channel_named(c, v, e);
	if (!channel)
		return false;
	channel->is_member = false;
	events_of_channel(c->sandbox, channel, "left");
	return true;
}

static bool
set_rate(struct change *c, const struct json *v, struct err *e)
{
	double per_second;
	int64_t burst = 1;
	const struct json *b = json_get(v, STR("burst")), *p = json_get(v, STR("per_second"));
	if (!p || !json_double(p, &per_second) || per_second < 0 ||
	    (b && (!json_int64(b, &burst) || burst < 1 || burst > 1000000)))
		return fail(e, ERR_INPUT,
		    "rate: write {\"per_second\":1,\"burst\":5}; per_second 0 is no limit");
	rates_set_channel(c->sandbox->rates, per_second, (int)burst);
	struct channel *channel;
	for (size_t i = 0; (channel = world_channel_at(c->sandbox->world, i)); i++)
		channel->bucket = (struct bucket){0};
	return true;
}

/* The number of `name`, if it is given. */
static bool
read_count(const struct json *v, const char *name, int64_t most, int64_t *out, bool *is_given,
    struct err *e)
{
	const struct json *member = json_get(v, str_of(name));
	*is_given = member != NULL;
	if (member && (!json_int64(member, out) || *out < 0 || *out > most))
		return fail(
		    e, ERR_INPUT, "%s: write a number from 0 to %lld", name, (long long)most);
	return true;
}

static bool
set_limits(struct change *c, const struct json *v, struct err *e)
{
	static const struct {
		const char *name;
		enum tier tier;
	} limits[] = {{"tier_1", TIER_1}, {"tier_2", TIER_2}, {"tier_3", TIER_3},
	    {"tier_4", TIER_4}, {"workspace", TIER_WORKSPACE}, {"history", TIER_HISTORY}};
	for (size_t i = 0; i < COUNT_OF(limits); i++) {
		int64_t n = 0;
		bool is_given;
		if (!read_count(v, limits[i].name, 1000000, &n, &is_given, e))
			return fail_within(e, "limits");
		if (is_given)
			rates_set_tier(c->sandbox->rates, limits[i].tier, (int)n);
	}
	return true;
}

static bool
set_history(struct change *c, const struct json *v, struct err *e)
{
	int64_t lag_ms = 0, page = 0;
	bool has_lag, has_page;
	if (!read_count(v, "lag_ms", 3600000, &lag_ms, &has_lag, e) ||
	    !read_count(v, "page", 1000, &page, &has_page, e))
		return fail_within(e, "history");
	if (has_lag)
		c->sandbox->history_lag_ms = lag_ms;
	if (has_page)
		c->sandbox->history_page = (int)page;
	return true;
}

/* A person deletes a message, whoever wrote it. */
static bool
delete_message(struct change *c, const struct json *v, struct err *e)
{
	struct sandbox *s = c->sandbox;
	struct channel *channel =
	    world_channel(s->world, c->team, json_string(v, STR("channel")));
	int64_t ts_us;
	struct post *post = channel && ts_parse(json_string(v, STR("ts")), &ts_us)
	                        ? posts_find(&channel->posts, ts_us)
	                        : NULL;
	if (!post)
		return fail(e, ERR_INPUT, "delete: there is no such message: {channel, ts}");
	const struct entry *posted = journal_at(s->journal, post->seq);
	struct post *parent = posted && posted->thread_ts_us
	                          ? posts_find(&channel->posts, posted->thread_ts_us)
	                          : NULL;
	if (parent)
		post_unreplied(parent);
	uint64_t seq = journal_add(s->journal,
	    (struct entry){.at_ms = clock_wall().ms,
		.team = c->team,
		.channel = channel,
		.method = journal_intern(s->journal, STR("(a person deletes)")),
		.ts_us = ts_us,
		.is_person = true},
	    (struct str){NULL, 0}, (struct str){NULL, 0});
	posts_delete(&channel->posts, post, seq);
	return true;
}

/* A person says something in a channel, perhaps in a thread. */
static bool
say(struct change *c, const struct json *v, struct err *e)
{
	struct sandbox *s = c->sandbox;
	struct channel *channel =
	    world_channel(s->world, c->team, json_string(v, STR("channel")));
	struct str text = json_string(v, STR("text")),
		   thread = json_string(v, STR("thread_ts"));
	int64_t now_ms = clock_wall().ms, thread_us = 0;
	if (!channel || !text.len)
		return fail(e, ERR_INPUT, "say: write {channel, text} and perhaps thread_ts");
	struct post *parent =
	    ts_parse(thread, &thread_us) ? posts_find(&channel->posts, thread_us) : NULL;
	if (thread.len && !parent)
		return fail(e, ERR_INPUT, "say: there is no such thread");
	int64_t ts_us = channel_next_ts(channel, now_ms);
	struct buf body = {0};
	struct json_writer w;
	jw_init(&w, &body);
	jw_object(&w);
	jw_kv_string(&w, "text", text);
	jw_object_end(&w);
	uint64_t seq = journal_add(s->journal,
	    (struct entry){.at_ms = now_ms,
		.team = c->team,
		.channel = channel,
		.method = journal_intern(s->journal, STR("(a person says)")),
		.ts_us = ts_us,
		.thread_ts_us = parent ? thread_us : 0,
		.is_person = true},
	    (struct str){NULL, 0}, buf_view(&body));
	buf_fini(&body);
	if (parent)
		post_replied(parent, ts_us);
	posts_add(&channel->posts, ts_us, seq);
	return true;
}

static const struct {
	struct str name;
	bool (*apply)(struct change *c, const struct json *v, struct err *e);
} verbs[] = {
    {CONSTANT_STR("team"), put_team},
    {CONSTANT_STR("app"), set_app},
    {CONSTANT_STR("token"), put_token},
    {CONSTANT_STR("scopes"), put_scopes},
    {CONSTANT_STR("channels"), put_channels},
    {CONSTANT_STR("many"), make_many},
    {CONSTANT_STR("uninstall"), uninstall},
    {CONSTANT_STR("revoke"), revoke},
    {CONSTANT_STR("deactivate"), deactivate},
    {CONSTANT_STR("expire"), expire},
    {CONSTANT_STR("restore"), restore},
    {CONSTANT_STR("archive"), archive},
    {CONSTANT_STR("unarchive"), unarchive},
    {CONSTANT_STR("invite"), invite},
    {CONSTANT_STR("kick"), kick},
    {CONSTANT_STR("rate"), set_rate},
    {CONSTANT_STR("limits"), set_limits},
    {CONSTANT_STR("history"), set_history},
    {CONSTANT_STR("say"), say},
    {CONSTANT_STR("delete"), delete_message},
    {CONSTANT_STR("event"), send_event},
};

static bool
all_known(const struct json *change, struct err *e)
{
	JSON_EACH (member, change) {
		size_t i = 0;
		while (i < COUNT_OF(verbs) && !str_eq(verbs[i].name, member->key))
			i++;
		if (i == COUNT_OF(verbs))
			return fail(e, ERR_INPUT, "%.*s: no such change; README.md lists them",
			    STR_ARG(member->key));
	}
	return true;
}

bool
world_control_apply(struct sandbox *s, const struct json *change, struct err *e)
{
	struct change c = {.sandbox = s, .whole = change, .team = world_team_at(s->world, 0)};
	if (change->kind != JSON_OBJECT)
		return fail(e, ERR_INPUT, "a change of the world is an object");
	if (!all_known(change, e))
		return false;
	for (size_t i = 0; i < COUNT_OF(verbs); i++) {
		const struct json *v = json_get(change, verbs[i].name);
		if (v && !verbs[i].apply(&c, v, e))
			return false;
	}
	return true;
}
