/*
 * Judges `blocks` as Slack does and says what is wrong in Slack's words, with a JSON pointer.
 * Pure; any thread. What is allowed stands in shapes.def and limits.def.
 */
#pragma once

<<<<<<< HEAD
#include "carillon/base/arena.h"
#include "carillon/base/json.h"

enum {
#define LIMIT(name, value) LIMIT_##name = (value),
#include "limits.def"
#undef LIMIT
};

/* "[ERROR] must be less than 151 characters [json-pointer:/blocks/0/text/text]" */
struct finding {
	struct str text;
	const struct finding *next;
};

struct block_id {
	struct str id;
	const struct block_id *next;
};

/* What was found in all `blocks` of one message; {.arena = a} to begin with. */
struct findings {
	struct arena *arena; /* borrowed; the findings live in it */
	const struct finding *first;
	struct finding *last;
	const struct block_id *ids;
	size_t text_chars;     /* of all text in blocks */
	size_t markdown_chars; /* of all markdown blocks */
};
=======
#include "findings.h"
>>>>>>> sandbox

/* Judges one list of blocks; `pointer` is where it stands, such as "/attachments/0/blocks". */
void blocks_check(struct findings *f, const struct json *blocks, const char *pointer);
