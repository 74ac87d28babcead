#include "carillon/broker/micro.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "broker/private.h"
#include "carillon/base/clock.h"
#include "carillon/base/id.h"

enum { SERVICES_MAX = 2, TURN_MS = 250, DEPTH_MAX = 8 };

struct micro {
	struct broker *b; /* held */
	struct micro_service services[SERVICES_MAX];
	size_t n;
	char id[NEW_ID_SIZE];
	wall_t started;
	natsConnection *nc; /* on which `sub` was made */
	natsSubscription *sub;
	pthread_t thread;
	atomic_bool is_stopping;
};

static const struct verb {
	struct str name;
	const char *type;
	bool has_endpoints, has_stats;
} verbs[] = {
    {{"PING", 4}, "io.nats.micro.v1.ping_response", false, false},
    {{"INFO", 4}, "io.nats.micro.v1.info_response", true, false},
    {{"STATS", 5}, "io.nats.micro.v1.stats_response", true, true},
};

/* --- an answer --- */

static void
put_stats(struct json_writer *w, const struct micro_endpoint *p)
{
	const int64_t ns = p->took_us * 1000;

	jw_kv_int(w, "num_requests", (int64_t)p->requests);
	jw_kv_int(w, "num_errors", (int64_t)p->errors);
	jw_kv_cstr(w, "last_error", "");
	jw_kv_int(w, "processing_time", ns);
	jw_kv_int(
	    w, "average_processing_time", p->requests > 0 ? ns / (int64_t)p->requests : 0);
	if (p->data == NULL)
		return;
	jw_key(w, "data");
	jw_object(w);
	p->data(w, p->arg);
	jw_object_end(w);
}

static void
put_endpoints(struct json_writer *w, const struct micro_service *s, bool has_stats)
{
	struct micro_endpoint points[MICRO_ENDPOINTS_MAX] = {0};
	struct arena *a = arena_new(0);
	const size_t n = s->look(points, a, s->arg);

	jw_key(w, "endpoints");
	jw_array(w);
	for (size_t i = 0; i < n; i++) {
		jw_object(w);
		jw_kv_string(w, "name", points[i].name);
		jw_kv_string(w, "subject", points[i].subject);
		jw_kv_string(w, "queue_group", points[i].queue);
		if (has_stats)
			put_stats(w, &points[i]);
		jw_object_end(w);
	}
	jw_array_end(w);
	arena_free(a);
}

static void
compose(
    struct buf *out, const struct micro *m, const struct micro_service *s, const struct verb *v)
{
	char text[CLOCK_TEXT_MAX];
	struct json_writer w;

	jw_init(&w, out);
	jw_object(&w);
	jw_kv_cstr(&w, "type", v->type);
	jw_kv_cstr(&w, "name", s->name);
	jw_kv_cstr(&w, "id", m->id);
	jw_kv_cstr(&w, "version", s->version);
	jw_key(&w, "metadata");
	jw_object(&w);
	jw_kv_cstr(&w, "prefix", m->b->prefix);
	jw_kv_cstr(&w, "node", s->node);
	jw_object_end(&w);
	if (v->has_endpoints)
		put_endpoints(&w, s, v->has_stats);
	if (v->has_stats)
		jw_kv_cstr(&w, "started", clock_text(m->started, text));
	else if (v->has_endpoints)
		jw_kv_cstr(&w, "description", s->description);
	jw_object_end(&w);
}

/* --- who is asked what --- */

static struct str
next_token(struct str *rest)
{
	const char *dot = rest->len > 0 ? memchr(rest->ptr, '.', rest->len) : NULL;
	const struct str token = {rest->ptr, dot ? (size_t)(dot - rest->ptr) : rest->len};
	const size_t taken = token.len + (dot != NULL);

	*rest = (struct str){rest->ptr + taken, rest->len - taken};
	return token;
}

static const struct verb *
verb_find(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(verbs); i++)
		if (str_eq(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

/* The subject is $SRV.VERB, $SRV.VERB.NAME or $SRV.VERB.NAME.ID. */
static void
answer(struct micro *m, natsMsg *msg)
{
	struct str rest = str_of(natsMsg_GetSubject(msg)), name, id;
	const char *reply = natsMsg_GetReply(msg);
	const struct verb *v;
	struct buf out = {0};

	(void)next_token(&rest);
	v = verb_find(next_token(&rest));
	name = next_token(&rest);
	id = next_token(&rest);
	if (v == NULL || reply == NULL || rest.len > 0)
		return;
	if (id.len > 0 && !str_eq(id, str_of(m->id)))
		return;
	for (size_t i = 0; i < m->n; i++) {
		if (name.len > 0 && !str_eq(name, str_of(m->services[i].name)))
			continue;
		buf_clear(&out);
		compose(&out, m, &m->services[i], v);
		/* Who asked hears nothing from us when it fails, and asks again. */
		(void)natsConnection_Publish(m->nc, reply, out.ptr, (int)out.len);
	}
	buf_fini(&out);
}

/* --- the thread --- */

static bool
subscribe(struct micro *m)
{
	natsConnection *nc = m->b->nc;

	if (m->sub != NULL && m->nc == nc)
		return true;
	natsSubscription_Destroy(m->sub);
	m->sub = NULL;
	m->nc = nc;
	return natsConnection_SubscribeSync(&m->sub, nc, "$SRV.>") == NATS_OK;
}

static void *
micro_run(void *micro)
{
	struct micro *m = micro;
	natsMsg *msg;

	while (!atomic_load(&m->is_stopping)) {
		natsStatus s = subscribe(m) ? natsSubscription_NextMsg(&msg, m->sub, TURN_MS)
		                            : NATS_CONNECTION_CLOSED;

		if (s == NATS_OK) {
			answer(m, msg);
			natsMsg_Destroy(msg);
		} else if (s != NATS_TIMEOUT && s != NATS_SLOW_CONSUMER) {
			m->nc = NULL;
			broker_pause(m->b, TURN_MS);
		}
	}
	return NULL;
}

struct micro *
micro_start(struct broker *b, const struct micro_service *services, size_t n)
{
	struct micro *m = calloc(1, sizeof(*m));

	must(m != NULL && n <= SERVICES_MAX);
	m->b = b;
	memcpy(m->services, services, n * sizeof(*services));
	m->n = n;
	m->started = clock_wall();
	id_new(m->id, "node");
	broker_hold(b);
	must(pthread_create(&m->thread, NULL, micro_run, m) == 0);
	(void)pthread_setname_np(m->thread, "micro");
	return m;
}

void
micro_stop(struct micro *m)
{
	if (m == NULL)
		return;
	atomic_store(&m->is_stopping, true);
	pthread_join(m->thread, NULL);
	natsSubscription_Destroy(m->sub);
	broker_drop(m->b);
	free(m);
}

/* --- asking --- */

static void
take_answer(struct broker *b, const struct micro_question *q, struct str text, struct arena *a)
{
	const struct json *root;
	struct err e;

	if (json_parse(a, arena_str(a, text), DEPTH_MAX, &root, &e) &&
	    str_eq(
		json_string(json_get(root, STR("metadata")), STR("prefix")), str_of(b->prefix)))
		q->each(root, q->arg);
}

static void
take_answers(
    struct broker *b, const struct micro_question *q, natsSubscription *sub, struct arena *a)
{
	const mono_t until = mono_after(clock_mono(), q->wait_ms);
	int64_t left;
	natsMsg *msg;

	while ((left = until.ms - clock_mono().ms) > 0) {
		if (natsSubscription_NextMsg(&msg, sub, left) != NATS_OK)
			return;
		/* Where nobody is, the server says so by an empty message. */
		if (natsMsg_GetDataLength(msg) > 0)
			take_answer(b, q,
			    (struct str){
				natsMsg_GetData(msg), (size_t)natsMsg_GetDataLength(msg)},
			    a);
		natsMsg_Destroy(msg);
	}
}

bool
micro_ask(struct broker *b, const struct micro_question *q, struct arena *a, struct err *e)
{
	natsSubscription *sub = NULL;
	natsInbox *inbox = NULL;
	char subject[32];
	bool ok;

	if (!broker_wait_connected(b, mono_after(clock_mono(), API_WAIT_MS), e))
		return false;
	snprintf(subject, sizeof(subject), "$SRV.%s", q->verb);
	broker_hold(b);
	ok = natsInbox_Create(&inbox) == NATS_OK &&
	     natsConnection_SubscribeSync(&sub, b->nc, inbox) == NATS_OK &&
	     natsConnection_PublishRequest(b->nc, subject, inbox, "", 0) == NATS_OK;
	if (ok)
		take_answers(b, q, sub, a);
	natsSubscription_Destroy(sub);
	natsInbox_Destroy(inbox);
	broker_drop(b);
	return ok || fail(e, ERR_TEMP, "nats: no question to the services could be asked");
}
