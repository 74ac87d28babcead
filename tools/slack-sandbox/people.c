/* The methods about the caller, its team and who is in it. */
#include "api.h"
#include "events.h"
#include "message.h"

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

static struct str
team_url(struct call *c)
{
	return arena_printf(c->arena, "https://%.*s.slack.com/", STR_ARG(c->caller->team->id));
}

void
method_auth_test(struct call *c)
{
	const struct team *t = c->caller->team;
	struct json_writer *w = &c->out;
	jw_kv_string(w, "url", team_url(c));
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
	if (is_trial)
		return;
	c->caller->standing = STANDING_REVOKED;
	events_tokens_revoked(c->sandbox, c->caller->team);
}

void
method_team_info(struct call *c)
{
	const struct team *t = c->caller->team;
	struct json_writer *w = &c->out;
	jw_key(w, "team");
	jw_object(w);
	jw_kv_string(w, "id", t->id);
	jw_kv_string(w, "name", t->name);
	jw_kv_string(w, "domain", t->id);
	jw_kv_string(w, "url", team_url(c));
	jw_object_end(w);
}

void
method_bots_info(struct call *c)
{
	const struct team *t = c->caller->team;
	struct json_writer *w = &c->out;
	struct str bot = call_arg(c, "bot");
	if (bot.len && !str_eq(bot, t->bot_id)) {
		c->error = "bot_not_found";
		return;
	}
	jw_key(w, "bot");
	jw_object(w);
	jw_kv_string(w, "id", t->bot_id);
	jw_kv_bool(w, "deleted", false);
	jw_kv_cstr(w, "name", "carillon");
	jw_kv_string(w, "app_id", t->app_id);
	jw_kv_string(w, "user_id", t->user_id);
	jw_object_end(w);
}

void
method_users_info(struct call *c)
{
	const struct team *t = c->caller->team;
	struct json_writer *w = &c->out;
	struct str user = call_arg(c, "user");
	bool is_bot = str_eq(user, t->user_id);
	if (!is_bot && !str_eq(user, message_person)) {
		c->error = "user_not_found";
		return;
	}
	jw_key(w, "user");
	jw_object(w);
	jw_kv_string(w, "id", user);
	jw_kv_string(w, "team_id", t->id);
	jw_kv_cstr(w, "name", is_bot ? "carillon" : "person");
	jw_kv_bool(w, "deleted", false);
	jw_kv_bool(w, "is_bot", is_bot);
	jw_kv_cstr(w, "tz", "Etc/UTC");
	jw_kv_int(w, "tz_offset", 0);
	jw_object_end(w);
}
