/*
 * What the library lets through and must not reach a handler: requests that a proxy before us
 * could understand otherwise than we do, and requests for other hosts.
 */
#pragma once

#include "request.h"

/* False: the answer is there, and closes the connection. */
bool guard_head(struct request *q);
/* How long the body is said to be; -1: it comes in chunks; 0: there is none. */
int64_t guard_body_length(struct request *q);
/* The names that a request may be for: of the settings, and of where it listens. */
void guard_learn_hosts(struct web *w);
