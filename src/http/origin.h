/*
 * Where requests go: a scheme, a host and a port, which connections are made to and kept for.
 * An origin knows how many connections there are, which requests wait for one, and the
 * addresses of its name. Private to the pool, whose thread owns it.
 *
 * A new connection costs that thread a handshake, and everybody waits meanwhile. So only a few
 * are opened at once to one origin; who comes then waits for one of these, or for one that
 * another request is done with. A name that is not known is asked for (names.h), and its
 * requests wait; one that was known stays so while it is asked for again, and for an hour when
 * nobody answers.
 */
#pragma once

#include <curl/curl.h>

#include "carillon/base/list.h"
#include "names.h"

struct origin {
	struct list link;    /* of all */
	struct list crowded; /* of the pool's, while requests wait */
	struct list waiting; /* requests without a connection, the oldest first */
	int sockets;         /* open or being opened, in use or kept */
	int flying;          /* requests that libcurl has */
	int opening;         /* of them, those that make a connection */
	int n_urls;          /* parsed ahead that lead here */
	bool is_address;     /* its host; there is no name to ask for */
	bool is_asked;       /* about its name, now */
	mono_t asked_at, known_at;
	struct buf resolve_text;   /* "host:port:address,..."; empty: not known */
	struct curl_slist resolve; /* CURLOPT_RESOLVE: one node, which borrows the text */
	int port;         /* whom connections are made to: the host of the URL, or the proxy */
	char *host, *key; /* the same; "https://host:port" of the URL */
};

/* All origins, and the URLs that were parsed ahead. */
struct origins;

/*
 * `proxy` ("http://host:port"; NULL or "": none) is who connections are made to then, whatever
 * the URL: only its name is asked for.
 */
MUST_USE bool origins_new(struct origins **out, const char *proxy, struct err *e);
/* When no connection is left. NULL is fine. */
void origins_free(struct origins *all);
/* Readable when an answer about a name is there: see origins_learn. */
int origins_fd(const struct origins *all);

/*
 * Where `url` leads; NULL when libcurl cannot parse it. `*parsed` stays ours; NULL when there
 * are too many to parse ahead.
 */
struct origin *origins_find(struct origins *all, const char *url, CURLU **parsed);
/* The same for a request that goes past the proxy. */
struct origin *origins_find_direct(struct origins *all, const char *url);
/*
 * Takes in what came about names. The next origin whose name stays unknown, and why; NULL when
 * there is none left.
 */
struct origin *origins_learn(struct origins *all, mono_t now, struct err *why);
/*
 * Whether a request may be given to libcurl: for a kept connection, or for one more of at most
 * `opening_max` that are being opened. An address that is not known, or not lately, is asked
 * for.
 */
bool origin_may_launch(struct origins *all, struct origin *o, int opening_max, mono_t now);
/* Whether a connection is kept that no request has. */
bool origin_has_kept(const struct origin *o);
