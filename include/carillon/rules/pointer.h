/*
 * Where we are in a JSON tree, as a chain of names on the stack, written out (RFC 6901) only
 * when there is something to say about it. Pure; any thread.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/base/base.h"
#include "carillon/base/json.h"

struct pointer {
	const struct pointer *up; /* NULL above a root's children */
	struct str name;          /* of a member; NULL ptr: an element */
	uint32_t index;
};

/* "/all/0/value", or "" for a NULL pointer. Owned by `a`. */
struct str pointer_text(struct arena *a, const struct pointer *p);
/* Into a caller's buffer, cut if need be: for errors. Returns `text`. */
const char *pointer_format(char *text, size_t size, const struct pointer *p);
enum { POINTER_TEXT_MAX = 160 };
/* "eq, ne or gt": a list of words for an error, cut if need be. Returns `text`. */
const char *words_format(char *text, size_t size, const struct str *words, size_t n);
/* Fails with ERR_INPUT: "<pointer>: <what> "<word>"; did you mean "x"?", or the known words. */
bool fail_unknown(struct err *e, const struct pointer *p, const char *what, struct str word,
    const struct str *known, size_t n);
