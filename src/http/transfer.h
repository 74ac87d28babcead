/*
 * One slot of the pool: an easy handle set up once, a request, the answer as it comes, and how
 * far it got. Private to the pool; the callbacks here are all libcurl sees of us.
 */
#pragma once

#include <curl/curl.h>

#include "carillon/base/clock.h"
#include "carillon/http/http.h"
#include "carillon/base/list.h"
#include "carillon/http/pool.h"

enum transfer_state {
	TRANSFER_FREE,     /* on the pool's free list */
	TRANSFER_TAKEN,    /* being filled */
	TRANSFER_FLYING,   /* libcurl has it */
	TRANSFER_FINISHED, /* on the finished list */
	TRANSFER_REPORTED, /* the caller reads the answer */
};

struct timeouts {
	int64_t connect_ms; /* name, TCP and TLS */
	int64_t request_ms; /* the whole request */
};

struct transfer {
	struct list link; /* of the free or the finished */
	enum transfer_state state;
	CURL *easy;
	struct timeouts timeouts; /* `easy` has */
	const CURLU *url;         /* the parsed one `easy` has; NULL: none, or text */
	struct http_request req;
	char content_type[128];
	/* Own nodes, never appended by libcurl, which would copy the credential. */
	struct curl_slist headers[3 + HTTP_HEADERS_MAX];
	char wanted[256]; /* text of the answer's headers that are kept */
	size_t wanted_len;
	struct buf answer;
	bool is_cut;   /* the answer went past HTTP_BODY_MAX */
	bool began;    /* a connection was there and the request about to be written */
	bool has_head; /* the empty line after the headers was seen */
	char curl_text[CURL_ERROR_SIZE];
	struct http_response res;
	void *tag;
	mono_t started;
	struct flight flight;
};

/* Sets up everything that is the same for all requests. */
void transfer_init(struct transfer *t, void *sockets);
void transfer_fini(struct transfer *t);
/* Hands the request to the easy handle; `url` may be NULL if it could not be parsed ahead. */
void transfer_arm(struct transfer *t, CURLU *url, struct timeouts timeouts);
/* Fills t->res from the code libcurl ended with. */
void transfer_end(struct transfer *t, CURLcode code);
/* Forgets request and answer, wiping the credential. */
void transfer_clear(struct transfer *t);
