/*
 * Where requests may go whose address a stranger chose: to public machines, by https, at the
 * usual port; to nothing that this machine alone can reach. No name is looked up here. What
 * counts is the address that a connection is made to, so a name that leads elsewhere the second
 * time it is asked for gains nothing. Read-only once parsed; any thread.
 */
#pragma once

#include "carillon/base/config.h"
#include "carillon/base/network.h"

/* What an operator allows beyond that. Borrowed text, as of the settings; NULL: the usual. */
struct guard_options {
	const char *networks; /* not public, and allowed all the same; usually none */
	const char *ports;    /* usually 443 */
	bool plain_http;
};

struct guard {
	struct networks *networks;
	struct ports ports;
	bool plain_http;
};

static inline struct guard_options
guard_options_of(const struct config *c)
{
	return (struct guard_options){
	    .networks = c->webhook_networks,
	    .ports = c->webhook_ports,
	    .plain_http = c->webhook_plain_http,
	};
}

/* ERR_INPUT: what is allowed is no list of networks or ports; then there is nothing to end. */
MUST_USE bool guard_init(struct guard *g, const struct guard_options *o, struct err *e);
void guard_fini(struct guard *g);
/* Whether the URL itself is one to ask: scheme, port, no user, and a host that is a name or an
 * address that may be reached. ERR_INPUT says what is wrong with it. */
MUST_USE bool guard_url(const struct guard *g, const char *url, struct err *e);
/* Whether a connection may be made to this address. */
bool guard_allows(const struct guard *g, const struct address *a);
