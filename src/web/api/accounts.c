/* What the keeper is asked about a connection's account: whose it is, its channels, its end. */
#include <microhttpd.h>

#include "carillon/base/log.h"
#include "common.h"
#include "web/ask_keeper.h"

enum { CONFLICTS_MAX = 5 };

static void
begin(struct request *q, keeper_request *ask)
{
	carillon__v1__keeper_request__init(ask);
	ask->connection = arena_cstr(q->arena, request_part(q, 1));
}

void
api_connection_check(struct request *q)
{
	const keeper_answer *a;
	keeper_request ask;
	struct json_writer w;
	bool all_fine = true;

	if (api_connection(q, NULL) == NULL)
		return;
	begin(q, &ask);
	a = keeper_ask_for_api(q, "slack.check", &ask);
	if (a == NULL)
		return;
	answer_json(q, MHD_HTTP_OK, &w);
	jw_object(&w);
	jw_key(&w, "findings");
	jw_array(&w);
	for (size_t i = 0; i < a->n_findings; i++) {
		jw_object(&w);
		jw_kv_cstr(&w, "what", a->findings[i]->what);
		jw_kv_bool(&w, "ok", a->findings[i]->ok);
		jw_kv_cstr(&w, "sentence", a->findings[i]->sentence);
		jw_object_end(&w);
		all_fine = all_fine && a->findings[i]->ok;
	}
	jw_array_end(&w);
	jw_kv_bool(&w, "ok", all_fine);
	jw_object_end(&w);
}

/* --- channels --- */

static void
write_channel(struct json_writer *w, const Carillon__V1__KeeperChannel *c)
{
	jw_object(w);
	jw_kv_cstr(w, "id", c->id);
	jw_kv_cstr(w, "name", c->name);
	jw_kv_bool(w, "private", c->private_);
	jw_kv_bool(w, "member", c->member);
	jw_kv_bool(w, "archived", c->archived);
	jw_object_end(w);
}

static void
write_index(struct json_writer *w, const Carillon__V1__KeeperIndex *i)
{
	jw_key(w, "index");
	jw_object(w);
	jw_kv_cstr(w, "state", i != NULL ? i->state : "none");
	jw_kv_int(w, "read", i != NULL ? i->read : 0);
	json_write_time(w, "at", i != NULL ? i->at_ms : 0);
	json_write_time(w, "next_refresh_at", i != NULL ? i->next_refresh_ms : 0);
	jw_kv_cstr(w, "detail", i != NULL ? i->detail : "");
	jw_object_end(w);
}

/* The last id of a full page is where the next one begins. */
static void
answer_channels(struct request *q, const keeper_answer *a, size_t limit)
{
	struct json_writer w;

	answer_json(q, MHD_HTTP_OK, &w);
	jw_object(&w);
	jw_kv_int(&w, "count", (int64_t)a->n_channels);
	jw_kv_int(&w, "limit", (int64_t)limit);
	jw_key(&w, "next_cursor");
	if (a->n_channels == limit && limit > 0)
		jw_cstr(&w, a->channels[a->n_channels - 1]->id);
	else
		jw_null(&w);
	jw_key(&w, "records");
	jw_array(&w);
	for (size_t i = 0; i < a->n_channels; i++)
		write_channel(&w, a->channels[i]);
	jw_array_end(&w);
	write_index(&w, a->index);
	jw_object_end(&w);
}

static void
list(struct request *q, bool refresh)
{
	const keeper_answer *a;
	keeper_request ask;
	size_t limit = 50;

	if (api_connection(q, NULL) == NULL || (!refresh && !request_limit(q, &limit)))
		return;
	begin(q, &ask);
	ask.query = arena_cstr(q->arena, request_parameter(q, "q"));
	ask.after = arena_cstr(q->arena, request_parameter(q, "cursor"));
	ask.limit = (uint32_t)limit;
	ask.refresh = refresh;
	a = keeper_ask_for_api(q, "slack.channels", &ask);
	if (a != NULL)
		answer_channels(q, a, limit);
}

void
api_channels_list(struct request *q)
{
	static const char *const parameters[] = {"q", "cursor", "limit", NULL};

	if (request_parameters(q, parameters))
		list(q, false);
}

void
api_channels_refresh(struct request *q)
{
	list(q, true);
}

void
api_channel_get(struct request *q)
{
	const keeper_answer *a;
	keeper_request ask;
	struct json_writer w;

	if (api_connection(q, NULL) == NULL)
		return;
	begin(q, &ask);
	ask.channel = arena_cstr(q->arena, request_part(q, 2));
	a = keeper_ask_for_api(q, "slack.channel", &ask);
	if (a == NULL)
		return;
	if (a->n_channels == 0) {
		(void)problem_not_found(q);
		return;
	}
	answer_json(q, MHD_HTTP_OK, &w);
	write_channel(&w, a->channels[0]);
}

/* --- the end --- */

static bool
is_unused(struct request *q)
{
	struct connection_users users;
	struct err e;

	if (!registry_users(
		q->registry, q->arena, request_part(q, 0), request_part(q, 1), &users, &e))
		return problem_of(q, &e);
	return users.n == 0 || str_eq(request_parameter(q, "force"), STR("true")) ||
	       problem(q, PROBLEM_IN_USE, "%d active rule%s use it", users.n,
		   users.n == 1 ? "" : "s");
}

/* What the destination does not take back is told, and does not keep a customer from leaving.
 */
static const keeper_answer *
give_back(struct request *q)
{
	const keeper_answer *a;
	keeper_request ask;
	struct err e;

	begin(q, &ask);
	a = keeper_ask(q, request_part(q, 0), "slack.revoke", &ask, &e);
	return a != NULL && a->problem == NULL ? a : NULL;
}

/* As often as somebody else is faster: Slack's own event of the revocation changes it, too. */
static bool delete (struct request *q)
{
	struct err e;

	for (int i = 0;; i++) {
		uint64_t revision;

		if (!registry_catch_up(q->registry, 0, &e))
			return problem_of(q, &e);
		if (api_connection(q, &revision) == NULL)
			return false;
		if (registry_delete(q->registry, request_part(q, 0), STATE_CONNECTION,
			request_part(q, 1), revision, &e))
			return true;
		if (e.kind != ERR_CONFLICT || i == CONFLICTS_MAX)
			return problem_of(q, &e);
	}
}

void
api_connection_disconnect(struct request *q)
{
	static const char *const parameters[] = {"force", NULL};
	const keeper_answer *a;
	struct json_writer w;

	if (!request_parameters(q, parameters) || api_connection(q, NULL) == NULL ||
	    !is_unused(q))
		return;
	a = give_back(q);
	registry_set_author(q->registry, str_of(request_author(q)));
	if (!delete (q))
		return;
	answer_json(q, MHD_HTTP_OK, &w);
	jw_object(&w);
	jw_kv_bool(&w, "revoked", a != NULL && a->revoked);
	jw_kv_int(&w, "shared_with", a != NULL ? a->shared_with : 0);
	jw_object_end(&w);
}
