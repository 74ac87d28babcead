#include "world_control.h"

#include "constant.h"
#include "sandbox.h"

/* What a change speaks of: later members build on earlier ones. */
struct change {
	struct sandbox *sandbox;
	const struct json *whole;
	struct team *team;
};

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
		jw_kv_int(w, "count", (int64_t)c->post_count);
		jw_kv_int(w, "changed", (int64_t)c->changed_seq);
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

static bool
put_channels(struct change *c, const struct json *v, struct err *e)
{
	if (v->kind != JSON_ARRAY)
		return fail(e, ERR_INPUT, "channels: write an array");
	JSON_EACH (item, v) {
		struct str id = json_string(item, STR("id"));
		if (id.len == 0 || id.len > 64)
			return fail(e, ERR_INPUT, "channels: id: write 1 to 64 bytes");
		bool is_new = !world_channel(c->sandbox->world, c->team, id);
		struct channel *channel = world_put_channel(
		    c->sandbox->world, c->team, id, json_string(item, STR("name")));
		if (is_new)
			channel->is_member = true;
		set_flag(item, "private", &channel->is_private);
		set_flag(item, "archived", &channel->is_archived);
		set_flag(item, "member", &channel->is_member);
	}
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
	return set_standing(c, v, STANDING_REVOKED, e);
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
	struct channel *channel = world_channel(c->sandbox->world, c->team, v->text);
	if (!channel)
		(void)fail(e, ERR_INPUT, "%.*s: team %.*s has no channel \"%.*s\"",
		    STR_ARG(v->key), STR_ARG(c->team->id), STR_ARG(v->text));
	return channel;
}

static bool
archive(struct change *c, const struct json *v, struct err *e)
{
	struct channel *channel = channel_named(c, v, e);
	if (channel)
		channel->is_archived = true;
	return channel;
}

static bool
unarchive(struct change *c, const struct json *v, struct err *e)
{
	struct channel *channel = channel_named(c, v, e);
	if (channel)
		channel->is_archived = false;
	return channel;
}

static bool
invite(struct change *c, const struct json *v, struct err *e)
{
	struct channel *channel = channel_named(c, v, e);
	if (channel)
		channel->is_member = true;
	return channel;
}

static bool
kick(struct change *c, const struct json *v, struct err *e)
{
	struct channel *channel = channel_named(c, v, e);
	if (channel)
		channel->is_member = false;
	return channel;
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
	world_set_rate(c->sandbox->world, per_second, (int)burst);
	return true;
}

static const struct {
	struct str name;
	bool (*apply)(struct change *c, const struct json *v, struct err *e);
} verbs[] = {
    {CONSTANT_STR("team"), put_team},
    {CONSTANT_STR("token"), put_token},
    {CONSTANT_STR("scopes"), put_scopes},
    {CONSTANT_STR("channels"), put_channels},
    {CONSTANT_STR("revoke"), revoke},
    {CONSTANT_STR("deactivate"), deactivate},
    {CONSTANT_STR("expire"), expire},
    {CONSTANT_STR("restore"), restore},
    {CONSTANT_STR("archive"), archive},
    {CONSTANT_STR("unarchive"), unarchive},
    {CONSTANT_STR("invite"), invite},
    {CONSTANT_STR("kick"), kick},
    {CONSTANT_STR("rate"), set_rate},
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
