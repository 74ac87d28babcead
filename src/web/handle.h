/*
 * The life of a request, between the library that reads and writes it and the handler that
 * answers it: begun, guarded, routed, allowed, read, worked on, answered, logged.
 */
#pragma once

#include "request.h"

struct MHD_Daemon;

/* What the listener gives to the library. */
struct MHD_Daemon *handle_listen(struct web *w, struct err *e);

/* Runs its handler. */
void handle_run(struct request *q, struct registry *r);
/* The request, whose connection is suspended, has its answer. Any thread; whoever calls it must
 * not touch the request any more. */
void handle_resume(struct request *q);
