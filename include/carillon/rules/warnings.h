/*
 * What a rendering that cannot fail had to leave out or change, as data for who is shown a
 * preview. The sentences are made from it, and only here. Plain values; any thread.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/base/base.h"
#include "carillon/base/json.h"

enum warning_code {
#define WARNING(NAME, name) WARNING_##NAME,
#include "carillon/rules/warnings.def"
#undef WARNING
	WARNING_CODES
};

struct warning {
	enum warning_code code;
	struct str slot;    /* of the template: "header" */
	struct str path;    /* of a value, as the template writes it; else empty */
	size_t length, max; /* before a cut, or 0; and how many are shown, or 0 */
};

enum { WARNINGS_MAX = 8 };

/* Of one rendering; more are not kept. */
struct warnings {
	struct warning *items; /* NULL while there is none */
	int n;
};

/* Adds it, once. It is copied into `a`, always the same. */
void warnings_add(struct warnings *ws, struct arena *a, const struct warning *w);
/* "header: cut to 150 characters", in `a`. */
struct str warning_sentence(const struct warning *w, struct arena *a);
/* A JSON array of objects, without what they do not have. */
void warnings_write(struct json_writer *jw, const struct warnings *ws);
