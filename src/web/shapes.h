/*
 * What goes over the wire, as JSON Schema: the objects of shapes.def, and for each route what
 * it takes and gives, exchanges.def.
 */
#pragma once

#include "carillon/base/json.h"

/* "name": schema of each shape. */
void shapes_write(struct json_writer *w);
/* The schema of a type of shapes.def, "text" or "rule[]". */
void shape_write_type(struct json_writer *w, struct str type);
/* Whether something must be in it. */
bool shape_is_needed(struct str name);

struct exchange {
	const char *route;
	const char *takes; /* a shape; "NONE" */
	const char *statuses, *gives, *parameters;
};
/* Every route has one. */
const struct exchange *exchange_of(const char *route);

/* Takes the next word of a text with spaces between; false after the last. */
bool shape_next(struct str *text, struct str *word);
/* Cuts "name?:type" in two; returns whether it may be left out. */
bool shape_cut(struct str member, struct str *name, struct str *type);
