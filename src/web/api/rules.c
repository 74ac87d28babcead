#include <microhttpd.h>

#include "carillon/base/clock.h"
#include "carillon/base/id.h"
#include "write.h"

static void
write_one(struct request *q, struct json_writer *w, const void *record, uint64_t revision)
{
	(void)q;
	json_write_rule(w, record, revision, NULL);
}

static struct writing
writing_of(struct request *q, struct str id)
{
	return (struct writing){
	    .q = q,
	    .kind = STATE_RULE,
	    .workspace = request_part(q, 0),
	    .id = id,
	    .write = write_one,
	};
}

void
api_rules_list(struct request *q)
{
	if (api_has_workspace(q))
		api_list(q, request_part(q, 0), STATE_RULE, write_one);
}

void
api_rule_get(struct request *q)
{
	uint64_t revision;
	const rule_record *r;
	struct json_writer w;
	struct held held;

	if (!request_no_parameters(q) || (r = api_rule(q, &revision)) == NULL ||
	    answer_unchanged(q, revision) ||
	    !api_held(q, (struct str){0}, str_of(r->id), &held))
		return;
	answer_json(q, MHD_HTTP_OK, &w);
	json_write_rule(&w, r, revision, &held);
	answer_etag(q, revision);
}

/* --- writing --- */

static void
end_hold(rule_record *r)
{
	r->hold_reason = r->hold_code = (char *)(uintptr_t)protobuf_c_empty_string;
	r->repair = CARILLON__V1__REPAIR__REPAIR_UNSPECIFIED;
}

static bool
put(struct writing *w, rule_record *r)
{
	struct err e = {0};

	r->updated_ms = w->q->now.ms;
	findings_init(&w->found, w->q->arena);
	return registry_put_rule(w->q->registry, w->workspace, r, w->revision, &w->found, &e) ||
	       write_failed(w, &e, PROBLEM_INVALID_RULE);
}

/* Active unless it says otherwise, if it has a place to send to. */
static void
set_active(const struct json *object, rule_record *r)
{
	if (json_get(object, STR("active")) == NULL)
		r->active = r->connection[0] != '\0' && r->channel[0] != '\0';
}

void
api_rule_create(struct request *q)
{
	const struct json *object;
	char id[NEW_ID_SIZE];
	struct writing w = writing_of(q, (struct str){0});
	rule_record r;

	carillon__v1__rule__init(&r);
	if (!request_object(q, &object) || !write_read(&w, object, &r, PROBLEM_INVALID_RULE))
		return;
	id_new(id, "rule");
	if (r.id[0] == '\0')
		r.id = arena_cstr(q->arena, str_of(id));
	set_active(object, &r);
	end_hold(&r);
	r.created_ms = q->now.ms;
	w.id = str_of(r.id);
	if (put(&w, &r))
		write_answer(&w, MHD_HTTP_CREATED);
}

/* Another place to send to is the repair of a rule that is held. */
static bool
has_moved(const rule_record *was, const rule_record *is)
{
	return strcmp(was->connection, is->connection) != 0 ||
	       strcmp(was->channel, is->channel) != 0;
}

static void
store(struct writing *w, const rule_record *was, rule_record *is)
{
	is->id = was->id;
	if (has_moved(was, is))
		end_hold(is);
	if (put(w, is))
		write_answer(w, MHD_HTTP_OK);
}

/* A PATCH begins with what is there, a PUT with what the service keeps. */
static void
change(struct request *q, bool is_whole)
{
	const struct json *object;
	struct writing w = writing_of(q, request_part(q, 1));
	const rule_record *was = api_rule(q, &w.revision);
	rule_record is;

	if (was == NULL || !write_matches(&w) || !request_object(q, &object))
		return;
	is = *was;
	if (is_whole) {
		carillon__v1__rule__init(&is);
		is.hold_reason = was->hold_reason;
		is.hold_code = was->hold_code;
		is.repair = was->repair;
		is.created_ms = was->created_ms;
	}
	if (!write_read(&w, object, &is, PROBLEM_INVALID_RULE))
		return;
	if (is_whole)
		set_active(object, &is);
	store(&w, was, &is);
}

void
api_rule_put(struct request *q)
{
	change(q, true);
}

void
api_rule_patch(struct request *q)
{
	change(q, false);
}

void
api_rule_delete(struct request *q)
{
	struct writing w = writing_of(q, request_part(q, 1));
	struct err e = {0};

	if (api_rule(q, &w.revision) == NULL || !write_matches(&w))
		return;
	if (registry_delete(q->registry, w.workspace, STATE_RULE, w.id, w.revision, &e))
		answer_nothing(q);
	else
		(void)write_failed(&w, &e, PROBLEM_INVALID_RULE);
}

/* --- on, off, released --- */

static void
answer_released(struct writing *w, const struct held *held)
{
	struct json_writer jw;
	uint64_t revision;
	const rule_record *now = api_rule(w->q, &revision);

	if (now == NULL)
		return;
	answer_json(w->q, MHD_HTTP_OK, &jw);
	json_write_rule(&jw, now, revision, held);
	answer_etag(w->q, revision);
}

/* Only what is meant is changed, whoever edits the rest meanwhile: no If-Match is asked for. */
static void
switch_to(struct request *q, bool active)
{
	static const char *const members[] = {"drop_older_than", NULL};
	const struct json *object;
	struct writing w = writing_of(q, request_part(q, 1));
	struct held held = {0};
	int64_t older_ms = 0;
	rule_record *r;

	if (!request_object(q, &object) || !request_members(q, object, members) ||
	    !write_duration(q, object, "drop_older_than", &older_ms) ||
	    (r = api_rule(q, &w.revision)) == NULL)
		return;
	r->active = active;
	if (active)
		end_hold(r);
	if (active && !write_held(q, &(struct held_of){w.workspace, (struct str){0}, w.id},
			  older_ms, &held))
		return;
	if (put(&w, r))
		answer_released(&w, active ? &held : NULL);
}

void
api_rule_enable(struct request *q)
{
	switch_to(q, true);
}

void
api_rule_disable(struct request *q)
{
	switch_to(q, false);
}

void
api_rule_release(struct request *q)
{
	switch_to(q, true);
}
