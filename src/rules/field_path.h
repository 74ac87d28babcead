/*
 * A field's path taken apart once, so that finding the field costs no parsing: "a.b[0].c". It
 * finds what json_path finds. Immutable; any thread.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/base/base.h"
#include "carillon/base/json.h"

enum { FIELD_STEPS_MAX = JSON_DEPTH_MAX, FIELD_NO_INDEX = -1 };

struct field_step {
	struct str name;  /* of a member; empty for "[0]" */
	int32_t index;    /* of an element, when the step can be one */
	bool is_brackets; /* "[0]": an element only */
};

struct field_path {
	const struct field_step *steps;
	size_t n;
};

enum field_next { FIELD_END, FIELD_STEP, FIELD_BAD };
/* Takes the next step off `rest`; `is_first` for the beginning of a path. */
enum field_next field_path_next(struct str *rest, bool is_first, struct field_step *out);

/* False if `text` is no path; `e` says why, without naming it. Owned by `a`. */
MUST_USE bool field_path_parse(
    struct arena *a, struct str text, struct field_path *out, struct err *e);
/* NULL if missing. */
/* NULL: it leads nowhere. Adds to `walked` the members and elements that there were to be
 * looked through. */
const struct json *field_path_find(
    const struct field_path *p, const struct json *root, size_t *walked);
