#include "carillon/web/admin.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "addresses.h"
#include "listener_url.h"

enum { ADMIN_CONNECTIONS = 32, ADMIN_TIMEOUT_S = 10, ADMIN_MEMORY = 8192 };

#define TYPE_METRICS "text/plain; version=0.0.4"
#define TYPE_JSON    "application/json"

struct admin {
	struct admin_pages pages;
	struct MHD_Daemon *daemon;
	char url[LISTENER_URL_MAX];
};

struct answer {
	struct buf out;
	unsigned status;
	const char *type;
};

/* --- pages --- */

static void
put_top(const struct admin *a, struct MHD_Connection *m, struct buf *out)
{
	const char *asked = MHD_lookup_connection_value(m, MHD_GET_ARGUMENT_KIND, "n");
	unsigned long n = asked != NULL ? strtoul(asked, NULL, 10) : ADMIN_TOP_USUAL;
	struct json_writer w;

	jw_init(&w, out);
	jw_object(&w);
	a->pages.top(&w, n < ADMIN_TOP_MAX ? n : ADMIN_TOP_MAX, a->pages.arg);
	jw_object_end(&w);
	buf_putc(out, '\n');
}

static void
compose(const struct admin *a, struct MHD_Connection *m, const char *path, struct answer *r)
{
	r->status = MHD_HTTP_OK;
	r->type = TYPE_METRICS;
	if (strcmp(path, "/healthz") == 0) {
		buf_cstr(&r->out, "ok\n");
	} else if (strcmp(path, "/readyz") == 0) {
		bool is_ready = a->pages.is_ready(a->pages.arg);

		buf_cstr(&r->out, is_ready ? "ready\n" : "not ready\n");
		r->status = is_ready ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
	} else if (strcmp(path, "/metrics") == 0) {
		a->pages.metrics(&(struct metrics_page){.out = &r->out}, a->pages.arg);
	} else if (a->pages.top != NULL && strcmp(path, "/top") == 0) {
		r->type = TYPE_JSON;
		put_top(a, m, &r->out);
	} else {
		buf_printf(&r->out, "/metrics, /healthz%s or /readyz\n",
		    a->pages.top != NULL ? ", /top?n=10" : "");
		r->status = MHD_HTTP_NOT_FOUND;
	}
}

static enum MHD_Result
answer(void *admin, struct MHD_Connection *m, const char *url, const char *word,
    const char *version, const char *upload, size_t *upload_len, void **state)
{
	static int begun;
	struct answer a = {.status = MHD_HTTP_METHOD_NOT_ALLOWED, .type = TYPE_METRICS};
	struct MHD_Response *r;
	enum MHD_Result queued;

	(void)version;
	(void)upload;
	if (*state == NULL) {
		*state = &begun;
		return MHD_YES;
	}
	if (*upload_len > 0)
		return MHD_NO;
	if (strcmp(word, "GET") == 0)
		compose(admin, m, url, &a);
	r = MHD_create_response_from_buffer(a.out.len, a.out.ptr, MHD_RESPMEM_MUST_COPY);
	must(r != NULL);
	(void)MHD_add_response_header(r, "Content-Type", a.type);
	queued = MHD_queue_response(m, a.status, r);
	MHD_destroy_response(r);
	buf_fini(&a.out);
	return queued;
}

/* --- the port --- */

static struct MHD_Daemon *
listen_on(struct admin *a, const struct sockaddr_storage *address)
{
	const unsigned v6 = address->ss_family == AF_INET6 ? MHD_USE_IPv6 : 0U;

	return MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | v6, 0, NULL, NULL, answer, a,
	    MHD_OPTION_SOCK_ADDR, address, MHD_OPTION_CONNECTION_LIMIT,
	    (unsigned)ADMIN_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
	    (unsigned)ADMIN_TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)ADMIN_MEMORY,
	    MHD_OPTION_END);
}

bool
admin_open(struct admin **out, const char *setting, const char *address,
    const struct admin_pages *pages, struct err *e)
{
	struct sockaddr_storage parsed;
	struct admin *a;

	if (!address_parse_listen(&parsed, address, e))
		return fail_within(e, "%s", setting);
	a = calloc(1, sizeof(*a));
	must(a != NULL);
	a->pages = *pages;
	a->daemon = listen_on(a, &parsed);
	if (a->daemon == NULL) {
		free(a);
		return fail(e, ERR_SETUP, "%s: cannot listen on %s: %s", setting, address,
		    strerror(errno));
	}
	listener_url(a->url, a->daemon, address);
	*out = a;
	return true;
}

const char *
admin_url(const struct admin *a)
{
	return a->url;
}

void
admin_close(struct admin *a)
{
	if (a == NULL)
		return;
	MHD_stop_daemon(a->daemon);
	free(a);
}
