/*
 * A compiled schema: made by schema_compile.c, read by schema.c.
 */
#pragma once

#include "carillon/rules/schema.h"

struct schema_property {
	struct str name;
	struct schema *schema; /* NULL: only required, of any type */
	bool is_required;
	struct schema_property *next;
};

struct schema {
	unsigned types;                     /* 0: any */
	struct schema_property *properties; /* as written */
	bool is_closed;                     /* other properties are refused */
	struct schema *items;               /* NULL: any */
	const struct json *options;         /* of "enum"; NULL: any */
	struct str minimum, maximum;        /* number texts; empty: none */
	int64_t min_length, max_length;     /* characters; -1: none */
};

/* "null", "number" ... in the order of the bits of enum schema_type. */
enum { SCHEMA_TYPES = 7 };
struct str schema_type_name(int bit);
