/*
 * Where we are in a JSON tree, as a chain of names on the stack, written out (RFC 6901) only
 * when there is something to say about it. Pure; any thread.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/base/base.h"
#include "carillon/base/buf.h"

struct pointer {
	const struct pointer *up; /* NULL above a root's children */
	struct str name;          /* of a member; NULL ptr: an element */
	uint32_t index;
};

/* A member of the root, for as long as the block it stands in. */
#define POINTER_TO(member) (&(const struct pointer){.name = STR(member)})

/* Appends "/all/0/value", or nothing for a NULL pointer. */
void pointer_put(struct buf *out, const struct pointer *p);
/* The same, owned by `a`. */
struct str pointer_text(struct arena *a, const struct pointer *p);
