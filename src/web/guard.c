#include "guard.h"

#include <microhttpd.h>

#include "problem.h"
#include "web_private.h"

struct counted {
	int hosts, lengths, codings, bad;
	struct str host, length, coding;
};

static bool
name_is(const char *name, size_t n, const char *wanted)
{
	return n == strlen(wanted) && strncasecmp(name, wanted, n) == 0;
}

/* Names of headers are tokens; a space before the colon, or a folded line, is not one. */
static bool
is_token(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] <= ' ' || (unsigned char)s[i] >= 0x7f)
			return false;
	return n > 0;
}

static bool
is_value(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (((unsigned char)s[i] < ' ' && s[i] != '\t') || s[i] == 0x7f)
			return false;
	return true;
}

static enum MHD_Result
count(void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct counted *c = arg;
	size_t n = strlen(name);
	struct str v = str_of(value);

	(void)kind;
	if (!is_token(name, n) || !is_value(v.ptr, v.len))
		c->bad++;
	if (name_is(name, n, "Host")) {
		c->hosts++;
		c->host = v;
	} else if (name_is(name, n, "Content-Length")) {
		c->lengths++;
		c->length = v;
	} else if (name_is(name, n, "Transfer-Encoding")) {
		c->codings++;
		c->coding = v;
	}
	return MHD_YES;
}

static bool
is_digits(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
	return s.len > 0 && s.len <= 15;
}

static bool
may_be_for(const struct web *w, struct str host)
{
	for (int i = 0; i < w->n_host_names; i++) {
		struct str own = str_of(w->host_names[i]);

		if (own.len == host.len && strncasecmp(own.ptr, host.ptr, own.len) == 0)
			return true;
	}
	return false;
}

static bool
refuse(struct request *q, const char *why)
{
	(void)problem(q, PROBLEM_BAD_REQUEST, "%s", why);
	q->answer.closes = true;
	return false;
}

bool
guard_head(struct request *q)
{
	struct counted c = {0};

	(void)MHD_get_connection_values(q->connection, MHD_HEADER_KIND, count, &c);
	if (c.bad > 0)
		return refuse(q, "a header is malformed");
	if (c.hosts != 1)
		return refuse(q, "there must be one Host header");
	if (c.lengths > 1 || (c.lengths == 1 && !is_digits(c.length)))
		return refuse(q, "there must be one Content-Length, a number");
	if (c.codings > 1 ||
	    (c.codings == 1 && !name_is(c.coding.ptr, c.coding.len, "chunked")))
		return refuse(q, "Transfer-Encoding may only be chunked");
	if (c.codings > 0 && c.lengths > 0)
		return refuse(q, "Content-Length and Transfer-Encoding exclude each other");
	return may_be_for(q->web, c.host) || refuse(q, "no such host is served here");
}

int64_t
guard_body_length(struct request *q)
{
	struct str length = request_header(q, "Content-Length");
	int64_t n = 0;

	if (request_header(q, "Transfer-Encoding").len > 0)
		return -1;
	for (size_t i = 0; i < length.len; i++)
		n = n * 10 + (length.ptr[i] - '0');
	return n;
}

/* --- for whom --- */

static void
learn(struct web *w, struct str name)
{
	if (name.len > 0 && w->n_host_names < WEB_HOSTS_MAX &&
	    str_copy(w->host_names[w->n_host_names], sizeof(w->host_names[0]), name))
		w->n_host_names++;
}

/* "bell.example.com:8443" of a URL, and without the port that its scheme has anyway. */
static void
learn_url(struct web *w, const char *url)
{
	const char *host = strstr(url, "://");
	struct str name;

	if (host == NULL)
		return;
	name = (struct str){host + 3, strcspn(host + 3, "/")};
	learn(w, name);
}

void
guard_learn_hosts(struct web *w)
{
	const char *at = w->config->http_hosts, *port = strrchr(w->url, ':');
	char name[80];

	learn_url(w, w->public_url);
	learn_url(w, w->url);
	snprintf(name, sizeof(name), "localhost%s", port);
	learn(w, str_of(name));
	snprintf(name, sizeof(name), "127.0.0.1%s", port);
	learn(w, str_of(name));
	while (*at != '\0') {
		size_t n = strcspn(at, ", ");

		learn(w, (struct str){at, n});
		at += n + strspn(at + n, ", ");
	}
}
