/*
 * A test message goes the way of every other: an event is published that names one rule, the
 * service matches, renders and sends it, and its delivery is in history. The rule is a copy of
 * the draft that is off, so that nothing else ever goes by it, and it is swept away later.
 */
#include <microhttpd.h>

#include "carillon/base/clock.h"
#include "carillon/base/id.h"
#include "trial.h"

enum {
	SWEEP_AGE_MS = 15 * 60 * 1000,
	PUBLISH_WAIT_MS = 5000,
	TRIES = 3,      /* the service may not have heard of the rule yet */
	HEAR_MS = 100,  /* for which it is given time to */
	LOOK_MS = 1500, /* for which its record is waited for */
	LOOK_STEP_MS = 20,
};

/* --- the copy --- */

static bool
take_rule(struct request *q, const struct json *object, rule_record *r, struct findings *f)
{
	const struct json *id = json_get(object, STR("rule_id"));
	struct err e = {0};
	const rule_record *stored;

	if (id == NULL || id->kind != JSON_STRING)
		return trial_read(q, object, r, f) &&
		       (f->n == 0 || problem_found(q, PROBLEM_INVALID_RULE, f));
	findings_init(f, q->arena);
	stored = registry_rule(q->registry, q->arena, request_part(q, 0), id->text, NULL, &e);
	if (stored == NULL)
		return problem_of(q, &e);
	*r = *stored;
	return true;
}

/* Without what could keep it back, and with one attempt: the person is watching. */
static void
make_copy(struct request *q, rule_record *r)
{
	char *empty = (char *)(uintptr_t)protobuf_c_empty_string;
	char id[NEW_ID_SIZE], event[NEW_ID_SIZE];

	id_new(id, "test");
	id_new(event, "test");
	r->id = arena_cstr(q->arena, str_of(id));
	r->test_event = arena_cstr(q->arena, str_of(event));
	r->active = false;
	r->filter = r->thread_key = r->update_key = r->dedupe_key = empty;
	r->thread_hours = r->dedupe_minutes = 0;
	r->hold_reason = r->hold_code = empty;
	r->repair = CARILLON__V1__REPAIR__REPAIR_UNSPECIFIED;
	r->quiet_hours = NULL;
	r->on_burst = CARILLON__V1__ON_BURST__ON_BURST_QUEUE;
	r->retry_s = ARENA_ARRAY(q->arena, uint32_t, 1);
	r->n_retry_s = 1;
	r->created_ms = r->updated_ms = q->now.ms;
}

static bool
has_aim(struct request *q, const rule_record *r)
{
	if (r->connection[0] != '\0' && r->channel[0] != '\0')
		return true;
	return problem(
	    q, PROBLEM_INVALID_RULE, "a test needs a connection and a channel to send to");
}

/* --- sweeping --- */

struct old {
	struct request *q;
	const rule_record *rules[RULES_MAX];
	uint64_t revisions[RULES_MAX];
	int n;
};

static bool
take_old(const void *record, uint64_t revision, void *arg)
{
	struct old *o = arg;
	const rule_record *r = record;

	if (api_is_hidden_rule(str_of(r->id)) && r->created_ms < o->q->now.ms - SWEEP_AGE_MS &&
	    o->n < RULES_MAX) {
		o->rules[o->n] = r;
		o->revisions[o->n++] = revision;
	}
	return true;
}

static void
sweep(struct request *q)
{
	const struct state_list list = {.workspace = request_part(q, 0), .kind = STATE_RULE};
	struct old *o = ARENA_NEW(q->arena, struct old);
	struct err e = {0};

	o->q = q;
	if (!registry_each(q->registry, q->arena, &list, take_old, o, &e))
		return;
	for (int i = 0; i < o->n; i++)
		/* Somebody else swept it. */
		if (!registry_delete(q->registry, list.workspace, STATE_RULE,
			str_of(o->rules[i]->id), o->revisions[i], &e))
			return;
}

/* --- the event --- */

static bool
compose(
    struct request *q, const struct preview_request *p, int nth, struct str *bytes, char **id)
{
	event_message *msg;
	struct err e = {0};

	if (!record_unpack(&carillon__v1__event__descriptor, q->arena, p->event, &msg, &e))
		return problem_of(q, &e);
	*id = msg->id =
	    arena_cstr(q->arena, arena_printf(q->arena, "%s.%d", p->rule->test_event, nth));
	msg->type = arena_cstr(q->arena, p->event_type);
	msg->test_rule = p->rule->id;
	*bytes = record_pack(q->arena, msg);
	return true;
}

static bool
is_matched(struct request *q, const char *id, bool *is_recorded)
{
	struct txn *t = txn_read(request_store(q), STORE_HISTORY);
	uint64_t seq = ledger_seq(t, request_part(q, 0), str_of(id));
	const event_record *ev = seq > 0 ? history_event(t, q->arena, seq) : NULL;

	txn_end(t);
	*is_recorded = ev != NULL;
	return ev != NULL && ev->matched > 0;
}

/* Whether the service knew the rule; also when it says nothing, which the history will tell. */
static bool
was_heard(struct request *q, const char *id)
{
	mono_t until = mono_after(clock_mono(), LOOK_MS);
	bool is_recorded = false, matched = false;

	while (!is_recorded && !mono_reached(clock_mono(), until)) {
		clock_sleep(LOOK_STEP_MS);
		matched = is_matched(q, id, &is_recorded);
	}
	return matched || !is_recorded;
}

static bool
publish(struct request *q, const struct preview_request *p, char **id)
{
	char subject[SUBJECT_MAX];
	struct str bytes;
	struct err e = {0};

	subject_event(subject, request_broker(q), request_part(q, 0), p->event_type);
	for (int i = 0; i < TRIES; i++) {
		clock_sleep(HEAR_MS);
		if (!compose(q, p, i + 1, &bytes, id))
			return false;
		if (!broker_publish(request_broker(q),
			&(struct publication){subject, bytes, NULL, PUBLISH_WAIT_MS}, NULL, &e))
			return problem_of(q, &e);
		if (was_heard(q, *id))
			return true;
	}
	return problem(
	    q, PROBLEM_DELIVERY_SERVICE_AWAY, "the service does not know the rule yet");
}

static bool
put_copy(struct request *q, rule_record *r)
{
	struct findings f;
	struct err e = {0};

	make_copy(q, r);
	findings_init(&f, q->arena);
	return registry_put_rule(q->registry, request_part(q, 0), r, 0, &f, &e) ||
	       problem_of_write(q, PROBLEM_INVALID_RULE, &f, &e);
}

void
api_rule_test(struct request *q)
{
	static const char *const members[] = {"rule", "rule_id", "event", NULL};
	const struct json *object;
	struct preview_request p;
	struct json_writer w;
	struct findings f;
	rule_record r;
	char *id = NULL;

	if (!request_object(q, &object) || !request_members(q, object, members) ||
	    !api_has_workspace(q) || !take_rule(q, object, &r, &f) || !has_aim(q, &r))
		return;
	p = trial_of(q, &r, &f);
	if (!trial_event(q, json_get(object, STR("event")), &p))
		return;
	sweep(q);
	if (!put_copy(q, &r) || !publish(q, &p, &id))
		return;
	answer_json(q, MHD_HTTP_ACCEPTED, &w);
	jw_object(&w);
	jw_kv_cstr(&w, "event_id", id);
	jw_kv_cstr(&w, "rule_id", r.id);
	jw_object_end(&w);
}
