/*
 * The room where connections wait without holding a thread: until their answer is due, or, when
 * no answer is to come, until the client leaves. One timer thread; call from any thread.
 *
 * The library aborts at shutdown if a connection is still suspended, and a suspended connection
 * never notices that its client left: hence waiting_stop, and a look at each silent one once a
 * second.
 */
#pragma once

#include <microhttpd.h>

#include "carillon/base/heap.h"
#include "carillon/base/list.h"

/* Embedded in whatever waits; belongs to the room from park to resumption. */
struct waiter {
	struct heap_node node;
	struct list link;
	struct MHD_Connection *connection;
	int fd;
	bool is_gone; /* resumed because the client left or the server stops: answer nothing */
};

struct waiting;

struct waiting *waiting_new(void);
/* Suspends the connection for `ms`, or while the client stays if negative. False if stopping.
 */
MUST_USE bool waiting_park(struct waiting *room, struct waiter *w, int64_t ms);
/* Resumes all; nobody can park any more. */
void waiting_stop(struct waiting *room);
void waiting_free(struct waiting *room);
