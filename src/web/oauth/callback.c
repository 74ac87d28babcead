/*
 * Back from Slack. What is looked at, and in which order: that we know the state and it was not
 * used, and from then on it is; that it is the same browser; that who asked may still; what
 * Slack says; and only then the code is given to the keeper.
 */
#include <microhttpd.h>

#include "authorization.h"
#include "carillon/base/log.h"
#include "carillon/registry/keys.h"
#include "page.h"
#include "web/ask_keeper.h"
#include "web/sessions.h"
#include "web/web_private.h"

#define TITLE "Connect Slack"
#define AGAIN " Close this window and press Connect Slack again."

static const char close_script[] =
    "'use strict';\n"
    "try { window.opener?.postMessage({ type: 'carillon:done', v: 1 }, location.origin); } "
    "catch {}\n"
    "setTimeout(() => window.close(), 300);\n";

void
api_oauth_close_script(struct request *q)
{
	q->answer.status = MHD_HTTP_OK;
	q->answer.content_type = "text/javascript; charset=utf-8";
	q->answer.fixed = STR(close_script);
}

/* A step of the way: what came of it, and the page about it. */
struct ending {
	unsigned status;
	const char *state, *code, *detail, *page;
};

static void
end(struct request *q, authorization_record *r, uint64_t revision, const struct ending *x)
{
	struct err e;
	bool is_fine = x->status == MHD_HTTP_OK;

	authorization_end(r, x->state, x->code, x->detail);
	/* The page is told either way: only the window that opened it does not learn it. */
	if (!authorization_put(q, r, &revision, &e))
		log_error("web.authorization", L_STR("error", e.text));
	oauth_page_say(q, x->status, TITLE, x->page, is_fine ? "close" : NULL);
	answer_header(q, "Set-Cookie",
	    STR(OAUTH_COOKIE "=; Secure; HttpOnly; SameSite=Lax; Path=/; Max-Age=0"));
}

static bool
is_same_browser(struct request *q, const authorization_record *r)
{
	struct str cookie;

	return cookie_get(request_header(q, "Cookie"), STR(OAUTH_COOKIE), &cookie) &&
	       token_proves(cookie, r->cookie_hash.data, r->cookie_hash.len);
}

static bool
may_still(struct request *q, const authorization_record *r)
{
	uint64_t revision;
	const session_record *s;

	if (r->session[0] == '\0')
		return true; /* a key asked: the product itself */
	s = sessions_get(q->web->sessions, q->arena, str_of(r->session), &revision);
	return s != NULL && session_is_alive(s, q->now) &&
	       strcmp(s->workspace, r->workspace) == 0;
}

/* --- what the keeper says --- */

static void
take_answer(authorization_record *r, const keeper_answer *a)
{
	r->result = a->connection;
	if (a->team != NULL) {
		r->team_id = a->team->id;
		r->team_name = a->team->name;
	}
	if (a->previous_team != NULL) {
		r->previous_team_id = a->previous_team->id;
		r->previous_team_name = a->previous_team->name;
	}
	r->missing_scopes = a->missing_scopes;
	r->n_missing_scopes = a->n_missing_scopes;
}

static void
succeed(struct request *q, authorization_record *r, uint64_t revision, const keeper_answer *a)
{
	struct err e;

	/* Who is told of the connection looks for it here at once. */
	if (!registry_catch_up(q->registry, a->revision, &e))
		log_warn("web.catch_up", L_STR("error", e.text));
	take_answer(r, a);
	if (a->needs_choice)
		end(q, r, revision,
		    &(struct ending){MHD_HTTP_OK, "needs_choice", "other_team",
			"another Slack team than before was chosen",
			"This is another Slack team than before. Go back and choose."});
	else
		end(q, r, revision,
		    &(struct ending){MHD_HTTP_OK, "connected",
			a->n_missing_scopes > 0 ? "regrant" : "", "",
			"Slack is connected. You can close this window."});
}

static void
refused(struct request *q, authorization_record *r, uint64_t revision,
    const Carillon__V1__KeeperProblem *p)
{
	const char *code = p->error_code[0] != '\0' ? p->error_code : p->code;

	if (strcmp(p->code, "not_configured") == 0)
		end(q, r, revision,
		    &(struct ending){MHD_HTTP_BAD_GATEWAY, "failed", code,
			"the product's Slack app is not set up correctly",
			"The product's Slack app is not set up correctly. They have been "
			"told."});
	else if (strcmp(p->code, "slack_unavailable") == 0)
		end(q, r, revision,
		    &(struct ending){MHD_HTTP_BAD_GATEWAY, "failed", code,
			"Slack did not answer", "Slack did not answer." AGAIN});
	else
		end(q, r, revision,
		    &(struct ending){MHD_HTTP_BAD_GATEWAY, "failed", code, p->detail,
			arena_printf(q->arena, "Nothing was connected: %s." AGAIN, p->detail)
			    .ptr});
}

/* Asked once more when nobody answered: by its ticket the keeper knows what it did already. */
static void
exchange(struct request *q, authorization_record *r, uint64_t revision, struct str code)
{
	const keeper_answer *a = NULL;
	struct err e;

	for (int i = 0; i < 2 && a == NULL; i++) {
		keeper_request ask;

		carillon__v1__keeper_request__init(&ask);
		ask.connection = r->connection;
		ask.by = r->by;
		ask.code = arena_cstr(q->arena, code);
		ask.redirect_uri = arena_cstr(q->arena, authorization_redirect(q));
		ask.ticket = r->id;
		ask.scopes = r->scopes;
		a = keeper_ask(q, str_of(r->workspace), "oauth.exchange", &ask, &e);
	}
	if (a == NULL)
		end(q, r, revision,
		    &(struct ending){MHD_HTTP_SERVICE_UNAVAILABLE, "failed",
			"delivery_service_away", "the delivery service did not answer",
			"That took too long." AGAIN});
	else if (a->problem != NULL)
		refused(q, r, revision, a->problem);
	else
		succeed(q, r, revision, a);
}

/* --- in order --- */

static void
denied(struct request *q, authorization_record *r, uint64_t revision, struct str error)
{
	if (str_eq(error, STR("access_denied")))
		end(q, r, revision,
		    &(struct ending){MHD_HTTP_OK, "denied", "access_denied",
			"it was canceled in Slack", "Nothing was connected."});
	else
		end(q, r, revision,
		    &(struct ending){MHD_HTTP_OK, "failed",
			arena_cstr(q->arena, error.len > 64 ? STR("unknown_error") : error),
			"Slack refused", "Nothing was connected: Slack refused." AGAIN});
}

/* The state counts once, whatever follows. */
static authorization_record *
consume(struct request *q, uint64_t *revision)
{
	struct str token;
	struct err e;
	authorization_record *r =
	    authorization_of(q, request_parameter(q, "state"), &token, revision);

	if (r == NULL || !token_proves(token, r->state_hash.data, r->state_hash.len) ||
	    r->returned_ms != 0 || !authorization_is_waiting(r, q->now))
		return NULL;
	r->returned_ms = q->now.ms;
	return authorization_put(q, r, revision, &e) ? r : NULL;
}

void
api_oauth_callback(struct request *q)
{
	struct str error = request_parameter(q, "error"), code = request_parameter(q, "code");
	uint64_t revision;
	authorization_record *r = consume(q, &revision);

	if (r == NULL) {
		oauth_page_say(q, MHD_HTTP_BAD_REQUEST, TITLE,
		    "This link was used already or is too old. Go back and press Connect "
		    "Slack again.",
		    NULL);
	} else if (!is_same_browser(q, r)) {
		authorization_tell(q, r, "audit.oauth_other_browser",
		    "a consent came back in another browser than the one that asked");
		end(q, r, revision,
		    &(struct ending){MHD_HTTP_BAD_REQUEST, "failed", "other_browser",
			"it was started in another browser",
			"This was started in another browser." AGAIN});
	} else if (!may_still(q, r)) {
		end(q, r, revision,
		    &(struct ending){MHD_HTTP_BAD_REQUEST, "failed", "session_expired",
			"who asked is not logged in any more",
			"Your session has ended. Go back and log in again."});
	} else if (error.len > 0 || code.len == 0) {
		denied(q, r, revision, error.len > 0 ? error : STR("no_code"));
	} else {
		exchange(q, r, revision, code);
	}
}
