/*
 * What the requests of a pool share of TLS: whom to trust, and the sessions that make the next
 * connection to the same host cheaper. One owner; the pool's thread.
 *
 * libcurl parses the certificates of a file once for all connections of a multi handle, and
 * again after a day; with a directory besides, as Debian builds it, for each connection: 144
 * certificates, 35 ms of processor time. So the directory is left out where there is a file.
 */
#pragma once

#include <curl/curl.h>

#include "carillon/base/base.h"

struct tls {
	CURLSH *sessions;
	const char *ca_file; /* the caller's, as long as this lives; "": the system's */
};

/* ERR_SETUP when `ca_file` cannot be read, or has no certificate. */
MUST_USE bool tls_init(struct tls *tls, const char *ca_file, struct err *e);
/* When no easy handle uses it any more. Zeroed is fine. */
void tls_fini(struct tls *tls);
/* Sets everything about TLS for all requests of `easy`. */
void tls_set_options(const struct tls *tls, CURL *easy);
