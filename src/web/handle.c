#include "handle.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/socket.h>

#include "addresses.h"
#include "auth.h"
#include "carillon/base/clock.h"
#include "carillon/base/log.h"
#include "connections.h"
#include "guard.h"
#include "hub.h"
#include "jobs.h"
#include "limits.h"
#include "metrics.h"
#include "problem.h"
#include "repeats.h"
#include "web_private.h"

enum {
	STREAM_BLOCK = 4096,
	KEEP_ALIVE_S = 30,
	HEAD_MEMORY = 32 * 1024,
	BACKLOG = 1024,
	STRICT_LEVEL = 3,
};

/* --- begin --- */

static void *
begin(void *web, const char *uri, struct MHD_Connection *m)
{
	struct web *w = web;
	struct request *q = calloc(1, sizeof(*q));

	must(q != NULL);
	q->web = w;
	q->connection = m;
	list_init(&q->link);
	q->arena = arena_new(0);
	q->raw_target = arena_str(q->arena, str_of(uri));
	q->since = clock_mono();
	q->now = clock_wall();
	atomic_fetch_add(&w->working, 1);
	connection_is(m, w->connections, CONNECTION_HEAD);
	return q;
}

static void
name_request(struct request *q)
{
	struct str given = request_header(q, "X-Request-Id");
	bool is_good = given.len > 0 && given.len <= REQUEST_ID_MAX;
	uint8_t bytes[9];

	for (size_t i = 0; i < given.len && is_good; i++)
		is_good = strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				 "0123456789_-",
			      given.ptr[i]) != NULL;
	if (is_good) {
		str_copy(q->id, sizeof(q->id), given);
		return;
	}
	randombytes_buf(bytes, sizeof(bytes));
	q->id[0] = 'r';
	q->id[1] = '-';
	sodium_bin2base64(q->id + 2, sizeof(q->id) - 2, bytes, sizeof(bytes),
	    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static void
name_client(struct request *q)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(q->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

	address_of_client(q->address, sizeof(q->address), q->web->proxies,
	    info != NULL ? info->client_addr : NULL, request_header(q, "X-Forwarded-For"));
}

/* --- route --- */

static bool
method_of(const char *word, enum method *m)
{
	for (int i = 0; i < METHODS; i++)
		if (strcmp(word, method_name((enum method)i)) == 0) {
			*m = (enum method)i;
			return true;
		}
	*m = METHOD_GET;
	return strcmp(word, "HEAD") == 0;
}

static void
put_allow(struct request *q, unsigned methods)
{
	struct buf allow = {0};

	for (int i = 0; i < METHODS; i++)
		if (methods & (1U << i))
			buf_printf(&allow, "%s%s%s", allow.len > 0 ? ", " : "",
			    method_name((enum method)i), i == METHOD_GET ? ", HEAD" : "");
	answer_header(q, "Allow", buf_view(&allow));
	buf_fini(&allow);
}

/* What a browser asks before it sends an event from another page. */
static bool
answer_preflight(struct request *q, const char *word, unsigned methods)
{
	const struct route *r;
	unsigned ignored;

	if (strcmp(word, "OPTIONS") != 0 || !(methods & (1U << METHOD_POST)))
		return false;
	r = route_find(q->arena, METHOD_POST, &q->target, q->parts, &ignored);
	if (r == NULL || r->access != ACCESS_EMIT)
		return false;
	q->route = r;
	answer_nothing(q);
	answer_header(q, "Access-Control-Allow-Methods", STR("POST"));
	answer_header(q, "Access-Control-Allow-Headers",
	    STR("X-Meshes-Publishable-Key, X-Meshes-Client, X-Carillon-Publishable-Key, "
		"Idempotency-Key, Content-Type"));
	answer_header(q, "Access-Control-Max-Age", STR("600"));
	return true;
}

static bool
route(struct request *q, const char *word)
{
	struct err e;
	unsigned methods;
	bool is_known = method_of(word, &q->method);

	if (!target_parse(q->arena, q->raw_target, &q->target, &e))
		return problem(q, PROBLEM_BAD_REQUEST, "%s", e.text);
	if (is_known)
		q->route = route_find(q->arena, q->method, &q->target, q->parts, &methods);
	else
		(void)route_find(q->arena, METHODS, &q->target, q->parts, &methods);
	if (q->route != NULL)
		return true;
	if (methods == 0)
		return problem_not_found(q);
	if (answer_preflight(q, word, methods))
		return false;
	(void)problem(q, PROBLEM_METHOD_NOT_ALLOWED, "not by %.20s", word);
	put_allow(q, methods);
	return false;
}

/* --- allow --- */

static bool
allow(struct request *q)
{
	const char *why;

	switch (principal_may(&q->who, q->route->access, &why)) {
	case ALLOWED: return true;
	case ALLOWED_WITH_NAME:
		return problem(q, PROBLEM_UNAUTHENTICATED, "this needs a key or a session");
	case ALLOWED_WITHOUT_SCOPE:
		return problem(q, PROBLEM_SCOPE_MISSING, "this needs the scope %s", why);
	case ALLOWED_NOT: break;
	}
	return problem(
	    q, PROBLEM_FORBIDDEN, "this is for %s", access_sentence(q->route->access));
}

static bool
sees_workspace(struct request *q)
{
	if (strstr(q->route->path, "{workspace}") == NULL ||
	    principal_sees(&q->who, request_part(q, 0)))
		return true;
	return problem_not_found(q);
}

static bool
is_within_rate(struct request *q)
{
	const struct config *c = q->web->config;
	bool emits = q->route->access == ACCESS_EMIT;
	int64_t wait_ms;

	if (q->who.kind == PRINCIPAL_NOBODY ||
	    limits_take(q->web->limits,
		arena_printf(q->arena, "%d:%.*s", emits, STR_ARG(q->who.id)),
		emits ? c->emit_rate : c->api_rate, q->since, &wait_ms))
		return true;
	(void)problem(q, PROBLEM_RATE_LIMITED, "more than %lld a second",
	    (long long)(emits ? c->emit_rate : c->api_rate));
	problem_retry_after(q, (int)(wait_ms / 1000) + 1);
	return false;
}

static bool
body_fits(struct request *q)
{
	int64_t length = guard_body_length(q);
	size_t max = body_max(q->route->body);

	q->has_body = length != 0;
	if (length > 0 && max == 0)
		return problem(q, PROBLEM_TOO_LARGE, "this takes no body");
	return length < 0 || (uint64_t)length <= max ||
	       problem(q, PROBLEM_TOO_LARGE, "at most %zu bytes", max);
}

/* Everything that can be said before the body was read. */
static void
look_at_head(struct request *q, const char *word)
{
	name_request(q);
	name_client(q);
	q->has_body = guard_body_length(q) != 0;
	if (!atomic_load(&q->web->is_ready)) {
		(void)problem(q, PROBLEM_BUSY, "it is only starting");
		return;
	}
	if (!guard_head(q))
		return;
	(void)(route(q, word) && (q->route->access == ACCESS_PUBLIC || auth_head(q)) &&
	       allow(q) && sees_workspace(q) && is_within_rate(q) && body_fits(q));
}

/* --- work --- */

static void
set_author(struct request *q, struct registry *r)
{
	char by[STATE_BY_MAX];

	snprintf(by, sizeof(by), "%s:%.*s;%s%sip=%s;request=%s",
	    principal_kind_name(q->who.kind), STR_ARG(q->who.id),
	    q->who.kind == PRINCIPAL_SESSION ? role_name(q->who.role) : "",
	    q->who.kind == PRINCIPAL_SESSION ? ";" : "", q->address, q->id);
	registry_set_author(r, str_of(by));
}

void
handle_run(struct request *q, struct registry *r)
{
	bool is_repeatable = repeats_has(q);

	q->registry = r;
	set_author(q, r);
	if (!is_repeatable || repeats_begin(q)) {
		q->route->handler(q);
		if (is_repeatable && q->answer.status != 0)
			repeats_end(q);
	}
	if (q->answer.status == 0)
		(void)problem(q, PROBLEM_INTERNAL, "the log has it under this request id");
}

void
handle_resume(struct request *q)
{
	struct MHD_Connection *m = q->connection;

	q->is_done = true;
	MHD_resume_connection(m);
}

/* True: the answer is there. */
static bool
work(struct request *q)
{
	if (q->is_done && q->finish != NULL && q->answer.status == 0)
		q->finish(q);
	if (q->answer.status != 0 || q->is_done)
		return true;
	if (q->route->where == INLINE) {
		handle_run(q, q->web->registry);
		return true;
	}
	if (q->route->where == BY_ITSELF) {
		q->registry = q->web->registry;
		q->now = clock_wall();
		q->route->handler(q);
		return !q->is_suspended;
	}
	if (jobs_put(q->web->jobs, q))
		return false;
	(void)problem(q, PROBLEM_BUSY, "too many requests are being worked on");
	return true;
}

/* --- answer --- */

static void
add(struct MHD_Response *r, const char *name, const char *value)
{
	(void)MHD_add_response_header(r, name, value);
}

static void
add_headers(struct request *q, struct MHD_Response *r)
{
	bool has_policy = false, has_cache = false;

	for (int i = 0; i < q->answer.n_headers; i++) {
		const struct header *h = &q->answer.headers[i];

		has_policy = has_policy || strcmp(h->name.ptr, "Content-Security-Policy") == 0;
		has_cache = has_cache || strcmp(h->name.ptr, "Cache-Control") == 0;
		add(r, h->name.ptr, h->value.ptr);
	}
	if (q->answer.content_type != NULL)
		add(r, "Content-Type", q->answer.content_type);
	add(r, "X-Request-Id", q->id);
	add(r, "X-Content-Type-Options", "nosniff");
	add(r, "Referrer-Policy", "no-referrer");
	if (!has_cache)
		add(r, "Cache-Control", "no-store");
	if (!has_policy)
		add(r, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
	if (strncmp(web_public_url(q->web), "https:", 6) == 0)
		add(r, "Strict-Transport-Security", "max-age=31536000");
	if (q->route != NULL && q->route->access == ACCESS_EMIT)
		add(r, "Access-Control-Allow-Origin", "*");
	if (q->answer.closes || atomic_load(&q->web->is_stopping))
		add(r, "Connection", "close");
}

static enum MHD_Result
send_answer(struct request *q)
{
	struct answer *a = &q->answer;
	struct str body = a->fixed.ptr != NULL ? a->fixed : buf_view(&a->body);
	struct MHD_Response *r;
	enum MHD_Result queued;

	if (a->live != NULL)
		r = MHD_create_response_from_callback(
		    MHD_SIZE_UNKNOWN, STREAM_BLOCK, live_read, a->live, NULL);
	else
		r = MHD_create_response_from_buffer(
		    body.len, (void *)(uintptr_t)body.ptr, MHD_RESPMEM_PERSISTENT);
	must(r != NULL);
	add_headers(q, r);
	queued = MHD_queue_response(q->connection, a->status, r);
	MHD_destroy_response(r);
	connection_is(q->connection, q->web->connections, CONNECTION_ANSWER);
	return queued;
}

static void
take_body(struct request *q, const char *upload, size_t n)
{
	if (q->answer.status != 0)
		return;
	if (q->body.len + n > body_max(q->route->body)) {
		(void)problem(
		    q, PROBLEM_TOO_LARGE, "at most %zu bytes", body_max(q->route->body));
		q->answer.closes = true;
		return;
	}
	buf_put(&q->body, upload, n);
}

static enum MHD_Result
handle(void *web, struct MHD_Connection *m, const char *url, const char *word,
    const char *version, const char *upload, size_t *upload_len, void **state)
{
	struct request *q = *state;

	(void)web;
	(void)m;
	(void)url;
	(void)version;
	if (!q->is_begun) {
		q->is_begun = true;
		look_at_head(q, word);
		connection_is(q->connection, q->web->connections, CONNECTION_BODY);
		/* What follows is not read: the connection ends with this answer. */
		q->answer.closes = q->answer.closes || (q->answer.status != 0 && q->has_body);
		return q->answer.closes ? send_answer(q) : MHD_YES;
	}
	if (*upload_len > 0) {
		take_body(q, upload, *upload_len);
		*upload_len = 0;
		return MHD_YES;
	}
	return work(q) ? send_answer(q) : MHD_YES;
}

/* --- end --- */

static void
log_request(const struct request *q, int64_t took_ms)
{
	const enum log_level level = q->answer.status >= 500 ? LOG_LEVEL_WARN : LOG_LEVEL_DEBUG;

	LOG_AT(level, "http.request", L_STR("method", method_name(q->method)),
	    L_STR("route", q->route != NULL ? q->route->name : ""),
	    L_INT("status", q->answer.status), L_INT("ms", took_ms),
	    L_INT("bytes", q->answer.body.len), L_STR("who", principal_kind_name(q->who.kind)),
	    L_STRN("id", q->who.id), L_STR("from", q->address), L_STR("request", q->id));
}

static void
wipe(struct buf *b)
{
	if (b->ptr != NULL)
		sodium_memzero(b->ptr, b->cap);
}

static void
completed(
    void *web, struct MHD_Connection *m, void **state, enum MHD_RequestTerminationCode why)
{
	struct request *q = *state;
	struct web *w = web;
	int64_t took_ms;

	(void)why;
	if (q == NULL)
		return;
	*state = NULL;
	took_ms = clock_mono().ms - q->since.ms;
	log_request(q, took_ms);
	metrics_count(w->metrics, q, took_ms);
	live_close(w->hub, q->answer.live);
	if (q->answer.is_secret)
		wipe(&q->answer.body);
	buf_fini(&q->answer.body);
	buf_fini(&q->body);
	arena_free(q->arena);
	free(q);
	connection_is(m, w->connections, CONNECTION_IDLE);
	atomic_fetch_sub(&w->working, 1);
}

static void
notify_connection(void *web, struct MHD_Connection *m, void **socket_context,
    enum MHD_ConnectionNotificationCode code)
{
	struct web *w = web;

	connections_notify(
	    w->connections, m, socket_context, code == MHD_CONNECTION_NOTIFY_STARTED);
}

static void log_library(void *web, const char *fmt, va_list args) PRINTF(2, 0);

static void
log_library(void *web, const char *fmt, va_list args)
{
	char text[240];

	(void)web;
	vsnprintf(text, sizeof(text), fmt, args);
	text[strcspn(text, "\n")] = '\0';
	log_debug("http.library", L_STR("what", text));
}

/* --- listening --- */

#if MHD_VERSION >= 0x00097600
#define STRICTNESS MHD_OPTION_CLIENT_DISCIPLINE_LVL, STRICT_LEVEL
#else
#define STRICTNESS MHD_OPTION_STRICT_FOR_CLIENT, 1
#endif

static struct MHD_Daemon *
start(struct web *w, const struct sockaddr_storage *address)
{
	const struct config *c = w->config;
	unsigned per_address =
	    c->trusted_proxy[0] != '\0' ? 0 : (unsigned)c->http_connections_address_max;
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
	                 MHD_USE_ERROR_LOG |
	                 (address->ss_family == AF_INET6 ? MHD_USE_IPv6 : 0U);

	return MHD_start_daemon(flags, 0, NULL, NULL, handle, w, MHD_OPTION_EXTERNAL_LOGGER,
	    log_library, w, MHD_OPTION_SOCK_ADDR, address, MHD_OPTION_URI_LOG_CALLBACK, begin,
	    w, MHD_OPTION_NOTIFY_COMPLETED, completed, w, MHD_OPTION_NOTIFY_CONNECTION,
	    notify_connection, w, MHD_OPTION_CONNECTION_LIMIT,
	    (unsigned)c->http_connections_max, MHD_OPTION_PER_IP_CONNECTION_LIMIT, per_address,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)KEEP_ALIVE_S,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEAD_MEMORY,
	    MHD_OPTION_LISTEN_BACKLOG_SIZE, (unsigned)BACKLOG, STRICTNESS, MHD_OPTION_END);
}

struct MHD_Daemon *
handle_listen(struct web *w, struct err *e)
{
	struct sockaddr_storage address;
	struct MHD_Daemon *d;

	if (!address_parse_listen(&address, w->config->http_listen, e)) {
		(void)fail_within(e, "http_listen");
		return NULL;
	}
	d = start(w, &address);
	if (d == NULL)
		(void)fail(e, ERR_SETUP, "http_listen: cannot listen on %s: %s",
		    w->config->http_listen, strerror(errno));
	return d;
}
