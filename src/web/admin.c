#include "admin.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "addresses.h"
#include "metrics.h"
#include "web_private.h"

enum { ADMIN_CONNECTIONS = 32, ADMIN_TIMEOUT_S = 10, ADMIN_MEMORY = 8192 };

static bool
is_ready(const struct web *w)
{
	return atomic_load(&w->is_ready) && !atomic_load(&w->is_stopping);
}

static unsigned
compose(struct web *w, const char *url, struct buf *out)
{
	if (strcmp(url, "/healthz") == 0) {
		buf_cstr(out, "ok\n");
		return MHD_HTTP_OK;
	}
	if (strcmp(url, "/readyz") == 0) {
		buf_cstr(out, is_ready(w) ? "ready\n" : "not ready\n");
		return is_ready(w) ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
	}
	if (strcmp(url, "/metrics") == 0) {
		metrics_write(out, w);
		return MHD_HTTP_OK;
	}
	buf_cstr(out, "/metrics, /healthz or /readyz\n");
	return MHD_HTTP_NOT_FOUND;
}

static enum MHD_Result
answer(void *web, struct MHD_Connection *m, const char *url, const char *word,
    const char *version, const char *upload, size_t *upload_len, void **state)
{
	static int begun;
	struct MHD_Response *r;
	struct buf out = {0};
	enum MHD_Result queued;
	unsigned status;

	(void)version;
	(void)upload;
	if (*state == NULL) {
		*state = &begun;
		return MHD_YES;
	}
	if (*upload_len > 0)
		return MHD_NO;
	status =
	    strcmp(word, "GET") == 0 ? compose(web, url, &out) : MHD_HTTP_METHOD_NOT_ALLOWED;
	r = MHD_create_response_from_buffer(out.len, out.ptr, MHD_RESPMEM_MUST_COPY);
	must(r != NULL);
	(void)MHD_add_response_header(r, "Content-Type", "text/plain; version=0.0.4");
	queued = MHD_queue_response(m, status, r);
	MHD_destroy_response(r);
	buf_fini(&out);
	return queued;
}

struct MHD_Daemon *
admin_listen(struct web *w, struct err *e)
{
	struct sockaddr_storage address;
	struct MHD_Daemon *d;

	if (!address_parse_listen(&address, w->config->http_admin_listen, e)) {
		(void)fail_within(e, "http_admin_listen");
		return NULL;
	}
	d = MHD_start_daemon(
	    MHD_USE_EPOLL_INTERNAL_THREAD | (address.ss_family == AF_INET6 ? MHD_USE_IPv6 : 0U),
	    0, NULL, NULL, answer, w, MHD_OPTION_SOCK_ADDR, &address,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned)ADMIN_CONNECTIONS,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)ADMIN_TIMEOUT_S,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)ADMIN_MEMORY, MHD_OPTION_END);
	if (d == NULL)
		(void)fail(e, ERR_SETUP, "http_admin_listen: cannot listen on %s: %s",
		    w->config->http_admin_listen, strerror(errno));
	return d;
}
