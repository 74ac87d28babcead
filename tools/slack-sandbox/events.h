/*
 * What Slack tells an app of what happens in a workspace: signed requests to its endpoint, one
 * after the other, tried again as Slack does when they are not answered well within three
 * seconds. A thread of its own sends; the sandbox's lock is held by whoever puts one there.
 */
#pragma once

#include "carillon/base/json.h"
#include "sandbox.h"

struct app;
struct events;

struct events *events_new(void);
void events_free(struct events *e);

/* Sends an event, an object, as of a team. Nothing happens while the app has no endpoint. */
void events_send(struct sandbox *s, const struct team *t, struct str event);
/* Asks the endpoint to prove that it is one. */
void events_verify(struct sandbox *s);
/* {"type":...} and nothing more. */
void events_of_team(struct sandbox *s, const struct team *t, const char *type);
void events_tokens_revoked(struct sandbox *s, const struct team *t);
/* {"type":"channel_archive","channel":...}: `verb` is "archive", for a private one of a group.
 */
void events_of_channel(struct sandbox *s, const struct channel *c, const char *verb);
void events_renamed(struct sandbox *s, const struct channel *c);
void events_joined(struct sandbox *s, const struct channel *c);
/* Writes an array of every try: id, type, attempt, status, answer. */
void events_write(struct events *e, struct json_writer *w);
