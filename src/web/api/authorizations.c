/* Consents, as the embedded UI begins them, looks at them and chooses. */
#include <microhttpd.h>
#include <stdio.h>

#include "carillon/base/id.h"
#include "carillon/dest/grant.h"
#include "carillon/registry/keys.h"
#include "common.h"
#include "web/ask_keeper.h"
#include "web/oauth/authorization.h"
#include "web/sessions.h"

static struct str
scopes_and(struct request *q, struct str scopes, struct str more)
{
	struct str missing = scopes_missing(q->arena, more, scopes);

	if (missing.len == 0 || scopes.len == 0)
		return scopes.len > 0 ? scopes : missing;
	return arena_printf(q->arena, "%.*s,%.*s", STR_ARG(scopes), STR_ARG(missing));
}

/* "channels", "uninvited", "doubt": what a consent that grows is for. */
static enum dest_need
need_of(struct str word)
{
	if (str_eq(word, STR("uninvited")))
		return NEED_UNINVITED;
	return str_eq(word, STR("doubt")) ? NEED_DOUBT : NEED_CHANNELS;
}

/* A consent that grows asks for no channel anew; who reconnects gets all of before. */
static bool
aim(struct request *q, authorization_record *r, const struct json *body)
{
	const struct dest_oauth *oauth = dest_default()->oauth;
	const struct config *c = request_config(q);
	struct str first = str_of(oauth->scopes_for(c, NEED_FIRST));
	const connection_record *was;
	struct err e = {0};
	struct str scopes;

	if (strcmp(r->intent, "new") == 0) {
		r->scopes = arena_cstr(q->arena, first);
		return true;
	}
	was = registry_connection(
	    q->registry, q->arena, request_part(q, 0), str_of(r->connection), NULL, &e);
	if (was == NULL)
		return problem_of(q, &e);
	scopes = scopes_and(q, str_of(was->scopes), first);
	if (strcmp(r->intent, "grow") == 0) {
		scopes = scopes_missing(q->arena, scopes, STR("incoming-webhook"));
		scopes = scopes_and(q, scopes,
		    str_of(oauth->scopes_for(c, need_of(json_string(body, STR("for"))))));
	}
	r->scopes = arena_cstr(q->arena, scopes);
	r->team = was->team_id;
	return true;
}

static bool
has_room(struct request *q)
{
	struct err e;

	return registry_has_room(
		   q->registry, request_part(q, 0), STATE_CONNECTION, CONNECTIONS_MAX, &e) ||
	       problem_of(q, &e);
}

static bool
read_intent(struct request *q, authorization_record *r, const struct json **body)
{
	static const char *const members[] = {"intent", "connection", "for", NULL};
	static const char *const intents[] = {"new", "reconnect", "grow"};
	struct str intent, connection;

	if (!request_object(q, body) || !request_members(q, *body, members))
		return false;
	intent = json_string(*body, STR("intent"));
	connection = json_string(*body, STR("connection"));
	r->intent = (char *)(uintptr_t) "";
	for (size_t i = 0; i < COUNT_OF(intents); i++)
		if (str_eq(intent, str_of(intents[i])))
			r->intent = (char *)(uintptr_t)intents[i];
	if (r->intent[0] == '\0')
		return problem(
		    q, PROBLEM_INVALID_VALUE, "\"intent\" is new, reconnect or grow");
	if ((strcmp(r->intent, "new") == 0) != (connection.len == 0))
		return problem(q, PROBLEM_INVALID_VALUE,
		    "\"connection\" is of what is reconnected or grows, and of nothing else");
	r->connection = arena_cstr(q->arena, connection);
	return strcmp(r->intent, "new") != 0 || has_room(q);
}

static void
name_asker(struct request *q, authorization_record *r)
{
	uint64_t revision;
	const session_record *s;

	r->by = request_author(q);
	if (q->who.kind != PRINCIPAL_SESSION)
		return;
	r->session = arena_cstr(q->arena, q->who.id);
	s = sessions_get(q->web->sessions, q->arena, q->who.id, &revision);
	if (s != NULL)
		r->by_name = s->external_name;
}

static void
make(struct request *q, authorization_record *r)
{
	char ticket_token[TOKEN_TEXT_MAX], proof[TOKEN_TEXT_MAX];
	char ticket[AUTHORIZATION_TEXT_MAX], id[NEW_ID_SIZE];
	uint8_t ticket_hash[TOKEN_HASH], proof_hash[TOKEN_HASH];
	uint64_t revision = 0;
	struct json_writer w;
	struct err e;

	id_new(id, "auth");
	token_new(ticket_token, ticket_hash);
	token_new(proof, proof_hash);
	authorization_text(ticket, id, ticket_token);
	r->id = id;
	r->workspace = arena_cstr(q->arena, request_part(q, 0));
	r->status = (char *)(uintptr_t) "waiting";
	r->created_ms = q->now.ms;
	r->expires_ms = q->now.ms + AUTHORIZATION_TTL_MS;
	r->ticket_hash = hash_keep(q, ticket_hash);
	r->proof_hash = hash_keep(q, proof_hash);
	if (!authorization_put(q, r, &revision, &e)) {
		(void)problem_of(q, &e);
	} else {
		answer_json(q, MHD_HTTP_CREATED, &w);
		authorization_write(&w, r,
		    arena_cstr(q->arena,
			arena_printf(q->arena, "/oauth/slack/start?ticket=%s", ticket)),
		    proof, q->now);
		q->answer.is_secret = true;
	}
	explicit_bzero(proof, sizeof(proof));
	explicit_bzero(ticket, sizeof(ticket));
	explicit_bzero(ticket_token, sizeof(ticket_token));
}

void
api_authorization_create(struct request *q)
{
	authorization_record *r = ARENA_NEW(q->arena, authorization_record);
	const struct json *body;

	carillon__v1__authorization__init(r);
	if (dest_default()->oauth->app(request_config(q)).client_id[0] == '\0') {
		(void)problem(q, PROBLEM_NOT_CONFIGURED, "slack_client_id is not set");
		return;
	}
	if (!api_has_workspace(q) || !read_intent(q, r, &body) || !aim(q, r, body))
		return;
	name_asker(q, r);
	make(q, r);
}

/* That of the route, in this workspace. */
static authorization_record *
find(struct request *q, uint64_t *revision)
{
	authorization_record *r = authorization_get(q, request_part(q, 1), revision);

	if (r != NULL && str_eq(str_of(r->workspace), request_part(q, 0)))
		return r;
	(void)problem_not_found(q);
	return NULL;
}

void
api_authorization_get(struct request *q)
{
	uint64_t revision;
	const authorization_record *r = find(q, &revision);
	struct json_writer w;

	if (r == NULL)
		return;
	answer_json(q, MHD_HTTP_OK, &w);
	authorization_write(&w, r, NULL, NULL, q->now);
}

void
api_authorization_choose(struct request *q)
{
	static const char *const members[] = {"choice", NULL};
	uint64_t revision;
	authorization_record *r = find(q, &revision);
	const struct json *body;
	const keeper_answer *a;
	keeper_request ask;
	struct json_writer w;
	struct str choice;
	struct err e;

	if (r == NULL || !request_object(q, &body) || !request_members(q, body, members))
		return;
	choice = json_string(body, STR("choice"));
	if (!str_eq(choice, STR("use")) && !str_eq(choice, STR("undo"))) {
		(void)problem(q, PROBLEM_INVALID_VALUE, "\"choice\" is use or undo");
		return;
	}
	if (strcmp(r->status, "needs_choice") != 0) {
		(void)problem(q, PROBLEM_IN_USE, "there is nothing to choose");
		return;
	}
	carillon__v1__keeper_request__init(&ask);
	ask.connection = r->result;
	ask.use = str_eq(choice, STR("use"));
	a = keeper_ask_for_api(q, "oauth.choose", &ask);
	if (a == NULL)
		return;
	if (!registry_catch_up(q->registry, a->revision, &e)) {
		(void)problem_of(q, &e);
		return;
	}
	authorization_end(r, ask.use ? "connected" : "denied", ask.use ? "" : "undone", "");
	if (!authorization_put(q, r, &revision, &e) && e.kind != ERR_CONFLICT) {
		(void)problem_of(q, &e);
		return;
	}
	answer_json(q, MHD_HTTP_OK, &w);
	authorization_write(&w, r, NULL, NULL, q->now);
}
