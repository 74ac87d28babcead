#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "http.h"
#include "sandbox.h"
#include "waiting.h"

enum {
	BODY_MAX = 4 << 20,     /* bytes */
	CONNECTIONS_MAX = 8192, /* each may be waiting */
	IDLE_S = 120,
	BARE_MAX = 320,    /* bytes of a bare answer */
	PEM_MAX = 1 << 20, /* bytes of a certificate or a key */
};

struct server {
	struct MHD_Daemon *daemon;
	struct sandbox *sandbox;
	struct waiting *waiting;
	struct buf cert, key; /* the daemon reads them while it runs */
};

/* One request and its reply, from the first header to the last byte. */
struct exchange {
	struct request request;
	struct reply reply;
	struct waiter waiter;
	bool is_handled, is_too_large;
	char bare[BARE_MAX];
};

static const char bare_path[] = "/api/chat.postMessage";

static struct str
header_of(struct MHD_Connection *c, struct arena *a, const char *name)
{
	const char *value = MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
	return value ? arena_str(a, str_of(value)) : (struct str){NULL, 0};
}

struct query {
	struct arena *arena;
	struct json *object, *last;
};

static enum MHD_Result
add_argument(void *arg, enum MHD_ValueKind kind, const char *key, const char *value)
{
	struct query *q = arg;
	struct str text = str_of(value);
	(void)kind;
	if (str_is_text(str_of(key)) && str_is_text(text))
		object_add(q->arena, q->object, &q->last, arena_str(q->arena, str_of(key)),
		    arena_str(q->arena, text));
	return MHD_YES;
}

static void
read_head(struct exchange *x, struct MHD_Connection *c, const char *url, const char *verb,
    bool is_tls)
{
	struct request *q = &x->request;
	q->arena = arena_new(0);
	q->verb = arena_str(q->arena, str_of(verb));
	q->path = arena_str(q->arena, str_of(url));
	q->content_type = header_of(c, q->arena, MHD_HTTP_HEADER_CONTENT_TYPE);
	q->authorization = header_of(c, q->arena, MHD_HTTP_HEADER_AUTHORIZATION);
	q->base_url = arena_printf(q->arena, "http%s://%.*s", is_tls ? "s" : "",
	    STR_ARG(header_of(c, q->arena, MHD_HTTP_HEADER_HOST)));
	struct query query = {.arena = q->arena, .object = ARENA_NEW(q->arena, struct json)};
	query.object->kind = JSON_OBJECT;
	(void)MHD_get_connection_values(c, MHD_GET_ARGUMENT_KIND, add_argument, &query);
	q->query = query.object;
}

static bool
take_prefix(struct str *s, struct str prefix)
{
	if (!str_starts_with(*s, prefix))
		return false;
	*s = (struct str){s->ptr + prefix.len, s->len - prefix.len};
	return true;
}

static void
dispatch(struct sandbox *s, struct exchange *x)
{
	struct str path = x->request.path;
	if (x->is_too_large)
		reply_refuse(&x->reply, 413, "request_too_large");
	else if (take_prefix(&path, STR("/api/")))
		api_handle(s, &x->request, &x->reply, path);
	else if (take_prefix(&path, STR("/sandbox/")))
		control_handle(s, &x->request, &x->reply, path);
	else if (take_prefix(&path, STR("/services/")))
		webhook_handle(s, &x->request, &x->reply, path);
	else if (!consent_handle(s, &x->request, &x->reply) &&
		 !page_handle(&x->request, &x->reply))
		reply_refuse(&x->reply, 404, "there is nothing here: see / or /api/");
}

/* Counts, and answers as if posted, without a look at the request. */
static void
answer_bare(struct sandbox *s, struct exchange *x)
{
	uint_least64_t n = atomic_fetch_add(&s->posted, 1);
	atomic_fetch_add(&s->requests, 1);
	int len = snprintf(x->bare, sizeof x->bare,
	    "{\"ok\":true,\"channel\":\"C0ALERTS\",\"ts\":\"%llu.%06llu\",\"message\":{"
	    "\"type\":\"message\",\"subtype\":\"bot_message\",\"text\":\"\","
	    "\"ts\":\"%llu.%06llu\",\"bot_id\":\"B0SANDBOX\"}}",
	    1700000000ULL + n / 1000000, (unsigned long long)n % 1000000,
	    1700000000ULL + n / 1000000, (unsigned long long)n % 1000000);
	must(len > 0 && (size_t)len < sizeof x->bare);
	x->reply.status = 200;
	x->reply.content_type = "application/json; charset=utf-8";
	x->reply.fixed = (struct str){x->bare, (size_t)len};
	x->reply.delay_ms = s->latency_ms;
}

static int
socket_of(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	must(info);
	return info->connect_fd;
}

/* Connecting to nowhere drops a TCP connection at once, with RST instead of FIN. */
static enum MHD_Result
answer_reset(struct MHD_Connection *c)
{
	const struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
	(void)connect(socket_of(c), &nowhere, sizeof nowhere);
	return MHD_NO;
}

static ssize_t
read_half(void *arg, uint64_t pos, char *to, size_t max)
{
	struct str *body = arg;
	size_t half = body->len / 2;
	if (pos >= half)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	size_t n = half - (size_t)pos < max ? half - (size_t)pos : max;
	memcpy(to, body->ptr + pos, n);
	return (ssize_t)n;
}

/* The body stays with the exchange, which outlives the response. */
static enum MHD_Result
answer(struct MHD_Connection *c, struct exchange *x)
{
	struct reply *r = &x->reply;
	struct MHD_Response *response;
	if (!r->fixed.ptr)
		r->fixed = buf_view(&r->body);
	if (r->ending == ENDING_TRUNCATE)
		response = MHD_create_response_from_callback(
		    r->fixed.len, 1024, read_half, &r->fixed, NULL);
	else
		response = MHD_create_response_from_buffer(
		    r->fixed.len, (void *)(uintptr_t)r->fixed.ptr, MHD_RESPMEM_PERSISTENT);
	must(response);
	if (r->content_type)
		(void)MHD_add_response_header(
		    response, MHD_HTTP_HEADER_CONTENT_TYPE, r->content_type);
	for (int i = 0; i < r->header_count; i++)
		if (r->headers[i].value.len)
			(void)MHD_add_response_header(
			    response, r->headers[i].name, r->headers[i].value.ptr);
	enum MHD_Result queued = MHD_queue_response(c, (unsigned)r->status, response);
	MHD_destroy_response(response);
	return queued;
}

static bool
park(struct server *srv, struct exchange *x, struct MHD_Connection *c, int64_t ms)
{
	x->waiter.connection = c;
	x->waiter.fd = socket_of(c);
	return waiting_park(srv->waiting, &x->waiter, ms);
}

/* The request is whole, or its connection came back from the waiting room. */
static enum MHD_Result
conclude(struct server *srv, struct exchange *x, struct MHD_Connection *c)
{
	if (!x->is_handled) {
		x->is_handled = true;
		if (x->request.arena)
			dispatch(srv->sandbox, x);
		else
			answer_bare(srv->sandbox, x);
		int64_t delay_ms = x->reply.delay_ms;
		if (x->reply.ending == ENDING_SILENCE)
			delay_ms = -1;
		if (delay_ms)
			return park(srv, x, c, delay_ms) ? MHD_YES : MHD_NO;
	}
	if (x->waiter.is_gone)
		return MHD_NO;
	return x->reply.ending == ENDING_RESET ? answer_reset(c) : answer(c, x);
}

static enum MHD_Result
handle(void *arg, struct MHD_Connection *c, const char *url, const char *verb,
    const char *version, const char *upload, size_t *upload_len, void **state)
{
	struct server *srv = arg;
	struct exchange *x = *state;
	(void)version;
	if (!x) {
		x = calloc(1, sizeof *x);
		must(x);
		list_init(&x->waiter.link);
		if (!srv->sandbox->is_bare || strcmp(url, bare_path) != 0)
			read_head(x, c, url, verb, srv->cert.len > 0);
		*state = x;
		return MHD_YES;
	}
	if (*upload_len == 0)
		return conclude(srv, x, c);
	x->is_too_large |= x->request.body.len + *upload_len > BODY_MAX;
	if (!x->is_too_large && x->request.arena)
		buf_put(&x->request.body, upload, *upload_len);
	*upload_len = 0;
	return MHD_YES;
}

static void
completed(
    void *arg, struct MHD_Connection *c, void **state, enum MHD_RequestTerminationCode why)
{
	struct exchange *x = *state;
	(void)arg;
	(void)c;
	(void)why;
	if (!x)
		return;
	arena_free(x->request.arena);
	buf_fini(&x->request.body);
	buf_fini(&x->reply.body);
	free(x);
	*state = NULL;
}

static bool
read_pem(const char *path, struct buf *out, struct err *e)
{
	char chunk[4096];
	size_t n;
	FILE *f = fopen(path, "re");
	if (!f)
		return fail(e, ERR_SETUP, "%s: %s", path, strerror(errno));
	while (out->len < PEM_MAX && (n = fread(chunk, 1, sizeof chunk, f)) > 0)
		buf_put(out, chunk, n);
	(void)fclose(f);
	return out->len || fail(e, ERR_SETUP, "%s: there is nothing in it", path);
}

static bool
read_tls(struct server *srv, const struct server_settings *settings, struct err *e)
{
	if (MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES)
		return fail(e, ERR_SETUP, "--tls-cert: this libmicrohttpd speaks no TLS");
	return read_pem(settings->tls_cert, &srv->cert, e) &&
	       read_pem(settings->tls_key, &srv->key, e);
}

static void
server_free(struct server *srv)
{
	waiting_free(srv->waiting);
	buf_fini(&srv->cert);
	buf_fini(&srv->key);
	free(srv);
}

static struct MHD_Daemon *
listen_on(struct server *srv, const struct server_settings *settings)
{
	const struct sockaddr_in address = {.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)settings->port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const struct MHD_OptionItem tls[] = {
	    {MHD_OPTION_HTTPS_MEM_CERT, 0, srv->cert.ptr},
	    {MHD_OPTION_HTTPS_MEM_KEY, 0, srv->key.ptr},
	    {MHD_OPTION_END, 0, NULL},
	};
	const struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME;
	return MHD_start_daemon(srv->cert.len ? flags | MHD_USE_TLS : flags, 0, NULL, NULL,
	    handle, srv, MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_THREAD_POOL_SIZE,
	    (unsigned)settings->threads, MHD_OPTION_NOTIFY_COMPLETED, completed, NULL,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S, MHD_OPTION_LISTEN_BACKLOG_SIZE,
	    1024U, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY,
	    srv->cert.len ? tls : none, MHD_OPTION_END);
}

struct server *
server_start(struct sandbox *s, const struct server_settings *settings, struct err *e)
{
	struct server *srv = calloc(1, sizeof *srv);
	must(srv);
	srv->sandbox = s;
	srv->waiting = waiting_new();
	bool is_ready = !settings->tls_cert || read_tls(srv, settings, e);
	if (is_ready)
		srv->daemon = listen_on(srv, settings);
	if (srv->daemon)
		return srv;
	if (is_ready)
		(void)fail(e, ERR_SETUP, "cannot listen on 127.0.0.1:%d: take another --port%s",
		    settings->port,
		    settings->tls_cert ? ", and see that the certificate fits the key" : "");
	waiting_stop(srv->waiting);
	server_free(srv);
	return NULL;
}

int
server_port(const struct server *srv)
{
	const union MHD_DaemonInfo *info =
	    MHD_get_daemon_info(srv->daemon, MHD_DAEMON_INFO_BIND_PORT);
	return info ? info->port : 0;
}

void
server_stop(struct server *srv)
{
	waiting_stop(srv->waiting);
	MHD_stop_daemon(srv->daemon);
	server_free(srv);
}
