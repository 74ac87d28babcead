/* The methods by which an app gets what a person allowed it, and is removed. */
#include "api.h"

#include <sodium.h>

#include "apps.h"
#include "events.h"

enum { BASIC_MAX = 400 };

/* Who asks, by HTTP Basic or by arguments; both in the arena. */
static void
read_client(struct call *c, struct str *id, struct str *secret)
{
	struct str basic = STR("Basic "), given = c->authorization;
	char *text = arena_must(c->arena, BASIC_MAX);
	size_t len = 0;
	const char *colon;
	*id = call_arg(c, "client_id");
	*secret = call_arg(c, "client_secret");
	if (given.len <= basic.len || strncasecmp(given.ptr, basic.ptr, basic.len) != 0 ||
	    sodium_base642bin((unsigned char *)text, BASIC_MAX, given.ptr + basic.len,
		given.len - basic.len, NULL, &len, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
		return;
	colon = memchr(text, ':', len);
	if (!colon)
		return;
	*id = (struct str){text, (size_t)(colon - text)};
	*secret = (struct str){colon + 1, len - id->len - 1};
}

static bool
is_our_app(struct call *c)
{
	const struct app *app = apps_app(c->sandbox->apps);
	struct str id, secret;
	read_client(c, &id, &secret);
	if (!str_eq(id, str_of(app->client_id)))
		return call_refuse(c, "invalid_client_id");
	return str_eq(secret, str_of(app->client_secret)) ||
	       call_refuse(c, "bad_client_secret");
}

static void
write_team(struct json_writer *w, const struct team *t, bool is_org)
{
	jw_key(w, "team");
	if (is_org) {
		jw_null(w);
	} else {
		jw_object(w);
		jw_kv_string(w, "id", t->id);
		jw_kv_string(w, "name", t->name);
		jw_object_end(w);
	}
	jw_key(w, "enterprise");
	if (is_org) {
		jw_object(w);
		jw_kv_cstr(w, "id", "E0SANDBOX");
		jw_kv_cstr(w, "name", "Sandbox Organization");
		jw_object_end(w);
	} else {
		jw_null(w);
	}
	jw_kv_bool(w, "is_enterprise_install", is_org);
}

static void
write_hook(struct call *c, struct channel *channel)
{
	struct json_writer *w = &c->out;
	const struct hook *h = apps_hook_new(c->sandbox->apps, channel);
	struct str base = c->base_url;
	jw_key(w, "incoming_webhook");
	jw_object(w);
	jw_kv_string(w, "channel",
	    arena_printf(
		c->arena, "%s%.*s", channel->is_private ? "" : "#", STR_ARG(channel->name)));
	jw_kv_string(w, "channel_id", channel->id);
	jw_kv_string(w, "configuration_url",
	    arena_printf(c->arena, "https://%.*s.slack.com/services/%.*s",
		STR_ARG(channel->team->id), (int)strcspn(h->path, "/"), h->path));
	jw_kv_string(
	    w, "url", arena_printf(c->arena, "%.*s/services/%s", STR_ARG(base), h->path));
	jw_object_end(w);
}

static void
write_grant(struct call *c, const struct grant *g, bool is_org)
{
	const struct app *app = apps_app(c->sandbox->apps);
	struct json_writer *w = &c->out;
	jw_kv_cstr(w, "app_id", app->id);
	jw_kv_cstr(w, "access_token", g->token);
	jw_kv_cstr(w, "token_type", "bot");
	jw_kv_cstr(w, "scope", g->scopes);
	jw_kv_string(w, "bot_user_id", g->team->user_id);
	write_team(w, g->team, is_org);
	jw_key(w, "authed_user");
	jw_object(w);
	jw_kv_cstr(w, "id", "U0PERSON");
	jw_object_end(w);
	if (!g->renewal[0])
		return;
	jw_kv_cstr(w, "refresh_token", g->renewal);
	jw_kv_int(w, "expires_in", app->expires_s);
}

static void
exchange(struct call *c)
{
	struct code *code = apps_code(c->sandbox->apps, call_arg(c, "code"));
	struct str redirect = call_arg(c, "redirect_uri");
	if (!code || code->is_used || c->now_ms - code->at_ms > CODE_LIFE_MS) {
		c->error = "invalid_code";
		return;
	}
	if (!str_eq(redirect, str_of(code->redirect))) {
		c->error = "bad_redirect_uri";
		return;
	}
	code->is_used = true;
	write_grant(c,
	    apps_grant(c->sandbox->apps, c->sandbox->world, code->team, str_of(code->scopes),
		c->now_ms),
	    code->is_org);
	if (code->channel)
		write_hook(c, code->channel);
}

static void
renew(struct call *c)
{
	const struct app *app = apps_app(c->sandbox->apps);
	struct renewal *r = apps_renewal(c->sandbox->apps, call_arg(c, "refresh_token"));
	if (!app->expires_s) {
		c->error = "invalid_grant_type";
		return;
	}
	if (!r || r->is_used) {
		c->error = "invalid_refresh_token";
		return;
	}
	r->is_used = !app->spares_renewal;
	write_grant(c,
	    apps_grant(c->sandbox->apps, c->sandbox->world, r->team, STR(""), c->now_ms),
	    false);
}

void
method_oauth_access(struct call *c)
{
	struct str type = call_arg(c, "grant_type");
	if (!is_our_app(c))
		return;
	if (str_eq(type, STR("refresh_token")))
		renew(c);
	else if (type.len == 0 || str_eq(type, STR("authorization_code")))
		exchange(c);
	else
		c->error = "invalid_grant_type";
}

void
method_apps_uninstall(struct call *c)
{
	struct team *t = c->caller->team;
	if (!is_our_app(c))
		return;
	apps_forget(c->sandbox->apps, c->sandbox->world, t);
	events_tokens_revoked(c->sandbox, t);
	events_of_team(c->sandbox, t, "app_uninstalled");
}
