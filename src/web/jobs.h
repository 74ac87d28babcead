/*
 * Requests that may wait, worked on by a few threads. What finds no room is refused at once: a
 * queue that grows only makes everybody wait.
 */
#pragma once

#include "request.h"

struct jobs;

struct jobs *jobs_new(struct web *w, int workers);
/* Ends the threads when everything was worked on. */
void jobs_free(struct jobs *j); /* NULL is fine */
/* Suspends the request's connection and works on it. False: there is no room. */
bool jobs_put(struct jobs *j, struct request *q);
/* How many wait. */
int jobs_waiting(struct jobs *j);
