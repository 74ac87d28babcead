/*
 * One HTTP request to a destination and its answer, as plain values: a destination composes the
 * one and judges the other, pool.h carries them.
 */
#pragma once

#include "carillon/base/base.h"
#include "carillon/base/buf.h"
#include "carillon/vault/vault.h"

enum { HTTP_URL_MAX = 1200 };

/* One HTTP request. The pool's slot owns it and reuses the memory. */
struct http_request {
	char url[HTTP_URL_MAX];
	struct buf body;
	const char *content_type; /* static */
	struct secret *auth;      /* the whole header line "Authorization: ..." */
};

/* How far a request got. */
enum transport {
	TRANSPORT_ANSWERED, /* there is a status */
	TRANSPORT_NOT_SENT, /* name, connection or TLS failed: certainly not posted */
	TRANSPORT_TIMEOUT,  /* the body was sent, no answer in time: perhaps posted */
	TRANSPORT_BROKEN,   /* the body was sent, the connection broke: perhaps posted */
};

struct http_response {
	enum transport transport;
	int status;             /* HTTP */
	int64_t retry_after_ms; /* of any status, a day at most; -1: none given */
	struct str body;        /* cut (see HTTP_BODY_MAX); need not be text */
	char request_id[64];    /* x-slack-req-id and its like; may be empty */
	char detail[160];       /* of a transport failure, for people: "could not connect" */
};

/* Bytes of a success that are looked at; of other answers there are fewer. Slack echoes the
 * whole message, with six bytes for a character outside ASCII: a cut answer could not be read,
 * and the message would go twice. */
enum { HTTP_BODY_MAX = 256 * 1024 };
