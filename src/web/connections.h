/*
 * The connections of the listener and how long each has had for its request: the library's own
 * time-out counts from the last byte, so that a byte now and then keeps a connection for ever.
 * The listener's thread reports, the ticker closes.
 */
#pragma once

#include "carillon/base/base.h"

struct MHD_Connection;
struct connections;

struct connections *connections_new(void);
void connections_free(struct connections *c); /* all were closed; NULL is fine */

/* Called by the library: a connection began, its address is *socket_context, or has ended. */
void connections_notify(
    struct connections *c, struct MHD_Connection *m, void **socket_context, bool has_begun);

/* What it does now. */
enum connection_is { CONNECTION_IDLE, CONNECTION_HEAD, CONNECTION_BODY, CONNECTION_ANSWER };
void connection_is(struct MHD_Connection *m, struct connections *c, enum connection_is what);

/* Shuts down those that take too long. */
void connections_sweep(struct connections *c);
int connections_count(struct connections *c);
/* How many have not sent anything yet: a request may be on its way. */
int connections_expecting(struct connections *c);
