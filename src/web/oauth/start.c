/*
 * From our own page to Slack's. A ticket is used by who can prove that it is the one who asked:
 * the page's opener has the proof in its memory. Where there is none (a new tab, a host page
 * that cuts itself off, a link that was forwarded) a person is shown what would be connected to
 * what, and says so. A cookie alone would not do: who opens a forwarded link gets it, too.
 */
#include <microhttpd.h>

#include "authorization.h"
#include "carillon/dest/grant.h"
#include "carillon/registry/keys.h"
#include "page.h"
#include "web/problem.h"
#include "web/web_private.h"

#define TOO_OLD \
	"This link was used already or is too old. Go back and press Connect Slack again."

static const char start_script[] =
    "'use strict';\n"
    "const main = document.querySelector('main');\n"
    "const ticket = main.dataset.ticket;\n"
    "const say = (text) => { document.querySelector('#said').textContent = text; };\n"
    "async function go(how) {\n"
    "\tconst answer = await fetch('/oauth/slack/start', {\n"
    "\t\tmethod: 'POST', headers: { 'content-type': 'application/json' },\n"
    "\t\tbody: JSON.stringify({ ticket, ...how }),\n"
    "\t});\n"
    "\tconst body = await answer.json();\n"
    "\tif (answer.ok && body.location) location.replace(body.location);\n"
    "\telse if (answer.ok) { main.hidden = true; say('It was stopped. You can close this "
    "window.'); }\n"
    "\telse { main.hidden = true; say(body.detail || body.title); }\n"
    "}\n"
    "let used = false;\n"
    "const once = (how) => { if (!used) { used = true; go(how).catch(() => say('That did not "
    "work. Close this window and try again.')); } };\n"
    "window.addEventListener('message', (event) => {\n"
    "\tif (event.origin !== location.origin || event.data?.type !== 'carillon:proof' || "
    "!event.data.proof) return;\n"
    "\tonce({ proof: event.data.proof });\n"
    "});\n"
    "try { window.opener?.postMessage({ type: 'carillon:proof', v: 1, ticket }, "
    "location.origin); } catch {}\n"
    "setTimeout(() => { if (!used) main.hidden = false; }, 400);\n"
    "document.querySelector('#yes').addEventListener('click', () => once({ confirmed: true "
    "}));\n"
    "document.querySelector('#no').addEventListener('click', () => once({ declined: true "
    "}));\n";

void
api_oauth_start_script(struct request *q)
{
	q->answer.status = MHD_HTTP_OK;
	q->answer.content_type = "text/javascript; charset=utf-8";
	q->answer.fixed = STR(start_script);
}

/* The record of a ticket that may be used still. */
static authorization_record *
usable(struct request *q, struct str ticket, uint64_t *revision)
{
	struct str token;
	authorization_record *r = authorization_of(q, ticket, &token, revision);

	if (r == NULL || !token_proves(token, r->ticket_hash.data, r->ticket_hash.len) ||
	    r->started_ms != 0 || !authorization_is_waiting(r, q->now))
		return NULL;
	return r;
}

static struct str
name_of_workspace(struct request *q, const authorization_record *r)
{
	struct err e;
	const workspace_record *w =
	    registry_workspace(q->registry, q->arena, str_of(r->workspace), NULL, &e);

	return str_of(w != NULL && w->name[0] != '\0' ? w->name : r->workspace);
}

void
api_oauth_start_page(struct request *q)
{
	static const char *const parameters[] = {"ticket", NULL};
	struct str ticket = request_parameter(q, "ticket");
	struct buf *out = &q->answer.body;
	const char *product = request_config(q)->product_name;
	uint64_t revision;
	const authorization_record *r;

	if (!request_parameters(q, parameters))
		return;
	r = usable(q, ticket, &revision);
	if (r == NULL) {
		oauth_page_say(q, MHD_HTTP_BAD_REQUEST, "Connect Slack", TOO_OLD, NULL);
		return;
	}
	oauth_page_begin(q, MHD_HTTP_OK, "Connect Slack", "start");
	buf_cstr(out, "<p id=\"said\" role=\"status\"></p>\n<main hidden data-ticket=\"");
	buf_html(out, ticket);
	buf_cstr(out, "\">\n<h1>Connect a Slack team to <strong>");
	buf_html(out, name_of_workspace(q, r));
	buf_cstr(out, "</strong>");
	if (product[0] != '\0') {
		buf_cstr(out, " in ");
		buf_html(out, str_of(product));
	}
	buf_cstr(out, "?</h1>\n<p>");
	if (r->by_name[0] != '\0') {
		buf_cstr(out, "You were asked by <strong>");
		buf_html(out, str_of(r->by_name));
		buf_cstr(out, "</strong>. ");
	}
	buf_cstr(out, "Continue only if you started this yourself.</p>\n"
		      "<button id=\"yes\">Continue</button> <button id=\"no\">This was not "
		      "me</button>\n</main>\n</body></html>\n");
}

static void
decline(struct request *q, authorization_record *r, uint64_t revision)
{
	struct json_writer w;
	struct err e;

	authorization_end(
	    r, "denied", "declined", "whoever opened the link did not start this");
	if (!authorization_put(q, r, &revision, &e)) {
		(void)problem_of(q, &e);
		return;
	}
	authorization_tell(q, r, "audit.oauth_declined", r->detail);
	answer_json(q, MHD_HTTP_OK, &w);
	jw_object(&w);
	jw_key(&w, "location");
	jw_null(&w);
	jw_object_end(&w);
}

static void
put_location(struct request *q, const authorization_record *r, const char *state)
{
	const struct dest_type *dest = dest_default();
	const struct dest_consent consent = {.scopes = str_of(r->scopes),
	    .redirect_uri = authorization_redirect(q),
	    .state = str_of(state),
	    .team = str_of(r->team)};
	struct buf url = {0};
	struct json_writer w;

	dest->oauth->authorize_url(&url, request_config(q), &consent);
	answer_json(q, MHD_HTTP_OK, &w);
	jw_object(&w);
	jw_kv_string(&w, "location", buf_view(&url));
	jw_object_end(&w);
	q->answer.is_secret = true;
	buf_fini(&url);
}

static void
start(struct request *q, authorization_record *r, uint64_t revision)
{
	char state_token[TOKEN_TEXT_MAX], cookie[TOKEN_TEXT_MAX];
	char state[AUTHORIZATION_TEXT_MAX];
	uint8_t state_hash[TOKEN_HASH], cookie_hash[TOKEN_HASH];
	struct err e;

	token_new(state_token, state_hash);
	token_new(cookie, cookie_hash);
	authorization_text(state, r->id, state_token);
	r->started_ms = q->now.ms;
	r->state_hash = hash_keep(q, state_hash);
	r->cookie_hash = hash_keep(q, cookie_hash);
	if (!authorization_put(q, r, &revision, &e)) {
		if (e.kind == ERR_CONFLICT)
			(void)problem(q, PROBLEM_BAD_REQUEST, TOO_OLD);
		else
			(void)problem_of(q, &e);
		return;
	}
	put_location(q, r, state);
	answer_header(q, "Set-Cookie",
	    arena_printf(q->arena,
		OAUTH_COOKIE "=%s; Secure; HttpOnly; SameSite=Lax; Path=/; "
			     "Max-Age=600",
		cookie));
	explicit_bzero(state_token, sizeof(state_token));
	explicit_bzero(state, sizeof(state));
	explicit_bzero(cookie, sizeof(cookie));
}

static bool
is_true(const struct json *object, struct str name)
{
	const struct json *v = json_get(object, name);

	return v != NULL && v->kind == JSON_TRUE;
}

void
api_oauth_start(struct request *q)
{
	static const char *const members[] = {"ticket", "proof", "confirmed", "declined", NULL};
	struct str site = request_header(q, "Sec-Fetch-Site");
	const struct json *body;
	authorization_record *r;
	uint64_t revision;
	struct str proof;

	if (!request_object(q, &body) || !request_members(q, body, members))
		return;
	if (site.len > 0 && !str_eq(site, STR("same-origin"))) {
		(void)problem(q, PROBLEM_FORBIDDEN, "this is for our own page");
		return;
	}
	r = usable(q, json_string(body, STR("ticket")), &revision);
	if (r == NULL) {
		(void)problem(q, PROBLEM_BAD_REQUEST, TOO_OLD);
		return;
	}
	proof = json_string(body, STR("proof"));
	if (is_true(body, STR("declined")))
		decline(q, r, revision);
	else if (is_true(body, STR("confirmed")) ||
		 token_proves(proof, r->proof_hash.data, r->proof_hash.len))
		start(q, r, revision);
	else
		(void)problem(q, PROBLEM_FORBIDDEN, "this is no proof of who asked");
}
