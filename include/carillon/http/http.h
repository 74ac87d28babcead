/*
 * One HTTP request to a destination and its answer, as plain values: a destination composes the
 * one and judges the other, pool.h carries them.
 */
#pragma once

#include "carillon/base/base.h"
#include "carillon/base/buf.h"
#include "carillon/vault/vault.h"

enum {
	HTTP_URL_MAX = 1200,
	HTTP_HEADERS_MAX = 8, /* of a request, beside those that all have */
	HTTP_AUTH_LINES_MAX = 8,
	HTTP_WANTED_MAX = 4, /* of an answer */
};

/* One HTTP request. The pool's slot owns it and reuses the memory. */
struct http_request {
	char url[HTTP_URL_MAX];
	struct buf body;
	const char *content_type; /* static */
	/* The header lines that are secret, with a NUL between two: "Authorization: ...".
	 * Empty: none. */
	struct secret *auth;
	/* The whole URL where it is a credential itself, else empty. `url` is then only the
	 * beginning that is no secret, with scheme and host: what may be kept and shown. */
	struct secret *secret_url; /* NULL until http_secret_url made it */
	bool is_private; /* body or answer hold a credential: they are overwritten after */
	/* A stranger chose the URL: only what guard.h allows is reached, and little of the
	 * answer is read. */
	bool is_guarded;
	int64_t timeout_ms; /* of the whole request; 0, or more than the pool's: the pool's */
	struct buf headers; /* further header lines, each with its NUL: see http_header_add */
	int n_headers;
	/* Names of headers that the answer may have and that are to be kept; static, NULL
	 * behind the last. NULL: none. */
	const char *const *wanted;
};

/* Adds a header line. ERR_INPUT: there are too many, or the value is not one line of text. */
MUST_USE bool http_header_add(
    struct http_request *req, const char *name, struct str value, struct err *e);
/* Adds a header line that is secret. ERR_INPUT: as http_header_add. */
MUST_USE bool http_secret_header_add(
    struct http_request *req, const char *line, size_t len, struct err *e);
/* The secret lines: calls `each` with every one. */
typedef void http_secret_line_fn(const char *line, size_t len, void *arg);
void http_secret_lines(const struct http_request *req, http_secret_line_fn *each, void *arg);
/* Room for its secret_url, empty. */
struct secret *http_secret_url(struct http_request *req);
/* Room for the secret lines; {0} before. */
void http_request_init(struct http_request *req);
void http_request_fini(struct http_request *req); /* wipes all of it */
/* Forgets everything, wiping the credential; keeps the memory. */
void http_request_clear(struct http_request *req);

/* How far a request got. */
enum transport {
	TRANSPORT_ANSWERED,  /* there is a status */
	TRANSPORT_NOT_SENT,  /* name, connection or TLS failed: certainly not posted */
	TRANSPORT_TIMEOUT,   /* the body was sent, no answer in time: perhaps posted */
	TRANSPORT_BROKEN,    /* the body was sent, the connection broke: perhaps posted */
	TRANSPORT_FORBIDDEN, /* the guard refused where it leads: certainly not posted */
};

struct http_response {
	enum transport transport;
	int status;             /* HTTP */
	int64_t retry_after_ms; /* of any status, a day at most; -1: none given */
	struct str body;        /* cut (see HTTP_BODY_MAX); need not be text */
	/* Values of the headers that were wanted, in their order; empty: the answer has none.
	 */
	struct str wanted[HTTP_WANTED_MAX];
	char detail[160]; /* of a transport failure, for people: "could not connect" */
};

/* Bytes of a success that are looked at; of other answers there are fewer. A destination may
 * echo the whole message, with six bytes for a character outside ASCII: a cut answer could not
 * be read, and the message would go twice. */
enum { HTTP_BODY_MAX = 256 * 1024 };
/* The same of an answer to a private request, and to a guarded one. */
enum { HTTP_PRIVATE_MAX = 32 * 1024, HTTP_GUARDED_MAX = 8 * 1024 };
