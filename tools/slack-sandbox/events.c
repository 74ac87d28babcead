#include "events.h"

#include <curl/curl.h>
#include <sodium.h>
#include <stdlib.h>
#include <time.h>

#include "apps.h"
#include "carillon/base/clock.h"
#include "carillon/base/deadline.h"
#include "carillon/base/list.h"
#include "message.h"

enum {
	ANSWER_MAX = 512, /* bytes that are kept */
	TIMEOUT_MS = 3000,
	TRIES_KEPT = 1000,
	IDLE_MS = 1000,
};

struct outgoing {
	struct list link;
	char id[32], type[64];
	char url[APP_TEXT_MAX], secret[GRANT_TEXT_MAX];
	char *body;
	int attempt; /* 0 is the first */
	int64_t retry_ms[EVENT_TRIES - 1];
	mono_t due;
};

struct
try {
	char id[32], type[64];
	int attempt, status;
	char answer[ANSWER_MAX];
};

struct events {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct list waiting;
	struct try *tries;
	size_t n_tries;
	uint64_t count;
	bool is_stopping;
	pthread_t thread;
};

/* --- one request --- */

struct answer {
	char text[ANSWER_MAX];
	size_t len;
};

static size_t
on_body(char *ptr, size_t size, size_t count, void *arg)
{
	struct answer *a = arg;
	size_t len = size * count, room = sizeof a->text - 1 - a->len;
	size_t kept = len < room ? len : room;
	memcpy(a->text + a->len, ptr, kept);
	a->len += kept;
	a->text[a->len] = '\0';
	return len;
}

/* "v0=" and the HMAC of "v0:<time>:<body>" */
static void
sign(char out[static 80], const struct outgoing *o, long long at_s)
{
	crypto_auth_hmacsha256_state state;
	unsigned char mac[crypto_auth_hmacsha256_BYTES];
	char head[64], hex[2 * sizeof mac + 1];
	(void)snprintf(head, sizeof head, "v0:%lld:", at_s);
	(void)crypto_auth_hmacsha256_init(
	    &state, (const unsigned char *)o->secret, strlen(o->secret));
	(void)crypto_auth_hmacsha256_update(&state, (const unsigned char *)head, strlen(head));
	(void)crypto_auth_hmacsha256_update(
	    &state, (const unsigned char *)o->body, strlen(o->body));
	(void)crypto_auth_hmacsha256_final(&state, mac);
	(void)sodium_bin2hex(hex, sizeof hex, mac, sizeof mac);
	(void)snprintf(out, 80, "v0=%s", hex);
}

static struct curl_slist *
headers_of(const struct outgoing *o)
{
	struct curl_slist *all = NULL;
	long long at_s = clock_wall().ms / 1000;
	char line[160], signature[80];
	sign(signature, o, at_s);
	all = curl_slist_append(all, "Content-Type: application/json");
	all = curl_slist_append(all, "Expect:");
	(void)snprintf(line, sizeof line, "X-Slack-Request-Timestamp: %lld", at_s);
	all = curl_slist_append(all, line);
	(void)snprintf(line, sizeof line, "X-Slack-Signature: %s", signature);
	all = curl_slist_append(all, line);
	if (!o->attempt)
		return all;
	(void)snprintf(line, sizeof line, "X-Slack-Retry-Num: %d", o->attempt);
	all = curl_slist_append(all, line);
	return curl_slist_append(all, "X-Slack-Retry-Reason: http_error");
}

/* The HTTP status; 0: no answer. */
static int
deliver(const struct outgoing *o, struct answer *a)
{
	CURL *c = curl_easy_init();
	struct curl_slist *headers = headers_of(o);
	long status = 0;
	must(c);
	(void)curl_easy_setopt(c, CURLOPT_URL, o->url);
	(void)curl_easy_setopt(c, CURLOPT_POSTFIELDS, o->body);
	(void)curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	(void)curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
	(void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(c, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	(void)curl_easy_setopt(c, CURLOPT_WRITEDATA, a);
	if (curl_easy_perform(c) == CURLE_OK)
		(void)curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	curl_slist_free_all(headers);
	curl_easy_cleanup(c);
	return (int)status;
}

/* --- the thread --- */

static void
outgoing_free(struct outgoing *o)
{
	free(o->body);
	free(o);
}

/* The rest hold the lock. */

static void
remember(struct events *e, const struct outgoing *o, int status, const struct answer *a)
{
	struct try *t = &e->tries[e->n_tries++ % TRIES_KEPT];
	*t = (struct try){.attempt = o->attempt, .status = status};
	(void)str_copy(t->id, sizeof t->id, str_of(o->id));
	(void)str_copy(t->type, sizeof t->type, str_of(o->type));
	(void)str_copy(t->answer, sizeof t->answer, str_of(a->text));
}

static void
again_or_done(struct events *e, struct outgoing *o, int status)
{
	if (status / 100 == 2 || o->attempt == EVENT_TRIES - 1) {
		outgoing_free(o);
		return;
	}
	o->due = mono_after(clock_mono(), o->retry_ms[o->attempt++]);
	list_append(&e->waiting, &o->link);
}

static struct outgoing *
take_due(struct events *e, mono_t now)
{
	LIST_EACH (node, &e->waiting) {
		struct outgoing *o = CONTAINER_OF(node, struct outgoing, link);
		if (!mono_reached(now, o->due))
			continue;
		list_remove(&o->link);
		return o;
	}
	return NULL;
}

static void
wait_for_work(struct events *e)
{
	mono_t next = mono_after(clock_mono(), IDLE_MS);
	LIST_EACH (node, &e->waiting)
		next = mono_earlier(next, CONTAINER_OF(node, struct outgoing, link)->due);
	int64_t ms = next.ms - clock_mono().ms;
	struct timespec until = deadline_after(ms > 0 ? ms : 0);
	(void)pthread_cond_timedwait(&e->changed, &e->lock, &until);
}

static void *
events_run(void *arg)
{
	struct events *e = arg;
	(void)pthread_mutex_lock(&e->lock);
	while (!e->is_stopping) {
		struct outgoing *o = take_due(e, clock_mono());
		if (!o) {
			wait_for_work(e);
			continue;
		}
		struct answer a = {.len = 0};
		(void)pthread_mutex_unlock(&e->lock);
		int status = deliver(o, &a);
		(void)pthread_mutex_lock(&e->lock);
		remember(e, o, status, &a);
		again_or_done(e, o, status);
	}
	(void)pthread_mutex_unlock(&e->lock);
	return NULL;
}

struct events *
events_new(void)
{
	struct events *e = calloc(1, sizeof *e);
	must(e);
	e->tries = calloc(TRIES_KEPT, sizeof *e->tries);
	must(e->tries);
	must(sodium_init() >= 0);
	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
	(void)pthread_mutex_init(&e->lock, NULL);
	deadline_cond_init(&e->changed);
	list_init(&e->waiting);
	must(pthread_create(&e->thread, NULL, events_run, e) == 0);
	return e;
}

void
events_free(struct events *e)
{
	struct list *first;
	(void)pthread_mutex_lock(&e->lock);
	e->is_stopping = true;
	(void)pthread_cond_signal(&e->changed);
	(void)pthread_mutex_unlock(&e->lock);
	(void)pthread_join(e->thread, NULL);
	while ((first = list_take_first(&e->waiting)))
		outgoing_free(CONTAINER_OF(first, struct outgoing, link));
	(void)pthread_cond_destroy(&e->changed);
	(void)pthread_mutex_destroy(&e->lock);
	free(e->tries);
	free(e);
}

/* --- what is sent --- */

static void
put(struct sandbox *s, struct str type, struct str body)
{
	const struct app *app = apps_app(s->apps);
	struct events *e = s->events;
	struct outgoing *o;
	if (!app->events_url[0])
		return;
	o = calloc(1, sizeof *o);
	must(o);
	list_init(&o->link);
	(void)str_copy(o->type, sizeof o->type, type);
	(void)str_copy(o->url, sizeof o->url, str_of(app->events_url));
	(void)str_copy(o->secret, sizeof o->secret, str_of(app->signing_secret));
	memcpy(o->retry_ms, app->retry_ms, sizeof o->retry_ms);
	o->body = strndup(body.ptr, body.len);
	must(o->body);
	(void)pthread_mutex_lock(&e->lock);
	(void)snprintf(o->id, sizeof o->id, "Ev%08llu", (unsigned long long)e->count);
	o->due = clock_mono();
	list_append(&e->waiting, &o->link);
	(void)pthread_cond_signal(&e->changed);
	(void)pthread_mutex_unlock(&e->lock);
}

static uint64_t
next_count(struct events *e)
{
	(void)pthread_mutex_lock(&e->lock);
	uint64_t n = ++e->count;
	(void)pthread_mutex_unlock(&e->lock);
	return n;
}

void
events_send(struct sandbox *s, const struct team *t, struct str event)
{
	const struct app *app = apps_app(s->apps);
	struct arena *a = arena_new(0);
	const struct json *v = NULL;
	struct json_writer w;
	struct buf body = {0};
	must(json_parse(a, event, JSON_DEPTH_MAX, &v, NULL));
	jw_init(&w, &body);
	jw_object(&w);
	jw_kv_cstr(&w, "token", "test-verification-token");
	jw_kv_string(&w, "team_id", t->id);
	jw_kv_cstr(&w, "api_app_id", app->id);
	jw_key(&w, "event");
	jw_raw(&w, event);
	jw_kv_cstr(&w, "type", "event_callback");
	jw_kv_string(&w, "event_id",
	    arena_printf(a, "Ev%08llu", (unsigned long long)next_count(s->events)));
	jw_kv_int(&w, "event_time", clock_wall().ms / 1000);
	jw_object_end(&w);
	put(s, json_string(v, STR("type")), buf_view(&body));
	buf_fini(&body);
	arena_free(a);
}

void
events_verify(struct sandbox *s)
{
	(void)next_count(s->events);
	put(s, STR("url_verification"),
	    STR("{\"token\":\"test-verification-token\",\"challenge\":\"test-challenge-42\","
		"\"type\":\"url_verification\"}"));
}

static void
send_text(struct sandbox *s, const struct team *t, const char *text)
{
	events_send(s, t, str_of(text));
}

void
events_of_team(struct sandbox *s, const struct team *t, const char *type)
{
	char text[128];
	(void)snprintf(text, sizeof text, "{\"type\":\"%s\"}", type);
	send_text(s, t, text);
}

void
events_tokens_revoked(struct sandbox *s, const struct team *t)
{
	char text[256];
	(void)snprintf(text, sizeof text,
	    "{\"type\":\"tokens_revoked\",\"tokens\":{\"oauth\":[],\"bot\":[\"%.*s\"]}}",
	    STR_ARG(t->user_id));
	send_text(s, t, text);
}

void
events_of_channel(struct sandbox *s, const struct channel *c, const char *verb)
{
	char text[512];
	(void)snprintf(text, sizeof text,
	    "{\"type\":\"%s_%s\",\"channel\":\"%.*s\",\"user\":\"%.*s\",\"event_ts\":"
	    "\"%lld.000001\"}",
	    c->is_private ? "group" : "channel", verb, STR_ARG(c->id), STR_ARG(message_person),
	    (long long)(clock_wall().ms / 1000));
	send_text(s, c->team, text);
}

void
events_renamed(struct sandbox *s, const struct channel *c)
{
	struct buf out = {0};
	struct json_writer w;
	jw_init(&w, &out);
	jw_object(&w);
	jw_kv_cstr(&w, "type", c->is_private ? "group_rename" : "channel_rename");
	jw_key(&w, "channel");
	jw_object(&w);
	jw_kv_string(&w, "id", c->id);
	jw_kv_string(&w, "name", c->name);
	jw_kv_int(&w, "created", c->created_s);
	jw_object_end(&w);
	jw_object_end(&w);
	events_send(s, c->team, buf_view(&out));
	buf_fini(&out);
}

void
events_joined(struct sandbox *s, const struct channel *c)
{
	char text[512];
	(void)snprintf(text, sizeof text,
	    "{\"type\":\"member_joined_channel\",\"user\":\"%.*s\",\"channel\":\"%.*s\","
	    "\"channel_type\":\"%s\",\"team\":\"%.*s\"}",
	    STR_ARG(c->team->user_id), STR_ARG(c->id), c->is_private ? "G" : "C",
	    STR_ARG(c->team->id));
	send_text(s, c->team, text);
}

void
events_write(struct events *e, struct json_writer *w)
{
	(void)pthread_mutex_lock(&e->lock);
	size_t first = e->n_tries > TRIES_KEPT ? e->n_tries - TRIES_KEPT : 0;
	jw_array(w);
	for (size_t i = first; i < e->n_tries; i++) {
		const struct try *t = &e->tries[i % TRIES_KEPT];
		jw_object(w);
		jw_kv_cstr(w, "id", t->id);
		jw_kv_cstr(w, "type", t->type);
		jw_kv_int(w, "attempt", t->attempt);
		jw_kv_int(w, "status", t->status);
		jw_kv_cstr(w, "answer", t->answer);
		jw_object_end(w);
	}
	jw_array_end(w);
	(void)pthread_mutex_unlock(&e->lock);
}
