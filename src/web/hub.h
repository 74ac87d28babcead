/*
 * Live streams: what changes in a workspace is told to everybody who watches it, gathered for a
 * quarter of a second, as ids and states only; who wants more asks for it. The followers note
 * changes, the ticker hands them out, the listener writes them to the sockets.
 */
#pragma once

#include "request.h"

struct hub;
struct sessions;
struct live;

/* In the order in which they are told. */
enum change_kind {
#define CHANGE(NAME, name) CHANGE_##NAME,
#include "changes.def"
#undef CHANGE
	CHANGE_KINDS
};

struct hub *hub_new(struct sessions *s);
void hub_free(struct hub *h); /* every stream has ended; NULL is fine */

/* What happened to what: ["evt_1", "r1", "delivered"], or some of it. */
struct change {
	enum change_kind kind;
	struct str workspace;
	struct str ids[3];
	int n_ids;
};
void hub_note(struct hub *h, const struct change *c);
/* Where the streams were when noting began. */
void hub_begin(struct hub *h, uint64_t history_seq, uint64_t state_seq);
/* How far the streams were followed, once all that came by then is noted: what a client is told
 * as its last event id, and resumes from. */
void hub_set_position(struct hub *h, bool is_history, uint64_t seq);

/* Hands out what was noted; heartbeats, expired sessions. */
void hub_tick(struct hub *h, mono_t now, wall_t wall);
/* Ends the streams of a session. */
void hub_end_session(struct hub *h, struct str id);
/* Ends all of them, and takes no more. */
void hub_end(struct hub *h);
int hub_count(struct hub *h);

/* A stream for who asks; NULL: the answer is there, a problem. It ends with the request. */
struct live *live_open(struct hub *h, struct request *q);
void live_close(struct hub *h, struct live *s); /* NULL is fine */
/* For the library, which asks for bytes: the arguments of its MHD_ContentReaderCallback. */
ssize_t live_read(void *live, uint64_t pos, char *to, size_t max);
