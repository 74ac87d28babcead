#include <microhttpd.h>

#include "carillon/base/clock.h"
#include "write.h"

static void
write_one(struct request *q, struct json_writer *w, const void *record, uint64_t revision)
{
	(void)q;
	json_write_connection(w, record, revision, NULL);
}

static struct writing
writing_of(struct request *q)
{
	return (struct writing){
	    .q = q,
	    .kind = STATE_CONNECTION,
	    .workspace = request_part(q, 0),
	    .id = request_part(q, 1),
	    .write = write_one,
	};
}

void
api_connections_list(struct request *q)
{
	if (api_has_workspace(q))
		api_list(q, request_part(q, 0), STATE_CONNECTION, write_one);
}

static void
answer_with(struct request *q, const struct held *held)
{
	uint64_t revision;
	const connection_record *r = api_connection(q, &revision);
	struct json_writer w;

	if (r == NULL)
		return;
	answer_json(q, MHD_HTTP_OK, &w);
	json_write_connection(&w, r, revision, held);
	answer_etag(q, revision);
}

void
api_connection_get(struct request *q)
{
	struct held held;

	if (request_no_parameters(q) && api_held(q, request_part(q, 1), (struct str){0}, &held))
		answer_with(q, &held);
}

/* --- writing --- */

static bool
put(struct writing *w, connection_record *r)
{
	struct err e = {0};

	r->updated_ms = w->q->now.ms;
	return registry_put_connection(w->q->registry, w->workspace, r, w->revision, &e) ||
	       write_failed(w, &e, PROBLEM_INVALID_VALUE);
}

/* Name, channels, retry schedule; what it connects to is not for a PATCH. */
void
api_connection_patch(struct request *q)
{
	static const char *const members[] = {"name", "channels", "retry", NULL};
	const struct json *object;
	struct writing w = writing_of(q);
	connection_record *r = api_connection(q, &w.revision);

	if (r == NULL || !write_matches(&w) || !request_object(q, &object) ||
	    !request_members(q, object, members) ||
	    !write_read(&w, object, r, PROBLEM_INVALID_VALUE))
		return;
	if (put(&w, r))
		write_answer(&w, MHD_HTTP_OK);
}

/* --- on and off --- */

static void
set_status(connection_record *r, bool active)
{
	char *empty = (char *)(uintptr_t)protobuf_c_empty_string;

	r->status = active ? CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_ACTIVE
	                   : CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_DISABLED;
	r->status_reason = active ? empty : (char *)(uintptr_t) "switched off by hand";
	r->status_code = empty;
	r->repair = CARILLON__V1__REPAIR__REPAIR_UNSPECIFIED;
}

static void
switch_to(struct request *q, bool active)
{
	static const char *const members[] = {"drop_older_than", NULL};
	const struct json *object;
	struct writing w = writing_of(q);
	struct held held = {0};
	int64_t older_ms = 0;
	connection_record *r;

	if (!request_object(q, &object) || !request_members(q, object, members) ||
	    !write_duration(q, object, "drop_older_than", &older_ms) ||
	    (r = api_connection(q, &w.revision)) == NULL)
		return;
	set_status(r, active);
	if (active && !write_held(q, &(struct held_of){w.workspace, w.id, (struct str){0}},
			  older_ms, &held))
		return;
	if (put(&w, r))
		answer_with(q, active ? &held : NULL);
}

void
api_connection_release(struct request *q)
{
	switch_to(q, true);
}

void
api_connection_enable(struct request *q)
{
	switch_to(q, true);
}

void
api_connection_disable(struct request *q)
{
	switch_to(q, false);
}

/* --- delete --- */

static bool
is_unused(struct request *q)
{
	struct connection_users users;
	struct err e = {0};

	if (!registry_users(
		q->registry, q->arena, request_part(q, 0), request_part(q, 1), &users, &e))
		return problem_of(q, &e);
	return users.n == 0 ||
	       problem(q, PROBLEM_IN_USE, "%d active rule%s: %.*s", users.n,
		   users.n == 1 ? " uses it" : "s use it", STR_ARG(users.shown));
}

void
api_connection_delete(struct request *q)
{
	static const char *const parameters[] = {"force", NULL};
	struct writing w = writing_of(q);
	struct err e = {0};

	if (!request_parameters(q, parameters) || api_connection(q, &w.revision) == NULL ||
	    !write_matches(&w))
		return;
	if (!str_eq(request_parameter(q, "force"), STR("true")) && !is_unused(q))
		return;
	if (registry_delete(q->registry, w.workspace, STATE_CONNECTION, w.id, w.revision, &e))
		answer_nothing(q);
	else
		(void)write_failed(&w, &e, PROBLEM_INVALID_VALUE);
}
