/*
 * The parts of a web or NATS address: scheme://[user[:password]@]host[:port][/path]. Parts are
 * borrowed from the text. Pure; any thread.
 */
#pragma once

#include "carillon/base/base.h"

struct url {
	struct str scheme, user_info, host, port, path; /* each may be empty but the first */
};

/* False: there is no scheme or no host. The host of "[::1]" is "::1". */
MUST_USE bool url_parse(struct url *out, struct str text);
/* Whether its host is this very machine by its form alone: localhost, 127.0.0.0/8, ::1. */
bool url_is_loopback(const struct url *u);
