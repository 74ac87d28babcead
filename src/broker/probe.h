/*
 * What stands behind an address, asked without a library: libnats tells a name that is unknown,
 * a port where nobody listens, a web server, and a server that wants a certificate as one and
 * the same. A server of NATS speaks first: "INFO {...}". Any thread.
 */
#pragma once

#include "carillon/base/base.h"

enum {
	PROBE_WAIT_MS = 2000, /* to connect, and again for the first line */
	PROBE_URL_MAX = 512,  /* bytes */
};

struct probe {
	enum { PROBE_NO_NAME, PROBE_NOBODY, PROBE_OTHER, PROBE_SERVER } found;
	char why[80];           /* with NO_NAME and NOBODY */
	bool wants_certificate; /* of us */
	char version[32];       /* of a server; empty: it did not say */
};

/* Looks at the first of `urls`, with commas between. */
void probe_server(const char *urls, struct probe *out);
