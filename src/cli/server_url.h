/* The server that others may be told of. */
#pragma once

#include "command.h"

/* The first of nats_url's servers, without the user and the password that may stand there. */
void server_url(struct buf *out, const char *urls);
