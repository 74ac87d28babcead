/*
 * What is wrong with a message, in Slack's words and with the place as a JSON pointer. Pure;
 * any thread; everything lives in the arena.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/base/json.h"

enum {
#define LIMIT(name, value) LIMIT_##name = (value),
#include "limits.def"
#undef LIMIT
};

enum cause {
#define CAUSE(id, code, constraint) CAUSE_##id,
#include "causes.def"
#undef CAUSE
};

struct finding {
	enum cause cause;
	struct str what;       /* "must be less than 151 characters" */
	struct str pointer;    /* "/blocks/0/text/text", or empty: of the whole */
	struct str words;      /* of an ENUM, "primary|danger": what may stand there */
	int64_t expected, got; /* of a length or a number of items; -1: not told */
	struct finding *next;
};

struct named_id {
	struct str id;
	const struct named_id *next;
};

/* What was found in all `blocks` of one message; {.arena = a} to begin with. */
struct findings {
	struct arena *arena; /* borrowed */
	struct finding *first, *last;
	const struct named_id *block_ids;
	size_t text_chars;     /* of all text in blocks */
	size_t markdown_chars; /* of all markdown blocks */
	int blocks;            /* of all lists, those inside other blocks too */
	int tables;            /* of the whole message */
	bool has_video;
	struct str image; /* pointer to the URL of the first image block, or empty */
};

/* Appends one. `pointer` is copied. */
struct finding *findings_add(
    struct findings *f, enum cause cause, struct str what, struct str pointer);
/* Puts one before those that came after `last` was the last; NULL: before all. */
void findings_insert(struct findings *f, struct finding *last, enum cause cause,
    struct str what, struct str pointer);

/* "must be less than 151 characters [json-pointer:/blocks/0/text/text]" */
struct str finding_text(struct arena *a, const struct finding *f);
/* {"code":...,"message":...,"pointer":...,"constraint":{...}}, as blocks.validate answers. */
void finding_write(struct json_writer *w, const struct finding *f);

/* The number of characters of well-formed UTF-8. */
size_t text_chars(struct str s);
