/*
 * The emit gateway: events by HTTP, for producers that do not speak NATS. What is answered with
 * 201 is stored. Nothing waits here: a request goes on when the broker has said how it went.
 *
 *     listener   read, check, pack, begin to publish, suspend
 *     broker     tells of each; the last one resumes the request
 *     listener   answers
 */
#include <microhttpd.h>
#include <sodium.h>

#include "carillon/base/id.h"
#include "carillon/base/log.h"
#include "carillon/registry/check.h"
#include "carillon/registry/json_read.h"
#include "common.h"
#include "web/handle.h"

enum {
	BULK_MAX = 100,
	IDEM_BYTES = 16,
	IDEM_KEY_MAX = 128,
	RETRY_FULL_S = 5,
	RETRY_RATE_S = 1,
};

/* How one event fared. */
struct emitted {
	struct emission *of;
	struct str event_type, workspace;
	event_message msg;
	struct findings found; /* wrong: it was not published */
	bool is_known;         /* stored before, under this id */
	bool is_strange;       /* of a type that the catalogue does not have */
	bool is_refused;       /* too many are under way */
	struct err why;        /* ERR_NONE: it is stored */
};

struct emission {
	struct request *q;
	atomic_int left; /* that are not told yet, and one for the handler itself */
	int n;
	struct emitted *events;
};

/* --- reading --- */

/* The wire's names are those of another product; ours are inside. */
static const struct {
	const char *wire, *own;
} names[] = {
    {"event", "type"},
    {"payload", "payload"},
    {"resource", "resource"},
    {"resource_id", "resource_id"},
    {"id", "id"},
    {"source", "source"},
    {"time", "time"},
    {"thread_key", "thread_key"},
};

static struct str
own_name(struct str wire)
{
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (str_eq(wire, str_of(names[i].wire)))
			return str_of(names[i].own);
	return (struct str){0};
}

static bool
is_beside(struct str wire)
{
	return str_eq(wire, STR("workspace")) || str_eq(wire, STR("type"));
}

/* The object under our names; its members are shared with the one that was read. */
static const struct json *
renamed(struct arena *a, const struct json *object, struct findings *f)
{
	struct json *out = ARENA_NEW(a, struct json), *last = NULL;

	out->kind = JSON_OBJECT;
	out->offset = object->offset;
	JSON_EACH (v, object) {
		struct json *copy;

		if (is_beside(v->key))
			continue;
		if (own_name(v->key).len == 0) {
			const struct pointer at = {.name = v->key};

			(void)findings_about(f, FINDING_UNKNOWN_MEMBER, &at,
			    "an event has no \"%.*s\"; put it into \"payload\"",
			    STR_ARG(v->key));
			continue;
		}
		copy = ARENA_NEW(a, struct json);
		*copy = *v;
		copy->key = own_name(v->key);
		copy->next = NULL;
		if (last != NULL)
			last->next = copy;
		else
			out->child = copy;
		last = copy;
		out->count++;
	}
	return out;
}

/* What was found at "/type" is at "/event" for who wrote it. */
static void
name_places(struct findings *f)
{
	for (int i = 0; i < f->n; i++)
		if (str_eq(f->items[i].pointer, STR("/type")))
			f->items[i].pointer = STR("/event");
}

static void
read_workspace(struct emitted *m, const struct json *object)
{
	struct request *q = m->of->q;
	struct str given = json_string(object, STR("workspace"));
	struct err e = {0};

	m->workspace = q->who.kind == PRINCIPAL_PUBLISHABLE ? q->who.workspace : given;
	if (m->workspace.len == 0)
		(void)findings_about(&m->found, FINDING_MISSING, POINTER_TO("workspace"),
		    "a secret key says for which \"workspace\"");
	else if ((given.len > 0 && !str_eq(given, m->workspace)) ||
		 !principal_sees(&q->who, m->workspace) ||
		 registry_workspace(q->registry, q->arena, m->workspace, NULL, &e) == NULL)
		(void)findings_about(&m->found, FINDING_BAD_FORM, POINTER_TO("workspace"),
		    "there is no such workspace for this key");
}

static void
read_kind(struct emitted *m, const struct json *object)
{
	const struct json *kind = json_get(object, STR("type"));
	const struct json *payload = json_get(object, STR("payload"));

	if (kind != NULL && (kind->kind != JSON_STRING || !str_eq(kind->text, STR("event"))))
		(void)findings_about(&m->found, FINDING_UNKNOWN_WORD, POINTER_TO("type"),
		    "\"type\" can only be \"event\"; the event's own type is in \"event\"");
	if (payload != NULL && payload->kind == JSON_OBJECT && payload->count == 0)
		(void)findings_about(&m->found, FINDING_MISSING, POINTER_TO("payload"),
		    "the payload has no member");
}

/* The same key makes the same id: for as long as history lives it is one event. */
static struct str
id_of_key(struct request *q, struct str workspace, struct str key, int place)
{
	crypto_generichash_state state;
	uint8_t hash[IDEM_BYTES];
	char text[2 * IDEM_BYTES + 1];

	crypto_generichash_init(&state, NULL, 0, sizeof(hash));
	crypto_generichash_update(&state, (const uint8_t *)workspace.ptr, workspace.len);
	crypto_generichash_update(&state, (const uint8_t *)"\0", 1);
	crypto_generichash_update(&state, (const uint8_t *)key.ptr, key.len);
	if (place > 0)
		crypto_generichash_update(&state, (const uint8_t *)&place, sizeof(place));
	crypto_generichash_final(&state, hash, sizeof(hash));
	sodium_bin2hex(text, sizeof(text), hash, sizeof(hash));
	return arena_printf(q->arena, "idem_%s", text);
}

static bool
is_stored(struct request *q, struct str workspace, struct str id)
{
	struct txn *t = txn_read(request_store(q), STORE_HISTORY);
	bool is_known = ledger_seq(t, workspace, id) > 0;

	txn_end(t);
	return is_known;
}

static void
name_event(struct emitted *m, int place)
{
	struct request *q = m->of->q;
	struct str key = request_header(q, "Idempotency-Key");
	char id[NEW_ID_SIZE];

	if (m->msg.id[0] == '\0' && key.len == 0) {
		id_new(id, "evt");
		m->msg.id = arena_cstr(q->arena, str_of(id));
		return;
	}
	if (m->msg.id[0] == '\0')
		m->msg.id = arena_cstr(q->arena, id_of_key(q, m->workspace, key, place));
	m->is_known =
	    id_is_event(str_of(m->msg.id)) && is_stored(q, m->workspace, str_of(m->msg.id));
}

static bool
is_in_catalogue(struct request *q, const struct emitted *m)
{
	struct err e = {0};

	return registry_type(q->registry, q->arena, m->workspace, m->event_type, NULL, &e) !=
	           NULL ||
	       registry_type(
		   q->registry, q->arena, CATALOGUE_WORKSPACE, m->event_type, NULL, &e) != NULL;
}

static void
read_event(struct emitted *m, const struct json *object, int place)
{
	struct request *q = m->of->q;

	findings_init(&m->found, q->arena);
	carillon__v1__event__init(&m->msg);
	if (object->kind != JSON_OBJECT) {
		(void)findings_about(&m->found, FINDING_WRONG_KIND, NULL,
		    "an event must be an object, not %s", json_kind_name(object->kind));
		return;
	}
	(void)json_read_event(
	    q->arena, renamed(q->arena, object, &m->found), &m->msg, &m->found);
	read_workspace(m, object);
	read_kind(m, object);
	if (m->msg.resource[0] == '\0')
		m->msg.resource = arena_cstr(q->arena, STR("global"));
	name_event(m, place);
	(void)check_event(&m->msg, &m->found);
	name_places(&m->found);
	m->event_type = str_of(m->msg.type);
	m->is_strange = m->found.n == 0 && !is_in_catalogue(q, m);
}

/* --- publishing --- */

static void
end_one(struct emission *x)
{
	struct request *q = x->q;

	if (atomic_fetch_sub(&x->left, 1) != 1)
		return;
	atomic_fetch_sub(&q->web->emitting, 1);
	handle_resume(q);
}

/* On the broker's thread. */
static void
published(const struct pub_ack *p, const struct err *e, void *arg)
{
	struct emitted *m = arg;

	if (p == NULL)
		m->why = *e;
	end_one(m->of);
}

static void
publish(struct emitted *m)
{
	struct request *q = m->of->q;
	char subject[SUBJECT_MAX];

	if (m->found.n > 0 || m->is_known)
		return;
	subject_event(subject, request_broker(q), m->workspace, m->event_type);
	atomic_fetch_add(&m->of->left, 1);
	if (broker_publish_begin(
		request_broker(q), subject, record_pack(q->arena, &m->msg), NULL, published, m))
		return;
	m->is_refused = true;
	atomic_fetch_sub(&m->of->left, 1);
}

/* --- answering --- */

static void
write_event(struct json_writer *w, const struct emitted *m)
{
	struct request *q = m->of->q;

	jw_object(w);
	jw_kv_cstr(w, "id", m->msg.id);
	jw_kv_string(w, "event", m->event_type);
	jw_kv_cstr(w, "resource", m->msg.resource);
	jw_kv_cstr(w, "resource_id", m->msg.resource_id);
	jw_kv_cstr(w, "type", "event");
	jw_kv_string(w, "workspace", m->workspace);
	jw_kv_string(w, "created_by", q->who.id);
	json_write_time(w, "created_at", q->now.ms);
	if (m->is_known)
		jw_kv_bool(w, "duplicate", true);
	if (m->is_strange)
		jw_kv_cstr(w, "warning", "the catalogue has no event type of this name");
	jw_object_end(w);
}

static enum problem
problem_of_emitted(const struct emitted *m)
{
	if (m->found.n > 0)
		return PROBLEM_INVALID_VALUE;
	return m->is_refused ? PROBLEM_RATE_LIMITED : PROBLEM_BROKER_UNAVAILABLE;
}

static bool
has_failed(const struct emitted *m)
{
	return m->found.n > 0 || m->is_refused || m->why.kind != ERR_NONE;
}

static void
answer_failed(struct request *q, const struct emitted *m)
{
	if (m->found.n > 0) {
		(void)problem_found(q, PROBLEM_INVALID_VALUE, &m->found);
	} else if (m->is_refused) {
		(void)problem(q, PROBLEM_RATE_LIMITED, "too many events are under way");
		problem_retry_after(q, RETRY_RATE_S);
	} else {
		log_warn("emit.failed", L_STR("request", q->id), L_STR("error", m->why.text));
		(void)problem(q, PROBLEM_BROKER_UNAVAILABLE,
		    "it may be stored all the same: send it again with the same id or "
		    "Idempotency-Key");
		q->answer.n_headers = 0;
		problem_retry_after(q, RETRY_FULL_S);
	}
}

static void
answer_one(struct request *q)
{
	struct emission *x = q->finish_arg;
	struct json_writer w;

	if (has_failed(x->events)) {
		answer_failed(q, x->events);
		return;
	}
	answer_json(q, MHD_HTTP_CREATED, &w);
	jw_object(&w);
	jw_key(&w, "event");
	write_event(&w, x->events);
	jw_object_end(&w);
}

static void
write_failed_event(struct json_writer *w, const struct emitted *m)
{
	enum problem p = problem_of_emitted(m);

	jw_object(w);
	jw_kv_cstr(w, "message", problem_title(p));
	jw_kv_cstr(w, "error", problem_code(p));
	jw_key(w, "errors");
	findings_write(w, &m->found);
	jw_object_end(w);
}

static void
answer_bulk(struct request *q)
{
	struct emission *x = q->finish_arg;
	struct json_writer w;
	int failed = 0;

	for (int i = 0; i < x->n; i++)
		failed += has_failed(&x->events[i]);
	answer_json(q, failed > 0 ? MHD_HTTP_MULTI_STATUS : MHD_HTTP_CREATED, &w);
	jw_object(&w);
	jw_kv_int(&w, "count", x->n);
	jw_kv_int(&w, "error_count", failed);
	jw_key(&w, "records");
	jw_array(&w);
	for (int i = 0; i < x->n; i++)
		if (has_failed(&x->events[i]))
			write_failed_event(&w, &x->events[i]);
		else
			write_event(&w, &x->events[i]);
	jw_array_end(&w);
	jw_object_end(&w);
}

/* --- both --- */

/* A browser says where it is: a key may be for some places only. */
static bool
may_come_from_there(struct request *q)
{
	struct str origin = request_header(q, "Origin");

	for (size_t i = 0; i < q->who.n_origins; i++)
		if (str_eq(q->who.origins[i], origin))
			return true;
	return q->who.n_origins == 0 || origin.len == 0 ||
	       problem(q, PROBLEM_FORBIDDEN, "this key is not for %.100s", origin.ptr);
}

static bool
has_good_key(struct request *q)
{
	struct str key = request_header(q, "Idempotency-Key");

	return key.len <= IDEM_KEY_MAX ||
	       problem(
		   q, PROBLEM_BAD_REQUEST, "Idempotency-Key: at most %d bytes", IDEM_KEY_MAX);
}

/* Without a connection it would wait for one in vain. */
static bool
can_store(struct request *q)
{
	if (broker_is_connected(request_broker(q)))
		return true;
	(void)problem(q, PROBLEM_BROKER_UNAVAILABLE, "the broker is not there");
	q->answer.n_headers = 0;
	problem_retry_after(q, RETRY_FULL_S);
	return false;
}

static struct emission *
emission_new(struct request *q, int n)
{
	struct emission *x = ARENA_NEW(q->arena, struct emission);

	x->q = q;
	x->n = n;
	x->events = ARENA_ARRAY(q->arena, struct emitted, n);
	atomic_init(&x->left, 1);
	for (int i = 0; i < n; i++)
		x->events[i].of = x;
	q->finish_arg = x;
	return x;
}

static void
begin(struct emission *x)
{
	struct request *q = x->q;

	q->is_suspended = true;
	atomic_fetch_add(&q->web->emitting, 1);
	MHD_suspend_connection(q->connection);
	for (int i = 0; i < x->n; i++)
		publish(&x->events[i]);
	end_one(x);
}

void
api_event_emit(struct request *q)
{
	const struct json *object;
	struct emission *x;

	if (!may_come_from_there(q) || !has_good_key(q) || !request_json(q, &object) ||
	    !can_store(q))
		return;
	x = emission_new(q, 1);
	read_event(x->events, object, 0);
	q->finish = answer_one;
	/* Nothing is to be waited for. */
	if (x->events->found.n > 0 || x->events->is_known)
		answer_one(q);
	else
		begin(x);
}

void
api_events_emit(struct request *q)
{
	const struct json *list;
	struct emission *x;
	int i = 0;

	if (!may_come_from_there(q) || !has_good_key(q) || !request_json(q, &list) ||
	    !can_store(q))
		return;
	if (list->kind != JSON_ARRAY || list->count < 1 || list->count > BULK_MAX) {
		(void)problem(q, PROBLEM_INVALID_VALUE,
		    "the body must be a list of 1 to %d events", BULK_MAX);
		return;
	}
	x = emission_new(q, (int)list->count);
	JSON_EACH (v, list) {
		read_event(&x->events[i], v, i + 1);
		i++;
	}
	q->finish = answer_bulk;
	begin(x);
}
