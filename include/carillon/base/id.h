/*
 * Identifiers. A workspace id is also a NATS token and an LMDB key prefix, so its alphabet is
 * narrow: [a-z0-9_-], not beginning with "-", 1 to 64 bytes. New ids sort by time of creation.
 */
#pragma once

#include "carillon/base/base.h"

enum {
	WORKSPACE_ID_MAX = 64, /* bytes */
	RECORD_ID_MAX = 64,    /* rule, connection: same alphabet */
	CHANNEL_ID_MAX = 64,   /* the destination's own id of a channel */
	CONNECTION_URL_MAX = 1024,
	EVENT_ID_MAX = 128,
	EVENT_TYPE_MAX = 128,
	NEW_ID_SIZE = 40, /* prefix, "_", 26 characters, NUL */
};

/* What ids of workspaces and records are made of, as sentences say it. */
#define ID_LETTERS "a-z, 0-9, \"_\" and \"-\", not beginning with \"-\""
bool id_is_workspace(struct str s);
bool id_is_record(struct str s);
/* Dot-separated tokens of [A-Za-z0-9_-], no empty token: a legal end of a NATS subject. */
bool id_is_event_type(struct str s);
/* 1-128 bytes of printable text: an event's id may be any such string. */
bool id_is_event(struct str s);
/* As an event type, but a token may be "*" and the last one ">". */
bool id_is_type_pattern(struct str s);
/* Whether `type` is matched by `pattern`, by NATS's rules. Both must be valid. */
bool id_type_matches(struct str pattern, struct str type);
/* "conn_01j8..." : time, then 80 random bits, in Crockford's base 32, lower case (a ULID). */
void id_new(char out[static NEW_ID_SIZE], const char *prefix);
