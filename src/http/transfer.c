#include "transfer.h"

#include "retry_after.h"

enum {
	KEEP_MAX = 8 * 1024,   /* a slot's buffer that grew larger is given back */
	REFUSAL_MAX = 8192,    /* bytes looked at of an answer that is no success */
	CURL_KEEPS = 0x080700, /* 8.7.0 and later keep the memory of a sent request */
};

#define SET(easy, option, value) must(curl_easy_setopt(easy, option, value) == CURLE_OK)

/* The value of `line` if it is the header `name`. */
static bool
header_value(struct str line, struct str name, struct str *value)
{
	if (line.len <= name.len || line.ptr[name.len] != ':' ||
	    strncasecmp(line.ptr, name.ptr, name.len) != 0)
		return false;
	*value = (struct str){line.ptr + name.len + 1, line.len - name.len - 1};
	while (value->len && (value->ptr[0] == ' ' || value->ptr[0] == '\t'))
		*value = (struct str){value->ptr + 1, value->len - 1};
	while (value->len && (unsigned char)value->ptr[value->len - 1] <= ' ')
		value->len--;
	return true;
}

/* Keeps the value of a header that the request asks for. One that finds no room is left out. */
static void
keep_wanted(struct transfer *t, struct str line)
{
	struct str value;
	size_t room = sizeof(t->wanted) - t->wanted_len;

	for (int i = 0; t->req.wanted && i < HTTP_WANTED_MAX && t->req.wanted[i]; i++) {
		if (!header_value(line, str_of(t->req.wanted[i]), &value) || value.len > room ||
		    !str_is_text(value))
			continue;
		memcpy(t->wanted + t->wanted_len, value.ptr, value.len);
		t->res.wanted[i] = (struct str){t->wanted + t->wanted_len, value.len};
		t->wanted_len += value.len;
		return;
	}
}

static void
forget_wanted(struct transfer *t)
{
	memset(t->res.wanted, 0, sizeof(t->res.wanted));
	t->wanted_len = 0;
}

static size_t
on_header(char *ptr, size_t size, size_t count, void *transfer)
{
	struct transfer *t = transfer;
	struct str line = {ptr, size * count}, value;

	if (str_starts_with(line, STR("HTTP/"))) { /* an earlier one was 100-continue */
		t->res.retry_after_ms = -1;
		forget_wanted(t);
		t->has_head = false;
	} else if (line.len <= 2) {
		t->has_head = true;
	} else if (header_value(line, STR("retry-after"), &value)) {
		t->res.retry_after_ms = retry_after_ms(value, clock_wall());
	} else {
		keep_wanted(t, line);
	}
	return line.len;
}

/* An answer with a credential must not move: what it leaves behind is never overwritten. */
static size_t
body_max(const struct transfer *t)
{
	if (t->req.is_guarded)
		return HTTP_GUARDED_MAX;
	return t->req.is_private ? HTTP_PRIVATE_MAX : HTTP_BODY_MAX;
}

/* Only a success echoes the message; whoever refuses at length must not fill our memory. */
static size_t
answer_max(const struct transfer *t)
{
	long status = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	return status / 100 == 2 ? body_max(t) : REFUSAL_MAX;
}

/* Past the limit the transfer is ended: nobody should be able to talk for ever. */
static size_t
on_body(char *ptr, size_t size, size_t count, void *transfer)
{
	struct transfer *t = transfer;
	size_t len = size * count, room = answer_max(t) - t->answer.len;

	buf_put(&t->answer, ptr, len < room ? len : room);
	t->heard += len;
	t->is_cut = t->heard > body_max(t);
	return t->is_cut ? CURL_WRITEFUNC_ERROR : len;
}

static bool
wrote_something(const struct transfer *t)
{
	long request_size = 0;

	curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &request_size);
	return !t->is_connecting && request_size > t->asked_proxy;
}

static void
set_opening(struct transfer *t, bool is_opening)
{
	if (t->origin && t->is_opening != is_opening)
		t->origin->opening += is_opening ? 1 : -1;
	t->is_opening = is_opening;
}

/* Also of a connection that another request has made, which nobody guarded. */
static bool
may_use(struct transfer *t, const char *remote_ip)
{
	struct address at;

	t->is_forbidden = t->req.is_guarded && !(address_parse(remote_ip, &at) &&
						   guard_allows(&t->limits->guard, &at));
	return !t->is_forbidden;
}

static bool
may_open(struct transfer *t, const struct sockaddr *a)
{
	struct address at;

	t->is_forbidden = t->req.is_guarded &&
	                  !(address_of_socket(a, &at) && guard_allows(&t->limits->guard, &at));
	return !t->is_forbidden;
}

/*
 * Called whenever a connection is there and the request is about to be written. When a kept
 * connection dies before the first byte of an answer, libcurl by itself sends the request again
 * on a new one, up to five times, even when the body had left: what was posted then would be
 * posted twice. So a second time is allowed only if not one byte was written before;
 * else the transfer ends here and counts as broken, perhaps posted.
 */
static int
on_prereq(void *transfer, char *remote_ip, char *local_ip, int remote_port, int local_port)
{
	struct transfer *t = transfer;

	(void)local_ip, (void)remote_port, (void)local_port;
	if ((t->began && wrote_something(t)) || !may_use(t, remote_ip))
		return CURL_PREREQFUNC_ABORT;
	t->began = true;
	t->is_connecting = false;
	curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &t->asked_proxy);
	t->is_turned_away = false;
	set_opening(t, false);
	return CURL_PREREQFUNC_OK;
}

/*
 * Called when a connection is to be made, which may come unexpected: the one that was counted
 * on has gone. A request of which bytes were written before is about to be ended (on_prereq).
 */
static curl_socket_t
on_open(void *transfer, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct transfer *t = transfer;

	(void)purpose;
	if (!t->origin) /* libcurl read the URL otherwise than we did */
		return CURL_SOCKET_BAD;
	if (!may_open(t, &a->addr))
		return CURL_SOCKET_BAD;
	if (!t->is_opening && t->origin->opening >= t->limits->opening_max) {
		t->is_turned_away = !t->began || !wrote_something(t);
		return CURL_SOCKET_BAD;
	}
	t->is_connecting = !wrote_something(t);
	set_opening(t, true);
	return sockets_open(t->sockets, a, &t->origin->sockets);
}

static void
set_callbacks(struct transfer *t)
{
	CURL *c = t->easy;

	SET(c, CURLOPT_PRIVATE, t);
	SET(c, CURLOPT_HEADERFUNCTION, on_header);
	SET(c, CURLOPT_HEADERDATA, t);
	SET(c, CURLOPT_WRITEFUNCTION, on_body);
	SET(c, CURLOPT_WRITEDATA, t);
	SET(c, CURLOPT_PREREQFUNCTION, on_prereq);
	SET(c, CURLOPT_PREREQDATA, t);
	SET(c, CURLOPT_OPENSOCKETFUNCTION, on_open);
	SET(c, CURLOPT_OPENSOCKETDATA, t);
	SET(c, CURLOPT_CLOSESOCKETFUNCTION, sockets_on_close);
	SET(c, CURLOPT_CLOSESOCKETDATA, t->sockets);
	SET(c, CURLOPT_ERRORBUFFER, t->curl_text);
}

/*
 * HTTP/1.1 also where the destination speaks 2: it costs a fifth fewer instructions, and a
 * connection that breaks leaves one message in doubt, not all that share it.
 */
static void
set_options(CURL *c, const char *proxy)
{
	SET(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(c, CURLOPT_PROTOCOLS_STR, "http,https");
	SET(c, CURLOPT_PROXY, proxy); /* and none from the environment */
	SET(c, CURLOPT_NOPROXY, "");  /* nor whom to ask without */
	SET(c, CURLOPT_HTTPPROXYTUNNEL, 1L);
	SET(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L); /* they are no answer */
	SET(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(c, CURLOPT_FOLLOWLOCATION, 0L); /* the credential would go along */
	SET(c, CURLOPT_NOSIGNAL, 1L);
	SET(c, CURLOPT_QUICK_EXIT, 1L); /* should libcurl ever ask for a name: do not wait */
	SET(c, CURLOPT_TCP_NODELAY, 1L);
	SET(c, CURLOPT_UPLOAD_BUFFERSIZE, 16384L); /* else 64 KiB each with TLS */
	SET(c, CURLOPT_USERAGENT, "carillon/" CARILLON_VERSION);
	SET(c, CURLOPT_BUFFERSIZE, 4096L); /* an answer has some 2 KB; else 16 KiB each */
	SET(c, CURLOPT_POST, 1L);
}

static void
easy_new(struct transfer *t)
{
	t->easy = curl_easy_init();
	must(t->easy); /* out of memory */
	t->easy_url = NULL;
	t->connect_ms = 0;
	set_callbacks(t);
	set_options(t->easy, t->limits->proxy);
	tls_set_options(t->tls, t->easy);
	SET(t->easy, CURLOPT_HTTPHEADER, t->headers);
	SET(t->easy, CURLOPT_MAXAGE_CONN, (long)(t->limits->unused_ms / 1000));
}

void
transfer_init(struct transfer *t, struct sockets *sockets, const struct tls *tls,
    const struct limits *limits)
{
	*t = (struct transfer){.sockets = sockets, .tls = tls, .limits = limits};
	list_init(&t->link);
	t->renews = curl_version_info(CURLVERSION_NOW)->version_num >= CURL_KEEPS;
	http_request_init(&t->req);
	easy_new(t);
}

static void
add_header(struct transfer *t, const char *line)
{
	t->headers[t->n_headers++].data = (char *)(uintptr_t)line; /* libcurl only reads it */
}

static void
add_secret_header(const char *line, size_t len, void *transfer)
{
	(void)len; /* a NUL follows */
	add_header(transfer, line);
}

/* Header lines in a list of our own nodes, the first of which libcurl has. */
static void
set_headers(struct transfer *t)
{
	const struct http_request *req = &t->req;
	char *line = req->headers.ptr;

	t->n_headers = 0;
	snprintf(t->content_type, sizeof(t->content_type), "Content-Type: %s",
	    req->content_type ? req->content_type : "application/octet-stream");
	add_header(t, t->content_type);
	add_header(t, "Expect:"); /* never wait for 100-continue */
	http_secret_lines(req, add_secret_header, t);
	for (int i = 0; i < req->n_headers; i++, line += strlen(line) + 1)
		add_header(t, line);
	for (int i = 0; i < t->n_headers; i++)
		t->headers[i].next = i + 1 < t->n_headers ? &t->headers[i + 1] : NULL;
}

void
transfer_fini(struct transfer *t)
{
	curl_easy_cleanup(t->easy);
	http_request_fini(&t->req);
	buf_fini(&t->answer);
}

/* Text comes last: libcurl 8 forgets it when a parsed URL is set, or taken away. */
static void
set_url_text(struct transfer *t, const char *url)
{
	SET(t->easy, CURLOPT_CURLU, NULL);
	SET(t->easy, CURLOPT_URL, url);
	t->easy_url = NULL;
}

/*
 * Changing a parsed URL: libcurl keeps the text of the first one for its messages and for
 * retries, until CURLOPT_URL is cleared.
 */
static void
set_url(struct transfer *t)
{
	if (t->req.secret_url && secret_len(t->req.secret_url) > 0) {
		set_url_text(t, secret_bytes(t->req.secret_url));
	} else if (t->url == NULL) {
		set_url_text(t, t->req.url);
	} else if (t->easy_url != t->url) {
		SET(t->easy, CURLOPT_URL, NULL);
		SET(t->easy, CURLOPT_CURLU, t->url);
		t->easy_url = t->url;
	}
}

/*
 * Only this time is libcurl's own to watch, since it divides it between addresses. A request
 * that was written is given up by us, who first look whether its answer is there.
 */
static void
set_connect_timeout(struct transfer *t)
{
	if (t->connect_ms != t->limits->connect_ms)
		SET(t->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)t->limits->connect_ms);
	t->connect_ms = t->limits->connect_ms;
}

void
transfer_begin(struct transfer *t)
{
	buf_clear(&t->answer);
	t->res = (struct http_response){.retry_after_ms = -1};
	t->heard = t->wanted_len = 0;
	t->asked_proxy = 0;
	t->is_connecting = false;
	t->is_cut = t->is_turned_away = t->is_forbidden = t->began = t->has_head = false;
	t->curl_text[0] = '\0';
}

void
transfer_arm(struct transfer *t)
{
	const struct http_request *req = &t->req;
	bool opens = t->origin && !origin_has_kept(t->origin);

	transfer_begin(t);
	t->wipes = req->is_private;
	if (t->wipes)
		buf_reserve(&t->answer, HTTP_PRIVATE_MAX + 1);
	t->has_secret_url = req->secret_url && secret_len(req->secret_url) > 0;
	set_url(t);
	set_connect_timeout(t);
	set_headers(t);
	if (t->limits->proxy[0] != '\0')
		SET(t->easy, CURLOPT_PROXY, t->is_direct ? "" : t->limits->proxy);
	SET(t->easy, CURLOPT_POSTFIELDS, req->body.ptr ? req->body.ptr : "");
	SET(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)req->body.len);
	SET(t->easy, CURLOPT_RESOLVE,
	    opens && !t->origin->is_address ? &t->origin->resolve : NULL);
	set_opening(t, opens);
	if (t->origin)
		t->origin->flying++;
}

void
transfer_disarm(struct transfer *t)
{
	set_opening(t, false);
	if (t->origin)
		t->origin->flying--;
}

/*
 * When in doubt it may have been posted: NOT_SENT needs the certainty that not one byte of the
 * request was written.
 */
static enum transport
how_far(const struct transfer *t, CURLcode code)
{
	/* Hanging up within the headers is CURLE_OK. */
	if (t->has_head && (code == CURLE_OK || (code == CURLE_WRITE_ERROR && t->is_cut)))
		return TRANSPORT_ANSWERED;
	if (!t->began || !wrote_something(t))
		return t->is_forbidden ? TRANSPORT_FORBIDDEN : TRANSPORT_NOT_SENT;
	return code == CURLE_OPERATION_TIMEDOUT ? TRANSPORT_TIMEOUT : TRANSPORT_BROKEN;
}

/* Of a tunnel that the proxy did not open; NULL: it did, or there is none. */
static const char *
proxy_sentence(const struct transfer *t, CURLcode code)
{
	long status = 0;

	if (t->limits->proxy[0] == '\0' || t->is_direct || t->began)
		return NULL;
	curl_easy_getinfo(t->easy, CURLINFO_HTTP_CONNECTCODE, &status);
	if (status >= 300)
		return "the proxy refused";
	if (code == CURLE_COULDNT_CONNECT)
		return "could not connect to the proxy";
	return code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY
	           ? "the proxy's name could not be resolved"
	           : NULL;
}

static const char *
sentence(const struct transfer *t, CURLcode code)
{
	const char *of_proxy = proxy_sentence(t, code);

	if (of_proxy != NULL)
		return of_proxy;
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST: return "the name could not be resolved";
	case CURLE_COULDNT_CONNECT: return "could not connect";
	case CURLE_PEER_FAILED_VERIFICATION: return "the certificate is not trusted";
	case CURLE_SSL_CONNECT_ERROR: return "the TLS handshake failed";
	case CURLE_OPERATION_TIMEDOUT:
		return t->began ? "no answer in time" : "no connection in time";
	case CURLE_GOT_NOTHING: return "it hung up without an answer";
	case CURLE_OK:
	case CURLE_PARTIAL_FILE: return "it hung up in the middle of the answer";
	case CURLE_ABORTED_BY_CALLBACK: return "it hung up after the request was sent";
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY: return "the answer is not HTTP";
	default: return curl_easy_strerror(code);
	}
}

/* libcurl's own words, with addresses and numbers, in brackets. */
static void
detail_add(struct http_response *res, const char *words)
{
	size_t len = strlen(res->detail);
	size_t room = sizeof(res->detail) - len;

	if (words[0] && room > sizeof(" ()"))
		snprintf(
		    res->detail + len, room, " (%.*s)", (int)(room - sizeof(" ()")), words);
}

void
transfer_end(struct transfer *t, CURLcode code)
{
	struct http_response *res = &t->res;
	long status = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	res->transport = how_far(t, code);
	if (res->transport == TRANSPORT_ANSWERED) {
		res->status = (int)status;
		res->body = buf_view(&t->answer);
		return;
	}
	/* Of a place that may not be reached nothing is told, as little as what there is. */
	if (res->transport == TRANSPORT_FORBIDDEN) {
		str_copy(res->detail, sizeof(res->detail),
		    str_of(code == CURLE_URL_MALFORMAT
			       ? t->curl_text
			       : "its name leads to no public address"));
		return;
	}
	snprintf(res->detail, sizeof(res->detail), "%s", sentence(t, code));
	detail_add(res, t->curl_text);
}

void
transfer_forbid(struct transfer *t, const struct err *why)
{
	t->is_forbidden = true;
	str_copy(t->curl_text, sizeof(t->curl_text), str_of(why->text));
}

static void
buf_forget(struct buf *b)
{
	if (b->cap > KEEP_MAX)
		buf_fini(b);
	else
		buf_clear(b);
}

/*
 * The request's text, with the credential, stays in a buffer of the easy handle in newer
 * libcurls: only the end of the handle frees it, to wiped_free. This costs 2 us; connections
 * and TLS sessions are the multi handle's and stay.
 */
static void
easy_forget(struct transfer *t)
{
	if (!t->renews || !t->began)
		return;
	curl_easy_cleanup(t->easy);
	easy_new(t);
	t->began = false;
}

void
transfer_clear(struct transfer *t)
{
	easy_forget(t);
	if (t->has_secret_url) /* else the handle keeps its text */
		SET(t->easy, CURLOPT_URL, NULL);
	t->has_secret_url = false;
	http_request_clear(&t->req);
	buf_forget(&t->req.body);
	if (t->wipes)
		buf_fini_wiped(&t->answer);
	t->wipes = false;
	buf_forget(&t->answer);
}
