#include "origin.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "carillon/base/table.h"
#include "carillon/base/url.h"

enum {
	URLS_MAX = 256,        /* parsed ahead; more are parsed each time */
	SWEEP_FIRST = 256,     /* origins; nobody knows how many customers will name */
	FRESH_MS = 60000,      /* an answer is not asked for again sooner */
	ASK_AGAIN_MS = 5000,   /* nor a name that nobody answers for, while it is still known */
	STALE_MAX_MS = 3600000 /* how long it stays known then */
};

/* A URL parsed ahead, for destinations have few addresses. */
struct known_url {
	CURLU *parsed;
	struct origin *origin;
};

struct origins {
	struct names *names;
	struct table *by_key; /* of struct origin */
	struct table *urls;   /* text -> struct known_url */
	struct list list;     /* the same origins */
	char *proxy_host;     /* NULL: there is none */
	int proxy_port;
	size_t sweep_at;
};

static void
set_proxy(struct origins *all, const char *proxy)
{
	struct url url;

	if (proxy == NULL || proxy[0] == '\0')
		return;
	must(url_parse(&url, str_of(proxy))); /* the settings are checked */
	all->proxy_host = strndup(url.host.ptr, url.host.len);
	must(all->proxy_host); /* out of memory */
	all->proxy_port = (int)strtol(url.port.ptr, NULL, 10);
}

bool
origins_new(struct origins **out, const char *proxy, struct err *e)
{
	struct origins *all = calloc(1, sizeof(*all));

	must(all); /* out of memory */
	if (!names_new(&all->names, e)) {
		free(all);
		return false;
	}
	set_proxy(all, proxy);
	all->by_key = table_new();
	all->urls = table_new();
	list_init(&all->list);
	all->sweep_at = SWEEP_FIRST;
	*out = all;
	return true;
}

int
origins_fd(const struct origins *all)
{
	return names_fd(all->names);
}

static void
origin_free(struct origin *o)
{
	list_remove(&o->link);
	buf_fini(&o->resolve_text);
	free(o->host);
	free(o->key);
	free(o);
}

void
origins_free(struct origins *all)
{
	struct str key;
	size_t at = 0;

	if (!all)
		return;
	for (struct known_url *u; (u = table_next(all->urls, &at, &key));) {
		curl_url_cleanup(u->parsed);
		free(u);
	}
	LIST_EACH_SAFE (link, &all->list)
		origin_free(CONTAINER_OF(link, struct origin, link));
	table_free(all->urls);
	table_free(all->by_key);
	names_free(all->names);
	free(all->proxy_host);
	free(all);
}

/* Forgets origins that nothing depends on; the next sweep comes when there are twice as many.
 */
static void
sweep(struct origins *all)
{
	if (table_len(all->by_key) < all->sweep_at)
		return;
	LIST_EACH_SAFE (link, &all->list) {
		struct origin *o = CONTAINER_OF(link, struct origin, link);

		if (o->sockets || o->flying || o->n_urls || o->is_asked ||
		    !list_is_empty(&o->waiting))
			continue;
		table_remove(all->by_key, str_of(o->key));
		origin_free(o);
	}
	all->sweep_at = 2 * table_len(all->by_key) + SWEEP_FIRST;
}

static bool
is_address(const char *host)
{
	struct in_addr v4;
	struct in6_addr v6;

	return host[0] == '[' || inet_pton(AF_INET, host, &v4) == 1 ||
	       inet_pton(AF_INET6, host, &v6) == 1;
}

static struct origin *
origin_new(struct origins *all, struct str key, const char *host, int port, bool is_direct)
{
	bool by_proxy = all->proxy_host != NULL && !is_direct;
	struct origin *o = calloc(1, sizeof(*o));

	must(o); /* out of memory */
	o->key = strndup(key.ptr, key.len);
	o->host = strdup(by_proxy ? all->proxy_host : host);
	must(o->key && o->host); /* out of memory */
	o->port = by_proxy ? all->proxy_port : port;
	o->is_address = is_address(o->host);
	list_init(&o->crowded);
	list_init(&o->waiting);
	list_append(&all->list, &o->link);
	table_set(all->by_key, key, o);
	return o;
}

static struct origin *
origin_of_parts(
    struct origins *all, const char *scheme, char *host, const char *port, bool is_direct)
{
	struct buf key = {0};
	struct origin *o;

	for (char *c = host; *c; c++)
		*c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
	buf_printf(&key, "%s%s://%s:%s", is_direct ? "direct " : "", scheme, host, port);
	o = table_get(all->by_key, buf_view(&key));
	if (!o) {
		sweep(all);
		o = origin_new(
		    all, buf_view(&key), host, (int)strtol(port, NULL, 10), is_direct);
	}
	buf_fini(&key);
	return o;
}

/* NULL when a part is missing. */
static struct origin *
origin_of(struct origins *all, CURLU *url, bool is_direct)
{
	char *scheme = NULL, *host = NULL, *port = NULL;
	struct origin *o = NULL;

	if (curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
	    curl_url_get(url, CURLUPART_HOST, &host, CURLU_PUNYCODE) == CURLUE_OK &&
	    curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK)
		o = origin_of_parts(all, scheme, host, port, is_direct);
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
	return o;
}

static void
keep_url(struct origins *all, const char *text, CURLU *parsed, struct origin *o)
{
	struct known_url *u = malloc(sizeof(*u));

	must(u); /* out of memory */
	*u = (struct known_url){parsed, o};
	o->n_urls++;
	table_set(all->urls, str_of(text), u);
}

struct origin *
origins_find(struct origins *all, const char *text, CURLU **parsed)
{
	struct known_url *known = table_get(all->urls, str_of(text));
	struct origin *o = NULL;
	CURLU *url;

	*parsed = known ? known->parsed : NULL;
	if (known)
		return known->origin;
	url = curl_url();
	must(url); /* out of memory */
	if (curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK)
		o = origin_of(all, url, false);
	if (o && table_len(all->urls) < URLS_MAX) {
		keep_url(all, text, url, o);
		*parsed = url;
	} else {
		curl_url_cleanup(url);
	}
	return o;
}

struct origin *
origins_find_direct(struct origins *all, const char *text)
{
	CURLU *url = curl_url();
	struct origin *o = NULL;

	must(url); /* out of memory */
	if (curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK)
		o = origin_of(all, url, true);
	curl_url_cleanup(url);
	return o;
}

static bool
has_addresses(const struct origin *o, mono_t now)
{
	return o->resolve_text.len > 0 && now.ms - o->known_at.ms < STALE_MAX_MS;
}

static bool
is_fresh(const struct origin *o, mono_t now)
{
	return now.ms - o->known_at.ms < FRESH_MS || now.ms - o->asked_at.ms < ASK_AGAIN_MS;
}

static bool
is_known(struct origins *all, struct origin *o, mono_t now)
{
	bool known = o->is_address || has_addresses(o, now);

	if (o->is_address || o->is_asked || (known && is_fresh(o, now)))
		return known;
	o->is_asked = true;
	o->asked_at = now;
	names_ask(all->names, o->host, o);
	return known;
}

static bool
take_addresses(struct origin *o, const struct lookup *l, mono_t now, struct err *e)
{
	struct buf addresses = {0};
	bool ok = lookup_addresses(l, &addresses, e);

	if (ok) {
		buf_clear(&o->resolve_text);
		buf_printf(&o->resolve_text, "%s:%d:%s", o->host, o->port, addresses.ptr);
		o->resolve.data = o->resolve_text.ptr;
		o->known_at = now;
	}
	buf_fini(&addresses);
	return ok;
}

struct origin *
origins_learn(struct origins *all, mono_t now, struct err *why)
{
	struct lookup *l;
	void *tag;

	while ((l = names_answer(all->names, &tag)) != NULL) {
		struct origin *o = tag;
		bool ok = take_addresses(o, l, now, why);

		lookup_free(l);
		o->is_asked = false;
		if (!ok && !has_addresses(o, now))
			return o;
	}
	return NULL;
}

bool
origin_has_kept(const struct origin *o)
{
	return o->sockets > o->flying;
}

bool
origin_may_launch(struct origins *all, struct origin *o, int opening_max, mono_t now)
{
	return origin_has_kept(o) || (o->opening < opening_max && is_known(all, o, now));
}
