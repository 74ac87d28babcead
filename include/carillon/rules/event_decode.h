/*
 * Stage: bytes -> event. Protobuf, or CloudEvents in JSON where the headers say so. Pure but
 * for the two arenas. Any thread.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/base/header.h"
#include "carillon/rules/event.h"

/* What an event's arena `body` may take: 256 KiB of the densest JSON or protobuf want 9 MiB
 * unpacked; no honest event wants 4. */
enum { EVENT_MEMORY_MAX = 4 * 1024 * 1024 };

/* An event as it stands in the stream. Borrowed for the call. */
struct event_source {
	struct str workspace, type; /* from the subject; the type as it stands there */
	struct str bytes;
	const struct header *headers;
	size_t n_headers;
	uint64_t seq;
	wall_t received_at; /* when the stream stored it */
};

/*
 * Fills `out`, which borrows from `a` and `body`. On failure *failure is a sentence for the
 * customer, owned by `a`, and `out` keeps what could be read (at least workspace, type and an
 * id), so that history can show it; otherwise *failure is empty.
 */
bool event_decode(struct event *out, const struct event_source *from, struct arena *a,
    struct arena *body, struct str *failure);

/* The bytes of a carillon.v1.Event, in `a`: as they came, or made of a CloudEvent in JSON; of
 * what cannot be read, as it came. Checks nothing. */
struct str event_as_protobuf(const struct event_source *from, struct arena *a);
