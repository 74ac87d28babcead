/*
 * The page on which a person allows an app what it asks for: which workspace, and for an
 * incoming webhook which channel. It is plain HTML and one form, so that a test can fill it in
 * without a browser.
 */
#include "apps.h"
#include "carillon/base/clock.h"
#include "http.h"
#include "sandbox.h"

/* What the app asks, as the query or the form has it. */
struct asked {
	struct str client_id, scopes, redirect, state, team;
};

static void
put_hidden(struct buf *out, const char *name, struct str value)
{
	buf_printf(out, "<input type=\"hidden\" name=\"%s\" value=\"", name);
	buf_html(out, value);
	buf_cstr(out, "\">\n");
}

static void
put_url_value(struct buf *out, const char *name, struct str s)
{
	buf_printf(out, "%s=", name);
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || (c && strchr("-._~", c)))
			buf_putc(out, c);
		else
			buf_printf(out, "%%%02X", (unsigned)(unsigned char)c);
	}
}

static struct asked
read_asked(const struct json *args)
{
	return (struct asked){
	    .client_id = json_string(args, STR("client_id")),
	    .scopes = json_string(args, STR("scope")),
	    .redirect = json_string(args, STR("redirect_uri")),
	    .state = json_string(args, STR("state")),
	    .team = json_string(args, STR("team")),
	};
}

static bool
asks_for(const struct asked *a, struct str scope)
{
	struct credential c = {.scopes = (char *)(uintptr_t)a->scopes.ptr};
	return a->scopes.len && credential_has_scope(&c, scope);
}

static void
page_begin(struct sandbox *s, struct reply *r, int status)
{
	r->status = status;
	r->content_type = "text/html; charset=utf-8";
	reply_header(r, "cache-control", STR("no-store"));
	reply_header(r, "content-security-policy",
	    STR("default-src 'none'; style-src 'self'; base-uri 'none'; "
		"frame-ancestors 'none'"));
	if (apps_app(s->apps)->has_coop)
		reply_header(r, "cross-origin-opener-policy", STR("same-origin"));
	buf_cstr(&r->body, "<!doctype html>\n<meta charset=\"utf-8\">\n"
			   "<link rel=\"stylesheet\" href=\"/page.css\">\n");
}

static void
page_refuse(struct sandbox *s, struct reply *r, const char *code)
{
	page_begin(s, r, 400);
	buf_printf(&r->body,
	    "<title>Something went wrong</title>\n<h1>Something went wrong</h1>\n"
	    "<p>Error: <code>%s</code></p>\n",
	    code);
}

/* Why Slack shows a page of its own instead of the consent; NULL: nothing is wrong. */
static const char *
refusal(struct sandbox *s, const struct asked *a)
{
	const struct app *app = apps_app(s->apps);
	if (!str_eq(a->client_id, str_of(app->client_id)))
		return "invalid_client_id";
	if (a->redirect.len == 0 || a->redirect.len >= APP_TEXT_MAX ||
	    !str_starts_with(a->redirect, str_of(app->redirects)))
		return "bad_redirect_uri";
	if (a->scopes.len == 0 || a->scopes.len >= APP_TEXT_MAX)
		return "no_scopes";
	return NULL;
}

static void
redirect(struct request *q, struct reply *r, const struct asked *a, const char *name,
    struct str value)
{
	struct buf to = {0};
	buf_str(&to, a->redirect);
	buf_putc(&to, memchr(a->redirect.ptr, '?', a->redirect.len) ? '&' : '?');
	put_url_value(&to, name, value);
	if (a->state.len) {
		buf_putc(&to, '&');
		put_url_value(&to, "state", a->state);
	}
	r->status = 302;
	r->content_type = "text/html; charset=utf-8";
	reply_header(r, "location", arena_str(q->arena, buf_view(&to)));
	reply_header(r, "cache-control", STR("no-store"));
	buf_fini(&to);
}

static void
put_option(struct buf *out, struct str value, struct str label)
{
	buf_cstr(out, "<option value=\"");
	buf_html(out, value);
	buf_cstr(out, "\">");
	buf_html(out, label);
	buf_cstr(out, "</option>\n");
}

static void
put_teams(struct sandbox *s, struct buf *out, const struct asked *a)
{
	const struct team *t;
	buf_cstr(out, "<label>Workspace <select name=\"team\">\n");
	for (size_t i = 0; (t = world_team_at(s->world, i)); i++)
		if (!a->team.len || str_eq(a->team, t->id) || !world_team(s->world, a->team))
			put_option(out, t->id, t->name);
	if (apps_app(s->apps)->offers_org)
		put_option(out, STR("E0SANDBOX"), STR("All of the organization"));
	buf_cstr(out, "</select></label>\n");
}

static void
put_channels(struct sandbox *s, struct request *q, struct buf *out)
{
	const struct channel *c;
	buf_cstr(out, "<label>Channel <select name=\"channel\">\n");
	for (size_t i = 0; (c = world_channel_at(s->world, i)); i++)
		if (!c->is_archived)
			put_option(out, c->id,
			    arena_printf(q->arena, "%.*s: %s%.*s", STR_ARG(c->team->name),
				c->is_private ? "" : "#", STR_ARG(c->name)));
	buf_cstr(out, "</select></label>\n");
}

static void
show(struct sandbox *s, struct request *q, struct reply *r, const struct asked *a)
{
	const struct app *app = apps_app(s->apps);
	struct buf *out = &r->body;
	page_begin(s, r, 200);
	buf_printf(out,
	    "<title>%s asks for permission</title>\n<h1>%s asks for permission</h1>\n",
	    app->name, app->name);
	buf_cstr(out, "<p>It asks for: <code>");
	buf_html(out, a->scopes);
	buf_cstr(out, "</code></p>\n<form method=\"post\" action=\"/oauth/v2/authorize\">\n");
	put_hidden(out, "client_id", a->client_id);
	put_hidden(out, "scope", a->scopes);
	put_hidden(out, "redirect_uri", a->redirect);
	put_hidden(out, "state", a->state);
	put_teams(s, out, a);
	if (asks_for(a, STR("incoming-webhook")))
		put_channels(s, q, out);
	if (app->needs_approval)
		buf_cstr(out,
		    "<p>An administrator has to approve this app.</p>\n<button "
		    "name=\"decision\" value=\"request\">Ask for approval</button>\n");
	else
		buf_cstr(out, "<button name=\"decision\" value=\"allow\">Allow</button>\n");
	buf_cstr(out, "<button name=\"decision\" value=\"cancel\">Cancel</button>\n</form>\n");
}

static void
allow(struct sandbox *s, struct request *q, struct reply *r, const struct asked *a,
    const struct json *form)
{
	struct str team_id = json_string(form, STR("team"));
	bool is_org = apps_app(s->apps)->offers_org && str_eq(team_id, STR("E0SANDBOX"));
	struct team *t =
	    is_org || !team_id.len ? world_team_at(s->world, 0) : world_team(s->world, team_id);
	struct code *code;
	struct channel *channel = NULL;
	if (!t) {
		page_refuse(s, r, "team_not_found");
		return;
	}
	if (asks_for(a, STR("incoming-webhook")))
		channel = world_channel_named(s->world, t, json_string(form, STR("channel")));
	if (asks_for(a, STR("incoming-webhook")) && !channel) {
		page_refuse(s, r, "channel_not_found");
		return;
	}
	code = apps_code_new(s->apps, t, a->scopes, clock_wall().ms);
	code->channel = channel;
	code->is_org = is_org;
	(void)str_copy(code->redirect, sizeof code->redirect, a->redirect);
	redirect(q, r, a, "code", str_of(code->text));
}

static void
decide(struct sandbox *s, struct request *q, struct reply *r, const struct asked *a,
    const struct json *form)
{
	const struct app *app = apps_app(s->apps);
	struct str decision = json_string(form, STR("decision"));
	if (str_eq(decision, STR("cancel"))) {
		redirect(q, r, a, "error", STR("access_denied"));
	} else if (app->needs_approval) {
		page_begin(s, r, 200);
		buf_cstr(&r->body, "<title>Asked</title>\n<h1>Your administrators were "
				   "asked</h1>\n<p>When they approve, connect it again.</p>\n");
	} else if (str_eq(decision, STR("allow"))) {
		allow(s, q, r, a, form);
	} else {
		page_refuse(s, r, "no_decision");
	}
}

/* A scope that the app does not have is told to the app, not to the person. */
static bool
has_scopes(const struct app *app, struct str scopes)
{
	struct credential c = {.scopes = (char *)(uintptr_t)app->scopes};
	while (app->scopes[0] && scopes.len) {
		const char *comma = memchr(scopes.ptr, ',', scopes.len);
		size_t len = comma ? (size_t)(comma - scopes.ptr) : scopes.len;
		if (!credential_has_scope(&c, (struct str){scopes.ptr, len}))
			return false;
		scopes = (struct str){
		    scopes.ptr + len + (comma ? 1 : 0), scopes.len - len - (comma ? 1 : 0)};
	}
	return true;
}

bool
consent_handle(struct sandbox *s, struct request *q, struct reply *r)
{
	const struct json *args = q->query;
	bool is_post = str_eq(q->verb, STR("POST"));
	if (!str_eq(q->path, STR("/oauth/v2/authorize")))
		return false;
	if (is_post && !(args = form_parse(q->arena, buf_view(&q->body)))) {
		reply_refuse(r, 400, "invalid_form_data");
		return true;
	}
	struct asked a = read_asked(args);
	(void)pthread_mutex_lock(&s->lock);
	const char *wrong = refusal(s, &a);
	if (wrong)
		page_refuse(s, r, wrong);
	else if (!has_scopes(apps_app(s->apps), a.scopes))
		redirect(q, r, &a, "error", STR("invalid_scope"));
	else if (is_post)
		decide(s, q, r, &a, args);
	else
		show(s, q, r, &a);
	(void)pthread_mutex_unlock(&s->lock);
	return true;
}
