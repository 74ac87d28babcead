/*
 * The content of a message about to be posted or changed: what was sent, whether Slack would
 * take it, and what the journal wants to know of it. Pure; any thread; all lives in the arena.
 */
#pragma once

#include "findings.h"

enum warning_bit {
#define WARNING(id, name) BIT_OF_WARNING_##id,
#include "warnings.def"
#undef WARNING
};

enum warning {
#define WARNING(id, name) WARNING_##id = 1 << BIT_OF_WARNING_##id,
#include "warnings.def"
#undef WARNING
};

enum content_bit {
#define CONTENT_PART(id, name) BIT_OF_SENT_##id,
#include "content_parts.def"
#undef CONTENT_PART
};

enum sent {
#define CONTENT_PART(id, name) SENT_##id = 1 << BIT_OF_SENT_##id,
#include "content_parts.def"
#undef CONTENT_PART
};

/* A body holds the arguments one level deeper than they came. */
enum { CONTENT_DEPTH_MAX = JSON_DEPTH_MAX + 1 };

enum content_use { CONTENT_POSTED, CONTENT_CHANGED };

struct content {
	const char *error; /* Slack's code, or NULL: acceptable */
	const struct finding *findings;
	const struct json *args;
	struct str text; /* as Slack keeps it */
	const struct json *blocks, *attachments, *metadata;
	unsigned sent;     /* SENT_x: which of them the request had */
	unsigned warnings; /* WARNING_x */
	unsigned mentions; /* bits, see mentions.h */
	bool has_video;
	struct str image; /* pointer to the URL of the first image block, or empty */
	struct str key;   /* what follows the marker, or empty */
	struct str body; /* parts, what was sent, and the other arguments, as one JSON object */
};

/* Fills `c` from a method's arguments. */
void content_examine(
    struct content *c, struct arena *a, const struct json *args, enum content_use use);
/*
 * Completes a change by what it leaves as it was: `before` is the body of the message. Sets the
 * error if nothing would be left of it.
 */
void content_merge(struct content *c, const struct json *before);
/* Key, mentions and body of what the message now is. */
void content_seal(struct content *c, struct arena *a, struct str marker);
/* The body of a call that is no message: its arguments. */
struct str content_args_body(struct arena *a, const struct json *args);
/*
 * The argument `name`, whose value may be JSON or a string holding JSON. False if it cannot be
 * read or is not of `kind`; true with NULL if it is absent, null or an empty string.
 */
MUST_USE bool content_part(struct arena *a, const struct json *args, const char *name,
    enum json_kind kind, const struct json **out);
/*
 * The code with which Slack refuses these blocks and attachments (either may be NULL), or NULL.
 * Says why in `f`.
 */
const char *layout_check(
    struct findings *f, const struct json *blocks, const struct json *attachments);
