/*
 * What keeps this process in step with the streams: state and history into the index, sessions
 * into memory, and all of it to the live streams. A thread for each.
 */
#pragma once

#include "carillon/base/base.h"

struct web;
struct followers;

/* Reads the sessions that there are, then follows. The index is caught up. */
MUST_USE bool followers_start(struct followers **out, struct web *w, struct err *e);
void followers_stop(struct followers *f); /* NULL is fine */
