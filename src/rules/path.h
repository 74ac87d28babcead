/*
 * Paths into an event, one grammar for filters, templates and keys, taken apart once so that
 * finding a value costs no parsing:
 *
 *     items[-1].id        a member, the last element, a member
 *     labels["a.b/c"]     a member by its quoted name
 *     service.name        a member of a member; or, where there is no such, a member that is
 *                         called so, with the point
 *     items.size          how many there are; also length, first and last
 *
 * Immutable; any thread.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/base/base.h"
#include "carillon/base/json.h"

enum { PATH_STEPS_MAX = JSON_DEPTH_MAX };

struct path_step {
	struct str key; /* also the written form of an index */
	bool is_index;  /* in brackets: [0], [-1] */
	bool is_word;   /* not in brackets: may be a part of a name with points in it */
	int index;      /* negative counts from the end */
};

struct path {
	struct path_step *steps;
	int n;
};

/* Where a value is made that the payload does not hold: a count. */
struct path_scratch {
	struct json value;
	char text[24];
	size_t looked_at; /* path_find: members and elements that there were on the way */
};

/*
 * A filter's field, in which a word is whatever stands between points and brackets. False if
 * `text` is no path; `e` says why, without naming it. Owned by `a`.
 */
MUST_USE bool path_parse(struct arena *a, struct str text, struct path *out, struct err *e);
/* The value one step further, in `scratch` if it must be made; NULL if there is none. */
const struct json *path_step_into(
    const struct json *v, const struct path_step *step, struct path_scratch *scratch);
/* The value at the path's end; NULL if missing. */
const struct json *path_find(
    const struct path *p, const struct json *root, struct path_scratch *scratch);
/* The same where members may have names with points in them, which path_find tries last. Counts
 * the members it looks at. */
const struct json *path_find_joined(
    const struct path *p, const struct json *root, size_t *looked_at);
/* How many steps from `first` on the name covers: 1 for "a", 2 for "a.b"; or 0. */
int path_steps_of_name(const struct path *p, int first, struct str name);
/* The path without a leading `payload`, which stands for all of it. */
struct path path_below_payload(const struct path *p);
