/*
 * The content of a message about to be posted: what was sent, whether Slack would take it, and
 * what the journal wants to know of it. Pure; any thread; everything lives in the arena.
 */
#pragma once

#include "blocks.h"

struct content {
	const char *error; /* Slack's code, or NULL: acceptable */
	const struct finding *findings;
	struct str text;
	const struct json *blocks, *attachments, *metadata;
	unsigned mentions; /* bits, see mentions.h */
	struct str key;    /* what follows the marker, or empty */
	struct str body;   /* text, blocks, attachments and metadata as one JSON object */
};

/* Fills `c` from a method's arguments. */
void content_examine(
    struct content *c, struct arena *a, const struct json *args, struct str marker);
/*
 * The argument `name`, whose value may be JSON or a string holding JSON. False if it cannot be
 * read or is not of `kind`; true with NULL if it is absent, null or an empty string.
 */
MUST_USE bool content_part(struct arena *a, const struct json *args, const char *name,
    enum json_kind kind, const struct json **out);
