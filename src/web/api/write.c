#include "write.h"

#include <microhttpd.h>

#include "carillon/base/clock.h"
#include "carillon/registry/json_read.h"
#include "carillon/registry/replays.h"

enum {
	CANCEL_WAIT_MS = 8000,
	CANCEL_LOOK_MS = 50,
};

bool
write_read(struct writing *w, const struct json *object, void *record, enum problem p)
{
	findings_init(&w->found, w->q->arena);
	return json_read_record(w->q->arena, w->kind, object, record, &w->found) ||
	       problem_found(w->q, p, &w->found);
}

/* --- the record as it is now --- */

static const void *
look(struct writing *w, uint64_t *revision, struct err *e)
{
	struct registry *r = w->q->registry;
	struct arena *a = w->q->arena;

	switch (w->kind) {
	case STATE_WORKSPACE: return registry_workspace(r, a, w->workspace, revision, e);
	case STATE_CONNECTION:
		return registry_connection(r, a, w->workspace, w->id, revision, e);
	case STATE_RULE: return registry_rule(r, a, w->workspace, w->id, revision, e);
	case STATE_TYPE: return registry_type(r, a, w->workspace, w->id, revision, e);
	case STATE_REPLAY: return registry_replay(r, a, w->workspace, w->id, revision, e);
	case STATE_KEY: return registry_key(r, a, w->workspace, w->id, revision, e);
	case STATE_KINDS: break;
	}
	must(w->kind < STATE_KINDS);
	return NULL;
}

static bool
answer_changed(struct writing *w)
{
	struct buf current = {0};
	struct json_writer jw;
	struct err e = {0};
	uint64_t revision;
	const void *record = look(w, &revision, &e);

	jw_init(&jw, &current);
	if (record != NULL)
		w->write(w->q, &jw, record, revision);
	(void)problem_changed(w->q, buf_view(&current));
	if (record != NULL)
		answer_etag(w->q, revision);
	buf_fini(&current);
	return false;
}

bool
write_matches(struct writing *w)
{
	uint64_t seen;

	if (!request_if_match(w->q, &seen))
		return false;
	return seen == w->revision || answer_changed(w);
}

bool
write_failed(struct writing *w, const struct err *e, enum problem p)
{
	struct err behind = {0};

	if (w->found.n > 0)
		return problem_found(w->q, p, &w->found);
	if (e->kind != ERR_CONFLICT || w->revision == 0)
		return problem_of(w->q, e);
	/* This index was a little old. */
	if (!registry_catch_up(w->q->registry, 0, &behind))
		return problem_of(w->q, &behind);
	return answer_changed(w);
}

void
write_answer(struct writing *w, unsigned status)
{
	struct json_writer jw;
	struct err e = {0};
	uint64_t revision;
	const void *record = look(w, &revision, &e);

	if (record == NULL) {
		(void)problem_of(w->q, &e);
		return;
	}
	answer_json(w->q, status, &jw);
	w->write(w->q, &jw, record, revision);
	answer_etag(w->q, revision);
}

/* --- what is held --- */

bool
write_duration(struct request *q, const struct json *object, const char *name, int64_t *ms)
{
	static const struct {
		char unit;
		int64_t ms;
	} units[] = {{'m', 60000}, {'h', 3600000}, {'d', 86400000}};
	const struct json *v = json_get(object, str_of(name));
	int64_t n = 0;
	size_t at = 0;

	if (v == NULL || v->kind == JSON_NULL)
		return true;
	for (; v->kind == JSON_STRING && at + 1 < v->text.len && at < 5; at++) {
		if (v->text.ptr[at] < '0' || v->text.ptr[at] > '9')
			break;
		n = n * 10 + (v->text.ptr[at] - '0');
	}
	for (size_t i = 0; i < COUNT_OF(units) && n > 0 && at + 1 == v->text.len; i++)
		if (v->text.ptr[at] == units[i].unit) {
			*ms = n * units[i].ms;
			return true;
		}
	return problem(q, PROBLEM_INVALID_VALUE, "%s: such as 90m, 2h or 7d", name);
}

static bool
is_running(struct request *q, struct str workspace, const char *id)
{
	struct err e = {0};
	const replay_record *r =
	    registry_replay(q->registry, q->arena, workspace, str_of(id), NULL, &e);

	return r != NULL && r->status == CARILLON__V1__REPLAY_STATUS__REPLAY_STATUS_RUNNING;
}

static bool
cancel_older(struct request *q, const struct held_of *of, int64_t before_ms)
{
	static char *const states[] = {(char *)(uintptr_t) "held"};
	mono_t until = mono_after(clock_mono(), CANCEL_WAIT_MS);
	replay_record r;
	struct err e = {0};

	replay_new(&r, q->arena);
	r.action = CARILLON__V1__REPLAY_ACTION__REPLAY_ACTION_CANCEL;
	r.rate = REPLAY_RATE_MAX;
	r.connection = arena_cstr(q->arena, of->connection);
	r.rule = arena_cstr(q->arena, of->rule);
	r.states = (char **)(uintptr_t)states;
	r.n_states = 1;
	r.to_ms = before_ms;
	if (!replay_bound(q->registry, of->workspace, &r, &e) ||
	    !replay_start(q->registry, of->workspace, &r, &e))
		return problem_of(q, &e);
	while (is_running(q, of->workspace, r.id)) {
		if (mono_reached(clock_mono(), until))
			return problem(q, PROBLEM_DELIVERY_SERVICE_AWAY,
			    "the older ones are not canceled yet: ask again");
		clock_sleep(CANCEL_LOOK_MS);
	}
	return true;
}

bool
write_held(struct request *q, const struct held_of *of, int64_t older_ms, struct held *out)
{
	struct held before = {0};
	struct err e = {0};

	*out = (struct held){.is_released = true};
	if (!held_count(request_store(q), of, &before, &e))
		return problem_of(q, &e);
	if (older_ms > 0 && before.count > 0 && !cancel_older(q, of, q->now.ms - older_ms))
		return false;
	if (!held_count(request_store(q), of, out, &e))
		return problem_of(q, &e);
	out->dropped = before.count > out->count ? before.count - out->count : 0;
	return true;
}
