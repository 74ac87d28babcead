#include "app_control.h"

#include "apps.h"
#include "constant.h"
#include "events.h"

enum { MANY_MAX = 60000, EXPIRES_MAX_S = 1000000, RETRY_MAX_MS = 600000 };

static void
set_text(const struct json *v, const char *name, char *to, size_t size)
{
	const struct json *member = json_get(v, str_of(name));
	if (member)
		(void)str_copy(to, size, member->text);
}

static void
set_flag(const struct json *v, const char *name, bool *to)
{
	const struct json *member = json_get(v, str_of(name));
	if (member)
		*to = member->kind == JSON_TRUE;
}

static bool
set_retries(const struct json *v, struct app *app, struct err *e)
{
	const struct json *list = json_get(v, STR("retry_ms"));
	int n = 0;
	if (!list)
		return true;
	JSON_EACH (one, list) {
		if (n == EVENT_TRIES - 1 || !json_int64(one, &app->retry_ms[n]) ||
		    app->retry_ms[n] < 0 || app->retry_ms[n] > RETRY_MAX_MS)
			return fail(e, ERR_INPUT, "app: retry_ms: write up to three numbers");
		n++;
	}
	return true;
}

static bool
set_rotation(const struct json *v, struct app *app, struct err *e)
{
	const struct json *member = json_get(v, STR("rotation_s"));
	return !member ||
	       (json_int64(member, &app->expires_s) && app->expires_s >= 0 &&
		   app->expires_s <= EXPIRES_MAX_S) ||
	       fail(e, ERR_INPUT, "app: rotation_s: write how long a token lives, or 0");
}

bool
app_control_set(struct sandbox *s, const struct json *v, struct err *e)
{
	static const struct str known[] = {CONSTANT_STR("client_id"),
	    CONSTANT_STR("client_secret"), CONSTANT_STR("signing_secret"), CONSTANT_STR("name"),
	    CONSTANT_STR("redirects"), CONSTANT_STR("scopes"), CONSTANT_STR("events_url"),
	    CONSTANT_STR("rotation_s"), CONSTANT_STR("retry_ms"), CONSTANT_STR("coop"),
	    CONSTANT_STR("needs_approval"), CONSTANT_STR("offers_org"),
	    CONSTANT_STR("spares_renewal")};
	struct app *app = apps_app(s->apps);
	if (v->kind != JSON_OBJECT)
		return fail(e, ERR_INPUT, "app: write an object");
	JSON_EACH (member, v) {
		size_t i = 0;
		while (i < COUNT_OF(known) && !str_eq(known[i], member->key))
			i++;
		if (i == COUNT_OF(known))
			return fail(
			    e, ERR_INPUT, "app: there is no \"%.*s\"", STR_ARG(member->key));
	}
	set_text(v, "client_id", app->client_id, sizeof app->client_id);
	set_text(v, "client_secret", app->client_secret, sizeof app->client_secret);
	set_text(v, "signing_secret", app->signing_secret, sizeof app->signing_secret);
	set_text(v, "name", app->name, sizeof app->name);
	set_text(v, "redirects", app->redirects, sizeof app->redirects);
	set_text(v, "scopes", app->scopes, sizeof app->scopes);
	set_text(v, "events_url", app->events_url, sizeof app->events_url);
	set_flag(v, "coop", &app->has_coop);
	set_flag(v, "needs_approval", &app->needs_approval);
	set_flag(v, "offers_org", &app->offers_org);
	set_flag(v, "spares_renewal", &app->spares_renewal);
	return set_rotation(v, app, e) && set_retries(v, app, e);
}

bool
app_control_event(struct sandbox *s, const struct team *t, const struct json *v, struct err *e)
{
	struct buf out = {0};
	struct json_writer w;
	struct str type = json_string(v, STR("type"));
	if (!apps_app(s->apps)->events_url[0])
		return fail(e, ERR_INPUT, "event: the app has no events_url");
	if (!type.len)
		return fail(e, ERR_INPUT, "event: write an object with a type");
	if (str_eq(type, STR("url_verification"))) {
		events_verify(s);
		return true;
	}
	jw_init(&w, &out);
	jw_value(&w, v);
	events_send(s, t, buf_view(&out));
	buf_fini(&out);
	return true;
}

bool
app_control_many(struct sandbox *s, struct team *t, const struct json *v, struct err *e)
{
	char id[32], name[32];
	int64_t n;
	if (!json_int64(v, &n) || n < 0 || n > MANY_MAX)
		return fail(
		    e, ERR_INPUT, "many: write a number of channels, up to %d", MANY_MAX);
	for (int64_t i = 0; i < n; i++) {
		(void)snprintf(id, sizeof id, "C0MANY%06lld", (long long)i);
		(void)snprintf(name, sizeof name, "many-%06lld", (long long)i);
		(void)world_put_channel(s->world, t, str_of(id), str_of(name));
	}
	return true;
}

void
app_control_uninstall(struct sandbox *s, struct team *t)
{
	apps_forget(s->apps, s->world, t);
	events_tokens_revoked(s, t);
	events_of_team(s, t, "app_uninstalled");
}
