/* How the parts of blocks.h tell one another where they are. Private to them. */
#pragma once

#include "blocks.h"
#include "shapes.h"

/* Where the checker stands: the pointer grows and shrinks as it descends. */
struct checker {
	struct findings *found;
	struct buf pointer;
	const struct named_id *action_ids; /* of the block it is in */
};

/* Reports at the place where the checker stands. */
struct finding *report(struct checker *c, enum cause cause, const char *fmt, ...) PRINTF(3, 4);
/* Descend; each returns the mark that leave() takes. */
size_t enter(struct checker *c, struct str name);
size_t enter_index(struct checker *c, int index);
void leave(struct checker *c, size_t mark);

/* Whether `v` is a list of `fewest` to `most` items, reporting if not. */
bool check_list(struct checker *c, const struct json *v, unsigned fewest, unsigned most);
/* An object with a `type`, of those that may stand in `place`. */
void check_element(struct checker *c, const struct json *v, enum place place);
/* What the table of properties cannot say of a shape. */
void check_whole(struct checker *c, const struct json *v, const struct shape *s);
/* The rows of a table: each a list of cells. */
void check_rows(struct checker *c, const struct json *v, const struct prop *p);
