#include "carillon/http/guard.h"

#include <curl/curl.h>
#include <stdlib.h>

static const struct special {
	const char *text;
	int bits;
} specials[] = {
#define SPECIAL(text, bits) {text, bits},
#include "special_networks.def"
#undef SPECIAL
};

bool
guard_init(struct guard *g, const struct guard_options *o, struct err *e)
{
	*g = (struct guard){.plain_http = o->plain_http};
	if (ports_parse(&g->ports, "webhook_ports", o->ports != NULL ? o->ports : "443", e) &&
	    networks_parse(
		&g->networks, "webhook_networks", o->networks != NULL ? o->networks : "", e))
		return true;
	guard_fini(g);
	return false;
}

void
guard_fini(struct guard *g)
{
	networks_free(g->networks);
	g->networks = NULL;
}

static bool
is_within(const struct address *a, const char *network, int bits)
{
	struct address at;

	must(address_parse(network, &at));
	return address_is_within(a, &at, address_is_v4(&at) ? bits + 96 : bits);
}

/* By a translator such an address leads to the one of IPv4 that stands in its last bytes. */
static struct address
translated(const struct address *a)
{
	struct address v4;

	must(address_parse("0.0.0.0", &v4));
	memcpy(v4.bytes + 12, a->bytes + 12, 4);
	return v4;
}

static bool
is_public(struct address a)
{
	if (is_within(&a, "64:ff9b::", 96))
		a = translated(&a);
	if (!address_is_v4(&a) && !is_within(&a, "2000::", 3))
		return false;
	for (size_t i = 0; i < COUNT_OF(specials); i++)
		if (is_within(&a, specials[i].text, specials[i].bits))
			return false;
	return true;
}

bool
guard_allows(const struct guard *g, const struct address *a)
{
	return networks_have(g->networks, a) || is_public(*a);
}

/* --- the URL --- */

/* Of libcurl's own reading, for it is libcurl that connects. */
struct parts {
	CURLU *url;
	char *scheme, *user, *password, *host, *port;
};

static void
parts_free(struct parts *p)
{
	curl_free(p->scheme);
	curl_free(p->user);
	curl_free(p->password);
	curl_free(p->host);
	curl_free(p->port);
	curl_url_cleanup(p->url);
}

/* False: a URL without scheme or host is none. */
static bool
parts_read(struct parts *p, const char *text)
{
	*p = (struct parts){.url = curl_url()};
	must(p->url); /* out of memory */
	if (curl_url_set(p->url, CURLUPART_URL, text, 0) != CURLUE_OK)
		return false;
	(void)curl_url_get(p->url, CURLUPART_USER, &p->user, 0);
	(void)curl_url_get(p->url, CURLUPART_PASSWORD, &p->password, 0);
	return curl_url_get(p->url, CURLUPART_SCHEME, &p->scheme, 0) == CURLUE_OK &&
	       curl_url_get(p->url, CURLUPART_HOST, &p->host, 0) == CURLUE_OK &&
	       curl_url_get(p->url, CURLUPART_PORT, &p->port, CURLU_DEFAULT_PORT) == CURLUE_OK;
}

/* Names are for who connects. */
static bool
check_host(const struct guard *g, const char *host, struct err *e)
{
	char text[ADDRESS_TEXT_SIZE];
	struct address a;
	size_t len = strlen(host);

	if (host[0] == '[' && len > 2) {
		host++;
		len -= 2;
	}
	if (!str_copy(text, sizeof(text), (struct str){host, len}) || !address_parse(text, &a))
		return true;
	return guard_allows(g, &a) || fail(e, ERR_INPUT, "its host is no public address");
}

static bool
check_parts(const struct guard *g, const struct parts *p, struct err *e)
{
	bool is_https = strcmp(p->scheme, "https") == 0;

	if (!is_https && (!g->plain_http || strcmp(p->scheme, "http") != 0))
		return fail(e, ERR_INPUT, "it must begin with https://");
	if (p->user != NULL || p->password != NULL)
		return fail(e, ERR_INPUT, "it takes no user and no password");
	if (!ports_have(&g->ports, (int)strtol(p->port, NULL, 10)))
		return fail(e, ERR_INPUT, "port %s is not allowed", p->port);
	return check_host(g, p->host, e);
}

bool
guard_url(const struct guard *g, const char *url, struct err *e)
{
	struct parts p;
	bool ok = parts_read(&p, url) ? check_parts(g, &p, e)
	                              : fail(e, ERR_INPUT, "it is no web address");

	parts_free(&p);
	return ok;
}
