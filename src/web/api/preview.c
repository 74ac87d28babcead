/* Trying a rule before it counts: on one event, and on the last ones that came. */
#include "trial.h"

#include <microhttpd.h>

#include "carillon/base/id.h"
#include "carillon/registry/check.h"
#include "carillon/registry/json_read.h"
#include "carillon/registry/published.h"
#include "carillon/registry/words.h"

enum {
	DRY_RUN_MAX = 100,
	DRY_RUN_MEMORY = 4 * 1024 * 1024, /* of one event and its message */
	WHY_NOT_MAX = 64,
};

/* --- the rule: a draft in the body --- */

/* What is wrong with it is told with the preview, not instead of it. */
bool
trial_read(struct request *q, const struct json *object, rule_record *r, struct findings *f)
{
	const struct json *draft = json_get(object, STR("rule"));

	findings_init(f, q->arena);
	carillon__v1__rule__init(r);
	if (draft == NULL || draft->kind != JSON_OBJECT)
		return problem(q, PROBLEM_INVALID_VALUE, "\"rule\" must be an object");
	(void)json_read_record(q->arena, STATE_RULE, draft, r, f);
	/* Whether it is on is not the question. */
	r->active = true;
	return true;
}

/* --- the event --- */

static bool
take_published(struct request *q, struct str id, struct preview_request *p)
{
	struct txn *t = txn_read(request_store(q), STORE_HISTORY);
	uint64_t seq = id_is_event(id) ? ledger_seq(t, p->workspace, id) : 0;
	const event_record *ev = seq > 0 ? history_event(t, q->arena, seq) : NULL;
	struct err e = {0};

	txn_end(t);
	if (ev == NULL)
		return problem_not_found(q);
	p->event_type = str_of(ev->type);
	return published_get(q->registry, q->arena, ev, &p->event, &e) || problem_of(q, &e);
}

static bool
take_sample(struct request *q, struct preview_request *p)
{
	if (p->type == NULL)
		return problem(q, PROBLEM_INVALID_VALUE,
		    "event: the catalogue has no type \"%s\", and so no sample",
		    p->rule->event_type);
	p->event_type = str_of(p->type->name);
	p->event = preview_sample(q->arena, p->type);
	return p->event.len > 0 || problem(q, PROBLEM_INVALID_VALUE,
				       "event: the type %s has no sample", p->type->name);
}

static bool
take_made_up(struct request *q, const struct json *event, struct preview_request *p)
{
	struct findings f;
	event_message msg;
	bool ok;

	findings_init(&f, q->arena);
	carillon__v1__event__init(&msg);
	msg.id = (char *)(uintptr_t) "preview";
	ok = json_read_event(q->arena, event, &msg, &f);
	if (!check_event(&msg, &f) || !ok)
		return problem_found(q, PROBLEM_INVALID_VALUE, &f);
	p->event_type = str_of(msg.type);
	p->event = record_pack(q->arena, &msg);
	return true;
}

/* {"sample": true}, {"id": "evt_1"} or an event; without any the sample. */
bool
trial_event(struct request *q, const struct json *event, struct preview_request *p)
{
	const struct json *id = json_get(event, STR("id"));
	const struct json *sample = json_get(event, STR("sample"));

	if (event == NULL || event->kind == JSON_NULL ||
	    (sample != NULL && sample->kind == JSON_TRUE))
		return take_sample(q, p);
	if (event->kind != JSON_OBJECT)
		return problem(q, PROBLEM_INVALID_VALUE, "\"event\" must be an object");
	if (id != NULL && id->kind == JSON_STRING && json_get(event, STR("payload")) == NULL)
		return take_published(q, id->text, p);
	return take_made_up(q, event, p);
}

/* A draft tried on its own sample says nothing of other types: it is for one pattern. */
struct preview_request
trial_of(struct request *q, const rule_record *r, struct findings *f)
{
	return (struct preview_request){
	    .workspace = request_part(q, 0),
	    .rule = r,
	    .type = registry_type_of_rule(q->registry, q->arena, request_part(q, 0), r),
	    .dest = registry_dest_of_rule(q->registry, request_part(q, 0), r),
	    .now = q->now,
	    .findings = f,
	};
}

void
api_rule_preview(struct request *q)
{
	static const char *const members[] = {"rule", "event", NULL};
	const struct json *object;
	struct preview_request p;
	struct json_writer w;
	struct findings f;
	struct preview out;
	struct err e = {0};
	rule_record r;

	if (!request_object(q, &object) || !request_members(q, object, members) ||
	    !api_has_workspace(q) || !trial_read(q, object, &r, &f))
		return;
	p = trial_of(q, &r, &f);
	if (!trial_event(q, json_get(object, STR("event")), &p))
		return;
	if (!preview_make(q->arena, &p, &out, &e) && f.n == 0) {
		(void)problem_of(q, &e);
		return;
	}
	answer_json(q, MHD_HTTP_OK, &w);
	preview_json(&w, &out);
}

/* --- dry run --- */

struct why {
	struct str pointer;
	int n;
};

struct dry_run {
	struct request *q;
	struct preview_request preview;
	const event_record *events[DRY_RUN_MAX];
	int last, n_events;
	struct json_writer w;
	int matched, missed;
	struct why why[WHY_NOT_MAX];
	int n_why;
};

static bool
gather_event(const event_record *ev, void *arg)
{
	struct dry_run *d = arg;

	d->events[d->n_events++] = ev;
	return d->n_events < d->last;
}

static void
count_why(struct dry_run *d, const struct preview *p)
{
	static const char *const words[] = {
	    [WHY_NOT_INACTIVE] = "inactive", [WHY_NOT_TYPE] = "type", [WHY_NOT_CONDITION] = ""};
	struct str pointer =
	    p->why_not_pointer.len > 0 ? p->why_not_pointer : str_of(words[p->why_not]);
	int i = 0;

	while (i < d->n_why && !str_eq(d->why[i].pointer, pointer))
		i++;
	if (i == WHY_NOT_MAX)
		return;
	if (i == d->n_why)
		d->why[d->n_why++] = (struct why){.pointer = arena_str(d->q->arena, pointer)};
	d->why[i].n++;
}

static void
write_match(struct dry_run *d, const event_record *ev, const struct preview *p)
{
	d->matched++;
	jw_object(&d->w);
	jw_kv_cstr(&d->w, "id", ev->event_id);
	jw_kv_cstr(&d->w, "type", ev->type);
	json_write_time(&d->w, "received_at", ev->received_ms);
	jw_kv_string(&d->w, "channel", p->channel);
	jw_kv_int(&d->w, "warnings", p->body != NULL ? p->body->warnings.n : 0);
	jw_object_end(&d->w);
}

/* One event; what it says is asked of the stream. */
static void
try_event(struct dry_run *d, const event_record *ev)
{
	struct arena *a = arena_new(DRY_RUN_MEMORY);
	struct preview_request p = d->preview;
	struct findings f;
	struct preview out;
	struct err e = {0};

	findings_init(&f, a);
	p.findings = &f;
	p.event_type = str_of(ev->type);
	if (!published_get(d->q->registry, a, ev, &p.event, &e) ||
	    !preview_make(a, &p, &out, &e))
		d->missed++;
	else if (out.matches)
		write_match(d, ev, &out);
	else
		count_why(d, &out);
	arena_free(a);
}

static void
write_whys(struct dry_run *d)
{
	jw_key(&d->w, "not_why");
	jw_object(&d->w);
	for (int i = 0; i < d->n_why; i++) {
		jw_keyn(&d->w, d->why[i].pointer);
		jw_int(&d->w, d->why[i].n);
	}
	jw_object_end(&d->w);
}

/* A rule that does not compile would miss all of them: it is told what is wrong instead. */
static bool
compiles(struct request *q, struct dry_run *d)
{
	struct findings f;

	findings_init(&f, q->arena);
	(void)check_rule(d->preview.rule, d->preview.type, d->preview.dest, &f);
	for (int i = 0; i < f.n; i++)
		if (str_starts_with(f.items[i].pointer, STR("/filter")) ||
		    str_starts_with(f.items[i].pointer, STR("/template")))
			return problem_found(q, PROBLEM_INVALID_RULE, &f);
	return true;
}

static bool
read_last(struct request *q, const struct json *object, int *last)
{
	const struct json *v = json_get(object, STR("last"));
	int64_t n = DRY_RUN_MAX;

	if (v != NULL && (!json_int64(v, &n) || n < 1 || n > DRY_RUN_MAX))
		return problem(
		    q, PROBLEM_INVALID_VALUE, "last: a number from 1 to %d", DRY_RUN_MAX);
	*last = (int)n;
	return true;
}

static bool
gather_events(struct request *q, struct dry_run *d)
{
	struct txn *t = txn_read(request_store(q), STORE_HISTORY);
	struct err e = {0};

	history_each_event_of(t, q->arena, d->preview.workspace, 0, gather_event, d);
	return txn_finish(t, &e) || problem_of(q, &e);
}

void
api_rule_dry_run(struct request *q)
{
	static const char *const members[] = {"rule", "last", NULL};
	const struct json *object;
	struct dry_run *d = ARENA_NEW(q->arena, struct dry_run);
	struct findings f;
	rule_record r;

	d->q = q;
	if (!request_object(q, &object) || !request_members(q, object, members) ||
	    !read_last(q, object, &d->last) || !api_has_workspace(q) ||
	    !trial_read(q, object, &r, &f))
		return;
	d->preview = trial_of(q, &r, &f);
	if (!compiles(q, d) || !gather_events(q, d))
		return;
	answer_json(q, MHD_HTTP_OK, &d->w);
	jw_object(&d->w);
	jw_key(&d->w, "events");
	jw_array(&d->w);
	for (int i = 0; i < d->n_events; i++)
		try_event(d, d->events[i]);
	jw_array_end(&d->w);
	jw_kv_int(&d->w, "examined", d->n_events);
	jw_kv_int(&d->w, "matched", d->matched);
	jw_kv_int(&d->w, "would_post", d->matched);
	jw_kv_int(&d->w, "not_readable", d->missed);
	write_whys(d);
	jw_object_end(&d->w);
}
