/*
 * One slot of the pool: an easy handle set up once, a request, the answer as it comes, and how
 * far it got. Private to the pool; the callbacks here are all libcurl sees of us.
 */
#pragma once

#include <curl/curl.h>

#include "carillon/base/clock.h"
#include "carillon/base/heap.h"
#include "carillon/base/list.h"
#include "carillon/http/guard.h"
#include "carillon/http/http.h"
#include "carillon/http/pool.h"
#include "origin.h"
#include "sockets.h"
#include "tls.h"

enum transfer_state {
	TRANSFER_FREE,     /* on the pool's free list */
	TRANSFER_TAKEN,    /* being filled */
	TRANSFER_WAITING,  /* on its origin's list, for a connection or an address */
	TRANSFER_FLYING,   /* libcurl has it */
	TRANSFER_FINISHED, /* on the finished list */
	TRANSFER_REPORTED, /* the caller reads the answer */
};

/* What all transfers of a pool have in common. */
struct limits {
	int64_t connect_ms; /* name, TCP and TLS */
	int64_t request_ms; /* the whole request, once it has a connection or makes one */
	int opening_max;    /* connections being opened to one origin */
	int64_t unused_ms;  /* after which a connection is not taken up again */
	const char *proxy;  /* ""; else every connection is a tunnel through it */
	struct guard guard; /* of requests whose URL a stranger chose */
};

struct transfer {
	struct list link; /* of the free, the waiting or the finished */
	enum transfer_state state;
	CURL *easy;
	struct sockets *sockets; /* for the callbacks of `easy` */
	const struct tls *tls;   /* the same */
	const struct limits *limits;
	int64_t connect_ms;    /* `easy` has */
	CURLU *url;            /* the parsed one of the request; NULL: libcurl shall parse */
	CURLU *easy_url;       /* the parsed one `easy` has; NULL: none, or text */
	struct origin *origin; /* NULL: the URL is none */
	struct heap_node deadline;
	struct http_request req;
	char content_type[128];
	/* Own nodes, never appended by libcurl, which would copy the credential. */
	struct curl_slist headers[2 + HTTP_AUTH_LINES_MAX + HTTP_HEADERS_MAX];
	int n_headers;
	char wanted[256]; /* text of the answer's headers that are kept */
	size_t wanted_len;
	bool renews;         /* `easy` is made anew after each request */
	bool wipes;          /* the answer holds a credential */
	bool has_secret_url; /* `easy` has a URL that is one */
	struct buf answer;   /* what is looked at */
	size_t heard;        /* bytes of the answer so far, also those not looked at */
	bool is_cut;         /* the answer went past HTTP_BODY_MAX */
	bool is_opening;     /* counts as such in its origin */
	bool is_turned_away; /* wanted to make a connection when enough were being made */
	bool is_direct;      /* past the proxy: what that reaches nobody here can guard */
	bool is_forbidden;   /* the guard let it not reach where it leads */
	bool began;          /* a connection was there and the request about to be written */
	bool is_connecting;  /* and nothing of the request is written: a proxy is asked */
	long asked_proxy;    /* bytes that this took */
	bool has_head;       /* the empty line after the headers was seen */
	char curl_text[CURL_ERROR_SIZE];
	struct http_response res;
	void *tag;
	mono_t started;
	struct flight flight;
};

/* Sets up everything that is the same for all requests. */
void transfer_init(struct transfer *t, struct sockets *sockets, const struct tls *tls,
    const struct limits *limits);
void transfer_fini(struct transfer *t);
/* Forgets the answer of the request before. */
void transfer_begin(struct transfer *t);
/* Hands the request to the easy handle, and counts it in its origin. */
void transfer_arm(struct transfer *t);
/* The easy handle is done with it: it counts no more. */
void transfer_disarm(struct transfer *t);
/* The guard lets it not begin, and why. */
void transfer_forbid(struct transfer *t, const struct err *why);
/* Fills t->res from the code libcurl ended with. */
void transfer_end(struct transfer *t, CURLcode code);
/* Forgets request and answer, wiping the credential. */
void transfer_clear(struct transfer *t);
